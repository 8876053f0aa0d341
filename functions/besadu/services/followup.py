"""Deadlines: whom a step of the ladder tells, and what silence leads to. And the sweep, which finds what is left."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from besadu import logs
from besadu.domain import clocks, ladder, workflow
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.deadlines import is_open, next_open
from besadu.domain.outbox import OutboxItem
from besadu.errors import BesaduError, Conflict
from besadu.frozen import replace
from besadu.services import moving, notices, nudging, reminding, replies, weekly
from besadu.services.office import Office
from besadu.store.client import Stored
from besadu.store.complaints import Decision
from besadu.store.reminders import Reminder

SYSTEM: Final = Actor(role="system", name="Sistem")
TIDIED_AT: Final = 17  # minute of each hour
AT_WORK: Final = timedelta(minutes=2)  # a first attempt at a file is not claimed; the sweep lets it work so long
BUDGET: Final = 40.0  # seconds that a sweep works by itself; the next one comes after a minute
TOLD: Final = {
    "duty": "penghubung OPD",
    "deputy": "wakil penghubung",
    "head": "kepala OPD",
    "secretary": "Sekda",
    "admin": "admin",
    "leader": "pimpinan",
}
STEPS: Final = {
    "decide": "menunggu keputusan",
    "half": "separuh waktu",
    "most": "empat perlima waktu",
    "due": "hari tenggat",
    "head": "lewat tenggat",
    "secretary": "lewat tenggat 3 hari kerja",
    "leader": "lewat tenggat",
}


class _NothingDue(BesaduError):
    """The complaint moved on since the task was made."""


def look(office: Office, ticket: str) -> str:
    """Take the steps of the ladder that are due for this complaint. A stale or repeated call does nothing.

    A task that came early, because it could not wait for longer, is made anew. Raises Conflict, Unavailable.
    """
    now = office.now()
    told: list[Reminder] = []

    known = office.store.complaints.read(ticket)
    if known is None or known.value.remind_at is None:
        return "nothing due"
    if known.value.remind_at > now:
        office.remind(known.value)
        return "nothing due"

    def decide(before: Complaint) -> Decision:
        steps = _steps_to_take(office, before, now)
        if not steps:
            raise _NothingDue
        told.clear()
        return _take(office, before, steps, now, told)

    try:
        decision = office.store.complaints.change(ticket, decide, known=known)
    except _NothingDue:
        return _replan(office, known)
    office.send(*decision.outbox)
    for reminder in told:
        office.queue.tell(reminder.post, reminder.due)
    office.remind(decision.after)
    return decision.action


def _steps_to_take(office: Office, before: Complaint, now: datetime) -> tuple[ladder.Step, ...]:
    """What is due, in office hours; an end comes whenever it does, as the office closes."""
    steps, calendar = ladder.steps_due(before, now, office.calendar()), office.calendar()
    if before.remind_at is None or not (is_open(now, calendar) or any(step.ends for step in steps)):
        return ()
    return steps


def _replan(office: Office, known: Stored[Complaint]) -> str:
    """What was to come now comes later: it must not stand in the way of what is due."""
    morning = next_open(office.now(), office.calendar())

    def planned(before: Complaint) -> Complaint:
        at = ladder.next_at(before, office.calendar())
        return replace(before, remind_at=at and max(at, morning))

    office.remind(office.store.complaints.replan(known, planned))
    return "nothing due"


def sweep(office: Office) -> dict[str, int]:
    """Do what should have happened by now, or make tasks for it anew: the documents are the truth.

    Messages and files get tasks, as their functions alone can send and fetch. Deadlines and reminders are seen to here.
    Returns counts for the log.
    """
    now = office.now()
    # A name stays taken after its task was deleted, so each minute's sweep makes names of its own.
    again = now.strftime("%Y%m%d%H%M")
    counts = {"complaints": 0, "posts": 0, "drafts": 0, "moved": 0}
    ends = time.monotonic() + BUDGET
    try:
        counts["complaints"] = _each(lambda: _tickets_due(office, now), lambda ticket: look(office, ticket), ends)
        if ladder.may_be_told(now, office.calendar()):
            posts = office.store.reminders.posts_due
            counts["posts"] = _each(lambda: posts(now), lambda post: reminding.tell(office, post), ends)
            if weekly.due(office, now):  # and nothing else waits for the leaders, which would have brought it along
                reminding.tell(office, reminding.LEADER)
        drafts = office.store.senders.to_nudge
        counts["drafts"] = _each(lambda: drafts(now), lambda sender: nudging.look(office, sender), ends)
        while time.monotonic() < ends and (moved := moving.go_on(office)):
            counts["moved"] += moved
    finally:
        counts |= _hurry(office, now, again)
        if any(counts.values()):
            logs.info("swept", **counts)
    return counts


def _hurry(office: Office, now: datetime, again: str) -> dict[str, int]:
    forgotten = replies.keep_forgotten(office, now)
    messages, files = office.store.outbox.due(now), office.store.evidence.due(now - AT_WORK)
    for stored in messages:
        office.queue.send(stored.value.id, None, channel=stored.value.address.channel, again=again)
    for item in files:
        office.queue.fetch(item.value.id, None, again=again)
    if now.minute == TIDIED_AT:
        office.queue.tidy(now.strftime("%Y%m%d%H"))
    return {"messages": len(messages), "files": len(files), "replies": forgotten}


def _each(page: Callable[[], Iterable[str]], do: Callable[[str], str], ends: float) -> int:
    """Do page after page while there is something new in it and time left. One that cannot be done stops no other."""
    seen: set[str] = set()
    while time.monotonic() < ends:
        fresh = [name for name in page() if name not in seen]
        if not fresh:
            break
        for name in fresh:
            if time.monotonic() >= ends:
                break
            seen.add(name)
            try:
                do(name)
            except Conflict:
                logs.warning("sweep_contended")
    return len(seen)


def _tickets_due(office: Office, now: datetime) -> list[str]:
    return [complaint.ticket for complaint in office.store.complaints.to_remind(now)]


def _take(
    office: Office, before: Complaint, steps: tuple[ladder.Step, ...], now: datetime, told: list[Reminder]
) -> Decision:
    """The last of the steps that are due: after a long silence nobody wants three reminders at once."""
    step, calendar = steps[-1], office.calendar()
    if step.ends:
        after = workflow.step(before, step.ends, SYSTEM, now=now, calendar=calendar)
        return Decision(after=after, action=step.ends, actor=SYSTEM, note=clocks.why_moved(before, after))
    if ladder.SLIP in steps:
        return _slip(office, before, now)
    after = ladder.taken(replace(before, updated_at=now), steps, calendar)
    told += reminding.lines(after, step, now, calendar)
    note = f"{STEPS[step.name]}: {', '.join(TOLD[to] for to in step.to)}"
    return Decision(after=after, action="remind", actor=SYSTEM, note=note, also=reminding.staging(office, told))


def _slip(office: Office, before: Complaint, now: datetime) -> Decision:
    """Tell the citizen, once, that the date they were told cannot be kept; and the new one, where there is one."""
    calendar = office.calendar()
    due = before.due if before.clock == "answer" and before.due and before.due > now else None
    # A date that is told is a promise again.
    after = replace(before, updated_at=now, slipped=before.promised, promised=due or before.promised)
    after = replace(after, remind_at=ladder.next_at(after, calendar))
    key = "slipped_until" if due else "slipped"
    values = {
        "agency": before.agency_name or "BESADU",
        "promised": notices.day(before, before.promised),
        "due": notices.day(before, due),
    }
    told: OutboxItem = replace(notices.to_citizen(before, key, values, now=now), due=next_open(now, calendar))
    return Decision(after=after, action="slip", actor=SYSTEM, outbox=(told,))
