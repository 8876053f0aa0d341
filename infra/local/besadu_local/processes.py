"""The platform's child processes: started with a log file each, watched by the guard, stopped in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from besadu_local.ports import listens, wait_until

_START = 60.0  # seconds; a cold machine byte-compiling on first start is slow, a hung one is not waited for
_STOP = 8.0


class Child:
    """One process in a group of its own, so that Ctrl-C reaches us only and we stop the rest in order."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self.pid = self._process.pid

    def failure(self) -> str | None:
        """Why it is gone, in one sentence; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        lines = [line for line in self.log.read_text("utf-8", "replace").splitlines() if line.strip()]
        said = [line.removeprefix("besadu: ") for line in lines if line.startswith("besadu: ")]
        return said[-1] if said else f"{self.name} ended with status {code}: {lines[-1] if lines else 'no output'}"

    def wait_for(self, port: int) -> None:
        """Until it listens there. Raises Unready with what it said when it ends before."""
        wait_until(lambda: listens(port), what=self.name, seconds=_START, failed=self.failure)

    def ask_to_stop(self) -> None:
        """Without waiting, so that several can stop at the same time."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Wait for one that was asked, then kill; the whole group."""
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._signal(signal.SIGKILL)  # a worker that outlived its leader

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            return


class Family:
    """All children of one platform and the guard that outlives us."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        logs.mkdir(parents=True, exist_ok=True)
        self._children: list[Child] = []
        self._guard = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__).with_name("guard.py"))],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> Child:
        """Start a process; its output goes to ``<logs>/<name>.log``."""
        child = Child(name, command, environ, self._logs / f"{name}.log")
        self._children.append(child)
        self._tell(f"+{child.pid}\n")
        return child

    def stop(self, but: Child | None = None) -> None:
        """End all except ``but``."""
        leaving = [child for child in self._children if child is not but]
        for child in leaving:
            child.ask_to_stop()
        for child in leaving:
            child.stop()
            self._children.remove(child)
            self._tell(f"-{child.pid}\n")

    def dismiss_guard(self) -> None:
        """When all are stopped."""
        self._pipe().close()
        self._guard.wait()

    def first_failure(self) -> str | None:
        """Why one of them is gone, or None while all run."""
        return next((reason for child in self._children if (reason := child.failure())), None)

    def _tell(self, line: str) -> None:
        pipe = self._pipe()
        pipe.write(line)
        pipe.flush()

    def _pipe(self) -> IO[str]:
        if self._guard.stdin is None:
            message = "the guard was started without a pipe"
            raise RuntimeError(message)
        return self._guard.stdin
