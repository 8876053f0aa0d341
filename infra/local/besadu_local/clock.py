"""A clock that can be moved forward. Every process of the platform reads it from one small file.

Only the product's time and the due times of tasks move. Tokens, signed URLs and retries keep to real time, because the
clients that make and check them do.
"""

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Real time plus an offset in whole seconds, kept in ``<state>/clock``."""

    def __init__(self, state: Path) -> None:
        self._path = state / "clock"
        self._seen: tuple[int, int] | None = None
        self._offset = 0

    def offset(self) -> int:
        """Seconds that this clock is ahead of real time. Costs one ``stat`` while nobody moves it."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return 0
        mark = (stat.st_mtime_ns, stat.st_ino)
        if mark != self._seen:
            self._offset, self._seen = int(self._path.read_text("ascii") or "0"), mark
        return self._offset

    def now(self) -> datetime:
        """The platform's instant, aware, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def advance(self, seconds: int) -> int:
        """Move the clock forward; returns the new offset in seconds. Time never goes back."""
        if seconds < 0:
            message = "the clock moves forward only"
            raise ValueError(message)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            offset = self.offset() + seconds
            fresh = self._path.with_suffix(".new")
            fresh.write_text(str(offset), "ascii")
            fresh.replace(self._path)
        return offset
