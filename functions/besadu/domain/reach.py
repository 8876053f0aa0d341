"""By which way a message may reach its citizen now: the rules of each channel's window, in one table.

Meta lets us write freely for 24 hours after the citizen's last message. After that WhatsApp takes approved templates
only; Messenger and Instagram take, for seven days, what a person wrote (HUMAN_AGENT), then nothing. SMS has no window.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from besadu.domain.conversation import Conversation
from besadu.domain.outbox import OutboxItem

Way = Literal[
    "free",  # as it is
    "template",  # short news in an approved template
    "invite",  # a template that invites the citizen to open the window; the message itself is held
    "human_agent",  # tagged as written by a person
    "hold",  # waits until the citizen writes
    "elsewhere",  # by SMS, if a number is known
    "drop",  # nobody needs it any more
]

HUMAN_AGENT_FOR = timedelta(days=7)
LONG = frozenset({"answer", "question"})  # kinds that are too long and too personal for a template
_PAGES = frozenset({"facebook", "instagram"})
_WORDS: Mapping[bool, Way] = {True: "invite", False: "template"}


def way(item: OutboxItem, head: Conversation | None, now: datetime) -> Way:
    """How ``item`` goes out; ``head`` is its citizen's conversation, None for an agency."""
    channel = item.address.channel
    if item.kind == "agency":
        return "template" if channel == "whatsapp" else "free"
    if channel in {"sms", "telephone"}:
        unwanted = item.kind == "notice" and head is not None and head.opted_out
        return "drop" if unwanted or item.media else "free"
    if head is not None and head.window_open(now) and not item.window_was_closed:
        return "free"
    if item.kind == "prompt":
        return "drop"
    return _on_page(item, head, now) if channel in _PAGES else _on_whatsapp(item)


def _on_whatsapp(item: OutboxItem) -> Way:
    # A picture goes with the words it belongs to; those bring the invitation.
    return "hold" if item.media or not item.template else _WORDS[item.kind in LONG]


def _on_page(item: OutboxItem, head: Conversation | None, now: datetime) -> Way:
    last = head.last_inbound_at if head else None
    if item.by_person and last is not None and now < last + HUMAN_AGENT_FOR and not item.window_was_closed:
        return "human_agent"
    return "elsewhere" if item.kind in LONG and not item.media else "hold"
