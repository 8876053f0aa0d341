"""A message on its way out, to a citizen or to an agency's duty post, and how far it got."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from besadu.domain.message import Address, MediaKind, ReceiptState
from besadu.frozen import dataclass

OutboxState = Literal[
    "pending",  # to be sent when due
    "sending",  # claimed; due is the end of the lease
    "held",  # waits until the citizen opens the 24-hour window
    "sent",
    "delivered",
    "read",
    "failed",  # a person has to do something
    "superseded",  # a newer prompt or another way took its place, or it was taken back
    "unknown",  # sent twice at the most, and never confirmed
]
OutboxKind = Literal["prompt", "notice", "question", "answer", "agency"]

LEASE = timedelta(seconds=120)  # longer than any provider time-out; then the attempt is ambiguous
RECEIPT_RANK: Mapping[str, int] = {
    "pending": 0,
    "sending": 0,
    "unknown": 1,
    "sent": 1,
    "failed": 1,
    "delivered": 2,
    "read": 3,
}
# How far a message is followed: beyond that its receipts are worth no write. Prompts, news and what goes to agencies
# are many, and nobody asks whether they were read: who opens a link is in the history. A failure counts for all.
FOLLOWED_TO: Mapping[OutboxKind, ReceiptState] = {
    "prompt": "sent",
    "notice": "sent",
    "agency": "sent",
    "question": "read",
    "answer": "read",
}
# What goes with an id to the provider and comes back with its receipts, so that most of them need not be looked up.
INVITATION, UNFOLLOWED, PASSING = ".undangan", ".kabar", ".lewat"
MOST_ATTEMPTS = 12
# Back-off between attempts, seconds; the last one repeats. Sums to about two days with MOST_ATTEMPTS.
BACK_OFF = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One complaint of a digest. With ``agency`` its link is the agency's, else the console's."""

    ticket: str
    text: str
    agency: str = ""
    disposition: int = 0


@dataclass(frozen=True, kw_only=True)
class OutboxItem:
    """One message. ``id`` is derived from what caused it, so that the same cause makes it once."""

    id: str
    kind: OutboxKind
    address: Address
    created_at: datetime
    due: datetime | None
    sender_key: str = ""  # of the citizen; "" for an agency
    person: tuple[str, ...] = ()  # indexes of the citizen's NIK: the same person on another channel
    ticket: str = ""
    text: str = ""
    sms_text: str = ""  # the same for SMS, where it may have to go; "" when ``text`` does for both
    buttons: tuple[str, ...] = ()
    template: str = ""  # to use outside the window; always used for an agency
    template_values: tuple[str, ...] = ()
    link_for: str = ""  # agency whose one-ticket link goes with it
    disposition: int = 0  # the hand-over that the link is bound to
    link_post: Literal["duty", "deputy", "head"] = "duty"  # whose link it is
    listed: tuple[Listed, ...] = ()  # what a digest tells of
    fallbacks: tuple[Address, ...] = ()  # of a post: where it goes when this address fails for good
    media: str = ""  # evidence id of the one file that this message is
    media_kind: MediaKind | None = None
    answer_of: str = ""  # the same in all messages that carry one answer, whoever reads them and by whichever way
    confirms: bool = False  # when this one has arrived, its reader has that answer
    then: str = ""  # the message that goes after this one has, and not before: it has no due until then
    by_person: bool = False  # written by a person, not by the program
    passing: bool = False  # what comes next makes it good: written as sent just before it is, which saves a write
    window_was_closed: bool = False  # the provider said so after it had taken the message
    inviting: bool = False  # the attempt under way sends only the invitation to open the window
    state: OutboxState = "pending"
    attempts: int = 0
    ambiguous: int = 0  # attempts whose result nobody knows
    provider_id: str = ""
    error_code: str = ""
    error_text: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None

    @property
    def words(self) -> str:
        """What is sent to its address."""
        return self.sms_text if self.sms_text and self.address.brief else self.text

    @property
    def followed(self) -> bool:
        """Whether news of it are worth a write as it stands."""
        return RECEIPT_RANK.get(self.state, 0) < RECEIPT_RANK[FOLLOWED_TO[self.kind]] or self.state == "unknown"


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after so many attempts."""
    return now + timedelta(seconds=BACK_OFF[min(attempts, len(BACK_OFF)) - 1])


def marked_id(item: OutboxItem) -> str:
    """The id that goes to the provider: an invitation's receipts must not be taken for the message's."""
    if item.inviting:
        return f"{item.id}{INVITATION}"
    if item.passing:
        return f"{item.id}{PASSING}"
    return f"{item.id}{UNFOLLOWED}" if FOLLOWED_TO[item.kind] == "sent" else item.id


def receipt_moves(item: OutboxItem, state: ReceiptState) -> bool:
    """Whether a receipt tells something new. Never backwards; a failure counts only until the message arrived.

    While a message is held only its invitation is on the way, whose receipts are another matter.
    """
    if item.state == "held":
        return False
    if state == "failed":
        return item.state in {"pending", "sending", "sent", "unknown"}
    return RECEIPT_RANK[state] > RECEIPT_RANK.get(item.state, 9)
