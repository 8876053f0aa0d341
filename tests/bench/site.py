"""Where served figures are measured: a Firestore emulator, a taker of tasks, and functions served as in production."""

import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from besadu_local import emulator
from besadu_local.ports import HOST, free_port
from besadu_local.processes import Child
from besadu_local.settings import Ports, compose
from tests.bench.taker import Taker

ROOT = Path(__file__).parents[2]
INTAKE = ROOT / "functions" / "intake.py"
FLOOR = Path(__file__).with_name("floor.py")
THREADS = 8


@dataclass(frozen=True)
class Site:
    """Settings of all functions, and a folder for logs and keys."""

    folder: Path
    settings: Mapping[str, str]
    tasks: Taker

    @property
    def account(self) -> str:
        """The business number that webhooks are for."""
        return self.settings["WHATSAPP_PHONE_NUMBER_ID"]

    def environ(self, **more: str) -> dict[str, str]:
        """For a process of this site. HOME: gunicorn puts a control socket there."""
        return {**os.environ, **self.settings, "HOME": str(self.folder), "THREADS": str(THREADS), **more}

    def start(self, source: Path, target: str, port: int, **more: str) -> Child:
        """Start one function with functions-framework's own server; the caller stops it."""
        command = [sys.executable, "-m", "functions_framework", "--host", HOST, "--port", str(port)]
        command += ["--source", str(source), "--target", target]
        return Child(target, command, self.environ(**more), self.folder / f"{target}.log")

    @contextmanager
    def serving(self, source: Path, target: str, **more: str) -> Iterator[str]:
        """The address of this function while it is served."""
        port = free_port(set())
        child = self.start(source, target, port, **more)
        try:
            child.wait_for(port)
            yield f"http://{HOST}:{port}"
        finally:
            end(child)


def end(child: Child) -> None:
    """At once: gunicorn would wait for connections that are kept open, and there is nothing to save."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.stop()


@contextmanager
def open_site() -> Iterator[Site]:
    """A site with an empty database; everything ends with it."""
    with (
        tempfile.TemporaryDirectory(prefix="besadu-bench-") as name,
        emulator.alone(Path(name) / "logs") as firestore,
        Taker() as tasks,
    ):
        folder = Path(name)
        addresses = {"FIRESTORE_EMULATOR_HOST": firestore, "TASKS_EMULATOR_HOST": tasks.address}
        project = f"bench-{secrets.token_hex(4)}"
        settings = compose(folder, Ports.free(), {"GOOGLE_CLOUD_PROJECT": project, **addresses})
        yield Site(folder, settings, tasks)
