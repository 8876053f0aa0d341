"""Instagram Direct: what Meta sends us about the regency's account, and what we ask it to send.

Both forms of webhook are read: ``messaging[]`` (the account is linked to a page) and ``changes[]`` (Instagram Login).
"""

from typing import Final

from besadu.channels import messaging, meta, segments, send_api
from besadu.channels.send_api import fetch_media
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Outgoing, Parsed, SendResult

__all__ = ["authentic", "fetch_media", "parse", "send", "split"]

MAX_TEXT: Final = 1000  # bytes of UTF-8, not characters

_DIALECT: Final = messaging.Dialect(
    channel="instagram",
    object="instagram",
    site="https://www.instagram.com",
    files={
        "audio": "audio",
        "file": "document",
        "image": "image",
        "sticker": "sticker",
        "video": "video",
    },
    shares=frozenset({"fallback", "ig_post", "ig_reel", "ig_story", "post", "reel", "share"}),
    flagged={
        "like_heart": "ignored",
        "story_mention": "event",  # gone after a day and not meant as a complaint: staff look
    },
    fields=frozenset(
        {
            "message_edit",
            "message_edits",
            "message_reactions",
            "messages",
            "messaging_handover",
            "messaging_optins",
            "messaging_postbacks",
            "messaging_referral",
            "messaging_seen",
        }
    ),
)


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether Meta signed this body with the app secret. Never raises."""
    return meta.verify(webhook.raw, webhook.headers, settings.meta_app_secret)


def parse(webhook: Webhook, settings: Settings) -> Parsed:
    """Every message, receipt and event of a signed body, in its order.

    Never raises. What is about another account, and comments, are ignored; what cannot be understood is an ``Unparsed``
    beside its neighbours.
    """
    return messaging.parse(webhook, settings.instagram_account_id, _DIALECT)


def split(text: str) -> list[str]:
    """``text`` in pieces of at most 1000 bytes, cut between graphemes."""
    return segments.split(text, MAX_TEXT, _bytes)


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt to send, through the page that the account is linked to, else as the account itself.

    A text over 1000 bytes is our bug: ``split`` first.
    """
    account = settings.facebook_page_id or settings.instagram_account_id
    return send_api.send(message, settings=settings, account=account, fits=lambda text: _bytes(text) <= MAX_TEXT)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
