"""What should have happened by now, reckoned without the product's own ladder, against what did. Raises at a first gap.

It knows a complaint as it was stored (its clock, its history) and each message as it left the outbox.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from besadu.domain.complaint import Complaint, Entry
from besadu.domain.deadlines import Calendar
from besadu.domain.outbox import OutboxItem
from tests.bench.followup_reckoning import (
    AGENCY,
    STEPS,
    expected,
    first_of,
    following,
    helping,
    local,
    opened,
    schedule,
)

IN_TIME: Final = timedelta(seconds=120)  # the sweep alone
GATHER: Final = timedelta(minutes=5)
POSTS: Final[Mapping[str, str]] = {
    "duty": "penghubung OPD",
    "deputy": "wakil penghubung",
    "head": "kepala OPD",
    "secretary": "Sekda",
    "admin": "admin",
    "leader": "pimpinan",
}
LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "menunggu keputusan": ("decide",),
    "separuh waktu": ("half",),
    "empat perlima waktu": ("most",),
    "hari tenggat": ("due",),
    "lewat tenggat": ("head", "leader"),
    "lewat tenggat 3 hari kerja": ("secretary",),
}
QUIET: Final = {
    "ask_support",
    "contribute",
    "open_link",
    "note",
    "remind",
    "slip",
    "progress",
    "take_over",
    "classify",
}  # leave the clock alone


class Broken(AssertionError):
    """The product did not do what it promises."""


@dataclass
class Owed:
    """A post is to be told of a complaint, as long as its clock has this revision."""

    post: str
    ticket: str
    revision: int
    since: datetime


class Ledger:
    """The books. ``heard``: when a post was told on a day; ``counts``: what was seen, for the figure."""

    def __init__(self) -> None:
        self.complaints: dict[str, Complaint] = {}
        self.heard: dict[tuple[str, date], datetime] = {}
        self.counts: dict[str, int] = defaultdict(int)
        self._owed: dict[tuple[str, str], list[Owed]] = defaultdict(list)
        self._taken: set[tuple[str, int, str]] = set()
        self._news: set[tuple[str, str, datetime]] = set()

    def enter(self, after: Complaint, calendar: Calendar) -> None:
        """A complaint as it stands now: what its new entries say has to be right, and is to be told."""
        before = self.complaints.get(after.ticket)
        revision = before.clock_revision if before else 0
        for entry in after.history[len(before.history) if before else 0 :]:
            if entry.action not in QUIET:
                revision = after.clock_revision
            if entry.action == "remind":
                self._reminded(after, entry, revision, calendar)
            elif entry.action == "move":
                self._moved(after, entry, calendar)
            self.counts[entry.action] += 1
        self.complaints[after.ticket] = after

    def refresh(self, complaints: Iterable[Complaint]) -> None:
        """As they stand after other office hours, which move a deadline within its day and leave no entry."""
        for complaint in complaints:
            if self.complaints[complaint.ticket].revision == complaint.revision:
                self.complaints[complaint.ticket] = complaint

    def told(self, item: OutboxItem, post: str, calendar: Calendar) -> None:
        """A message to a post."""
        day = local(item.created_at).date()
        if (post, day) in self.heard:
            raise Broken(f"{post} was told twice on {day}")
        if not (calendar.is_working_day(day) and calendar.opens <= local(item.created_at).time() < calendar.closes):
            raise Broken(f"{post} was told at {local(item.created_at)}")
        self.heard[post, day] = item.created_at
        self.counts["messages"] += 1
        for ticket in {one.ticket for one in item.listed} or {item.ticket} - {""}:
            waiting = self._owed.pop((post, ticket), [])
            if not any(self._stands(owed) and owed.since <= item.created_at for owed in waiting):
                raise Broken(f"{post} was told of {ticket} without need at {local(item.created_at)}")
            self.counts["told"] += 1

    def check(self, now: datetime, calendar: Calendar) -> None:
        """Nothing that should have happened until two minutes ago is missing."""
        late = now - IN_TIME
        for complaint in self.complaints.values():
            if complaint.open:
                for what, at in expected(complaint, calendar):
                    if at <= late:
                        raise Broken(f"{complaint.ticket}: {complaint.clock}/{what} should have come at {local(at)}")
        self._check_owed(late, calendar)

    def _check_owed(self, late: datetime, calendar: Calendar) -> None:
        for (post, ticket), waiting in list(self._owed.items()):
            standing = [owed for owed in waiting if self._stands(owed)]
            for owed in standing:
                if self._told_by(owed, calendar) <= late:
                    raise Broken(f"{post} was not told of {ticket} since {local(owed.since)}")
            if standing:
                self._owed[post, ticket] = standing
            else:
                self.counts["no longer needed"] += len(waiting)
                del self._owed[post, ticket]

    def _told_by(self, owed: Owed, calendar: Calendar) -> datetime:
        """At once in office hours when the morning is gathered; on the next working day when the post has heard."""
        day = local(owed.since).date()
        heard = self.heard.get((owed.post, day))
        at = max(owed.since, calendar.opening(day) + GATHER)
        if calendar.is_working_day(day) and at < calendar.end_of(day) and not (heard and heard <= at):
            return at
        # What was put off keeps its hour when the office opens earlier since, and nobody else brings it along.
        later = following(day, 1, calendar)
        return max(calendar.opening(later), Calendar().opening(later)) + GATHER

    def _stands(self, owed: Owed) -> bool:
        known = self.complaints[owed.ticket]
        code = owed.post.partition(":")[2]
        if code not in {"", known.agency, *helping(known)}:
            return False
        return known.clock_revision == owed.revision and not known.taken_over_by and known.due is not None

    def _reminded(self, after: Complaint, entry: Entry, revision: int, calendar: Calendar) -> None:
        label, _, posts = entry.note.partition(": ")
        key = (after.ticket, revision, label)
        if key in self._taken:
            raise Broken(f"{after.ticket}: {label} was taken twice")
        self._taken.add(key)
        if opened(entry.at, calendar) != entry.at:
            raise Broken(f"{after.ticket}: {label} on {local(entry.at)}")
        if revision == after.clock_revision:
            names = LABELS[label]
            if not any(name in names and at <= entry.at for name, at in schedule(after, calendar)):
                raise Broken(f"{after.ticket}: {label} came early, at {local(entry.at)}")
        for post, word in POSTS.items():
            if word in posts.split(", "):
                self._owe(after, post, revision, entry.at)

    def _moved(self, after: Complaint, entry: Entry, calendar: Calendar) -> None:
        if "pelapor dikabari" in entry.note:
            key = (after.ticket, "told of a later date", entry.at)
            if key in self._news:
                raise Broken(f"{after.ticket}: its citizen was told of a later date twice")
            self._news.add(key)
        if "Tenggat bergeser" in entry.note and after.clock in STEPS and not after.taken_over_by:
            self._owe(
                after, "duty" if STEPS[after.clock] is AGENCY else first_of(after), after.clock_revision, entry.at
            )
        if after.clock_started and after.due and not calendar.is_working_day(local(after.due).date()):
            raise Broken(f"{after.ticket}: is due on {local(after.due)}")

    def _owe(self, complaint: Complaint, post: str, revision: int, since: datetime) -> None:
        codes = [complaint.agency, *(helping(complaint) if complaint.clock == "answer" else ())]
        for name in [f"{post}:{code}" for code in codes] if post in {"duty", "deputy", "head"} else [post]:
            self._owed[name, complaint.ticket].append(Owed(name, complaint.ticket, revision, since))
            self.counts["reminders"] += 1


def changed(complaints: Iterable[Complaint], known: Mapping[str, Complaint]) -> list[Complaint]:
    """Those that are new or have moved on."""
    return [one for one in complaints if one.ticket not in known or known[one.ticket].revision != one.revision]
