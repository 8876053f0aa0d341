"""Twilio Programmable Messaging: signed form posts in, status callbacks, and messages out.

Source of the shapes: Twilio's pages on webhook requests, the Message resource and its error codes, as of November 2026.
Twilio has no two-way SMS in Indonesia: this is for the day it has, or for a number elsewhere.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qs, quote, urljoin

from besadu.channels import http, twilio
from besadu.channels.http import _json_object, _no_answer, _seconds, _session
from besadu.channels.meta import Found, Odd, Scene, each, mapping, masked, signal, text_of, word_of
from besadu.channels.sms_gateway import (
    MAX_ID,
    MAX_KEPT_TEXT,
    basic,
    by_status,
    header,
    media_kind,
    outbox_id_of,
    parsed,
    phone_of,
    receipt_of,
    scene_of,
    writer,
)
from besadu.channels.webhook import Webhook
from besadu.config import Settings, secrets_of
from besadu.domain.message import Attachment, Inbound, Outcome, Outgoing, Parsed, Receipt, ReceiptState, SendResult
from besadu.errors import Unavailable

GATEWAY: Final = "twilio"
MAX_TEXT: Final = 1600  # characters
MAX_MEDIA: Final = 10  # files of one message
MAX_MEDIA_BYTES: Final = 10_000_000
ANSWER: Final = ("<Response/>", "text/xml")
STATUS_PATH: Final = "/intake/sms/twilio"
OWN_HOSTS: Final = frozenset({"*.twilio.com"})  # the only ones that may see our credentials
FILE_HOSTS: Final = frozenset({"media.twiliocdn.com", "mms.twiliocdn.com", "s3-external-1.amazonaws.com"})

# Their words -> ours
_STATES: Final[Mapping[str, ReceiptState]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
_ON_THE_WAY: Final = frozenset({"accepted", "scheduled", "queued", "sending"})
_ARRIVING: Final = frozenset({"received", "receiving"})

# Error codes and what to do next
_ERRORS: tuple[tuple[Outcome, frozenset[int]], ...] = (
    # not a number, opted out, no route, no mobile, a short code, unreachable, unknown, a landline, filtered
    ("permanent", frozenset({21211, 21217, 21265, 21401, 21610, 21612, 21614, 21635, *range(30003, 30008)})),
    ("slow_down", frozenset({14107, 20429, 21611, 30001, 30022})),
    ("retry", frozenset({20500, 20503, 30008})),
    # credentials, account, region or sender: an operator's task
    ("unauthorised", frozenset({20003, 20005, 20403, 20404, 21266, 21408, 21603, 21606, 21607, 30002, 90010})),
    ("bug", frozenset({20001, 21601, 21602, 21604, 21605, 21609, 21617, 21619})),
)
OUTCOMES: Final[Mapping[int, Outcome]] = {code: outcome for outcome, codes in _ERRORS for code in codes}

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}", re.ASCII)


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether Twilio signed the public address and the parameters with our auth token."""
    return twilio.signed(webhook, settings.twilio_auth_token)


def answer(webhook: Webhook) -> tuple[str, str]:  # noqa: ARG001 - every webhook is answered alike
    """TwiML that does nothing, as (body, content type): any other text would be sent to the citizen as an SMS."""
    return ANSWER


def parse(webhook: Webhook, settings: Settings) -> Parsed:
    """The one message or status in a signed body. Never raises."""
    scene = scene_of(webhook, GATEWAY)

    def read(fields: dict[str, str], scene: Scene) -> Found:
        if fields.get("AccountSid", settings.twilio_account_sid) != settings.twilio_account_sid:
            return signal(fields, "other_account", scene)
        status = fields.get("MessageStatus") or fields.get("SmsStatus") or "received"
        if status in _ARRIVING:
            return _message(fields, scene)
        return _status(fields, status, webhook.query, scene)

    return parsed(each([_fields(webhook)], read, scene))


def _fields(webhook: Webhook) -> dict[str, str]:
    """The parameters by name; a JSON body's plain values are taken as parameters."""
    if header(webhook, "content-type").partition(";")[0].strip().lower() != "application/json":
        return {name: text_of(value, MAX_KEPT_TEXT) for name, value in twilio.fields(webhook).items()}
    try:
        body = json.loads(webhook.raw.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}  # has no id, and is kept as it came
    return {name: text_of(value, MAX_KEPT_TEXT) for name, value in mapping(body).items()}


def _message(fields: Mapping[str, str], scene: Scene) -> Found:
    message_id, written = _id(fields), fields.get("From", "")[:80]
    if ":" in written:
        return signal(fields, "other_channel", scene)  # whatsapp:+62…, messenger:…: numbers rented for other channels
    if not written:
        raise Odd("NoSender")
    address, note = writer(scene, written)
    opt_out = word_of(fields["OptOutType"]) if fields.get("OptOutType") else ""
    found = Inbound(
        address=address,
        provider_id=message_id,
        kind="event" if note else "message",
        received_at=scene.received_at,
        sent_at=scene.received_at,  # Twilio tells no time
        text=_decoded(fields.get("Body", "")),
        attachments=tuple(_files(fields)),
        note=note or (f"opt_out:{opt_out}" if opt_out else ""),  # Twilio has answered it, and sends nothing after STOP
    )
    return [found]


def _id(fields: Mapping[str, str]) -> str:
    message_id = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid") or ""
    if not message_id:
        raise Odd("NoId")
    return message_id[:MAX_ID]


def _decoded(text: str) -> str:
    """The words of a long SMS, which Twilio now and then passes on as base64 without saying so."""
    packed = "".join(text.split())
    if len(packed) % 4 or not _BASE64.fullmatch(packed):
        return text
    try:
        words = base64.b64decode(packed, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return text
    # Real words have spaces between them, and no controls but the ends of lines.
    return text_of(words, MAX_KEPT_TEXT) if " " in words and words.replace("\n", "").isprintable() else text


def _files(fields: Mapping[str, str]) -> Iterator[Attachment]:
    for number in range(MAX_MEDIA):
        url, mime = fields.get(f"MediaUrl{number}", "")[:2000], fields.get(f"MediaContentType{number}", "")[:100]
        if url:
            yield Attachment(kind=media_kind(mime), url=url, mime=mime)


def _status(fields: Mapping[str, str], status: str, query: str, scene: Scene) -> Found:
    message_id = _id(fields)
    if status in _ON_THE_WAY:
        return signal(fields, f"status:{status}", scene)
    if status not in _STATES:
        raise Odd("UnknownStatus")
    code = word_of(fields["ErrorCode"]) if fields.get("ErrorCode") else ""
    receipt = Receipt(
        provider_id=message_id,
        state=_STATES[status],
        outbox_id=outbox_id_of(next(iter(parse_qs(query).get("outbox_id", [])), "")),
        error_code=code,
        error_text=masked(text_of(fields.get("ErrorMessage"), 300)),
    )
    return receipt_of(scene, receipt, phone_of(fields.get("To", "")), scene.received_at)


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt. The callback's address carries our id, so that a receipt settles an attempt without an answer."""
    if len(message.text) > MAX_TEXT:
        return SendResult(outcome="bug", error_code="text_too_long")
    sender = settings.twilio_number
    callback = f"{settings.besadu_public_url.rstrip('/')}{STATUS_PATH}?outbox_id={quote(message.outbox_id, safe='')}"
    form = {
        "To": f"+{message.address.phone}",
        ("MessagingServiceSid" if sender.startswith("MG") else "From"): sender,
        "Body": message.text,
        "StatusCallback": callback,
    }
    account = quote(settings.twilio_account_sid, safe="")
    url = f"{settings.twilio_url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
    try:
        reply, _ = _exchange("POST", url, headers=_credentials(settings), form=form)
    except http.NotSentError as fault:
        return SendResult(outcome="retry", error_code="not_sent", error_text=str(fault))
    except http.UncertainError as fault:
        return SendResult(outcome="ambiguous", error_code="no_answer", error_text=str(fault))
    return _result(reply)


def _credentials(settings: Settings) -> dict[str, str]:
    return basic(settings.twilio_account_sid, next(iter(secrets_of(settings.twilio_auth_token)), b""))


def _result(reply: http.Reply) -> SendResult:
    body: Mapping[str, Any] = reply.body or {}
    provider_id, status = text_of(body.get("sid"), MAX_ID), text_of(body.get("status"), 60)
    if reply.status < 300 and provider_id and _STATES.get(status) != "failed":
        return SendResult(outcome="sent", provider_id=provider_id)
    code = body.get("code") or body.get("error_code")
    known = OUTCOMES.get(code) if isinstance(code, int) else None
    return SendResult(
        outcome=known or ("permanent" if provider_id else by_status(reply)),
        error_code=word_of(code) if code else f"http_{reply.status}",
        error_text=masked(text_of(body.get("message") or body.get("error_message"), 300)),
        retry_after=reply.retry_after,
    )


def _exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    form: Mapping[str, str] | None = None,
    source: http.Checked | None = None,
) -> tuple[http.Reply, str]:
    """One call with a form: the reply, and the address that it redirects to. Raises as ``http.call`` does."""
    import requests  # late: intake never sends

    try:
        with (
            http.session_to(source) if source else _session() as session,
            session.request(
                method, url, data=form, headers=headers, timeout=http.TIMEOUTS, allow_redirects=False, stream=True
            ) as response,
        ):
            body = _json_object(response.content) if form is not None else None
            retry_after = _seconds(response.headers.get("Retry-After", ""))
            reply = http.Reply(status=response.status_code, body=body, retry_after=retry_after)
            return reply, response.headers.get("Location", "")
    except requests.RequestException as fault:
        raise _no_answer(fault) from None  # the fault's text holds the address


@contextmanager
def fetch_media(attachment: Attachment, *, settings: Settings) -> Iterator[http.Media]:
    """A file of an MMS, streamed. Our credentials go to Twilio alone; the address that it then names needs none.

    Raises Unavailable (try again) or MediaGone, also while the chunks are being read.
    """
    url, headers = attachment.url, _credentials(settings)
    source = http.allow(url, hosts=OWN_HOSTS, configured=settings.twilio_url)
    try:
        reply, elsewhere = _exchange("GET", url, headers=headers, source=source)
    except (http.NotSentError, http.UncertainError) as fault:
        raise Unavailable(f"media address not had: {fault}") from None
    if reply.status in (301, 302, 303, 307, 308):
        url, headers = urljoin(url, elsewhere), {}
        source = http.allow(url, hosts=FILE_HOSTS, configured=settings.twilio_url)
    with http.stream(source, headers=headers, max_bytes=MAX_MEDIA_BYTES, gone=frozenset({400, 403, 404, 410})) as media:
        yield media
