"""multipart/related as the upload protocol uses it: a small JSON part, then a body of any size, as a stream."""

import email
import json
from collections.abc import Iterator
from email.message import Message
from typing import IO, Any

from besadu_local.storage.disk import BLOCK, Refusal

_LINE = 1 << 16  # bytes; the longest line of a header or of the JSON part


def split(content_type: str, stream: IO[bytes]) -> tuple[dict[str, Any], str | None, Iterator[bytes]]:
    """(the object's resource, the body's content type, the body in blocks). Raises Refusal 400."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if not boundary:
        raise Refusal(400, "invalid", "The upload has no boundary.")
    delimiter = b"--" + boundary.encode("latin-1")
    if stream.readline(_LINE).strip() != delimiter:
        raise Refusal(400, "invalid", "The upload does not begin with its boundary.")
    _headers(stream)
    lines: list[bytes] = []
    while (line := stream.readline(_LINE)).strip() != delimiter:
        if not line:
            raise Refusal(400, "invalid", "The upload has one part only.")
        lines.append(line)
    said = json.loads(b"".join(lines) or b"{}")
    return said, _headers(stream).get("Content-Type"), _until(b"\r\n" + delimiter, stream)


def _headers(stream: IO[bytes]) -> Message:
    lines: list[bytes] = []
    while (line := stream.readline(_LINE)).strip():
        lines.append(line)
    return email.message_from_bytes(b"".join(lines))


def _until(delimiter: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """Blocks up to the last delimiter; only what may be part of it is held back."""
    held, keep = b"", len(delimiter) + len(b"--\r\n") + 4
    while block := stream.read(BLOCK):
        held += block
        if len(held) > keep:
            yield held[:-keep]
            held = held[-keep:]
    end = held.rfind(delimiter)
    if end < 0:
        raise Refusal(400, "invalid", "The upload ends before its last boundary.")
    yield held[:end]
