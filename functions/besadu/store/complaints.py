"""`complaints`: one document a complaint, with its history in it. ``stage`` is the only place that writes one.

State and history are one document, so that one compare-and-set keeps them together and a step costs one write.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.domain.complaint import Actor, Complaint, Entry, Reporter, State, TalkLine
from besadu.domain.outbox import OutboxItem
from besadu.domain.workflow import DESK_OF
from besadu.errors import Conflict
from besadu.frozen import dataclass, replace
from besadu.store.client import (
    PATIENT_TIMEOUT,
    AlreadyThere,
    Commit,
    Stored,
    count,
    find,
    read,
)
from besadu.store.codec import from_document, to_document
from besadu.store.outbox import Outbox

COLLECTION = "complaints"
PAGE = 50
MOST_TRIES = 5
# How much of the talk lies in the complaint's own document, which may hold 1 MiB; the rest lies below it.
MOST_TALK = 100_000  # characters
MOST_LINES = 400
MOST_REPORTERS = 10  # complaints that are looked through for a citizen's other channels
MOST_LATE = 2000  # that are counted by agency
_OPEN = FieldFilter("open", "==", value=True)
# What a list shows. The talk and the history are the bulk of a complaint and stay where they are.
LIST_FIELDS = (
    "ticket",
    "state",
    "reporter",
    "story",
    "title",
    "when",
    "place",
    "created_at",
    "updated_at",
    "case_class",
    "agency",
    "agency_name",
    "disposition",
    "support",
    "clock",
    "due",
    "promised",
    "resume",
    "returns",
    "decided",
    "extension",
    "reopened",
    "rating",
    "mark_open",
    "merged_into",
    "revision",
)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a use case decided about a complaint, to be written in one commit."""

    after: Complaint
    action: str
    actor: Actor
    note: str = ""
    outbox: tuple[OutboxItem, ...] = ()  # messages to make with it
    told: tuple[OutboxItem, ...] = ()  # further messages of it, which the conversation holds
    line: TalkLine | None = None  # joins the talk
    also: Callable[[Commit], None] | None = None  # further writes that belong to it


class Complaints:
    """Reads complaints, and writes them with their history and their messages."""

    def __init__(self, database: firestore.Client, outbox: Outbox) -> None:
        self._database = database
        self._collection = database.collection(COLLECTION)
        self._outbox = outbox

    def reference(self, ticket: str) -> firestore.DocumentReference:
        """Where the complaint with this ticket lies."""
        return self._collection.document(ticket)

    def read(self, ticket: str, *, patient: bool = True) -> Stored[Complaint] | None:
        """One complaint. Raises Unavailable."""
        return read(self.reference(ticket), _complaint, patient=patient)

    def talk(self, complaint: Complaint) -> tuple[TalkLine, ...]:
        """All that was said with the citizen, in order."""
        if not complaint.more_talk:
            return _in_order(complaint.talk)
        query = self.reference(complaint.ticket).collection("messages").order_by("at").limit(500)
        more = (stored.value for stored in find(query, lambda data: from_document(TalkLine, data)))
        return _in_order((*complaint.talk, *more))

    def change(
        self,
        ticket: str,
        decide: Callable[[Complaint], Decision],
        *,
        known: Stored[Complaint] | None = None,
    ) -> Decision:
        """Read, decide, write; again when somebody else was faster, so ``decide`` may run more than once.

        ``known`` is the complaint if the caller has just read it.
        Raises KeyError for an unknown ticket, whatever ``decide`` raises, Conflict after five tries, Unavailable.
        """
        for attempt in range(MOST_TRIES):
            before = known if known and attempt == 0 else self.read(ticket)
            if before is None:
                raise KeyError(ticket)
            commit = Commit(self._database)
            decision = self.stage(commit, before, decide(before.value))
            try:
                commit.run(timeout=PATIENT_TIMEOUT)
            except (AlreadyThere, Conflict):
                # Somebody was faster. Or we were: the commit went through, its answer was lost, and it was repeated.
                now_stored = self.read(ticket)
                if now_stored and now_stored.value == decision.after:
                    return decision
                continue
            return decision
        raise Conflict(ticket)

    def replan(self, known: Stored[Complaint], planned: Callable[[Complaint], Complaint]) -> Complaint:
        """Change only when it is due and looked at next (``due``, ``remind_at``): no step, and no line in the history.

        ``planned`` may run more than once; nothing is written when nothing differs. Raises Conflict after five tries,
        Unavailable.
        """
        for _ in range(MOST_TRIES):
            after = planned(known.value)
            if after == known.value:
                return after
            commit = Commit(self._database)
            fields = {"due": after.due, "remind_at": after.remind_at}
            commit.update(self.reference(after.ticket), fields, version=known.version)
            try:
                commit.run(timeout=PATIENT_TIMEOUT)
            except Conflict:
                again = self.read(after.ticket)
                if again is None:
                    return after
                known = again
                continue
            return after
        raise Conflict(known.value.ticket)

    def stage(self, commit: Commit, before: Stored[Complaint] | None, decision: Decision) -> Decision:
        """Stamp the decision, append it to the history, and let ``commit`` write all that belongs to it."""
        stamped = _stamp(before.value if before else None, _with_line(decision))
        document = _document(stamped.after)
        reference = self.reference(stamped.after.ticket)
        if before is None:
            commit.create(reference, document)
        else:
            commit.replace(reference, document, before.version)
        for item in stamped.outbox:
            self._outbox.stage(commit, item)
        if stamped.line and stamped.after.more_talk:
            self._stage_below(commit, stamped.after.ticket, stamped.line)
        if stamped.also:
            stamped.also(commit)
        return stamped

    def stage_line(self, commit: Commit, complaint: Complaint, line: TalkLine) -> None:
        """Let ``commit`` add a line to the talk. No step: it bumps into nobody who writes the complaint."""
        reference = self.reference(complaint.ticket)
        if _has_room(complaint, line):
            commit.update(reference, {"talk": firestore.ArrayUnion([to_document(line)])})
            return
        self._stage_below(commit, complaint.ticket, line)
        if not complaint.more_talk:
            commit.update(reference, {"more_talk": True})

    def _stage_below(self, commit: Commit, ticket: str, line: TalkLine) -> None:
        commit.create(self.reference(ticket).collection("messages").document(line.key[:40]), to_document(line))

    def on_desk(self, desk: str, *, agency: str = "") -> list[Complaint]:
        """Open complaints that lie with ``desk`` ("admin", "agency" or "citizen"), the most urgent first, a page."""
        query = self._collection.where(filter=FieldFilter("desk", "==", desk))
        if agency:
            query = query.where(filter=FieldFilter("agency", "==", agency))
        return self._list(query.order_by("due"))

    def supported_by(self, agency: str) -> list[Complaint]:
        """Open complaints with which this agency helps another, the most urgent first, a page."""
        where = FieldFilter("supporters", "array_contains", agency)
        query = self._database.collection(COLLECTION).where(filter=where)
        return self._list(query.where(filter=_OPEN).order_by("due"))

    def newest(
        self, *, state: State | None = None, agency: str = "", before: datetime | None = None
    ) -> list[Complaint]:
        """Complaints by age, newest first, a page; ``before`` goes on where the last page ended."""
        query = self._collection.order_by("created_at", direction=firestore.Query.DESCENDING)
        if state:
            query = query.where(filter=FieldFilter("state", "==", state.value))
        if agency:
            query = query.where(filter=FieldFilter("agency", "==", agency))
        return self._list(query.start_after({"created_at": before}) if before else query)

    def reporters_with(self, nik_indexes: tuple[str, ...]) -> list[Reporter]:
        """From where the person with this NIK has complained, the newest first: one citizen on several channels."""
        where = FieldFilter("reporter.nik.indexes", "array_contains_any", list(nik_indexes))
        query = self._collection.where(filter=where)
        newest = query.order_by("created_at", direction=firestore.Query.DESCENDING).limit(MOST_REPORTERS)
        found = find(newest.select(["reporter"]), lambda data: from_document(Reporter, data["reporter"]))
        return [stored.value for stored in found]

    def of_sender(self, sender_key: str) -> list[Complaint]:
        """The complaints that came by this conversation, with their talk; a page."""
        where = FieldFilter("reporter.sender_key", "==", sender_key)
        query = self._collection.where(filter=where).limit(PAGE)
        return [stored.value for stored in find(query, _complaint)]

    def open_in_village(self, village_code: str) -> list[Complaint]:
        """Open complaints about one village, newest first: where duplicates are looked for."""
        query = (
            self._collection.where(filter=FieldFilter("place.village_code", "==", village_code))
            .where(filter=_OPEN)
            .order_by("created_at", direction=firestore.Query.DESCENDING)
        )
        return self._list(query)

    def to_remind(self, now: datetime) -> list[Complaint]:
        """Complaints with a step of the ladder to take, the longest waiting first, a page."""
        query = self._collection.where(filter=FieldFilter("remind_at", "<=", now))
        return self._list(query.order_by("remind_at"))

    def marked_low(self) -> list[Complaint]:
        """Complaints with a low mark that nobody has seen to yet, a page."""
        where = FieldFilter("mark_open", "==", value=True)
        return self._list(self._database.collection(COLLECTION).where(filter=where))

    def overdue(self, now: datetime) -> int:
        """How many complaints the office or an agency should have moved on by now."""
        query = self._collection.where(filter=FieldFilter("desk", "in", ["admin", "agency"]))
        return count(query.where(filter=FieldFilter("due", "<=", now)))

    def open_after(self, ticket: str) -> list[str]:
        """Tickets of open complaints, in order, a page; ``ticket`` is the last of the page before."""
        query = self._collection.where(filter=_OPEN).order_by("__name__").select(["ticket"])
        if ticket:
            query = query.start_after({"__name__": self.reference(ticket)})
        return [stored.value for stored in find(query.limit(PAGE), lambda data: str(data["ticket"]))]

    def late(self, now: datetime) -> list[str]:
        """The agency's name of each complaint that is late, "" of one on the admin's desk."""
        names: list[str] = []
        for desk in ("agency", "admin"):
            query = self._collection.where(filter=FieldFilter("desk", "==", desk))
            query = query.where(filter=FieldFilter("due", "<", now)).order_by("due").select(["agency_name"])
            found = find(query.limit(MOST_LATE), lambda data: str(data.get("agency_name", "")))
            names += [stored.value if desk == "agency" else "" for stored in found]
        return names

    def count_open(self) -> int:
        """How many complaints are open."""
        return count(self._collection.where(filter=_OPEN))

    def count_between(self, moment: Literal["created_at", "closed_at"], since: datetime, until: datetime) -> int:
        """How many complaints came, or were closed, from ``since`` on and before ``until``."""
        query = self._collection.where(filter=FieldFilter(moment, ">=", since))
        return count(query.where(filter=FieldFilter(moment, "<", until)))

    def _list(self, query: firestore.Query) -> list[Complaint]:
        return [stored.value for stored in find(query.select(LIST_FIELDS).limit(PAGE), _complaint)]


def _document(complaint: Complaint) -> dict[str, Any]:
    """The complaint as stored, with what queries need and nobody sets by hand."""
    document: dict[str, Any] = to_document(complaint)
    closed = next((entry.at for entry in reversed(complaint.history) if entry.source != entry.target), None)
    return document | {
        "open": complaint.open,
        "supporters": [one.agency for one in complaint.support if one.stands],
        "desk": DESK_OF.get(complaint.state, ""),
        "closed_at": None if complaint.open else closed,
    }


def _in_order(talk: Iterable[TalkLine]) -> tuple[TalkLine, ...]:
    return tuple(sorted(talk, key=lambda line: line.at))


def _has_room(complaint: Complaint, line: TalkLine) -> bool:
    """Once lines lie below the complaint, all that follow do."""
    said = sum(len(each.text) for each in (*complaint.talk, line))
    return not complaint.more_talk and said <= MOST_TALK and len(complaint.talk) < MOST_LINES


def _with_line(decision: Decision) -> Decision:
    """The decision with its line in the complaint's own talk, or with the mark that it lies below."""
    after, line = decision.after, decision.line
    if line is None or after.more_talk:
        return decision
    if _has_room(after, line):
        return replace(decision, after=replace(after, talk=(*after.talk, line)))
    return replace(decision, after=replace(after, more_talk=True))


def _complaint(data: dict[str, Any]) -> Complaint:
    return from_document(Complaint, data)


def _stamp(before: Complaint | None, decision: Decision) -> Decision:
    history: Sequence[Entry] = before.history if before else ()
    last = history[-1] if history else None
    entry = Entry(
        number=len(history) + 1,
        # Firestore keeps microseconds; the hash must come out the same after a round trip.
        at=decision.after.updated_at,
        action=decision.action,
        actor=decision.actor.name,
        role=decision.actor.role,
        source=before.state.value if before else "",
        target=decision.after.state.value,
        note=decision.note,
        told=tuple(item.id for item in (*decision.outbox, *decision.told)),
        previous=last.digest if last else "",
    )
    after = replace(
        decision.after,
        revision=(before.revision if before else 0) + 1,
        history=(*history, replace(entry, digest=entry.seal())),
    )
    return replace(decision, after=after)
