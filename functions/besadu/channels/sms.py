"""SMS going out: plain words, counted segments, and the gateway that the settings name.

What comes in is each gateway's own file; all of them write a citizen's number as E.164 digits, so a conversation does
not depend on how a gateway spells it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

from besadu.channels import gsm, segments, sms_android, sms_infobip, sms_twilio
from besadu.channels.http import Media
from besadu.config import Settings
from besadu.domain.message import Attachment, Outgoing, SendResult
from besadu.frozen import replace

# A longer text goes as several messages: operators promise nothing for an SMS of many parts, and each part is paid.
MAX_SEGMENTS: Final = 4


class Gateway(Protocol):
    """What a gateway's file offers to this one."""

    def send(self, message: Outgoing, *, settings: Settings) -> SendResult:
        """One attempt to send plain text to a number. Never raises; the outcome says what to do next."""


GATEWAYS: Final[Mapping[str, Gateway]] = {
    "android": sms_android,
    "infobip": sms_infobip,
    "twilio": sms_twilio,
}


def split(text: str) -> list[str]:
    """``text`` in plain words, in pieces of at most four segments each."""
    return segments.split(gsm.plain(text), MAX_SEGMENTS, gsm.segments)


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt to send, by the configured gateway. Buttons are left out: the words of a choice stand in the text.

    SMS carries no files and knows no templates: a message that is only a file is ``permanent``, one that names a
    template is our bug. A text over four segments is too: ``split`` first.
    """
    text = gsm.plain(message.text).strip()
    if refusal := _refusal(message, text):
        return refusal
    gateway = GATEWAYS.get(settings.sms_gateway)
    if gateway is None:
        return SendResult(outcome="unauthorised", error_code="no_gateway", error_text="SMS_GATEWAY names no gateway")
    return gateway.send(replace(message, text=text), settings=settings)


def _refusal(message: Outgoing, text: str) -> SendResult | None:
    """Why this cannot go by SMS; None when it can."""
    if not message.address.phone:
        return SendResult(outcome="permanent", error_code="no_number", error_text="the sender cannot be answered")
    if not text and message.template:
        return SendResult(outcome="bug", error_code="template", error_text="SMS knows no templates")
    if not text and message.media_url:
        return SendResult(outcome="permanent", error_code="no_media", error_text="SMS carries no files")
    if not text or gsm.segments(text) > MAX_SEGMENTS:
        return SendResult(outcome="bug", error_code="text_too_long" if text else "empty_text")
    return None


@contextmanager
def fetch_media(attachment: Attachment, *, settings: Settings) -> Iterator[Media]:
    """A file that came with an MMS, from the gateway that its address belongs to, whichever sends now.

    Raises Unavailable (try again) or MediaGone, also while the chunks are being read.
    """
    gateway = sms_infobip if sms_infobip.serves(attachment.url, settings) else sms_twilio
    with gateway.fetch_media(attachment, settings=settings) as media:
        yield media
