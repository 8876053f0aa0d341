"""What the SMS gateways have in common: bodies, numbers and times as they write them, and what an HTTP status means.

Standard library only at import, because intake loads it at every cold start.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from besadu.channels import http
from besadu.channels.meta import Found, Scene, each, text_of
from besadu.channels.webhook import Webhook
from besadu.config import secrets_of
from besadu.domain.message import Address, Inbound, MediaKind, Outcome, Parsed, Receipt, SendResult, Unparsed

# What we keep of one field. A long SMS has at most 255 parts, 39,015 characters; nobody's phone makes more than ten.
MAX_KEPT_TEXT: Final = 20_000
MAX_KEPT_LABEL: Final = 300
MAX_ID: Final = 200
INDONESIA: Final = 62

# Without a code of the gateway's own the status alone must do.
_STATUS: Final[Mapping[int, Outcome]] = {
    400: "bug",
    401: "unauthorised",
    402: "unauthorised",  # no credit left: an operator's task, and nothing is lost meanwhile
    403: "unauthorised",
    404: "unauthorised",  # a wrong base address or account
    429: "slow_down",
}

# The forms in which nearly all Indonesian mobile numbers come: +62812…, 62812…, 0812…, 812…, +62 (0)812….
_INDONESIAN = re.compile(r"(?:\+?62)?0?(8[1-9][0-9]{7,10})", re.ASCII)
_ANY = re.compile(r"\+?[0-9]{7,15}", re.ASCII)
_OUTBOX_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_PUNCTUATION = re.compile(r"[ ().\-/\u00a0\u2010-\u2015]")


def phone_of(written: str, *, international: bool = False) -> str:
    """A number as E.164 digits without plus (``6281234567890``); "" for what cannot be answered.

    Names (``Telkomsel``), short codes (``1708``) and withheld numbers give "". ``international``: the gateway leaves
    out the plus before a country code. Nearly all numbers fit the rule above; for the others phonenumberslite is
    loaded, which takes 25 ms once.
    """
    number = _PUNCTUATION.sub("", written)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    elif international and not number.startswith(("+", "0")):
        number = f"+{number}"
    if match := _INDONESIAN.fullmatch(number):
        return f"62{match[1]}"
    return _elsewhere(number) if _ANY.fullmatch(number) else ""


def _elsewhere(number: str) -> str:
    import phonenumbers  # not at import: see phone_of

    try:
        parsed = phonenumbers.parse(number, "ID")
    except phonenumbers.NumberParseException:
        return ""
    # Abroad possible is enough: tables of valid ranges grow old. At home what remains is a landline or a typing error.
    possible = phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or (parsed.country_code == INDONESIA and not phonenumbers.is_valid_number(parsed)):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def basic(user: str, password: bytes) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(user.encode() + b':' + password).decode()}"}


def header(webhook: Webhook, name: str) -> str:
    """One header, whatever the case of its name; "" when it is missing."""
    return next((value for key, value in webhook.headers.items() if key.lower() == name and isinstance(value, str)), "")


def allowed(given: str, users: str, passwords: str) -> bool:
    """Whether ``given`` is a Basic authorization of ours. Never raises; an unset user or password lets nobody in."""
    scheme, _, packed = given.partition(" ")
    try:
        pair = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return False
    known = [user + b":" + password for user in secrets_of(users) for password in secrets_of(passwords)]
    equal = [hmac.compare_digest(pair, ours) for ours in known]
    return scheme.lower() == "basic" and any(equal)


def scene_of(webhook: Webhook, gateway: str) -> Scene:
    """The gateway's name is the account: our own number is not in every body, and may be written in several ways."""
    return Scene(raw=webhook.raw, channel="sms", account=gateway, received_at=webhook.received_at)


def read_json(scene: Scene, read: Callable[[dict[str, Any], Scene], Found]) -> Parsed:
    """What ``read`` finds in a body that is a JSON object. Never raises."""
    try:
        body = json.loads(scene.raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        return unread(scene, type(fault).__name__)
    if not isinstance(body, dict):
        return unread(scene, "NoObject")
    return parsed(each([body], read, scene))


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def unread(scene: Scene, reason: str) -> Parsed:
    """A whole body that cannot be understood."""
    piece = Unparsed(channel=scene.channel, account=scene.account, provider_id="", raw=scene.raw, reason=reason)
    return Parsed(unparsed=(piece,))


def parsed(found: Found) -> Parsed:
    """What was found, sorted into what is understood and what is not."""
    return Parsed(
        messages=tuple(item for item in found if isinstance(item, Inbound)),
        unparsed=tuple(item for item in found if isinstance(item, Unparsed)),
    )


def writer(scene: Scene, written: str, *, international: bool = False) -> tuple[Address, str]:
    """Who wrote, and "" or a note why nobody can answer there: the sender is a name, a short code, or withheld."""
    phone = phone_of(written, international=international)
    if phone:
        return Address(channel="sms", account=scene.account, phone=phone), ""
    address = Address(channel="sms", account=scene.account, user_id=written)
    return address, "sender:number" if written.strip("+").isdigit() else "sender:name"


def outbox_id_of(value: str) -> str:
    """An id that a gateway hands back, if it can be one of ours: it becomes the name of a document."""
    return value if _OUTBOX_ID.fullmatch(value) else ""


def receipt_of(scene: Scene, receipt: Receipt, phone: str, at: datetime) -> Found:
    """A gateway's news of one of our messages."""
    found = Inbound(
        address=Address(channel="sms", account=scene.account, phone=phone),
        provider_id=f"{receipt.provider_id}:{receipt.state}",
        kind="receipt",
        received_at=scene.received_at,
        sent_at=at,
        receipt=receipt,
    )
    return [found]


def time_of(value: object, fallback: datetime) -> datetime:
    """An ISO 8601 time with its zone, also ``+0000`` without colon; ``fallback`` when it is missing or broken."""
    try:
        return datetime.fromisoformat(text_of(value, 60)).astimezone(UTC)
    except (ValueError, OverflowError):
        return fallback


def media_kind(mime: str) -> MediaKind:
    """The kind of a file by the type that the gateway says."""
    kinds: Mapping[str, MediaKind] = {"image": "image", "video": "video", "audio": "audio"}
    return kinds.get(mime.partition("/")[0].strip().lower(), "document")


def send_json(
    url: str, body: Mapping[str, Any], *, headers: Mapping[str, str], repeatable: bool
) -> http.Reply | SendResult:
    """One call to a gateway; a SendResult when no answer came. ``repeatable``: a second call sends no second SMS."""
    try:
        return http.call("POST", url, headers=headers, body=body)
    except http.NotSentError as fault:
        return SendResult(outcome="retry", error_code="not_sent", error_text=str(fault))
    except http.UncertainError as fault:
        outcome: Outcome = "retry" if repeatable else "ambiguous"
        return SendResult(outcome=outcome, error_code="no_answer", error_text=str(fault))


def by_status(reply: http.Reply, *, repeatable: bool = False) -> Outcome:
    """What a status without a known error code means. A front end's 5xx may come after the message went on."""
    if reply.status == 503 and reply.retry_after is not None:
        return "retry"
    if reply.status in _STATUS:
        return _STATUS[reply.status]
    if reply.status >= 500 or reply.status < 400:
        return "retry" if repeatable else "ambiguous"
    return "permanent"
