"""The running clock of a complaint: it starts, stands still while the citizen is asked, and ends at a date.

How it came to its date is kept with it (start, pauses, an agreed date), so that the date can be reckoned anew when the
office changes its holidays or its times.
"""

from datetime import datetime

from besadu.domain import deadlines
from besadu.domain.complaint import Complaint, Pause, PausedClock
from besadu.domain.deadlines import Calendar, short_date_text
from besadu.frozen import replace


def days(clock: str, complaint: Complaint, calendar: Calendar) -> int:
    """How many working days this clock allows; an answer's depend on the complaint's class."""
    return calendar.clocks[f"answer_{complaint.case_class}" if clock == "answer" else clock]


def started(complaint: Complaint, clock: str, *, now: datetime, calendar: Calendar) -> Complaint:
    """The complaint with this clock beginning now; whatever ran before is over."""
    begun = replace(stopped(complaint), clock=clock, clock_started=now)
    return replace(begun, due=reckoned(begun, calendar))


def stopped(complaint: Complaint) -> Complaint:
    """The complaint with no clock running and none standing still."""
    return replace(
        complaint,
        clock="",
        clock_started=None,
        clock_revision=complaint.clock_revision + 1,
        due=None,
        pauses=(),
        agreed=None,
        paused=None,
        resume=None,
        reminded=(),
    )


def paused(complaint: Complaint, clock: str, *, now: datetime, calendar: Calendar) -> Complaint:
    """The complaint with its clock standing still while ``clock``, the citizen's, runs."""
    still = PausedClock(
        clock=complaint.clock,
        started=complaint.clock_started or now,
        due=complaint.due,
        pauses=complaint.pauses,
        agreed=complaint.agreed,
        reminded=complaint.reminded,
        since=now,
    )
    other = started(complaint, clock, now=now, calendar=calendar)
    return replace(other, paused=still if complaint.due else None, resume=complaint.state)


def resumed(complaint: Complaint, clock: str, *, now: datetime, calendar: Calendar) -> Complaint:
    """The complaint with the clock going on that stood still; ``clock`` starts anew when none did.

    The office time that was left is left again. What was late when it was paused stays late.
    """
    still = complaint.paused
    if still is None or still.due is None:
        return started(complaint, clock, now=now, calendar=calendar)
    again = replace(
        stopped(complaint),
        clock=still.clock,
        clock_started=still.started,
        pauses=(*still.pauses, Pause(since=still.since, until=now)),
        agreed=deadlines.shift(still.agreed, still.since, now, calendar) if still.agreed else None,
        reminded=still.reminded,
        promised=deadlines.shift(complaint.promised, still.since, now, calendar) if complaint.promised else None,
    )
    # Later than reckoned when the office shortened its times meanwhile and this clock was given a last day.
    return replace(again, due=max(reckoned(again, calendar), deadlines.shift(still.due, still.since, now, calendar)))


def agreed(complaint: Complaint, date: datetime, calendar: Calendar) -> Complaint:
    """The complaint with its running clock ending on a date that was agreed on (more time), whatever is counted."""
    moved = replace(complaint, agreed=date, clock_revision=complaint.clock_revision + 1)
    return replace(moved, due=reckoned(moved, calendar))


def reckoned(complaint: Complaint, calendar: Calendar) -> datetime:
    """When the running clock ends by this calendar. Raises ValueError when none runs."""
    if complaint.clock_started is None:
        raise ValueError("no clock runs")
    if complaint.agreed:
        # The day itself, also when the moment is its end, which would count as the next one.
        return calendar.end_of(next(calendar.working_days(complaint.agreed.astimezone(deadlines.WIB).date())))
    date = deadlines.due(complaint.clock_started, days(complaint.clock, complaint, calendar), calendar)
    for pause in complaint.pauses:
        date = deadlines.shift(date, pause.since, pause.until, calendar)
    return date


def moved(complaint: Complaint, calendar: Calendar, *, changed_at: datetime) -> Complaint:
    """The complaint with its running clock's date by this calendar, which the office changed at ``changed_at``.

    Nobody becomes late by a shorter time alone: the day after the change is left. Other office hours alone move it
    within its day, and what is planned stays good. The same when nothing moves.
    """
    if complaint.due is None or complaint.clock_started is None:
        return complaint
    due = reckoned(complaint, calendar)
    if due < complaint.due:
        due = min(complaint.due, max(due, deadlines.due(changed_at, 1, calendar)))
    if due == complaint.due:
        return complaint
    anew = due.astimezone(deadlines.WIB).date() != complaint.due.astimezone(deadlines.WIB).date()
    return replace(complaint, due=due, clock_revision=complaint.clock_revision + anew)


def expected(complaint: Complaint, calendar: Calendar) -> datetime | None:
    """By when the agency that has the complaint is to answer; None while it lies elsewhere."""
    if complaint.clock != "accept" or complaint.clock_started is None:
        return complaint.due if complaint.clock == "answer" else None
    both = sum(days(clock, complaint, calendar) for clock in ("accept", "answer"))
    date = deadlines.due(complaint.clock_started, both, calendar)
    for pause in complaint.pauses:
        date = deadlines.shift(date, pause.since, pause.until, calendar)
    return date


def why_moved(before: Complaint, after: Complaint) -> str:
    """What the history says when a clock goes on that stood still; "" when its date is as it was."""
    still = before.paused
    if still is None or still.due is None or after.due is None or after.due == still.due:
        return ""
    waited = f"menunggu pelapor sejak {short_date_text(still.since)}"
    return f"Tenggat bergeser dari {short_date_text(still.due)} ke {short_date_text(after.due)}: {waited}."
