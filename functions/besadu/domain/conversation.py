"""The head of one citizen's conversation: what has been said so far, and what BESADU waits for."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Literal

from besadu.domain.complaint import HeldNik, Place, TalkLine
from besadu.domain.message import Address, Attachment
from besadu.domain.outbox import OutboxItem
from besadu.frozen import dataclass, replace

Slot = Literal["story", "place", "when", "nik", "evidence"]
MARK = 16  # characters of an inbox key, enough to tell one citizen's messages apart
MOST_RECENT = 20
WINDOW = timedelta(hours=24)  # Meta's free window after the citizen's last message (channels 3.6)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A complaint that is not complete yet. Texts hold no NIK: it is taken out and sealed on the way in."""

    started_at: datetime
    talk: tuple[TalkLine, ...] = ()
    story: tuple[str, ...] = ()  # the citizen's own words, in order
    story_keys: tuple[str, ...] = ()  # the inbox document of each part of the story, for edits
    place: Place | None = None
    when: str = ""
    nik: HeldNik | None = None
    nik_problem: str = ""  # text key of what was wrong with the last one, "" when nothing was
    nik_problem_count: int = 0  # how many digits it had, for the text
    evidence: tuple[str, ...] = ()  # evidence ids
    no_evidence: bool = False
    asking: Slot | Literal[""] = ""
    asked: Mapping[str, int] = field(default_factory=dict)  # how often each slot was asked for
    confirming: bool = False
    changing: bool = False  # UBAH was said, and what to change is awaited
    handed_over: bool = False  # a slot was asked for in vain; an officer has been promised
    alarmed: bool = False  # the emergency advice has been given
    nudged: int = 0  # how many of its reminders have gone out
    prompted_at: datetime | None = None  # when the newest prompt was worded; it may still be waiting in ``pending``


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A prompt that waits for the end of a burst. The newest replaces the one before; only the newest is sent.

    Until it is sent it stands here alone: who sends it claims it by making its document in the outbox.
    """

    outbox_id: str
    first_at: datetime
    due: datetime
    text: str
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One citizen on one channel account. A new one has only an address."""

    address: Address
    name: str = ""
    draft: Draft | None = None
    ticket: str = ""  # the complaint that later messages belong to
    tickets: tuple[str, ...] = ()  # the citizen's own, newest first, at most ten
    last_inbound_at: datetime | None = None
    greeted_at: datetime | None = None
    acknowledged_at: datetime | None = None  # when we last said that an addition was passed on
    chatted_at: datetime | None = None  # when small talk was last answered
    nudge_at: datetime | None = None  # when to look at the draft next
    pending: Pending | None = None
    said: OutboxItem | None = None  # the newest reply besides; like a prompt it stands here alone until it is claimed
    held: tuple[str, ...] = ()  # outbox ids that wait for the window to open
    needs_person: bool = False  # asked for PETUGAS, or the dialogue gave up
    rating_for: str = ""  # the ticket whose 1-5 is awaited
    reason_for: str = ""  # the ticket whose BELUM still lacks its reason
    chosen_at: datetime | None = None  # when the citizen asked for answers to come here
    opted_out: bool = False  # BERHENTI over SMS: no more notices there; answers and questions still come
    sequence: int = 0  # counts inbound messages, names what they cause
    recent: tuple[str, ...] = ()  # marks of the newest inbound messages: most repetitions come within minutes

    def knows(self, key: str) -> bool:
        """Whether the message with this inbox key is one of the newest. An older one is known by its document alone."""
        return key[:MARK] in self.recent

    def with_message(self, key: str) -> "Conversation":
        """The head that knows this message, too."""
        return replace(self, recent=(key[:MARK], *self.recent)[:MOST_RECENT])

    def waiting(self, outbox_id: str, sender_key: str) -> OutboxItem | None:
        """The message with this id if it stands here, ``sender_key`` being this conversation's; else None."""
        if self.said and self.said.id == outbox_id:
            return self.said
        if self.pending and self.pending.outbox_id == outbox_id:
            return self.reply(self.pending, sender_key)
        return None

    def reply(self, said: Pending, sender_key: str) -> OutboxItem:
        """The message that ``said`` becomes."""
        return OutboxItem(
            id=said.outbox_id,
            kind="prompt",
            address=self.address,
            sender_key=sender_key,
            ticket="" if self.draft else self.ticket,
            created_at=said.first_at,
            due=said.due,
            text=said.text,
            buttons=said.buttons,
            passing=True,
        )

    def window_open(self, now: datetime) -> bool:
        """Whether free text may be sent."""
        return self.last_inbound_at is not None and now < self.last_inbound_at + WINDOW


CitizenStep = Literal["reply", "add", "satisfied", "dissatisfied", "rate", "withdraw"]


@dataclass(frozen=True, kw_only=True)
class CitizenAct:
    """What a citizen's message does to an existing complaint of theirs."""

    ticket: str
    step: CitizenStep
    text: str = ""
    rating: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What BESADU says back: a key of texts.id.toml with its values. ``urgent`` does not wait for a burst's end."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()  # keys of texts that go first, a paragraph each: greeting, emergency advice
    parts: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # values that are texts themselves, joined by ", "
    buttons: tuple[str, ...] = ()
    urgent: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one message leads to. The service turns it into one commit."""

    head: Conversation
    text: str  # the message's text as it may be stored
    reply: Reply | None = None
    submit: bool = False  # ``head.draft`` is complete and confirmed: make it a complaint
    act: CitizenAct | None = None
    status_of: str = ""  # a ticket of theirs whose state is asked for; "" = none
    upload: bool = False  # a link to the page for large files is wanted, for the draft or the open complaint
    files: tuple[Attachment, ...] = ()  # to fetch, for the draft or for ``act.ticket``
