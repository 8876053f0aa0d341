"""What Messenger and Instagram have in common when we send and fetch: a page's Send API (Graph v26.0), and Meta's CDN.

Source: Meta's Send API, error code and attachment references, as of November 2026.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from besadu.channels import http, meta, segments
from besadu.channels.messaging import MARK
from besadu.channels.meta import Odd, text_of
from besadu.config import Settings
from besadu.domain.message import Attachment, MediaKind, Outcome, Outgoing, SendResult

MAX_BUTTONS: Final = 13
MAX_BUTTON_TITLE: Final = 20
MAX_MEDIA_BYTES: Final = 100_000_000
CDN_HOSTS: Final = frozenset({"*.fbcdn.net", "cdn.fbsbx.com", "lookaside.fbsbx.com", "*.cdninstagram.com"})

_OUTCOMES: Final[Mapping[tuple[int, int | None], Outcome]] = {
    (1, None): "retry",
    (2, None): "retry",
    (4, None): "slow_down",
    (10, 2018108): "permanent",  # cannot be reached now or ever; the next message from them says otherwise
    (10, 2018278): "window_closed",  # Messenger
    (10, 2534022): "window_closed",  # Instagram
    (32, None): "slow_down",
    (100, 2018001): "permanent",  # no such person on this page
    (551, None): "permanent",  # not available: blocked us, or left
    (613, None): "slow_down",
    (1200, None): "retry",
    (80006, None): "slow_down",
}
_SENT_AS: Final[Mapping[MediaKind, str]] = {"image": "image", "video": "video", "audio": "audio", "document": "file"}


def send(message: Outgoing, *, settings: Settings, account: str, fits: Callable[[str], bool]) -> SendResult:
    """One attempt to send from ``account`` (a page, or an Instagram account); ``fits``: is a text within the limit.

    A file goes alone, without words. Only what a person wrote may carry the tag ``human_agent``.
    """
    try:
        body = _body(message, account, fits)
    except Odd as fault:
        return SendResult(outcome="bug", error_code=str(fault))
    url = f"{settings.meta_graph_url.rstrip('/')}/{account}/messages"
    try:
        reply = http.call(
            "POST", url, headers=meta.bearer(settings.facebook_page_token or settings.meta_access_token), body=body
        )
    except http.NotSentError as fault:
        return SendResult(outcome="retry", error_code="not_sent", error_text=str(fault))
    except http.UncertainError as fault:
        return SendResult(outcome="ambiguous", error_code="no_answer", error_text=str(fault))
    return meta.result_of(reply, text_of((reply.body or {}).get("message_id"), 1000), _OUTCOMES)


def _body(message: Outgoing, account: str, fits: Callable[[str], bool]) -> dict[str, Any]:
    if not account:
        raise Odd("no_account")  # the channel is not connected
    if not message.address.user_id:
        raise Odd("no_address")
    if message.template:
        raise Odd("template")
    content = _file(message) if message.media_url else _words(message, fits)
    tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if message.tag else {"messaging_type": "RESPONSE"}
    return {
        "recipient": {"id": message.address.user_id},
        **tag,
        "message": {**content, "metadata": f"{MARK}{message.outbox_id}"},
    }


def _words(message: Outgoing, fits: Callable[[str], bool]) -> dict[str, Any]:
    text = segments.plain(message.text)
    if not text:
        raise Odd("empty_text")
    if not fits(text):
        raise Odd("text_too_long")
    if len(message.buttons) > MAX_BUTTONS or any(not 0 < len(title) <= MAX_BUTTON_TITLE for title in message.buttons):
        raise Odd("buttons")
    replies = [{"content_type": "text", "title": title, "payload": title} for title in message.buttons]
    return {"text": text, **({"quick_replies": replies} if replies else {})}


def _file(message: Outgoing) -> dict[str, Any]:
    word = _SENT_AS.get(message.media_kind) if message.media_kind else None
    if word is None:
        raise Odd("media_kind")
    if message.text:
        raise Odd("caption")
    return {"attachment": {"type": word, "payload": {"url": message.media_url}}}


@contextmanager
def fetch_media(attachment: Attachment, *, settings: Settings) -> Iterator[http.Media]:
    """A citizen's file, streamed from Meta's CDN. The address is its own permission: no token goes there.

    Raises Unavailable (try again) or MediaGone, also while the chunks are being read.
    """

    def let_through(url: str) -> http.Checked:
        return http.allow(url, hosts=CDN_HOSTS, configured=settings.meta_graph_url)

    source = let_through(attachment.url)
    gone = frozenset({400, 401, 403, 404, 410})  # nobody can be asked for a new address
    with http.stream(source, headers={}, max_bytes=MAX_MEDIA_BYTES, gone=gone, hop=let_through) as media:
        yield media
