"""The watchdog: ends the platform's processes when the process that started them is gone, even by ``kill -9``.

Run with a pipe as stdin. Each line is ``+PID`` or ``-PID`` (a process-group leader). The end of the pipe is the end of
the starter, so whoever is still on the list is asked to stop, and killed if it does not.
"""

import os
import signal
import sys
import time

_GRACE = 5.0  # seconds between asking and killing; a snapshot or a SQLite commit is done long before


def _signal(groups: set[int], number: int) -> set[int]:
    alive = set()
    for group in groups:
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            continue
        alive.add(group)
    return alive


def main() -> None:
    """Read the list until the pipe ends, then end what is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            groups.add(pid)
        else:
            groups.discard(pid)
    alive, end = _signal(groups, signal.SIGTERM), time.monotonic() + _GRACE
    while alive and time.monotonic() < end:
        time.sleep(0.05)
        alive = _signal(alive, 0)
    _signal(alive, signal.SIGKILL)


if __name__ == "__main__":
    main()
