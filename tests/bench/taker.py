"""Cloud Tasks as far as intake sees it: every task is taken at once, and counted.

In production tasks are taken by somebody else's processors; here they would be taken by those that intake is measured
on. A stand-in on gRPC's own server took a tenth of a webhook's time, so this one speaks just enough HTTP/2 to say yes
(RFC 9113): it answers each stream that the client has ended, and reads no header.
"""

import asyncio
import struct
import threading
from types import TracebackType
from typing import Self

from besadu_local.ports import HOST

_PREFACE = 24  # bytes: "PRI * HTTP/2.0" and so on, once a connection
_DATA, _HEADERS, _SETTINGS, _PING, _WINDOW_UPDATE = 0, 1, 4, 6, 8
_ACK = _END_STREAM = 0x1
_END_HEADERS = 0x4
# HPACK (RFC 7541): ":status: 200" and "content-type" by their place in the static table; nothing is remembered.
_STARTS = b"\x88\x0f\x10\x10application/grpc"
_ENDS = b"\x00\x0bgrpc-status\x010"
_EMPTY = b"\x00" * 5  # a gRPC message without content: a task without a field


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class _Connection(asyncio.Protocol):
    def __init__(self, taker: "Taker") -> None:
        self._taker = taker
        self._buffer = bytearray()
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._write(_frame(_SETTINGS, 0, 0))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._greeted:
            if len(buffer) < _PREFACE:
                return
            del buffer[:_PREFACE]
            self._greeted = True
        answers = bytearray()
        while len(buffer) >= 9:
            length = int.from_bytes(buffer[:3])
            if len(buffer) < 9 + length:
                break
            kind, flags, stream = buffer[3], buffer[4], int.from_bytes(buffer[5:9])
            answers += self._answer(kind, flags, stream, bytes(buffer[9 : 9 + length]))
            del buffer[: 9 + length]
        if answers:
            self._write(bytes(answers))

    def _answer(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            return _frame(kind, _ACK, 0, payload if kind == _PING else b"")
        if kind != _DATA:
            return b""
        answer = _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))) if payload else b""
        if flags & _END_STREAM:
            self._taker.taken += 1
            answer += _frame(_HEADERS, _END_HEADERS, stream, _STARTS)
            answer += _frame(_DATA, 0, stream, _EMPTY)
            answer += _frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, _ENDS)
        return answer

    def _write(self, data: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(data)


class Taker:
    """``taken``: how many tasks came."""

    def __init__(self) -> None:
        self.taken = 0
        self.address = ""
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        server = self._loop.run_until_complete(self._loop.create_server(lambda: _Connection(self), HOST, 0))
        self.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
