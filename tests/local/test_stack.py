import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from google.cloud import firestore

from besadu_local.ports import Unready
from besadu_local.settings import Ports, local_env
from besadu_local.stack import LOCAL, Stack
from tests.local.conftest import ECHO, NOTES, write_doors

RUNNER = """
import sys
from pathlib import Path
from besadu_local.stack import Stack
stack = Stack(Path(sys.argv[1]), functions=Path(sys.argv[2]), snapshot_every=0.3)
stack.start()
print(stack.addresses["functions"], stack.addresses["firestore"], flush=True)
sys.stdin.read()
"""


def processes_of(state: Path) -> list[str]:
    """Command lines of processes that work on this state folder or were started for it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if command and f"BESADU_STATE={state}".encode() in environ.split(b"\0"):
            found.append(command)
    return found


def test_healthz_tells_the_addresses(small_stack: Stack) -> None:
    answer = requests.get(f"{small_stack.addresses['functions']}/healthz", timeout=5)
    assert answer.status_code == 200
    assert {"project", "firestore", "storage", "tasks", "oidc", "phone"} <= set(answer.json())


def test_healthz_is_503_until_the_database_is_filled(tmp_path: Path, emulator: str) -> None:
    seen = []

    def prepare(stack: Stack) -> None:
        seen.append(requests.get(f"{stack.addresses['functions']}/healthz", timeout=5).status_code)

    stack = Stack(tmp_path / "state", functions=write_doors(tmp_path / "doors", intake=ECHO), firestore=emulator)
    try:
        stack.start(prepare=prepare)
        assert seen == [503]
    finally:
        stack.stop()


def test_a_function_sees_paths_as_in_production(small_stack: Stack) -> None:
    said = requests.post(f"{small_stack.addresses['functions']}/intake/whatsapp?a=%2F", b"body", timeout=5).json()
    assert (said["path"], said["script_name"], said["raw"], said["body"]) == (
        "/whatsapp",
        "",
        "/whatsapp?a=%2F",
        "body",
    )


def test_a_function_that_is_not_there_is_404(small_stack: Stack) -> None:
    assert requests.get(f"{small_stack.addresses['functions']}/portal/", timeout=5).status_code == 404


def test_private_functions_let_the_invoker_in_and_nobody_else(small_stack: Stack) -> None:
    url = f"{small_stack.addresses['functions']}/delivery/send"

    def call(token: str) -> int:
        return requests.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code

    assert requests.post(url, timeout=5).status_code == 403
    assert call("nonsense") == 403
    assert call(small_stack.token(url.replace("delivery", "reminders"))) == 403
    assert call(small_stack._signer().token(email="other@test", audience=url)) == 403
    assert call(small_stack.token(url)) == 200
    assert call(small_stack.token(url.removesuffix("/send"))) == 200


def test_functions_live_on_the_movable_clock(small_stack: Stack) -> None:
    small_stack.clock.advance(40 * 86_400)
    said = requests.get(f"{small_stack.addresses['functions']}/intake/", timeout=5).json()
    assert said["now"][:10] == small_stack.clock.now().date().isoformat()


def test_the_sweep_is_called_as_the_scheduler_calls_it(small_stack: Stack) -> None:
    assert small_stack.sweep() == 200
    database = firestore.Client(project=small_stack.settings["GOOGLE_CLOUD_PROJECT"])
    # Another platform on this emulator may have the same project, with calls of its own: those of the telephone.
    assert "/sweep" in [(call.to_dict() or {}).get("path") for call in database.collection("calls").stream()]


def test_moving_the_clock_calls_the_sweep_at_once(tmp_path: Path, emulator: str) -> None:
    doors = write_doors(tmp_path / "doors", reminders=NOTES)
    environ = {"GOOGLE_CLOUD_PROJECT": "test-sweep-on-move"}
    with Stack(tmp_path / "state", functions=doors, firestore=emulator, environ=environ, sweep_every=600) as stack:
        database = firestore.Client(project="test-sweep-on-move")
        called = threading.Event()
        watch = database.collection("calls").on_snapshot(lambda calls, *_: called.set() if calls else None)
        stack.clock.advance(60)
        assert called.wait(10)
        watch.unsubscribe()


def test_a_variable_in_the_environment_wins(tmp_path: Path, emulator: str) -> None:
    environ = {"META_GRAPH_URL": "http://127.0.0.1:9999", "HOME": "/nowhere"}
    with Stack(tmp_path, functions=write_doors(tmp_path / "doors"), firestore=emulator, environ=environ) as stack:
        assert stack.settings["META_GRAPH_URL"] == "http://127.0.0.1:9999"
        assert "HOME" not in stack.settings


def test_every_setting_has_a_value(small_stack: Stack) -> None:
    assert set(small_stack.settings) == set(local_env())
    assert [name for name, value in small_stack.settings.items() if not value] == [
        "CLAMD_ADDRESS"
    ]  # a scanner is never there by itself


def test_a_function_that_cannot_start_is_named(tmp_path: Path, emulator: str) -> None:
    doors = write_doors(tmp_path / "doors", portal="raise RuntimeError('LINK_KEY not set')")
    with pytest.raises(Unready, match="the function portal cannot start: RuntimeError: LINK_KEY not set"):
        Stack(tmp_path / "state", functions=doors, firestore=emulator).start()
    assert processes_of(tmp_path / "state") == []


def test_a_second_platform_on_the_same_data_is_refused(small_stack: Stack) -> None:
    with pytest.raises(Unready, match="runs already"):
        Stack(small_stack.state).start()


def test_a_busy_port_is_said(small_stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(Unready, match=f"Port {small_stack.ports.gateway} .* in use"):
        Stack(tmp_path, ports=Ports.free(small_stack.ports.gateway)).start()


@pytest.fixture
def doors(tmp_path: Path) -> Path:
    return write_doors(tmp_path / "doors", intake=ECHO)


def test_data_is_back_after_a_restart_and_no_process_is_left(
    tmp_path: Path, doors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for expected in (False, True):
        stack = Stack(tmp_path / "state", functions=doors, snapshot_every=600)
        with stack:
            monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.settings["FIRESTORE_EMULATOR_HOST"])
            kept = firestore.Client(project=stack.settings["GOOGLE_CLOUD_PROJECT"]).document("things/one")
            assert kept.get().exists is expected
            kept.set({"bytes": b"\xff\x00"})
        assert processes_of(stack.state) == []


@pytest.fixture
def runner(tmp_path: Path, doors: Path) -> Iterator[subprocess.Popen[str]]:
    """A platform whose parent is a process that we may kill."""
    path = os.pathsep.join([str(LOCAL), str(LOCAL.parents[1] / "functions")])
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path / "state"), str(doors)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        yield process
        process.kill()


def test_a_kill_leaves_no_process_and_loses_only_the_last_moments(
    runner: subprocess.Popen[str], tmp_path: Path, doors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, pause = tmp_path / "state", threading.Event()
    assert runner.stdout
    _, host = runner.stdout.readline().split()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
    firestore.Client(project="besadu-local").document("things/one").set({"a": 1})
    before = {path.name for path in (state / "firestore").glob("at-*")}
    while len({path.name for path in (state / "firestore").glob("at-*")} - before) < 2:
        pause.wait(0.05)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    for _ in range(200):
        if not processes_of(state):
            break
        pause.wait(0.05)
    assert processes_of(state) == []
    with Stack(state, functions=doors, snapshot_every=600) as stack:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.settings["FIRESTORE_EMULATOR_HOST"])
        assert firestore.Client(project="besadu-local").document("things/one").get().exists
