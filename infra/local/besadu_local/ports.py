"""Free ports, and waiting until somebody listens."""

import random
import socket
import time
from collections.abc import Callable

HOST = "127.0.0.1"
# Below what systems hand out for outgoing connections (Linux from 32768, macOS and Windows from 49152), so that nobody
# is given the port between our look and the server's start.
_RANGE = range(15_000, 30_000)


class Unready(Exception):
    """A server did not come up. The text is one sentence for the person at the keyboard."""


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(taken: set[int]) -> int:
    """A port that is free and not in ``taken``; it is added there."""
    while True:
        port = random.choice(_RANGE)
        if port not in taken and is_free(port):
            taken.add(port)
            return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def wait_until(ready: Callable[[], bool], *, what: str, seconds: float, failed: Callable[[], str | None]) -> None:
    """Ask ``ready`` until it is; give up at once when ``failed`` says why, else after ``seconds``. Raises Unready."""
    end = time.monotonic() + seconds
    while not ready():
        reason = failed()
        if reason is not None:
            raise Unready(reason)
        if time.monotonic() > end:
            message = f"{what} did not come up within {seconds:.0f} s"
            raise Unready(message)
        time.sleep(0.02)
