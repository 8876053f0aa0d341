"""When each step of a complaint is to be taken, and who is concerned, reckoned without the product's own ladder."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from besadu.domain.complaint import Complaint, State
from besadu.domain.deadlines import WIB, Calendar
from besadu.domain.support import SupportState

AGENCY: Final = (("half", 50), ("most", 80), ("due", 0), ("head", 1), ("secretary", 3))
OFFICE: Final = (("half", 50), ("most", 80), ("due", 0), ("leader", 1))
DECISION: Final = (("decide", 0), ("half", 50), ("most", 80), ("due", 0))
STEPS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    "accept": AGENCY,
    "answer": AGENCY,
    "verify": OFFICE,
    "review": OFFICE,
}
AWAITED: Final = {State.ASSIGNED, State.IN_PROGRESS, State.RETURNED, State.REOPENED, State.ANSWERED}


def expected(complaint: Complaint, calendar: Calendar) -> Iterator[tuple[str, datetime]]:
    """What is still to come of this complaint as it stands, and when; in office hours, but for what ends as they do."""
    if complaint.clock in {"citizen_answer", "reply"} and complaint.due:
        yield "end", complaint.due
    if not complaint.taken_over_by:
        for name, at in schedule(complaint, calendar):
            if name not in complaint.reminded:
                yield name, opened(max(at, complaint.updated_at), calendar)
    slips = slip_at(complaint, calendar)
    if slips and complaint.slipped != complaint.promised:
        yield "slip", opened(max(slips, complaint.updated_at), calendar)


def schedule(complaint: Complaint, calendar: Calendar) -> Iterator[tuple[str, datetime]]:
    """When each step of the running clock is to be taken: in the morning of its day."""
    if complaint.due is None or complaint.clock_started is None or complaint.clock not in STEPS:
        return
    last = local(complaint.due).date()
    for name, number in DECISION if first_of(complaint) == "leader" else STEPS[complaint.clock]:
        shared = name in {"decide", "half", "most"}
        day = shared_day(complaint, number, calendar) if shared else following(last, number, calendar)
        morning = calendar.opening(day)
        if morning <= complaint.clock_started:
            morning = calendar.opening(following(local(complaint.clock_started).date(), 1, calendar))
        yield name, morning


def helping(complaint: Complaint) -> list[str]:
    """The agencies whose part is still awaited."""
    awaited = complaint.state in {State.ASSIGNED, State.IN_PROGRESS}
    return [one.agency for one in complaint.support if awaited and one.state is SupportState.ASKED]


def first_of(complaint: Complaint) -> str:
    """Who is to move a complaint that lies with the office."""
    undecided = complaint.clock == "verify" and complaint.returns >= 2 and not complaint.decided
    return "leader" if undecided else "admin"


def shared_day(complaint: Complaint, percent: int, calendar: Calendar) -> date:
    """The day on which so much of the office's time is over."""
    assert complaint.clock_started
    assert complaint.due
    hours = list(office_hours(complaint.clock_started, complaint.due, calendar))
    wanted, worked = sum((time for _, time in hours), timedelta()) * percent / 100, timedelta()
    for day, time in hours:
        worked += time
        if worked >= wanted:
            return day
    return following(local(complaint.clock_started).date(), 0, calendar)


def office_hours(since: datetime, until: datetime, calendar: Calendar) -> Iterator[tuple[date, timedelta]]:
    """Each working day with the time that the office works on it between these moments."""
    for number in range((local(until).date() - local(since).date()).days + 1):
        day = local(since).date() + timedelta(days=number)
        if calendar.is_working_day(day):
            begins, ends = max(since, calendar.opening(day)), min(until, calendar.end_of(day))
            yield day, max(timedelta(), ends - begins)


def slip_at(complaint: Complaint, calendar: Calendar) -> datetime | None:
    """When the citizen is to be told that the date they were told has passed."""
    if complaint.promised is None or complaint.state not in AWAITED:
        return None
    return calendar.opening(following(local(complaint.promised).date(), 1, calendar))


def opened(moment: datetime, calendar: Calendar) -> datetime:
    """The moment itself in office hours, else when the office opens next."""
    day = local(moment).date()
    if calendar.is_working_day(day) and moment < calendar.end_of(day):
        return max(moment, calendar.opening(day))
    return calendar.opening(following(day, 1, calendar))


def following(day: date, days: int, calendar: Calendar) -> date:
    """The working day so many after ``day``; with 0 ``day`` itself."""
    while days:
        day += timedelta(days=1)
        days -= calendar.is_working_day(day)
    return day


def local(moment: datetime) -> datetime:
    """In Belitung."""
    return moment.astimezone(WIB)
