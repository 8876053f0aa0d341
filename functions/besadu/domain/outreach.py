"""A citizen whom no message has reached with an answer, and whom a person rings up instead."""

from datetime import datetime, timedelta
from typing import Literal

from besadu.domain.deadlines import Calendar, next_open
from besadu.frozen import dataclass, replace

CallOutcome = Literal["reached", "no_answer", "wrong_number"]
OutreachState = Literal[
    "calling",  # an admin rings up when it is due
    "deciding",  # no call reached anybody: the manager or the leader says how it goes on
    "settled",
]
MOST_CALLS = 3
CALL_AGAIN = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One attempt. ``note`` is what the admin wrote down of it."""

    at: datetime
    by: str
    outcome: CallOutcome
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Outreach:
    """The task, one for each answer and citizen."""

    id: str
    ticket: str  # of the citizen's own complaint
    answered: str  # the complaint that was answered: the same, or the one it was merged into
    answer_of: str  # as in the messages that did not arrive
    made_at: datetime
    due: datetime  # when to ring up, or since when a decision is wanted
    state: OutreachState = "calling"
    calls: tuple[Call, ...] = ()


def after_call(task: Outreach, call: Call, calendar: Calendar) -> Outreach:
    """The task after this call: again in some hours of the office, up to three times; a wrong number is no use."""
    calls = (*task.calls, call)
    if call.outcome == "reached":
        return replace(task, calls=calls, state="settled")
    missed = sum(one.outcome == "no_answer" for one in calls)
    if call.outcome == "wrong_number" or missed % MOST_CALLS == 0:
        return replace(task, calls=calls, state="deciding", due=call.at)
    return replace(task, calls=calls, due=next_open(call.at + CALL_AGAIN, calendar))
