"""What Messenger and Instagram have in common when they tell us something: the events of ``messaging[]`` (Graph v26.0).

Source of the shapes: Meta's Messenger Platform and Instagram Platform references (webhook events), as of November
2026. What differs stands in a ``Dialect``, at the top of each channel's file.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from besadu.channels import meta
from besadu.channels.meta import (
    MAX_KEPT_LABEL,
    MAX_KEPT_TEXT,
    Found,
    Odd,
    Scene,
    each,
    mapping,
    sequence,
    signal,
    text_of,
    time_of,
    word_of,
)
from besadu.channels.webhook import Webhook
from besadu.domain.message import (
    Address,
    Attachment,
    Channel,
    Inbound,
    Kind,
    MediaKind,
    Parsed,
    Receipt,
    ReceiptState,
)
from besadu.frozen import dataclass

MAX_URL: Final = 4000  # a CDN address is below 1500; one that is cut would lead nowhere
MARK: Final = "besadu:"  # before our outbox id in a message's metadata, which its echo brings back

_SIGNALS: Final = frozenset(  # acknowledged, no more
    {
        "account_linking",
        "app_roles",
        "message_context",
        "optin",
        "pass_thread_control",
        "reaction",
        "referral",
        "request_thread_control",
        "response_feedback",
        "take_thread_control",
    }
)
_ALERTS: Final[Mapping[str, str]] = {  # staff must hear of these
    "policy-enforcement": "policy_enforcement",
    "policy_enforcement": "policy_enforcement",
}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """Where the two channels differ. An attachment's type that stands nowhere here is unknown: the citizen is told."""

    channel: Channel
    object: str  # the webhook's word for the kind of account
    site: str  # to which a relative link belongs
    files: Mapping[str, MediaKind]
    shares: frozenset[str]  # links to something public: their words and address are text
    flagged: Mapping[str, Kind]  # alone in a message these are no message
    fields: frozenset[str] = frozenset()  # of changes[] whose value is such an event


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What a message says, apart from who and when."""

    kind: Kind = "message"
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    payload: str = ""
    target_id: str = ""
    note: str = ""


def parse(webhook: Webhook, account: str, dialect: Dialect) -> Parsed:
    """Every event of a signed body, in its order; ``account`` is our page's or Instagram account's id. Never raises."""
    scene = Scene(raw=webhook.raw, channel=dialect.channel, account=account, received_at=webhook.received_at)
    return meta.parse(scene, partial(_entry, dialect=dialect))


def _entry(entry: dict[str, Any], scene: Scene, dialect: Dialect) -> Found:
    if scene.object != dialect.object:
        return signal(entry, f"object:{word_of(scene.object)}", scene)
    theirs = text_of(entry.get("id"), 80)
    if theirs == "0":
        return signal(entry, "dashboard_test", scene)
    if not scene.account or theirs not in ("", scene.account):
        return signal(entry, "other_account", scene)
    for key in ("changes", "messaging", "standby"):
        if not isinstance(entry.get(key), list | None):
            raise Odd(f"No{key.title()}")
    return [
        *each(entry.get("messaging"), partial(_event, dialect=dialect), scene),
        # Another app has the conversation (the inbox of Business Suite, say): to answer would be to talk between.
        *each(entry.get("standby"), lambda event, around: signal(event, "standby", around), scene),
        *each(entry.get("changes"), partial(_change, dialect=dialect), scene),
    ]


def _change(change: object, scene: Scene, dialect: Dialect) -> Found:
    if not isinstance(change, dict):
        raise Odd("NoChange")
    name = text_of(change.get("field"), 80)
    if name not in dialect.fields:
        return signal(change, f"field:{word_of(name)}", scene)
    return _event(change.get("value"), scene, dialect)


def _event(event: object, scene: Scene, dialect: Dialect) -> Found:
    if not isinstance(event, dict):
        raise Odd("NoEvent")
    word = next((key for key in (*_EVENTS, *_ALERTS, *sorted(_SIGNALS)) if event.get(key) is not None), "")
    if word in _EVENTS:
        part = event[word]
        if not isinstance(part, dict):
            raise Odd("NoContent")
        return _EVENTS[word](part, event, scene, dialect)
    if word in _ALERTS:
        return signal(event, _ALERTS[word], scene, "event")
    if word:
        return signal(event, word, scene)
    raise Odd("UnknownEvent")


def _person(event: Mapping[str, Any], scene: Scene, side: str = "sender") -> Address:
    """The citizen on one side of an event. Raises Odd if nobody is there."""
    user_id = text_of(mapping(event.get(side)).get("id"), 200)
    if not user_id:
        raise Odd("NoSender")
    return Address(channel=scene.channel, account=scene.account, user_id=user_id)


def _found(event: Mapping[str, Any], scene: Scene, address: Address, provider_id: str, content: _Content) -> Found:
    found = Inbound(
        address=address,
        provider_id=provider_id,
        kind=content.kind,
        received_at=scene.received_at,
        sent_at=time_of(event.get("timestamp"), scene.received_at),
        text=content.text,
        attachments=content.attachments,
        payload=content.payload,
        target_id=content.target_id,
        note=content.note,
    )
    return [found]


def _message(part: Mapping[str, Any], event: Mapping[str, Any], scene: Scene, dialect: Dialect) -> Found:
    mid = text_of(part.get("mid"), 1000)
    if not mid:
        raise Odd("NoId")
    if part.get("is_echo"):
        return _echo(part, event, scene)
    address = _person(event, scene)
    if part.get("is_self") or address.user_id == scene.account:
        return signal(event, "self", scene)
    if part.get("is_deleted"):
        return _found(event, scene, address, f"{mid}:deleted", _Content(kind="revoke", target_id=mid))
    return _found(event, scene, address, mid, _content(part, dialect))


def _echo(part: Mapping[str, Any], event: Mapping[str, Any], scene: Scene) -> Found:
    """What the page itself sent. One of ours says so, and ends the doubt after a time-out; the rest is noise."""
    metadata = text_of(part.get("metadata"), 1000)
    if not metadata.startswith(MARK):
        return signal(event, "echo", scene)
    outbox_id = metadata.removeprefix(MARK)[:MAX_KEPT_LABEL]
    return _receipt(event, scene, _person(event, scene, "recipient"), text_of(part["mid"], 1000), "sent", outbox_id)


def _content(part: Mapping[str, Any], dialect: Dialect) -> _Content:
    text = text_of(part.get("text"), MAX_KEPT_TEXT)
    payload = text_of(mapping(part.get("quick_reply")).get("payload"), MAX_KEPT_LABEL)
    pile = _Pile(dialect)
    for piece in sequence(part.get("attachments")):
        pile.add(piece)
    if pile.links and "://" not in text:  # a link that was written comes again as an attachment
        text = "\n".join(filter(None, (text, *pile.links)))[:MAX_KEPT_TEXT]
    if text or payload or pile.files:
        target = text_of(mapping(part.get("reply_to")).get("mid"), 1000)
        return _Content(text=text or payload, attachments=tuple(pile.files), payload=payload, target_id=target)
    if part.get("is_unsupported"):
        return _Content(kind="event", note="unsupported:message")
    if pile.notes:
        kind, note = pile.notes[0]
        return _Content(kind=kind, note=note)
    raise pile.fault or Odd("NoContent")


class _Pile:
    """The attachments of one message, sorted."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.files: list[Attachment] = []
        self.links: list[str] = []
        self.notes: list[tuple[Kind, str]] = []
        self.fault: Odd | None = None

    def add(self, piece: object) -> None:
        attachment = mapping(piece)
        word, payload = text_of(attachment.get("type"), 80), mapping(attachment.get("payload"))
        dialect = self._dialect
        if word == "image" and payload.get("sticker_id"):
            word = "sticker"  # as they came until August 2026
        if word in dialect.flagged:
            self.notes.append((dialect.flagged[word], word_of(word)))
        elif word in dialect.files:
            self._add_file(word, text_of(payload.get("url"), MAX_URL + 1))
        elif word == "location":
            self._add_place(attachment, mapping(payload.get("coordinates")))
        elif word in dialect.shares:
            self._add_link(word, attachment, payload)
        elif word:
            self.notes.append(("event", f"unsupported:{word_of(word)}"))
        else:
            self.fault = Odd("NoAttachment")

    def _add_file(self, word: str, url: str) -> None:
        kind = self._dialect.files[word]
        if len(url) > MAX_URL or not (url or kind == "sticker"):
            self.fault = Odd("NoFile")
            return
        self.files.append(Attachment(kind=kind, url=url, filename=_filename(url) if kind == "document" else ""))

    def _add_place(self, attachment: Mapping[str, Any], coordinates: Mapping[str, Any]) -> None:
        try:
            latitude = meta.degrees(coordinates.get("lat"), 90)
            longitude = meta.degrees(coordinates.get("long"), 180)
        except (Odd, ValueError):
            self.fault = Odd("NoPlace")
            return
        label = text_of(attachment.get("title"), MAX_KEPT_LABEL)
        self.files.append(Attachment(kind="location", latitude=latitude, longitude=longitude, label=label))

    def _add_link(self, word: str, attachment: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        url = text_of(payload.get("url") or attachment.get("url"), MAX_URL + 1)
        title = text_of(payload.get("title") or attachment.get("title"), MAX_KEPT_LABEL)
        if url.startswith("/"):
            url = self._dialect.site + url
        if not url.startswith(("https://", "http://")) or len(url) > MAX_URL:
            self.notes.append(("event", f"unsupported:{word_of(word)}"))
            return
        self.links.append("\n".join(filter(None, (title, url))))


def _filename(url: str) -> str:
    try:
        return text_of(unquote(urlsplit(url).path.rpartition("/")[2]), MAX_KEPT_LABEL)
    except ValueError:
        return ""


def _edit(part: Mapping[str, Any], event: Mapping[str, Any], scene: Scene, _dialect: Dialect) -> Found:
    mid, text = text_of(part.get("mid"), 1000), text_of(part.get("text"), MAX_KEPT_TEXT)
    number = text_of(part.get("num_edit"), 20)
    if not text and number in ("", "0"):
        return signal(event, "edit", scene)  # comes with a message that nobody edited, in development mode
    if not mid or not text:
        raise Odd("NoText" if mid else "NoTarget")
    address = _person(event, scene)
    if address.user_id == scene.account:
        return signal(event, "self", scene)
    # Without its number, the words tell one edit from the next.
    key = number or hashlib.sha256(text.encode()).hexdigest()[:16]
    return _found(event, scene, address, f"{mid}:edit:{key}", _Content(kind="edit", text=text, target_id=mid))


def _postback(part: Mapping[str, Any], event: Mapping[str, Any], scene: Scene, _dialect: Dialect) -> Found:
    text, payload = text_of(part.get("title"), MAX_KEPT_TEXT), text_of(part.get("payload"), MAX_KEPT_LABEL)
    if not text and not payload:
        raise Odd("NoButton")
    digest = hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
    provider_id = text_of(part.get("mid"), 1000) or f"postback:{digest}"
    address = _person(event, scene)
    if address.user_id == scene.account or part.get("is_self"):
        return signal(event, "self", scene)
    return _found(event, scene, address, provider_id, _Content(text=text or payload, payload=payload))


def _delivery(part: Mapping[str, Any], event: Mapping[str, Any], scene: Scene, _dialect: Dialect) -> Found:
    mids = [text_of(mid, 1000) for mid in sequence(part.get("mids"))]
    if not any(mids):
        return signal(event, "delivery", scene)  # only a time, up to which all has arrived
    address = _person(event, scene)
    return [found for mid in dict.fromkeys(mids) if mid for found in _receipt(event, scene, address, mid, "delivered")]


def _read(part: Mapping[str, Any], event: Mapping[str, Any], scene: Scene, _dialect: Dialect) -> Found:
    mid = text_of(part.get("mid"), 1000)
    if not mid:
        return signal(event, "read", scene)  # only a time, up to which all has been read
    return _receipt(event, scene, _person(event, scene), mid, "read")


def _receipt(
    event: Mapping[str, Any], scene: Scene, address: Address, mid: str, state: ReceiptState, outbox_id: str = ""
) -> Found:
    receipt = Inbound(
        address=address,
        provider_id=f"{mid}:{state}",
        kind="receipt",
        received_at=scene.received_at,
        sent_at=time_of(event.get("timestamp"), scene.received_at),
        receipt=Receipt(provider_id=mid, state=state, outbox_id=outbox_id),
    )
    return [receipt]


_EVENTS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], Scene, Dialect], Found]]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "delivery": _delivery,
    "read": _read,
}
