"""What happens on the way to a deadline and after it: one row a step, counted in working days from the due date."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import OPENS, WIB, Calendar

StepName = Literal["soon", "today", "late", "lapse", "close_silently"]


@dataclass(frozen=True)
class Step:
    """``days`` before (-) or after (+) the due date, when the office opens; ``at_due``: at the due time itself."""

    name: StepName
    days: int = 0
    to: Literal["duty", "head", ""] = ""
    at_due: bool = False


LADDER: Mapping[str, tuple[Step, ...]] = {
    "accept": (Step("today", 0, "duty"), Step("late", 1, "head")),
    "answer": (Step("soon", -1, "duty"), Step("today", 0, "duty"), Step("late", 1, "head")),
    "citizen_answer": (Step("lapse", at_due=True),),
    "reply": (Step("close_silently", at_due=True),),
}


def next_at(complaint: Complaint, calendar: Calendar) -> datetime | None:
    """When the next step of this complaint's clock is to be taken; None when none is left."""
    return next((at for step, at in _schedule(complaint, calendar) if step.name not in complaint.reminded), None)


def steps_due(complaint: Complaint, now: datetime, calendar: Calendar) -> tuple[Step, ...]:
    """The steps that should have been taken by now and were not, in order."""
    return tuple(
        step for step, at in _schedule(complaint, calendar) if at <= now and step.name not in complaint.reminded
    )


def _schedule(complaint: Complaint, calendar: Calendar) -> Iterator[tuple[Step, datetime]]:
    if complaint.due is None:
        return
    for step in LADDER.get(complaint.clock, ()):
        yield step, complaint.due if step.at_due else _opening(complaint.due, step.days, calendar)


def _opening(due: datetime, days: int, calendar: Calendar) -> datetime:
    """08:00 WIB of the working day that lies ``days`` from the due date."""
    day = due.astimezone(WIB).date()
    stride = timedelta(days=1 if days > 0 else -1)
    left = abs(days)
    while left:
        day += stride
        left -= calendar.is_working_day(day)
    return datetime.combine(day, OPENS, tzinfo=WIB)
