"""The zip that is deployed: each function starts from it, with requirements.txt and the planned settings alone."""

import contextlib
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from besadu.config import NEEDS
from besadu_local.ports import HOST, free_port
from besadu_local.stack import Stack
from tests.infra.terraform import ROOT, Plan, Terraform

BARE = ROOT / ".venv" / "aside" / "deployed" / "bin"
# What each function says when it runs and nobody has signed, signed in or called it as the invoker.
GREETINGS = {
    "intake": ("/whatsapp", 403),
    "attachments": ("/fetch", 404),
    "assignment": ("/t/nobody", 410),
    "delivery": ("/send", 403),
    "reminders": ("/sweep", 403),
    "console": ("/", 303),
    "portal": ("/", 200),
}


@pytest.fixture(scope="module")
def unpacked(everything: Plan, terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Cloud Build finds."""
    folder = tmp_path_factory.mktemp("source")
    with zipfile.ZipFile(terraform.folder / everything.outputs["source"]) as archive:
        archive.extractall(folder)
    return folder


@contextlib.contextmanager
def started(door: str, source: Path, environ: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of the function and its process, served as Google's builder starts it."""
    port = free_port(set())
    command = [str(BARE / "functions-framework"), f"--target={door}", f"--source={source / door}.py"]
    log = (source / f"{door}.log").open("w+")
    with (
        log,
        subprocess.Popen(
            [*command, f"--host={HOST}", f"--port={port}"], cwd=source, env=environ, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield f"http://{HOST}:{port}", process
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read())
            raise
        finally:
            process.terminate()


def answer(url: str, process: "subprocess.Popen[bytes]") -> int:
    """The status of the first answer."""
    until = time.monotonic() + 60
    while True:
        try:
            return requests.get(url, timeout=20, allow_redirects=False).status_code
        except requests.ConnectionError:
            assert process.poll() is None, "it ended"
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.1)


def test_the_zip_holds_the_functions_and_no_trash(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir() if path.suffix != ".log"}
    assert top == {"besadu", "requirements.txt", *(f"{door}.py" for door in NEEDS)}
    names = [path.name for path in unpacked.rglob("*")]
    assert not [name for name in names if name.endswith((".pyc", ".in")) or name.startswith(".")]


@pytest.mark.parametrize("door", NEEDS)
def test_a_function_starts_from_the_zip_with_what_the_plan_gives_it(
    everything: Plan, unpacked: Path, stack: Stack, door: str
) -> None:
    (service,) = everything.all("google_cloudfunctions2_function")[door]["service_config"]
    given = everything.environment(door)
    emulators = {name for name in stack.settings if name.endswith("_EMULATOR_HOST")}
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "GOOGLE_APPLICATION_CREDENTIALS": stack.process_environ()["GOOGLE_APPLICATION_CREDENTIALS"],
        "THREADS": service["environment_variables"]["THREADS"],
        **{name: value for name, value in stack.settings.items() if name in given | emulators},
    }
    path, status = GREETINGS[door]
    with started(door, unpacked, environ) as (url, process):
        assert answer(url + path, process) == status
