"""What a citizen's message does to their complaint: adds to it, answers a question, judges the answer, withdraws it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from besadu.domain import clocks, conditions, workflow
from besadu.domain.complaint import Complaint, State, TalkLine
from besadu.domain.conversation import CitizenAct, CitizenStep, Reply
from besadu.domain.deadlines import next_open
from besadu.frozen import replace
from besadu.services import notices, steps
from besadu.services.office import Office
from besadu.services.registration import CITIZEN
from besadu.store.client import Commit, Stored
from besadu.store.complaints import Decision
from besadu.store.reminders import MARK, Reminder


def stage(
    office: Office,
    commit: Commit,
    current: Stored[Complaint],
    act: CitizenAct,
    line: TalkLine,
) -> Reply | None:
    """Let ``commit`` do what ``act`` says, and return what the step itself tells the citizen.

    An addition is a line of the talk and no step. A step that came too late (the complaint is closed meanwhile) is kept
    as a line, too: nothing a citizen says is lost.
    """
    if act.step == "add":
        office.store.complaints.stage_line(commit, current.value, line)
        return None
    try:
        decision = decide(office, current.value, act.step, line.at, text=act.text, rating=act.rating)
    except workflow.NotAllowed:
        office.store.complaints.stage_line(commit, current.value, line)
        return Reply(key="closed_hint", values={"ticket": act.ticket}, urgent=True)
    office.store.complaints.stage(commit, current, replace(decision, line=line))
    return _told(decision.action, decision.after)


def decide(
    office: Office,
    before: Complaint,
    step: CitizenStep,
    now: datetime,
    *,
    text: str = "",
    rating: int | None = None,
) -> Decision:
    """The step of the workflow that a citizen's verdict, mark, reply or withdrawal is. Raises NotAllowed."""
    calendar = office.calendar()
    if step == "dissatisfied":
        if before.reopened >= conditions.MOST_REOPENINGS:
            after = workflow.step(before, "appeal", CITIZEN, now=now, calendar=calendar, reason=text)
            return Decision(after=after, action="appeal", actor=CITIZEN, note=text)
        again = before.reopened + 1
        after = workflow.step(before, step, CITIZEN, now=now, calendar=calendar, reopened=again, reason=text)
        after = replace(after, promised=after.due)
        return Decision(after=after, action=step, actor=CITIZEN, note=text)
    if step == "add":
        message = "an addition is no step"
        raise ValueError(message)
    rated: dict[str, Any] = {"rating": rating} if rating is not None else {}
    low = rating is not None and rating <= conditions.LOW_MARK
    rated |= {"mark_open": True} if low else {}
    told = _mark_told(office, before, now) if low and not before.mark_open else None
    if step == "rate" and before.state is State.SENDING:  # who marks an answer has got it
        after = workflow.step(before, "confirm", CITIZEN, now=now, calendar=calendar, **rated)
        return Decision(after=after, action="confirm", actor=CITIZEN, note=text, also=told)
    after = workflow.step(before, step, CITIZEN, now=now, calendar=calendar, **rated)
    more = steps.to_followers(office, before, step, {"into": before.ticket}, now=now)
    note = text if step != "reply" else clocks.why_moved(before, after)
    return Decision(after=after, action=step, actor=CITIZEN, note=note, outbox=more, also=told)


def _mark_told(office: Office, complaint: Complaint, now: datetime) -> Callable[[Commit], None]:
    """The admin's post hears of a low mark, in office hours and with all else that it is told that day."""
    reminder = Reminder(
        post="admin",
        ticket=complaint.ticket,
        clock_revision=complaint.clock_revision,
        step=f"{MARK}:{complaint.revision}",
        due=next_open(now, office.calendar()),
    )
    return lambda commit: office.store.reminders.stage(commit, reminder)


def _told(action: str, after: Complaint) -> Reply | None:
    """The text that the workflow's table names for this step."""
    key = workflow.words(action, CITIZEN.role)
    if not key:
        return None
    values = {"ticket": after.ticket}
    if key == "reopened":
        values |= {"agency": after.agency_name, "due": notices.day(after, after.due)}
    return Reply(key=key, values=values, urgent=True)
