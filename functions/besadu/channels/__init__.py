"""The channels, one file each. A new channel is one more file and its lines here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Attachment, Channel, Outgoing, Parsed, SendResult

if TYPE_CHECKING:
    from besadu.channels.http import Media

Key = TypeVar("Key", bound=str)
Offer = TypeVar("Offer")


class Source(Protocol):
    """What a file offers whose provider calls us: authentic, parse."""

    def authentic(self, webhook: Webhook, settings: Settings) -> bool:
        """Whether the provider made this very request. Never raises; an unset secret verifies nothing."""

    def parse(self, webhook: Webhook, settings: Settings) -> Parsed:
        """Every message in the body. Never raises; what cannot be understood comes back as ``Unparsed``."""


class Carrier(Protocol):
    """What a file offers that carries our messages: split, send."""

    def split(self, text: str) -> list[str]:
        """``text`` in pieces that the channel can carry, each to be sent as a message of its own."""

    def send(self, message: Outgoing, *, settings: Settings) -> SendResult:
        """One attempt to send. Never raises for what a provider or a network does; the outcome says what to do next."""


class Keeper(Protocol):
    """What a file offers whose provider keeps files for us to fetch: fetch_media."""

    def fetch_media(self, attachment: Attachment, *, settings: Settings) -> "AbstractContextManager[Media]":
        """The file itself, streamed. Raises Unavailable (try again) or MediaGone (do not)."""


class Forgetter(Protocol):
    """What a file offers whose provider would keep our files for ever: forget_media."""

    def forget_media(self, attachment: Attachment, *, settings: Settings) -> None:
        """Delete the file there; it may be gone already. Raises Unavailable (try again) or MediaGone (do not)."""


class Files(Mapping[Key, Offer]):
    """The file of this name for each key, imported when asked for: a cold start has time for one, not for seven."""

    def __init__(self, names: Mapping[Key, str]) -> None:
        self._names = names

    def __getitem__(self, key: Key) -> Offer:
        return cast("Offer", import_module(f"{__name__}.{self._names[key]}"))

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __iter__(self) -> Iterator[Key]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _twiml(webhook: Webhook) -> tuple[str, str]:
    from besadu.channels import sms_twilio

    return sms_twilio.answer(webhook)


# Who calls intake, by the path below it.
SOURCES: Mapping[str, Source] = Files(
    {
        "/instagram": "instagram",
        "/messenger": "messenger",
        "/sms/android": "sms_android",
        "/sms/infobip": "sms_infobip",
        "/sms/twilio": "sms_twilio",
        "/whatsapp": "whatsapp",
    }
)
# Paths whose provider asks for a handshake before it calls.
HANDSHAKES = frozenset({"/instagram", "/messenger", "/whatsapp"})
# Where the provider wants another answer than "ok": body and content type.
ANSWERS: Mapping[str, Callable[[Webhook], tuple[str, str]]] = {"/sms/twilio": _twiml}

# Who carries our messages. Nobody is rung up by a program: a caller gets an SMS. E-mail goes to posts only.
CHANNELS: Mapping[Channel, Carrier] = Files(
    {"email": "mail", "facebook": "messenger", "instagram": "instagram", "sms": "sms", "whatsapp": "whatsapp"}
)
FOR_POSTS: frozenset[Channel] = frozenset({"email"})
# Where evidence is fetched from.
KEEPERS: Mapping[Channel, Keeper] = Files(
    {
        "facebook": "messenger",
        "instagram": "instagram",
        "sms": "sms",
        "telephone": "telephone",
        "whatsapp": "whatsapp",
    }
)
# Where a file is deleted as soon as we have it: citizens' recordings lie abroad for no longer than they have to.
FORGETTERS: Mapping[Channel, Forgetter] = Files({"telephone": "telephone"})
