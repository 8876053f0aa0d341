"""Facebook Messenger: what Meta sends us about the regency's page, and what we ask it to send."""

from typing import Final

from besadu.channels import messaging, meta, segments, send_api
from besadu.channels.send_api import fetch_media
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Outgoing, Parsed, SendResult

__all__ = ["authentic", "fetch_media", "parse", "send", "split"]

MAX_TEXT: Final = 2000  # characters

_DIALECT: Final = messaging.Dialect(
    channel="facebook",
    object="page",
    site="https://www.facebook.com",
    files={
        "audio": "audio",
        "file": "document",
        "image": "image",
        "sticker": "sticker",  # until August 2026 an image with a sticker_id
        "video": "video",
    },
    shares=frozenset({"fallback", "ig_post", "ig_reel", "post", "reel", "share"}),
    flagged={},
)


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether Meta signed this body with the app secret. Never raises."""
    return meta.verify(webhook.raw, webhook.headers, settings.meta_app_secret)


def parse(webhook: Webhook, settings: Settings) -> Parsed:
    """Every message, receipt and event of a signed body, in its order.

    Never raises. What is about another page is ignored; what cannot be understood is an ``Unparsed`` beside its
    neighbours. A read receipt names no message, only a time, and is ignored.
    """
    return messaging.parse(webhook, settings.facebook_page_id, _DIALECT)


def split(text: str) -> list[str]:
    """``text`` in pieces of at most 2000 characters."""
    return segments.split(text, MAX_TEXT)


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt to send as the page. A text over 2000 characters is our bug: ``split`` first."""
    return send_api.send(
        message, settings=settings, account=settings.facebook_page_id, fits=lambda text: len(text) <= MAX_TEXT
    )
