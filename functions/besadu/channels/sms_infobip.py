"""Infobip SMS: inbound batches, delivery reports, and messages out with a registered sender.

Source of the shapes: Infobip's API reference (inbound SMS, delivery reports, /sms/3/messages, status and error codes),
as of November 2026. Infobip signs nothing: the webhook's profile is given a user and a password instead.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from besadu.channels import http
from besadu.channels.meta import Found, Odd, Scene, each, mapping, masked, sequence, text_of, word_of
from besadu.channels.sms_gateway import (
    MAX_ID,
    MAX_KEPT_LABEL,
    MAX_KEPT_TEXT,
    allowed,
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

GATEWAY: Final = "infobip"
VALID_MINUTES: Final = 1440
MAX_MEDIA_BYTES: Final = 10_000_000
OWN_HOSTS: Final = frozenset({"*.infobip.com"})  # the only ones that may see our key

# Their words -> ours
_STATES: Final[Mapping[str, ReceiptState]] = {
    "PENDING": "sent",
    "DELIVERED": "delivered",
    "UNDELIVERABLE": "failed",
    "EXPIRED": "failed",
    "REJECTED": "failed",
}
_BETWEEN: Final = frozenset({"DELIVERED_TO_OPERATOR"})  # of the group DELIVERED, and only half-way

# What a refusal under HTTP 200 means, by the status's name, else by its group
_REFUSALS: Final[Mapping[str, Outcome]] = {
    "REJECTED_FLOODING_FILTER": "slow_down",
    "REJECTED_NETWORK": "unauthorised",
    "REJECTED_NOT_ENOUGH_CREDITS": "unauthorised",
    "REJECTED_PREPAID_PACKAGE_EXPIRED": "unauthorised",
    "REJECTED_ROUTE_NOT_AVAILABLE": "unauthorised",
    "REJECTED_SENDER": "unauthorised",
    "REJECTED_SYSTEM_ERROR": "retry",
}
_HOST: Final = re.compile(r"https://(?:[a-z0-9-]+\.)+infobip\.com/", re.ASCII)
_ACCEPTED: Final = frozenset({"PENDING", "DELIVERED"})


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether the call brings the user and password that Infobip was given."""
    return allowed(header(webhook, "authorization"), settings.infobip_webhook_user, settings.infobip_webhook_password)


def parse(webhook: Webhook, settings: Settings) -> Parsed:  # noqa: ARG001 - a password of ours opens our account only
    """Every message and report of a batch, in its order. Never raises."""
    return read_json(scene_of(webhook, GATEWAY), _batch)


def _batch(body: dict[str, Any], scene: Scene) -> Found:
    if not isinstance(body.get("results"), list):
        raise Odd("NoResults")
    return each(body["results"], _result, scene)


def _result(result: object, scene: Scene) -> Found:
    if not isinstance(result, dict):
        raise Odd("NoResult")
    return _report(result, scene) if "status" in result else _message(result, scene)


def _message(result: Mapping[str, Any], scene: Scene) -> Found:
    """``text``, not ``cleanText``: that one lacks the keyword that a number may be rented with."""
    message_id, written = text_of(result.get("messageId"), MAX_ID), text_of(result.get("from"), 80)
    if not message_id:
        raise Odd("NoId")
    if not written:
        raise Odd("NoSender")
    texts, files = _parts(sequence(result.get("message")))
    text = result.get("text")
    if not isinstance(text, str) and not texts and not files:
        raise Odd("NoText")
    address, note = writer(scene, written, international=True)
    found = Inbound(
        address=address,
        provider_id=message_id,
        kind="event" if note else "message",
        received_at=scene.received_at,
        sent_at=time_of(result.get("receivedAt"), scene.received_at),
        text=text_of(text, MAX_KEPT_TEXT) or text_of("\n".join(texts), MAX_KEPT_TEXT),
        attachments=tuple(files),
        note=note,
    )
    return [found]


def _parts(parts: list[Any]) -> tuple[list[str], list[Attachment]]:
    """The words and the files of an MMS. Its layout (SMIL) says nothing to us."""
    texts, files = [], []
    for part in map(mapping, parts):
        mime, url = text_of(part.get("contentType"), 100).lower(), text_of(part.get("url"), 2000)
        value = text_of(part.get("value"), MAX_KEPT_TEXT)
        if url and not mime.startswith(("text/plain", "application/smil")):
            files.append(Attachment(kind=media_kind(mime), url=url, mime=mime))
        elif value and mime.startswith("text/plain"):
            texts.append(value)
    return texts, files


def _report(result: Mapping[str, Any], scene: Scene) -> Found:
    message_id, status = text_of(result.get("messageId"), MAX_ID), mapping(result.get("status"))
    group, name = text_of(status.get("groupName"), 60), text_of(status.get("name"), 80)
    if not message_id:
        raise Odd("NoId")
    if group not in _STATES:
        raise Odd("UnknownStatus")
    state = "sent" if name in _BETWEEN else _STATES[group]
    error = mapping(result.get("error")) if state == "failed" else {}
    kept = "permanent" if error.get("permanent") is True else "temporary"
    receipt = Receipt(
        provider_id=message_id,
        state=state,
        outbox_id=outbox_id_of(message_id),
        error_code=word_of(error.get("id")) if error else "",
        error_text=masked(text_of(f"{text_of(error.get('description'), 200)} ({kept})", MAX_KEPT_LABEL))
        if error
        else "",
    )
    phone = phone_of(text_of(result.get("to"), 80), international=True)
    return receipt_of(scene, receipt, phone, time_of(result.get("doneAt"), scene.received_at))


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt. The message's id at Infobip is our outbox id; it does not keep a second one from being sent."""
    url = f"{settings.infobip_url.rstrip('/')}/sms/3/messages"
    sms = {
        "sender": settings.infobip_sender,
        "destinations": [{"to": message.address.phone, "messageId": message.outbox_id}],
        "content": {"text": message.text},
        "options": {"validityPeriod": {"amount": VALID_MINUTES, "timeUnit": "MINUTES"}},
    }
    headers = {**_credentials(settings), "Accept": "application/json"}
    reply = send_json(url, {"messages": [sms]}, headers=headers, repeatable=False)
    return reply if isinstance(reply, SendResult) else _sent(reply)


def _sent(reply: http.Reply) -> SendResult:
    body = reply.body or {}
    first = mapping(next(iter(sequence(body.get("messages"))), None))
    status = mapping(first.get("status"))
    group, name = text_of(status.get("groupName"), 60), text_of(status.get("name"), 80)
    if reply.status < 300 and group in _ACCEPTED:
        return SendResult(outcome="sent", provider_id=text_of(first.get("messageId"), MAX_ID))
    if reply.status < 300 and group in _STATES:
        words = masked(text_of(status.get("description"), MAX_KEPT_LABEL))
        return SendResult(outcome=_REFUSALS.get(name, "permanent"), error_code=word_of(name), error_text=words)
    fault = mapping(mapping(body.get("requestError")).get("serviceException"))
    return SendResult(
        outcome=by_status(reply),
        error_code=word_of(fault.get("messageId")) if fault else f"http_{reply.status}",
        error_text=masked(text_of(fault.get("text"), MAX_KEPT_LABEL)),
        retry_after=reply.retry_after,
    )


def serves(url: str, settings: Settings) -> bool:
    """Whether a file lies at Infobip."""
    own = settings.infobip_url.rstrip("/")
    return bool(_HOST.match(url)) or bool(own and url.startswith(f"{own}/"))


@contextmanager
def fetch_media(attachment: Attachment, *, settings: Settings) -> Iterator[http.Media]:
    """A file of an MMS, streamed, with our key: only from Infobip's own hosts.

    Raises Unavailable (try again) or MediaGone, also while the chunks are being read.
    """
    source = http.allow(attachment.url, hosts=OWN_HOSTS, configured=settings.infobip_url or "https://api.infobip.com")
    headers, gone = _credentials(settings), frozenset({400, 403, 404, 410})
    with http.stream(source, headers=headers, max_bytes=MAX_MEDIA_BYTES, gone=gone) as media:
        yield media


def _credentials(settings: Settings) -> dict[str, str]:
    key = next(iter(secrets_of(settings.infobip_api_key)), b"").decode()
    return {"Authorization": f"App {key}"}
