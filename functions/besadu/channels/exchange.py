"""The report of an own exchange (Asterisk) about a finished call. The contract is ours, documented in the README.

JSON ``{"call_id", "caller", "nik", "started_at", "duration", "audio"}``, audio in base64, or multipart/form-data with
the same fields and ``audio`` as a file. The sound comes inside: an exchange on the office's own line stands behind its
firewall, so that we could not fetch it, and nothing has to be opened towards the Internet.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from besadu.channels.meta import text_of
from besadu.channels.telephone import MAX_ID, caller_of
from besadu.channels.webhook import Webhook
from besadu.errors import Unreadable
from besadu.frozen import dataclass

# Three minutes as Opus of 16 kbit/s or GSM are below 400 kB. A Firestore document holds 1 MiB, the NIK and all.
MAX_AUDIO: Final = 700_000  # bytes
MAX_FIELD: Final = 200
OLDEST: Final = timedelta(days=14)  # an exchange that was cut off keeps its reports and sends them later
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)


class TooLong(Exception):
    """The sound is larger than we keep: the exchange must compress it and send the report again."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished call. ``nik`` is what the caller pressed, unchecked; ``seconds`` None when it is not said."""

    call_id: str
    caller: str = field(default="", repr=False)  # E.164 digits, "" when withheld
    nik: str = field(default="", repr=False)
    started_at: datetime
    seconds: int | None = None
    audio: bytes = field(default=b"", repr=False)


def parse(webhook: Webhook) -> Report:
    """The report in a signed body. Raises Unreadable, TooLong."""
    kind = next((value for name, value in webhook.headers.items() if name.lower() == "content-type"), "")
    parts = _multipart(webhook.raw, kind) if kind.lower().startswith("multipart/") else _object(webhook.raw)
    call_id = text_of(parts.get("call_id"), MAX_FIELD)
    if not 0 < len(call_id) <= MAX_ID:
        raise Unreadable("NoCallId")
    return Report(
        call_id=call_id,
        caller=caller_of(text_of(parts.get("caller"), MAX_FIELD)),
        nik=text_of(parts.get("nik"), MAX_FIELD),
        started_at=_time(parts.get("started_at"), webhook.received_at),
        seconds=_seconds(parts.get("duration")),
        audio=_audio(parts.get("audio")),
    )


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise Unreadable(type(fault).__name__) from None
    if not isinstance(body, dict):
        raise Unreadable("NoObject")
    return body


def _multipart(raw: bytes, content_type: str) -> Mapping[str, Any]:
    """The fields by name: text, and the file as bytes."""
    from email.errors import MessageError  # 15 ms that only an exchange's report costs
    from email.parser import BytesParser
    from email.policy import HTTP

    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    try:
        message = BytesParser(policy=HTTP).parsebytes(head + raw)
        parts: dict[str, Any] = {}
        for part in message.walk():
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str) and not part.is_multipart():
                content = part.get_payload(decode=True)
                payload = content if isinstance(content, bytes) else b""
                parts.setdefault(name, payload if name == "audio" else payload.decode("utf-8", "replace").strip())
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError) as fault:
        # The parser of e-mail raises what it likes for a hostile header.
        raise Unreadable(type(fault).__name__) from None
    return parts


def _audio(value: object) -> bytes:
    """The sound: bytes of a file, or base64. Raises TooLong; what is no base64 is no report."""
    if isinstance(value, str):
        try:
            value = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Unreadable("NoBase64") from None
    if value is not None and not isinstance(value, bytes):
        raise Unreadable("NoBase64")
    if value and len(value) > MAX_AUDIO:
        raise TooLong
    return value or b""


def _time(value: object, received_at: datetime) -> datetime:
    """An ISO 8601 time of the last days; when it is missing, broken or of another year, that of the report."""
    try:
        said = datetime.fromisoformat(text_of(value, 60)).astimezone(UTC)
    except (ValueError, OverflowError):
        return received_at
    return said if timedelta() <= received_at - said <= OLDEST else received_at


def _seconds(value: object) -> int | None:
    text = str(value) if isinstance(value, float) else text_of(value, 20).strip()
    return int(float(text)) if _SECONDS.fullmatch(text) else None
