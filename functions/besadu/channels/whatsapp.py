"""WhatsApp Business Cloud API (Graph v26.0): what Meta sends us, in our own words, and what we ask Meta to send.

Source of the shapes: Meta's Cloud API reference (webhooks/messages, messages, media), as of November 2026.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

from besadu.channels import http, meta, segments
from besadu.channels.meta import (
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
from besadu.config import Settings
from besadu.domain.message import (
    Address,
    Attachment,
    Inbound,
    Kind,
    MediaKind,
    Outgoing,
    Parsed,
    Receipt,
    ReceiptState,
    SendResult,
)
from besadu.errors import MediaGone, Unavailable
from besadu.frozen import dataclass, replace

# Limits of the API, in characters where nothing else is said
MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_BODY_WITH_BUTTONS: Final = 1024
MAX_BUTTONS: Final = 3
MAX_BUTTON_TITLE: Final = 20
MAX_TEMPLATE_VALUE: Final = 300  # Meta allows 1024 for the whole body
MAX_MEDIA_BYTES: Final = 100_000_000

# What we keep of one field; a real message is far below. Firestore indexes strings up to 1500 bytes.
MAX_KEPT_TEXT: Final = 20_000
MAX_KEPT_LABEL: Final = 300


class Template(NamedTuple):
    """A template as it is approved at Meta: its name, language, number of body values, and its one button."""

    name: str
    language: str
    values: int
    button: str = ""  # "url": the suffix is ours; "quick_reply:PAYLOAD"; empty: none


TEMPLATES: Final[Mapping[str, Template]] = {
    "jawaban_tersedia": Template("jawaban_tersedia", "id", 1, "quick_reply:BUKA"),  # ticket
    "kabar_laporan": Template("kabar_laporan", "id", 2),  # ticket, short news
    "disposisi_baru": Template("disposisi_baru", "id", 4, "url"),  # agency, ticket, title, due date
    "dukungan_diminta": Template("dukungan_diminta", "id", 5, "url"),  # agency, ticket, title, leading agency, due date
    "dukungan_masuk": Template("dukungan_masuk", "id", 5, "url"),  # agency, ticket, title, supporting agency, its news
    "pengingat_opd": Template("pengingat_opd", "id", 5, "url"),  # post, ticket, title, age and due date, what is wanted
    "pengingat_kantor": Template("pengingat_kantor", "id", 5, "url"),  # (same)
    "ringkasan_opd": Template("ringkasan_opd", "id", 3, "url"),  # post, how many, list
    "ringkasan_kantor": Template("ringkasan_kantor", "id", 3, "url"),  # (same)
    "ringkasan_mingguan": Template("ringkasan_mingguan", "id", 5, "url"),  # post, new, closed, open and late, latest
    "lanjutkan_laporan": Template("lanjutkan_laporan", "id", 2),  # what is missing, until when
    "laporan_kedaluwarsa": Template("laporan_kedaluwarsa", "id", 1),  # when it was begun
}

# Their words -> ours
_FILES: Final[Mapping[str, MediaKind]] = {
    "audio": "audio",
    "document": "document",
    "image": "image",
    "sticker": "sticker",
    "video": "video",
    "voice": "audio",  # the old on-premises form
}
_STATUSES: Final[Mapping[str, ReceiptState]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
_SIGNALS: Final = frozenset({"reaction", "order", "call_permission_reply", "request_welcome"})  # acknowledged, no more
_ALERTS: Final = frozenset(  # fields that staff must hear of; every other field but "messages" is only acknowledged
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "message_template_quality_update",
        "message_template_status_update",
        "phone_number_quality_update",
        "security",
    }
)

_TOO_BIG: Final = "131052"  # error code: a file that the Cloud API does not carry
_PHONE = re.compile(r"[0-9]{5,20}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What a message says, apart from who and when."""

    kind: Kind = "message"
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    payload: str = ""
    target_id: str = ""
    note: str = ""
    too_big: bool = False


@dataclass(frozen=True, kw_only=True)
class _Contacts:
    """The people whom a change names."""

    names: Mapping[str, str]  # by phone or user id
    only: Mapping[str, Any]  # the card, if there is just one


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether Meta signed this body with the app secret. Never raises."""
    return meta.verify(webhook.raw, webhook.headers, settings.meta_app_secret)


def parse(webhook: Webhook, settings: Settings) -> Parsed:
    """Every message, status and event of a signed body, in its order. What is for another number is ``ignored``.

    Never raises. A piece that cannot be understood is an ``Unparsed`` beside its neighbours; a body that is not JSON,
    not UTF-8 or nested too deeply is one ``Unparsed`` as a whole.
    """
    account = settings.whatsapp_phone_number_id
    scene = Scene(raw=webhook.raw, channel="whatsapp", account=account, received_at=webhook.received_at)
    return meta.parse(scene, _entry)


def _entry(entry: dict[str, Any], scene: Scene) -> Found:
    if scene.object != "whatsapp_business_account":
        return signal(entry, f"object:{word_of(scene.object)}", scene)
    changes = entry.get("changes")
    if changes is not None and not isinstance(changes, list):
        raise Odd("NoChanges")
    return each(changes, _change, scene)


def _change(change: object, scene: Scene) -> Found:
    if not isinstance(change, dict):
        raise Odd("NoChange")
    name = text_of(change.get("field"), 80) or "messages"
    if name != "messages":
        return signal(change, f"field:{word_of(name)}", scene, "event" if name in _ALERTS else "ignored")
    value = change.get("value")
    if not isinstance(value, dict):
        raise Odd("NoValue")
    theirs = text_of(mapping(value.get("metadata")).get("phone_number_id"), 80)
    if theirs and theirs != scene.account:
        return signal(change, "other_account", scene)
    return _value(value, scene)


def _value(value: dict[str, Any], scene: Scene) -> Found:
    for key in ("contacts", "messages", "statuses", "errors"):
        if not isinstance(value.get(key), list | None):
            raise Odd(f"No{key.title()}")
    contacts = [mapping(contact) for contact in sequence(value.get("contacts"))]
    names = {
        key: text_of(mapping(contact.get("profile")).get("name"), MAX_KEPT_LABEL)
        for contact in contacts
        for key in (text_of(contact.get("wa_id"), 200), text_of(contact.get("user_id"), 200))
        if key
    }
    known = _Contacts(names=names, only=contacts[0] if len(contacts) == 1 else {})
    return [
        *each(value.get("messages"), partial(_message, known=known), scene),
        *each(value.get("statuses"), _status, scene),
        *each(value.get("errors"), _error, scene),
    ]


def _error(error: object, scene: Scene) -> Found:
    return signal(error, f"error:{word_of(mapping(error).get('code'))}", scene, "event")


def _message(message: object, scene: Scene, known: _Contacts) -> Found:
    if not isinstance(message, dict):
        raise Odd("NoMessage")
    provider_id = text_of(message.get("id"), 1000)
    if not provider_id:
        raise Odd("NoId")
    address = _address(message, scene, known)
    word = text_of(message.get("type"), 80) or next((name for name in _CONTENT if name in message), "")
    if message.get("group_id"):
        content = _Content(kind="ignored", note="group")
    elif word in _SIGNALS:
        content = _Content(kind="ignored", note=word)
    elif word in _CONTENT:
        content = _CONTENT[word](message, word)
    else:
        raise Odd("UnknownType")
    context_id = text_of(mapping(message.get("context")).get("id"), 1000)
    found = Inbound(
        address=address,
        provider_id=provider_id,
        kind=content.kind,
        received_at=scene.received_at,
        sent_at=time_of(message.get("timestamp"), scene.received_at),
        text=content.text,
        attachments=content.attachments,
        name=known.names.get(address.phone) or known.names.get(address.user_id) or "",
        payload=content.payload,
        target_id=content.target_id or context_id,
        note=content.note,
        too_big=content.too_big,
    )
    return [found]


def _address(message: Mapping[str, Any], scene: Scene, known: _Contacts) -> Address:
    """Who wrote. A citizen with a username has no phone number; some gateways put the user id in its place."""
    phone = text_of(message.get("from"), 200)
    user_id = text_of(message.get("from_user_id"), 200)
    known_phone = text_of(known.only.get("wa_id"), 200)
    known_user_id = text_of(known.only.get("user_id"), 200)
    if phone in ("", known_phone) and user_id in ("", known_user_id):
        phone, user_id = phone or known_phone, user_id or known_user_id
    phone = phone.removeprefix("+")
    if phone and not _PHONE.fullmatch(phone):
        phone, user_id = "", user_id or phone
    if not phone and not user_id:
        raise Odd("NoSender")
    return Address(channel="whatsapp", account=scene.account, phone=phone, user_id=user_id)


def _text(message: Mapping[str, Any], word: str) -> _Content:
    text = text_of(_object(message, word).get("body"), MAX_KEPT_TEXT)
    if not text:
        raise Odd("NoText")
    return _Content(text=text)


def _file(message: Mapping[str, Any], word: str) -> _Content:
    part = _object(message, word)
    media_id, url = text_of(part.get("id"), MAX_KEPT_LABEL), text_of(part.get("url"), 2000)
    if not media_id and not url:
        raise Odd("NoFile")
    attachment = Attachment(
        kind=_FILES[word],
        media_id=media_id,
        url=url,
        mime=text_of(part.get("mime_type"), 100),
        filename=text_of(part.get("filename"), MAX_KEPT_LABEL),
        sha256=text_of(part.get("sha256"), 100),
        voice=part.get("voice") is True or word == "voice",
    )
    return _Content(text=text_of(part.get("caption"), MAX_KEPT_TEXT), attachments=(attachment,))


def _location(message: Mapping[str, Any], word: str) -> _Content:
    part = _object(message, word)
    latitude, longitude = _degrees(part.get("latitude"), 90), _degrees(part.get("longitude"), 180)
    words = [text_of(part.get(key), MAX_KEPT_LABEL) for key in ("name", "address")]
    label = ", ".join(dict.fromkeys(filter(None, words)))
    return _Content(attachments=(Attachment(kind="location", latitude=latitude, longitude=longitude, label=label),))


def _degrees(value: object, limit: float) -> float:
    number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    if not abs(number) <= limit:  # also true for NaN
        raise Odd("NoPlace")
    return number


def _contacts(message: Mapping[str, Any], word: str) -> _Content:
    cards = [mapping(card) for card in sequence(message.get(word))]
    if not cards:
        raise Odd("NoContact")
    names = [text_of(mapping(card.get("name")).get("formatted_name"), MAX_KEPT_LABEL) for card in cards]
    return _Content(attachments=tuple(Attachment(kind="contact", label=name) for name in names))


def _button(message: Mapping[str, Any], word: str) -> _Content:
    part = _object(message, word)
    text, payload = text_of(part.get("text"), MAX_KEPT_TEXT), text_of(part.get("payload"), MAX_KEPT_LABEL)
    if not text and not payload:
        raise Odd("NoButton")
    return _Content(text=text or payload, payload=payload)


def _interactive(message: Mapping[str, Any], word: str) -> _Content:
    part = _object(message, word)
    reply = text_of(part.get("type"), 80) or next((key for key in part if key.endswith("_reply")), "")
    if reply in _SIGNALS:
        return _Content(kind="ignored", note=reply)
    chosen = mapping(part.get(reply))
    if reply == "nfm_reply":
        form, text = text_of(chosen.get("response_json"), MAX_KEPT_TEXT), text_of(chosen.get("body"), MAX_KEPT_TEXT)
        if form or text:
            return _Content(text=text, payload=form)
    elif reply in ("button_reply", "list_reply"):
        text, payload = text_of(chosen.get("title"), MAX_KEPT_TEXT), text_of(chosen.get("id"), MAX_KEPT_LABEL)
        if text or payload:
            return _Content(text=text or payload, payload=payload)
    raise Odd("UnknownInteractive")


def _edit(message: Mapping[str, Any], word: str) -> _Content:
    part = _object(message, word)
    target, new = text_of(part.get("original_message_id"), 1000), mapping(part.get("message"))
    kind = text_of(new.get("type"), 80) or next((name for name in _CONTENT if name in new), "")
    if not target or kind not in ("text", *_FILES):
        raise Odd("UnknownEdit")
    return replace(_CONTENT[kind](new, kind), kind="edit", target_id=target)


def _revoke(message: Mapping[str, Any], word: str) -> _Content:
    target = text_of(_object(message, word).get("original_message_id"), 1000)
    if not target:
        raise Odd("NoTarget")
    return _Content(kind="revoke", target_id=target)


def _system(message: Mapping[str, Any], word: str) -> _Content:
    """The number changed (the new one is the payload) or the security code did. ``text`` would be Meta's own words."""
    part = _object(message, word)
    new = text_of(part.get("wa_id") or part.get("new_wa_id") or part.get("user_id"), 200)
    return _Content(kind="event", payload=new, note=f"system:{word_of(part.get('type'))}")


def _unsupported(message: Mapping[str, Any], _word_of_type: str) -> _Content:
    """A kind that the API does not carry (131051), or a file over 100 MB (131052): the citizen must be told."""
    codes = [text_of(mapping(error).get("code"), 20) for error in sequence(message.get("errors"))]
    code = next(filter(None, codes), "131051")
    return _Content(kind="event", note=f"unsupported:{word_of(code)}", too_big=code == _TOO_BIG)


def _object(message: Mapping[str, Any], word: str) -> Mapping[str, Any]:
    part = message.get(word)
    if not isinstance(part, dict):
        raise Odd("NoContent")
    return part


_CONTENT: Final[Mapping[str, Callable[[Mapping[str, Any], str], _Content]]] = {
    **dict.fromkeys(_FILES, _file),
    "button": _button,
    "contacts": _contacts,
    "edit": _edit,
    "interactive": _interactive,
    "location": _location,
    "revoke": _revoke,
    "system": _system,
    "text": _text,
    "unsupported": _unsupported,
}


def _status(status: object, scene: Scene) -> Found:
    if not isinstance(status, dict):
        raise Odd("NoStatus")
    message_id, word = text_of(status.get("id"), 1000), text_of(status.get("status"), 80)
    if not message_id or not word:
        raise Odd("NoStatus")
    phone = text_of(status.get("recipient_id"), 200)
    user_id = text_of(status.get("recipient_user_id"), 200)
    if not _PHONE.fullmatch(phone):
        phone, user_id = "", user_id or phone
    state = _STATUSES.get(word)
    errors = [mapping(error) for error in sequence(status.get("errors"))]
    error = errors[0] if errors else {}
    details = mapping(error.get("error_data")).get("details") or error.get("title")
    receipt = state and Receipt(
        provider_id=message_id,
        state=state,
        outbox_id=text_of(status.get("biz_opaque_callback_data"), MAX_KEPT_LABEL),
        error_code=text_of(error.get("code"), 20),
        error_text=meta.masked(text_of(details, MAX_KEPT_LABEL)),
    )
    found = Inbound(
        address=Address(channel="whatsapp", account=scene.account, phone=phone, user_id=user_id),
        provider_id=f"{message_id}:{word}",
        kind="receipt" if receipt else "ignored",
        received_at=scene.received_at,
        sent_at=time_of(status.get("timestamp"), scene.received_at),
        receipt=receipt or None,
        note="" if receipt else f"status:{word_of(word)}",
    )
    return [found]


def split(text: str) -> list[str]:
    """``text`` in pieces of at most 4096 characters."""
    return segments.split(text, MAX_TEXT)


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt to send. A message that names a template goes as that template, whatever its text.

    A text over 4096 characters, or a caption over 1024, is our bug: ``split`` first. Buttons are left out where a
    text is too long for them; the words of a choice always stand in the text as well.
    """
    try:
        body = _body(message)
    except Odd as fault:
        return SendResult(outcome="bug", error_code=str(fault))
    url = f"{settings.meta_graph_url.rstrip('/')}/{settings.whatsapp_phone_number_id}/messages"
    try:
        reply = http.call("POST", url, headers=meta.bearer(settings.meta_access_token), body=body)
    except http.NotSentError as fault:
        return SendResult(outcome="retry", error_code="not_sent", error_text=str(fault))
    except http.UncertainError as fault:
        return SendResult(outcome="ambiguous", error_code="no_answer", error_text=str(fault))
    first = next(iter(sequence((reply.body or {}).get("messages"))), None)
    return meta.result_of(reply, text_of(mapping(first).get("id"), 1000))


def _body(message: Outgoing) -> dict[str, Any]:
    to = message.address
    if not to.sender:
        raise Odd("no_address")
    kind, content = _template(message) if message.template else _free_form(message)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **({"to": to.phone} if to.phone else {"recipient": to.user_id}),
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": message.outbox_id,  # comes back with every status; ends the doubt after a time-out
    }


def _free_form(message: Outgoing) -> tuple[str, dict[str, Any]]:
    if message.media_url:
        return _link(message)
    if not message.text:
        raise Odd("empty_text")
    if message.buttons and len(message.text) <= MAX_BODY_WITH_BUTTONS:
        if len(message.buttons) > MAX_BUTTONS or any(
            not 0 < len(title) <= MAX_BUTTON_TITLE for title in message.buttons
        ):
            raise Odd("buttons")
        buttons = [{"type": "reply", "reply": {"id": title, "title": title}} for title in message.buttons]
        return "interactive", {"type": "button", "body": {"text": message.text}, "action": {"buttons": buttons}}
    if len(message.text) > MAX_TEXT:
        raise Odd("text_too_long")
    return "text", {"body": message.text, "preview_url": False}


def _link(message: Outgoing) -> tuple[str, dict[str, Any]]:
    if message.media_kind not in ("image", "video", "audio", "document"):
        raise Odd("media_kind")
    if len(message.text) > MAX_CAPTION:
        raise Odd("caption_too_long")
    caption = {"caption": message.text} if message.text and message.media_kind != "audio" else {}
    return message.media_kind, {"link": message.media_url, **caption}


def _template(message: Outgoing) -> tuple[str, dict[str, Any]]:
    template = TEMPLATES.get(message.template)
    if template is None or len(message.template_values) != template.values:
        raise Odd("template")
    # Meta refuses empty values, line breaks and runs of spaces.
    values = [" ".join(value.split())[:MAX_TEMPLATE_VALUE] or "-" for value in message.template_values]
    components: list[object] = [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}]
    sub_type, _, payload = template.button.partition(":")
    if sub_type == "url" and not message.link_suffix:
        raise Odd("link_suffix")
    if sub_type:
        value = {"type": "payload", "payload": payload} if payload else {"type": "text", "text": message.link_suffix}
        components.append({"type": "button", "sub_type": sub_type, "index": "0", "parameters": [value]})
    return "template", {"name": template.name, "language": {"code": template.language}, "components": components}


@contextmanager
def fetch_media(attachment: Attachment, *, settings: Settings) -> Iterator[http.Media]:
    """A citizen's file, streamed from Meta with our bearer. A media id gives a new address, which lives five minutes.

    Raises Unavailable (try again) or MediaGone, also while the chunks are being read.
    """
    url = _media_url(attachment.media_id, settings) if attachment.media_id else attachment.url
    source = http.allow(url, hosts=meta.GRAPH_HOSTS, configured=settings.meta_graph_url)
    # An address got by id that is no longer good is replaced at the next attempt; one from the webhook cannot be.
    gone = frozenset[int]() if attachment.media_id else frozenset({400, 401, 403, 404, 410})
    with http.stream(
        source, headers=meta.bearer(settings.meta_access_token), max_bytes=MAX_MEDIA_BYTES, gone=gone
    ) as media:
        yield media


def _media_url(media_id: str, settings: Settings) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", media_id, re.ASCII):
        raise MediaGone("odd_media_id")
    owner = f"?phone_number_id={settings.whatsapp_phone_number_id}" if settings.whatsapp_phone_number_id else ""
    try:
        reply = http.call(
            "GET",
            f"{settings.meta_graph_url.rstrip('/')}/{media_id}{owner}",
            headers=meta.bearer(settings.meta_access_token),
        )
    except (http.NotSentError, http.UncertainError) as fault:
        raise Unavailable(f"media address not had: {fault}") from None
    body = reply.body or {}
    size = body.get("file_size")
    if isinstance(size, int) and size > MAX_MEDIA_BYTES:
        raise MediaGone("too_big")
    url = text_of(body.get("url"), 4000)
    if reply.status == 200 and url:
        return url
    if reply.status in (400, 404, 410) and mapping(body.get("error")).get("code") not in (4, 80007, 190):
        raise MediaGone(f"status_{reply.status}")
    raise Unavailable(f"media address not had: status {reply.status}")
