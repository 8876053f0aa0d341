"""A message as every channel hands it over, and what a channel is asked to send: our words, no provider's."""

from dataclasses import field
from datetime import datetime
from typing import Literal

from besadu.frozen import dataclass

Channel = Literal["email", "facebook", "instagram", "sms", "telephone", "whatsapp"]  # e-mail: to posts only
Kind = Literal["message", "edit", "revoke", "receipt", "event", "ignored"]
MediaKind = Literal["image", "video", "audio", "document", "location", "contact", "sticker"]
ReceiptState = Literal["sent", "delivered", "read", "failed"]


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a citizen or a post is reached.

    WhatsApp: a number (digits, no plus) or, for username users, only ``user_id``. E-mail: the address is ``user_id``.
    """

    channel: Channel
    account: str  # ours: the phone number id, page id, own number
    phone: str = ""
    user_id: str = ""

    @property
    def brief(self) -> bool:
        """Whether what we write goes by SMS."""
        return self.channel in {"sms", "telephone"}

    @property
    def sender(self) -> str:
        """The stable id of the person on this channel; a number is preferred, because it outlives a new user id."""
        return self.phone or self.user_id


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One file, place or card that came with a message. A location has ``latitude`` and ``longitude`` and no file."""

    kind: MediaKind
    media_id: str = ""
    url: str = ""
    mime: str = ""
    filename: str = ""  # data, never a path
    sha256: str = ""  # as the provider says it, lower-case hex or base64; checked after the download
    voice: bool = False
    latitude: float | None = None
    longitude: float | None = None
    label: str = ""  # a place's name and address, a contact's name
    content: bytes = b""  # the file itself, where a message brings it along; until it is in the bucket


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """How far one of our messages got."""

    provider_id: str  # the message's id at the provider
    state: ReceiptState
    outbox_id: str = ""  # our own id, when the provider hands it back
    error_code: str = ""
    error_text: str = ""  # the provider's words, without any number or address


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One thing a provider told us. ``provider_id`` is the key against duplicates, unique within (channel, account)."""

    address: Address
    provider_id: str
    kind: Kind
    received_at: datetime
    sent_at: datetime  # the provider's time; received_at when that is missing or broken
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    name: str = ""  # profile name, as the citizen chose it
    payload: str = ""  # of a pressed button
    target_id: str = ""  # the message that an edit, revoke or reply is about
    receipt: Receipt | None = None
    note: str = ""  # why it is ignored or what event it is, for the log and the console
    too_big: bool = False  # a file that the channel does not carry because of its size
    uploaded: bool = False  # came over our own page: its files lie in the bucket, and no window opens


@dataclass(frozen=True, kw_only=True)
class Unparsed:
    """A signed piece that could not be understood: kept as it came, quarantined, shown to operators."""

    channel: Channel
    account: str
    provider_id: str  # the provider's id if one could be read, else empty: the key is then the hash of ``raw``
    raw: bytes
    reason: str  # class name of the fault, no content


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message to send. ``template`` names an approved template and is used when the free window is closed."""

    outbox_id: str
    address: Address
    subject: str = ""  # of an e-mail
    text: str = ""
    buttons: tuple[str, ...] = ()  # at most three, at most 20 characters each
    media_url: str = ""  # https link that the provider fetches
    media_kind: MediaKind | None = None
    template: str = ""
    template_values: tuple[str, ...] = ()
    link_suffix: str = ""  # of a template's URL button
    tag: Literal["", "human_agent"] = ""  # Messenger, Instagram: a person wrote it, up to 7 days after their message


Outcome = Literal["sent", "retry", "slow_down", "permanent", "window_closed", "unauthorised", "bug", "ambiguous"]


@dataclass(frozen=True, kw_only=True)
class SendResult:
    """What became of one attempt. ``ambiguous``: the provider may have it (time-out after the bytes left)."""

    outcome: Outcome
    provider_id: str = ""
    error_code: str = ""
    error_text: str = ""  # never holds an address
    retry_after: float | None = None  # seconds


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What one webhook body held, in the order of the body."""

    messages: tuple[Inbound, ...] = ()
    unparsed: tuple[Unparsed, ...] = field(default=())
