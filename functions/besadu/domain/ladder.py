"""What happens on the way to a deadline and after it: one row a step, and when each of them is to be taken.

Whoever is reminded is reminded in the morning of a working day, when the office opens: a step that falls on a day is
taken at its opening, so that a post hears once a day of all that the day brings.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from besadu.domain import deadlines
from besadu.domain.complaint import Complaint, State
from besadu.domain.conditions import awaits_leader
from besadu.domain.deadlines import WIB, Calendar
from besadu.frozen import dataclass, replace

Recipient = Literal["duty", "deputy", "head", "secretary", "admin", "leader"]
Ending = Literal["", "lapse", "close_silently"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """At ``share`` percent of the clock's working time, ``days`` working days after the due day, or as it ``ends``.

    ``to``: which posts are told.
    """

    name: str
    share: int | None = None
    days: int | None = None
    to: tuple[Recipient, ...] = ()
    ends: Ending = ""


# An agency's clocks: it is warned at half and at four fifths of its time.
_AGENCY = (
    Step(name="half", share=50, to=("duty",)),
    Step(name="most", share=80, to=("duty",)),
    Step(name="due", days=0, to=("duty", "deputy")),
    Step(name="head", days=1, to=("duty", "head")),
    Step(name="secretary", days=3, to=("duty", "head", "secretary")),
)
# The office's own.
_OFFICE = (
    Step(name="half", share=50, to=("admin",)),
    Step(name="most", share=80, to=("admin",)),
    Step(name="due", days=0, to=("admin",)),
    Step(name="leader", days=1, to=("admin", "leader")),
)
# ... when agencies have returned it so often that the leader has to say whose it is.
_DECISION = (
    Step(name="decide", share=0, to=("leader",)),
    Step(name="half", share=50, to=("leader",)),
    Step(name="most", share=80, to=("leader",)),
    Step(name="due", days=0, to=("leader", "admin")),
)
LADDER: Mapping[str, tuple[Step, ...]] = {
    "verify": _OFFICE,
    "accept": _AGENCY,
    "answer": _AGENCY,
    "review": _OFFICE,
    "citizen_answer": (Step(name="lapse", ends="lapse"),),
    "reply": (Step(name="close_silently", ends="close_silently"),),
}
MOVED = "moved"
GATHER = timedelta(minutes=5)  # after the office has opened: until all steps of the morning have left their reminders
# The citizen was told a date, and it has passed.
SLIP = Step(name="slip")
_ANSWER_AWAITED = frozenset({State.ASSIGNED, State.IN_PROGRESS, State.RETURNED, State.REOPENED, State.ANSWERED})

Planned = tuple[Step, datetime]


def upcoming(complaint: Complaint, calendar: Calendar) -> Planned | None:
    """The next step to be taken for this complaint, and when; None when none is left."""
    return min(_untaken(complaint, calendar), key=lambda planned: planned[1], default=None)


def next_at(complaint: Complaint, calendar: Calendar) -> datetime | None:
    """When the next step is to be taken."""
    planned = upcoming(complaint, calendar)
    return planned[1] if planned else None


def steps_due(complaint: Complaint, now: datetime, calendar: Calendar) -> tuple[Step, ...]:
    """The steps that should have been taken by now and were not, in order."""
    return tuple(step for step, at in _untaken(complaint, calendar) if at <= now)


def taken(complaint: Complaint, steps: tuple[Step, ...], calendar: Calendar) -> Complaint:
    """The complaint with these steps behind it."""
    done = replace(complaint, reminded=(*complaint.reminded, *(step.name for step in steps)))
    return replace(done, remind_at=next_at(done, calendar))


def replanned(complaint: Complaint, now: datetime, calendar: Calendar) -> Complaint:
    """The complaint after its deadline moved: a step whose time lies ahead again is taken again."""
    behind = tuple(step.name for step, at in schedule(complaint, calendar) if at <= now)
    still = replace(complaint, reminded=tuple(name for name in complaint.reminded if name in behind))
    return replace(still, remind_at=next_at(still, calendar))


def of_move(complaint: Complaint) -> Step:
    """Whom it concerns that this complaint's deadline moved: who is warned of it. No step of the ladder."""
    return Step(name=MOVED, to=_steps(complaint)[0].to)


def gathered(day: date, calendar: Calendar) -> datetime:
    """From when on the posts are told on this working day."""
    return calendar.opening(day) + GATHER


def may_be_told(now: datetime, calendar: Calendar) -> bool:
    """Whether this is a time to tell the posts: in office hours, and all that the morning brings is known."""
    return deadlines.is_open(now, calendar) and now >= gathered(now.astimezone(WIB).date(), calendar)


def schedule(complaint: Complaint, calendar: Calendar) -> list[Planned]:
    """All steps of the running clock and when they are taken, in order."""
    if complaint.due is None or complaint.clock_started is None:
        return []
    started, due = complaint.clock_started, complaint.due
    return [(step, _at(step, started, due, calendar)) for step in _steps(complaint)]


def _steps(complaint: Complaint) -> tuple[Step, ...]:
    if complaint.clock == "verify" and awaits_leader(complaint):
        return _DECISION
    return LADDER.get(complaint.clock, ())


def _untaken(complaint: Complaint, calendar: Calendar) -> list[Planned]:
    planned = [
        (step, at)
        for step, at in schedule(complaint, calendar)
        if step.name not in complaint.reminded and (step.ends or not complaint.taken_over_by)
    ]
    promised = complaint.promised
    if promised and promised != complaint.slipped and complaint.state in _ANSWER_AWAITED:
        planned.append((SLIP, calendar.opening(_after(promised, 1, calendar))))
    return planned


def _at(step: Step, started: datetime, due: datetime, calendar: Calendar) -> datetime:
    if step.ends:
        return due
    if step.share is not None:
        time = deadlines.office_time_left(started, due, calendar) * step.share / 100
        day = deadlines.at_office_time(started, time, calendar).astimezone(WIB).date()
    else:
        day = _after(due, step.days or 0, calendar)
    morning = calendar.opening(day)
    # What would have come before the clock began comes on the first morning after.
    return morning if morning > started else calendar.opening(_after(started, 1, calendar))


def _after(moment: datetime, days: int, calendar: Calendar) -> date:
    """The working day that lies so many after the day of ``moment``."""
    day = moment.astimezone(WIB).date()
    while days:
        day += timedelta(days=1)
        days -= calendar.is_working_day(day)
    return day
