"""android-sms-gateway: a phone with our own SIM card, behind the private server of the same project.

Source of the shapes: the project's documentation (webhooks, sending messages, queue limits) and its server's rules,
as of August 2026. The app repeats a webhook 14 times over two days, each time signed anew; it joins the parts of a long
SMS itself.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from besadu.channels import stamped
from besadu.channels.http import Reply
from besadu.channels.meta import Found, Odd, Scene, mapping, masked, sequence, signal, text_of
from besadu.channels.sms_gateway import (
    MAX_ID,
    MAX_KEPT_LABEL,
    MAX_KEPT_TEXT,
    basic,
    by_status,
    header,
    media_kind,
    outbox_id_of,
    phone_of,
    read_json,
    receipt_of,
    scene_of,
    send_json,
    time_of,
    writer,
)
from besadu.channels.webhook import Webhook
from besadu.config import Settings, secrets_of
from besadu.domain.message import Attachment, Inbound, Outcome, Outgoing, Parsed, Receipt, ReceiptState, SendResult

GATEWAY: Final = "android"
MAX_OUR_ID: Final = 36  # characters of an id that we may give a message
MAX_FILES: Final = 10  # of an MMS
MAX_CONTENT: Final = 900_000  # bytes of one, which its document holds for some seconds; operators carry 300 to 600 kB
TIME_TO_LIVE: Final = 86_400  # seconds that the phone may keep a message while it has no network


class _State(NamedTuple):
    state: ReceiptState
    time: str  # the payload's field that says when


# Their words -> ours
_STATES: Final[Mapping[str, _State]] = {
    "sms:cancelled": _State("failed", "cancelledAt"),
    "sms:delivered": _State("delivered", "deliveredAt"),
    "sms:failed": _State("failed", "failedAt"),
    "sms:sent": _State("sent", "sentAt"),
}
_UNSUPPORTED: Final = {"mms:received": "unsupported:mms", "sms:data-received": "unsupported:data"}  # tell the citizen
_ALERTS: Final = {"app:started": "app_started"}
_SIGNALS: Final = {"system:ping": "ping"}
_ERRORS: Final[Mapping[str, Outcome]] = {"QueueLimitExceeded": "slow_down"}

_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_OUTBOX_ID = re.compile(r"([0-9a-f]{40})(\.[a-z]{1,8})?", re.ASCII)
_PACKED_ID = re.compile(r"([A-Za-z0-9_-]{27})(\.[a-z]{1,8})?", re.ASCII)


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether our phone signed these bytes within the last five minutes: HMAC-SHA256 over body and timestamp."""
    exact = _SIGNATURE.fullmatch(header(webhook, "x-signature"))
    return bool(exact) and stamped.signed(webhook, settings.android_sms_signing_key)


def parse(webhook: Webhook, settings: Settings) -> Parsed:  # noqa: ARG001 - the phone is ours, whatever its number
    """The one event in a signed body. Never raises."""
    return read_json(scene_of(webhook, GATEWAY), _event)


def _event(body: dict[str, Any], scene: Scene) -> Found:
    event, payload = text_of(body.get("event"), 80), body.get("payload")
    if event in _SIGNALS:
        return signal(body, _SIGNALS[event], scene)
    if event in _ALERTS:
        return signal(body, _ALERTS[event], scene, "event")
    if event not in _READERS:
        return signal(body, "unknown_event", scene)
    if not isinstance(payload, dict):
        raise Odd("NoPayload")
    return _READERS[event](body, payload, scene)


def _received(body: Mapping[str, Any], payload: Mapping[str, Any], scene: Scene) -> Found:
    text = payload.get("message")
    if not isinstance(text, str):
        raise Odd("NoText")
    written = _sender(payload)
    address, note = writer(scene, written)
    found = Inbound(
        address=address,
        provider_id=_key(body, payload, written),
        kind="event" if note else "message",  # an operator's "your card runs out" is for staff, and cannot be answered
        received_at=scene.received_at,
        sent_at=time_of(payload.get("receivedAt"), scene.received_at),
        text=text_of(text, MAX_KEPT_TEXT),
        note=note,
    )
    return [found]


def _mms(body: Mapping[str, Any], payload: Mapping[str, Any], scene: Scene) -> Found:
    """A picture message as the phone has downloaded it: the files stand in it."""
    written = _sender(payload)
    address, note = writer(scene, written)
    text = text_of(payload.get("body"), MAX_KEPT_TEXT) or text_of(payload.get("subject"), MAX_KEPT_TEXT)
    found = Inbound(
        address=address,
        provider_id=_key(body, payload, written),
        kind="event" if note else "message",
        received_at=scene.received_at,
        sent_at=time_of(payload.get("receivedAt"), scene.received_at),
        text=text,
        attachments=() if note else _files(payload.get("attachments")),
        note=note,
    )
    return [found]


def _files(parts: object) -> tuple[Attachment, ...]:
    """The files of an MMS. One that is broken or too large stays nameless: it is then asked for again."""
    files = []
    for part in map(mapping, sequence(parts)):
        mime, data = text_of(part.get("contentType"), 100).lower(), part.get("data")
        if mime.startswith(("text/", "application/smil")):
            continue
        content = b""
        with suppress(binascii.Error, ValueError):
            content = base64.b64decode(data if isinstance(data, str) else "", validate=True)
        content = content if len(content) <= MAX_CONTENT else b""
        files.append(Attachment(kind=media_kind(mime), mime=mime, content=content))
    return tuple(files[:MAX_FILES])


def _unsupported(body: Mapping[str, Any], payload: Mapping[str, Any], scene: Scene) -> Found:
    written = _sender(payload)
    address, note = writer(scene, written)
    found = Inbound(
        address=address,
        provider_id=_key(body, payload, written),
        kind="event",
        received_at=scene.received_at,
        sent_at=time_of(payload.get("receivedAt"), scene.received_at),
        note=note or _UNSUPPORTED[text_of(body.get("event"), 80)],
    )
    return [found]


def _sender(payload: Mapping[str, Any]) -> str:
    """Apps of before February 2026 have only ``phoneNumber``; newer ones are giving it up."""
    written = text_of(payload.get("sender"), 80) or text_of(payload.get("phoneNumber"), 80)
    if not written:
        raise Odd("NoSender")
    return written


def _key(body: Mapping[str, Any], payload: Mapping[str, Any], written: str) -> str:
    """What makes a received SMS itself: device, sender, time and words.

    A repeated webhook keeps the event's ``id``, but an inbox that is exported once more makes new ids for old messages;
    the content is the same both times, so it alone finds both. ``messageId`` is a 32-bit hash and not unique. Two equal
    texts of one sender in one second are one. Without a time the event's id has to do.
    """
    at = time_of(payload.get("receivedAt"), datetime.min.replace(tzinfo=UTC))
    if at == datetime.min.replace(tzinfo=UTC):
        event_id = text_of(body.get("id"), MAX_ID)
        if not event_id:
            raise Odd("NoId")
        return f"event:{event_id}"
    content = payload.get("message")
    own_id = text_of(payload.get("transactionId"), MAX_ID) or text_of(payload.get("messageId"), MAX_ID)
    words = content if isinstance(content, str) else own_id
    # The time as an instant and in whole seconds: the phone's zone may change, and an export may drop the fraction.
    parts = (text_of(body.get("deviceId"), MAX_ID), phone_of(written) or written, str(int(at.timestamp())), words)
    return f"sms:{hashlib.sha256(chr(0).join(parts).encode(errors='replace')).hexdigest()}"


def _state(body: Mapping[str, Any], payload: Mapping[str, Any], scene: Scene) -> Found:
    """How far one of our messages got. A long one is reported part by part; the first part's news counts."""
    event = text_of(body.get("event"), 80)
    message_id = text_of(payload.get("messageId"), MAX_ID)
    if not message_id:
        raise Odd("NoId")
    failed = _STATES[event].state == "failed"
    receipt = Receipt(
        provider_id=message_id,
        state=_STATES[event].state,
        outbox_id=_our_id(message_id),
        error_code=event.partition(":")[2] if failed else "",
        error_text=masked(text_of(payload.get("reason"), MAX_KEPT_LABEL)) if failed else "",
    )
    phone = phone_of(text_of(payload.get("recipient"), 80) or text_of(payload.get("phoneNumber"), 80))
    return receipt_of(scene, receipt, phone, time_of(payload.get(_STATES[event].time), scene.received_at))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], Scene], Found]]] = {
    **dict.fromkeys(_STATES, _state),
    **dict.fromkeys(_UNSUPPORTED, _unsupported),
    "mms:downloaded": _mms,
    "sms:received": _received,
}


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt. Our id makes it repeatable: the server refuses a second message with the same one."""
    url = f"{settings.android_sms_url.rstrip('/')}/messages"
    password = next(iter(secrets_of(settings.android_sms_password)), b"")
    their_id = _their_id(message.outbox_id)
    body = {
        "id": their_id,
        "textMessage": {"text": message.text},
        "phoneNumbers": [f"+{message.address.phone}"],
        "ttl": TIME_TO_LIVE,
        "withDeliveryReport": True,
    }
    reply = send_json(url, body, headers=basic(settings.android_sms_user, password), repeatable=True)
    return reply if isinstance(reply, SendResult) else _result(reply, their_id)


def _result(reply: Reply, their_id: str) -> SendResult:
    body = reply.body or {}
    if reply.body is not None and 200 <= reply.status < 300:
        return SendResult(outcome="sent", provider_id=text_of(body.get("id"), MAX_ID) or their_id)
    if reply.status == 409:
        return SendResult(
            outcome="sent", provider_id=their_id
        )  # an earlier attempt got through, only its answer did not
    code, words = text_of(body.get("error"), 60), text_of(body.get("message"), MAX_KEPT_LABEL)
    refused_number = reply.status == 400 and "phone" in words
    return SendResult(
        outcome="permanent" if refused_number else _ERRORS.get(code) or by_status(reply, repeatable=True),
        error_code=code if code in _ERRORS else f"http_{reply.status}",
        error_text=masked(words),
        retry_after=reply.retry_after,
    )


def _their_id(outbox_id: str) -> str:
    """Our id in the room that theirs has: 40 hexadecimal digits packed into 27 characters; a suffix stays."""
    if match := _OUTBOX_ID.fullmatch(outbox_id):
        return base64.urlsafe_b64encode(bytes.fromhex(match[1])).decode().rstrip("=") + (match[2] or "")
    if len(outbox_id) <= MAX_OUR_ID:
        return outbox_id
    return hashlib.sha256(outbox_id.encode()).hexdigest()[:MAX_OUR_ID]  # its receipts are found by this id


def _our_id(their_id: str) -> str:
    if match := _PACKED_ID.fullmatch(their_id):
        return base64.urlsafe_b64decode(f"{match[1]}=").hex() + (match[2] or "")
    return outbox_id_of(their_id)
