"""Deadlines: reminders to the agency, and what silence leads to. And the sweep, which finds all that lost its task."""

from dataclasses import replace
from datetime import datetime, timedelta

from besadu import logs
from besadu.domain import clocks, ladder, workflow
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.deadlines import working_days_left
from besadu.domain.outbox import OutboxItem
from besadu.errors import BesaduError
from besadu.services import notices, replies
from besadu.services.office import Office
from besadu.store.complaints import Decision

SYSTEM = Actor(role="system", name="Sistem")
AT_WORK = timedelta(minutes=2)  # a first attempt at a file is not claimed; the sweep lets it work so long


class _NothingDue(BesaduError):
    """The complaint moved on since the task was made."""


def look(office: Office, ticket: str) -> str:
    """Take the steps of the ladder that are due for this complaint. A stale or repeated call does nothing.

    Raises Conflict, Unavailable.
    """
    now = office.now()

    def decide(before: Complaint) -> Decision:
        if before.remind_at is None or before.remind_at > now:
            raise _NothingDue
        steps = ladder.steps_due(before, now, office.calendar())
        if not steps:
            raise _NothingDue
        return _take(office, before, steps, now)

    try:
        decision = office.store.complaints.change(ticket, decide)
    except (KeyError, _NothingDue):
        return "nothing due"
    office.send(*decision.outbox)
    if decision.after.remind_at:
        office.queue.remind(ticket, decision.after.remind_at)
    return decision.action


def sweep(office: Office) -> dict[str, int]:
    """Make tasks anew for what should have happened by now: the documents are the truth. Returns counts for the log."""
    now = office.now()
    # A name stays taken after its task was deleted, so each minute's sweep makes names of its own.
    again = now.strftime("%Y%m%d%H%M")
    forgotten = replies.keep_forgotten(office, now)
    messages = office.store.outbox.due(now)
    for stored in messages:
        office.queue.send(stored.value.id, None, again=again)
    files = office.store.evidence.due(now - AT_WORK)
    for item in files:
        office.queue.fetch(item.value.id, None, again=again)
    complaints = office.store.complaints.to_remind(now)
    for complaint in complaints:
        office.queue.remind(complaint.ticket, now, again=again)
    counts = {"messages": len(messages), "files": len(files), "replies": forgotten, "complaints": len(complaints)}
    if any(counts.values()):
        logs.info("swept", **counts)
    return counts


def _take(office: Office, before: Complaint, steps: tuple[ladder.Step, ...], now: datetime) -> Decision:
    """The last of the steps that are due: after a long silence nobody wants three reminders at once."""
    step = steps[-1]
    if step.name in {"lapse", "close_silently"}:
        action: workflow.Action = "lapse" if step.name == "lapse" else "close_silently"
        after = workflow.step(before, action, SYSTEM, now=now, calendar=office.calendar())
        return Decision(after=after, action=action, actor=SYSTEM, note=clocks.why_moved(before, after))
    after = replace(before, updated_at=now, reminded=(*before.reminded, *(taken.name for taken in steps)))
    after = replace(after, remind_at=ladder.next_at(after, office.calendar()))
    told = _reminders(office, before, step, now)
    note = f"{step.name}: {'kepala OPD' if step.to == 'head' else 'petugas OPD'}"
    return Decision(after=after, action="remind", actor=SYSTEM, note=note, outbox=told)


def _reminders(office: Office, complaint: Complaint, step: ladder.Step, now: datetime) -> tuple[OutboxItem, ...]:
    agency = office.store.directory.agency(complaint.agency)
    if agency is None or complaint.due is None:
        return ()
    left = working_days_left(now, complaint.due, office.calendar())
    days = f"terlambat {-left} hari kerja" if left < 0 else f"sisa {left} hari kerja"
    cause = f"{complaint.ticket}:{complaint.disposition}:{complaint.clock}:{complaint.due.timestamp()}:{step.name}"
    duty = notices.to_agency(complaint, agency, "pengingat_opd", cause=cause, now=now, extra=(days,))
    head = notices.to_head(complaint, agency, cause=cause, now=now, late=-left) if step.to == "head" else None
    return tuple(item for item in (duty, head) if item)
