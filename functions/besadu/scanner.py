"""ClamAV's daemon, asked over TCP whether some bytes hold a virus (clamd's INSTREAM command, clamd(8))."""

import socket
from collections.abc import Iterator
from typing import Final

from besadu.errors import Unavailable

TIMEOUT: Final = 30.0  # seconds between two signs of life; after the last byte the daemon thinks for some of them
_LONGEST_REPLY: Final = 4096


def found_in(address: str, chunks: Iterator[bytes]) -> str:
    """The name of what was found, "" when nothing was. ``address``: ``host:port``.

    Raises Unavailable when the daemon cannot be asked, or will not look at so much (its StreamMaxLength).
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT) as connection:
            connection.sendall(b"zINSTREAM\0")
            for chunk in chunks:
                connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
            connection.sendall(bytes(4))
            reply = _reply(connection)
    except (OSError, ValueError) as fault:
        raise Unavailable(f"scanner: {type(fault).__name__}") from None
    said = reply.removeprefix("stream: ")
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")[:100]
    raise Unavailable("scanner: no verdict")


def _reply(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _LONGEST_REPLY and (part := connection.recv(_LONGEST_REPLY)):
        reply += part
    return reply.rstrip(b"\0").decode("ascii", "replace").strip()
