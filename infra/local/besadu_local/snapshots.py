"""Keeps Firestore's data across restarts. The emulator's own ``--export-on-exit`` writes nothing, so we export."""

import json
import shutil
import threading
import time
import urllib.request
from pathlib import Path

from besadu_local.ports import HOST

_METADATA = "snap/snap.overall_export_metadata"


class Snapshots:
    """Exports of one project under ``folder``, the newest complete one named by the file ``latest``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def latest(self) -> Path | None:
        """What to give to ``--import-data``, or None when nothing was saved yet."""
        try:
            path = self._folder / (self._folder / "latest").read_text("ascii") / _METADATA
        except FileNotFoundError:
            return None
        return path if path.is_file() else None

    def take(self, port: int, project: str) -> None:
        """Export now. A kill in the middle leaves the one before. Raises OSError when the emulator does not answer."""
        name = f"at-{time.time_ns()}"
        (self._folder / name).mkdir()
        body = {
            "database": f"projects/{project}/databases/(default)",
            "export_directory": str(self._folder / name),
            "export_name": "snap",
        }
        url = f"http://{HOST}:{port}/emulator/v1/projects/{project}:export"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
        pointer = self._folder / "latest.new"
        pointer.write_text(name, "ascii")
        pointer.replace(self._folder / "latest")
        for old in self._folder.glob("at-*"):
            if old.name != name:
                shutil.rmtree(old, ignore_errors=True)

    def take_every(self, seconds: float, port: int, project: str) -> None:
        """Export in the background until ``stop``."""
        self._thread = threading.Thread(target=self._loop, args=(seconds, port, project), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background exports; one that is under way is finished."""
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def _loop(self, seconds: float, port: int, project: str) -> None:
        while not self._stopped.wait(seconds):
            try:
                self.take(port, project)
            except OSError as error:  # the next round may work; the stack notices a dead emulator by itself
                print(f"besadu: no snapshot this time: {error}", flush=True)
