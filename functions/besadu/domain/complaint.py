"""A complaint: what it is, how far it got, and its history. ``workflow`` says how it may change."""

import hashlib
import json
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from besadu.domain.message import Address, Channel
from besadu.domain.support import Support
from besadu.frozen import dataclass


class State(StrEnum):
    """Where a complaint stands. English in code, the office's word as the stored value."""

    RECEIVED = "diterima"
    ASKED = "menunggu_pelapor"
    REJECTED = "tidak_layak"
    REFERRED = "dirujuk"
    ASSIGNED = "disposisi"
    IN_PROGRESS = "diproses"
    RETURNED = "dikembalikan"
    ANSWERED = "dijawab"
    SENDING = "menyampaikan"  # the answer is on its way; nobody has confirmed yet that it arrived
    DELIVERED = "disampaikan"
    REOPENED = "dibuka_kembali"
    CLOSED = "selesai"
    CLOSED_SILENTLY = "ditutup_otomatis"
    WITHDRAWN = "dicabut"
    MERGED = "digabung"


Role = Literal["admin", "officer", "leader", "auditor", "manager", "citizen", "system"]
CaseClass = Literal["information", "ordinary", "oversight"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something. ``agency`` is set for an officer: their own complaints only."""

    role: Role
    name: str  # a person's name, a post's title, "Pelapor" or "Sistem": shown in the history
    agency: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where it happened. ``village``: a desa or kelurahan of the regency, with its Kemendagri code, if recognised."""

    text: str = ""
    village: str = ""
    village_code: str = ""
    district: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, kw_only=True)
class HeldNik:
    """A NIK as we keep it: sealed with the public key, HMACs to match it, and a masked form for admins.

    One HMAC for each key that was valid at the time: while a key is replaced, a NIK of before and one of after match.
    """

    sealed: bytes
    indexes: tuple[str, ...]
    masked: str
    minor: bool = False
    district_unknown: bool = False


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """The citizen. Never shown to an OPD."""

    address: Address
    name: str = ""
    nik: HeldNik | None = None
    sender_key: str = ""


@dataclass(frozen=True, kw_only=True)
class TalkLine:
    """One line of the talk with the citizen. NIK-like numbers in ``text`` are already masked."""

    at: datetime
    speaker: Literal["citizen", "besadu", "admin", "officer"]
    text: str
    key: str = ""  # inbox or outbox document
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the OPD says was done. The admin may edit ``text`` before delivery; ``original`` stays as written.

    With ``scheduled_for`` it is a promise and no end: the work will be done by the end of that day.
    """

    text: str
    original: str
    by: str
    at: datetime
    evidence: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # those of ``evidence`` that show the place before the work
    scheduled_for: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Extension:
    """More time that an OPD asks for: until when, and why."""

    due: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """An OPD's post has links to this complaint that open nothing: those issued before the second of ``at``."""

    agency: str
    post: str  # "" for all posts of the OPD
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Pause:
    """The office's clock stood still: the citizen was asked."""

    since: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class PausedClock:
    """A clock that stands still, with all that it needs to go on."""

    clock: str
    started: datetime
    due: datetime | None
    since: datetime  # when it was paused
    pauses: tuple[Pause, ...] = ()
    agreed: datetime | None = None
    reminded: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the history: append-only, each hashing the one before."""

    number: int
    at: datetime
    action: str
    actor: str
    role: Role
    source: str
    target: str
    note: str = ""
    told: tuple[str, ...] = ()  # ids of the outbox messages that went with it
    previous: str = ""
    digest: str = ""

    def seal(self) -> str:
        """SHA-256 over everything but the digest itself, in a fixed order."""
        content = [
            self.number,
            self.at.isoformat(timespec="milliseconds"),
            self.action,
            self.actor,
            self.role,
            self.source,
            self.target,
            self.note,
            list(self.told),
            self.previous,
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One complaint as it stands. All times aware UTC."""

    ticket: str
    state: State
    reporter: Reporter
    story: str
    title: str
    when: str
    place: Place
    created_at: datetime
    updated_at: datetime
    talk: tuple[TalkLine, ...] = ()  # with the citizen, from the draft on, as far as there is room
    more_talk: bool = True  # whether complaints/*/messages holds more of it; unknown of the oldest complaints
    channel: Channel | Literal[""] = ""  # by which it came, when its reporter is answered by another
    case_class: CaseClass = "ordinary"
    agency: str = ""  # code of the responsible OPD
    agency_name: str = ""
    disposition: int = 0  # number of the hand-over; one-ticket links are bound to it
    disposition_note: str = ""
    support: tuple[Support, ...] = ()  # OPDs that help the responsible one
    revoked: tuple[Revocation, ...] = ()  # one-ticket links of any OPD
    instruction: str = ""  # the admin's reason for sending an answer back
    clock: str = ""  # the clock that runs, "" when none does
    clock_started: datetime | None = None
    clock_revision: int = 0  # counts each start and each move of a deadline: what was planned for another is stale
    due: datetime | None = None
    pauses: tuple[Pause, ...] = ()  # of the running clock
    agreed: datetime | None = None  # a later date that was agreed on; it takes the place of the count
    paused: PausedClock | None = None  # the office's, while the citizen is asked
    promised: datetime | None = None  # by when the citizen was told to expect an answer
    slipped: datetime | None = None  # the promised date of which the citizen was told that it could not be kept
    taken_over_by: str = ""  # who sees to it in person: nobody is reminded then
    resume: State | None = None  # where a question to the citizen leads back to
    question: str = ""
    answer: Answer | None = None
    delivered_by: str = ""  # ``answer_of`` of the messages that carry the answer, or the promise, to the citizens
    returns: int = 0
    suggested_agency: str = ""  # code of the OPD that, says who returned it, is the right one
    decided: bool = False  # the leader has said which OPD is responsible, after two returns
    extensions: int = 0  # of the answer's deadline, in this hand-over
    extension: Extension | None = None  # waits for the admin's decision
    progress_told: int = 0  # how often the citizen was told of progress, in this hand-over
    progress_told_at: datetime | None = None
    scheduled_for: datetime | None = None  # what the citizen was promised; the OPD is held to it
    reopened: int = 0
    reminded: tuple[str, ...] = ()  # steps of the ladder taken on this clock
    remind_at: datetime | None = None  # when the next one is due
    rating: int | None = None
    mark_open: bool = False  # a low mark, and nobody has seen to it yet
    reason: str = ""  # of a rejection, referral, return or withdrawal
    referred_to: str = ""
    merged_into: str = ""
    merged: tuple[str, ...] = ()
    revision: int = 0
    history: tuple[Entry, ...] = field(default=())

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state not in FINAL

    @property
    def home(self) -> State:
        """Where it lies: while the citizen is asked, where the question came from."""
        return self.resume or self.state if self.state is State.ASKED else self.state

    @property
    def with_agency(self) -> bool:
        """Whether it lies with the responsible OPD, and not on the admin's desk."""
        return self.home in (State.ASSIGNED, State.IN_PROGRESS)

    @property
    def next_disposition(self) -> int:
        """The number of the next hand-over, be it to the responsible OPD or to one that helps."""
        return 1 + max(self.disposition, *(one.disposition for one in self.support), 0)


FINAL = frozenset(
    {
        State.REJECTED,
        State.REFERRED,
        State.CLOSED,
        State.CLOSED_SILENTLY,
        State.WITHDRAWN,
        State.MERGED,
    },
)

ARRIVING = frozenset({State.SENDING, State.DELIVERED})  # the citizen may judge: who does has got the answer


def first_broken_entry(history: tuple[Entry, ...]) -> int | None:
    """The position of the first entry whose hash or link does not hold, or None when the whole chain does."""
    previous = ""
    for position, entry in enumerate(history):
        if entry.number != position + 1 or entry.previous != previous or entry.seal() != entry.digest:
            return position
        previous = entry.digest
    return None
