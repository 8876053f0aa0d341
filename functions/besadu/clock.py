"""The product's time. It is injected, so that the local platform can move it and no code needs a test branch."""

from collections.abc import Callable
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _source()


def use(source: Callable[[], datetime]) -> None:
    """Take the time from ``source`` (aware UTC) from now on."""
    global _source  # noqa: PLW0603 - one clock a process is the point
    _source = source
