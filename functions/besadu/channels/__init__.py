"""The channels, one file each. A sixth channel is one more file and one more line here."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from besadu.channels import whatsapp
from besadu.channels.http import Media
from besadu.config import Settings
from besadu.domain.message import Attachment, Outgoing, Parsed, SendResult


class Channel(Protocol):
    """What every channel file offers, in this order: verify, parse, split, send, fetch_media."""

    def verify(self, raw: bytes, headers: Mapping[str, str], secret: str, /) -> bool:
        """Whether the provider signed these very bytes. Never raises; an unset secret verifies nothing."""

    def parse(self, raw: bytes, *, account: str, received_at: datetime) -> Parsed:
        """Every message in a webhook's body. Never raises; what cannot be understood comes back as ``Unparsed``."""

    def split(self, text: str) -> list[str]:
        """``text`` in pieces that the channel can carry, each to be sent as a message of its own."""

    def send(self, message: Outgoing, *, settings: Settings) -> SendResult:
        """One attempt to send. Never raises for what a provider or a network does; the outcome says what to do next."""

    def fetch_media(self, attachment: Attachment, *, settings: Settings) -> AbstractContextManager[Media]:
        """The file itself, streamed. Raises Unavailable (try again) or MediaGone (do not)."""


CHANNELS: Mapping[str, Channel] = {
    "whatsapp": whatsapp,
}
