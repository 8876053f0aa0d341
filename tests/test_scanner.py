"""Against a real clamd, when this machine has one, with one signature of our own making: EICAR's test file."""

import hashlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from besadu import scanner
from besadu.domain.evidence import object_name, quarantine_name
from besadu.errors import Unavailable
from besadu.media import Media
from besadu.services import evidence
from besadu_local.ports import free_port
from besadu_local.stack import Stack
from tests.services.desk_case import office_at
from tests.services.test_settling import Desk

CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
# In two pieces, or scanners on a developer's machine would take this very file away.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.4\n" + EICAR
LETTER = b"%PDF-1.4\nIsi surat."


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CLAMD is None:
        pytest.skip("no clamd here: install Debian's clamav-daemon to run this")
    home = tmp_path_factory.mktemp("clamd")
    database = home / "database"
    database.mkdir()
    signature = f"{hashlib.sha256(PDF).hexdigest()}:{len(PDF)}:Eicar-Test-Signature\n"
    (database / "own.hsb").write_text(signature)
    port = free_port(set())
    lines = {
        "DatabaseDirectory": database,
        "TCPSocket": port,
        "TCPAddr": "127.0.0.1",
        "Foreground": "yes",
        "StreamMaxLength": "1M",
        "TemporaryDirectory": home,
    }
    (home / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    with (home / "log").open("wb") as log:
        daemon = subprocess.Popen([CLAMD, "-c", home / "clamd.conf"], stdout=log, stderr=log)
        try:
            _wait(daemon, port, home / "log")
            yield f"127.0.0.1:{port}"
        finally:
            daemon.terminate()
            daemon.wait(10)


def _wait(daemon: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert daemon.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"clamd did not start: {log.read_text()}")


def test_a_virus_is_named_and_a_clean_file_is_not(clamd: str) -> None:
    assert scanner.found_in(clamd, iter([PDF[:10], PDF[10:]])).startswith("Eicar-Test-Signature")
    assert scanner.found_in(clamd, iter([LETTER])) == ""


def test_more_than_the_daemon_takes_is_no_verdict(clamd: str) -> None:
    with pytest.raises(Unavailable):
        scanner.found_in(clamd, iter([bytes(500_000)] * 6))


def test_a_daemon_that_is_not_there_is_unavailable() -> None:
    for address in (f"127.0.0.1:{free_port(set())}", "127.0.0.1:", "nonsense"):
        with pytest.raises(Unavailable):
            scanner.found_in(address, iter([LETTER]))


@pytest.fixture
def desk(stack: Stack) -> Desk:
    return Desk(stack)


def _with_scanner(desk: Desk, stack: Stack, address: str) -> None:
    project = desk.office.settings.google_cloud_project
    desk.office = office_at(stack, "attachments", desk.hands.now, clamd_address=address, google_cloud_project=project)
    desk.media = Media(desk.office.settings)


def test_an_infected_file_is_locked_away(desk: Desk, stack: Stack, clamd: str) -> None:
    _with_scanner(desk, stack, clamd)
    item = desk.settled(PDF)
    assert (item.state, item.object_name) == ("quarantined", quarantine_name(item.id))
    assert "Eicar-Test-Signature" in item.reason
    assert desk.media.size(object_name(item.id)) is None
    letter = desk.settled(LETTER)
    assert (letter.state, letter.scan) == ("stored", "clean")


def test_files_wait_for_a_scanner_that_is_away_and_none_is_lost(desk: Desk, stack: Stack, clamd: str) -> None:
    _with_scanner(desk, stack, f"127.0.0.1:{free_port(set())}")
    bad, good = desk.settled(PDF), desk.settled(LETTER)
    for item in (bad, good):
        assert (item.state, item.scan) == ("stored", "pending")
        assert item.due
        assert evidence.fetch(desk.office, desk.media, item.id) == "stored"  # too early: nothing changes
    assert {one.value.id for one in desk.office.store.evidence.due(desk.hands.now() + evidence.AFTERWARDS)} == {
        bad.id,
        good.id,
    }
    _with_scanner(desk, stack, clamd)
    desk.hands.advance(minutes=16)
    assert evidence.fetch(desk.office, desk.media, bad.id) == "quarantined"
    assert evidence.fetch(desk.office, desk.media, good.id) == "stored"
    stored = desk.office.store.evidence.read(good.id)
    assert stored
    assert (stored.value.scan, stored.value.due) == ("clean", None)
    assert desk.media.size(object_name(bad.id)) is None
    assert b"".join(desk.media.open(quarantine_name(bad.id))) == PDF


def test_without_the_setting_nobody_is_asked(desk: Desk) -> None:
    assert replace(desk.office.settings, clamd_address="") == desk.office.settings
    assert desk.settled(PDF).scan == ""
