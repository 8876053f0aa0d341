"""Where served figures are measured: a Firestore emulator, a taker of tasks, and functions served as in production."""

import itertools
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc

from besadu_local import emulator
from besadu_local.ports import HOST, free_port
from besadu_local.processes import Child
from besadu_local.settings import Ports, compose

ROOT = Path(__file__).parents[2]
INTAKE = ROOT / "functions" / "intake.py"
FLOOR = Path(__file__).with_name("floor.py")
THREADS = 8


@dataclass(frozen=True)
class Site:
    """Settings of all functions, and a folder for logs and keys."""

    folder: Path
    settings: Mapping[str, str]
    tasks: "Taker"

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


class Taker(grpc.GenericRpcHandler):
    """Cloud Tasks as far as intake sees it: every task is taken at once, and counted.

    The platform's stand-in keeps tasks in SQLite and shares the processors with what is measured: half as long as the
    floor took at all, which says nothing about intake.
    """

    def __init__(self) -> None:
        self._count = itertools.count()
        self.taken = 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """How to answer this method."""
        if handler_call_details.method != "/google.cloud.tasks.v2.CloudTasks/CreateTask":
            return None
        return grpc.unary_unary_rpc_method_handler(self._take)

    def _take(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        self.taken = next(self._count) + 1
        return b""  # a task without a field


@contextmanager
def open_site() -> Iterator[Site]:
    """A site with an empty database; everything ends with it."""
    with tempfile.TemporaryDirectory(prefix="besadu-bench-") as name, emulator.alone(Path(name) / "logs") as firestore:
        folder = Path(name)
        tasks = Taker()
        server = grpc.server(ThreadPoolExecutor(max_workers=THREADS), handlers=(tasks,))
        addresses = {
            "FIRESTORE_EMULATOR_HOST": firestore,
            "TASKS_EMULATOR_HOST": f"{HOST}:{server.add_insecure_port(f'{HOST}:0')}",
        }
        project = f"bench-{secrets.token_hex(4)}"
        settings = compose(folder, Ports.free(), {"GOOGLE_CLOUD_PROJECT": project, **addresses})
        server.start()
        try:
            yield Site(folder, settings, tasks)
        finally:
            server.stop(grace=None)
