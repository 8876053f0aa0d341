"""A draft waits for its citizen: when they are reminded of it, and when it is given up. Calendar days, by daylight."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from besadu.domain.conversation import Conversation
from besadu.domain.deadlines import WIB, Calendar
from besadu.frozen import replace

# An hour before Meta's window closes, so that the first one may go as free text; also on Facebook and Instagram, where
# nothing else may. Nobody who has just written is reminded sooner.
QUIET = timedelta(hours=23)
MORNING, FIRST_HOUR, LAST_HOUR = time(10), time(8), time(20)


def planned(head: Conversation, calendar: Calendar) -> Conversation:
    """The head with when to look at its draft next; never when an officer has it, or after BERHENTI."""
    if head.draft is None or head.needs_person or head.opted_out:
        return replace(head, nudge_at=None) if head.nudge_at else head
    # The manager may have shortened the list since: its end always comes.
    nudged = min(head.draft.nudged, len(calendar.nudges))
    ahead = (at for number, at in enumerate(_times(head, calendar), start=1) if number > nudged)
    return replace(head, nudge_at=next(ahead))


def wants_nudge(head: Conversation, now: datetime, calendar: Calendar) -> bool:
    """Whether its next one has come: what the head remembers may be of a list that the manager has changed since."""
    at = planned(head, calendar).nudge_at
    return at is not None and at <= now


def nudges_due(head: Conversation, now: datetime, calendar: Calendar) -> int:
    """How many of its nudges have come by now; more than there are when it is to be given up."""
    return sum(at <= now for at in _times(head, calendar))


def expires_at(head: Conversation, calendar: Calendar) -> datetime:
    """When the draft is given up. Raises ValueError when there is none."""
    if head.draft is None:
        raise ValueError("no draft")
    day = head.draft.started_at.astimezone(WIB).date() + timedelta(days=calendar.clocks["draft"])
    return datetime.combine(day, MORNING, WIB)


def _times(head: Conversation, calendar: Calendar) -> Iterator[datetime]:
    if head.draft is None:
        return
    started, last = head.draft.started_at, head.last_inbound_at or head.draft.started_at
    end = expires_at(head, calendar)
    for number, days in enumerate(calendar.nudges):
        if number == 0:
            at = _by_daylight(last + QUIET)
        else:
            morning = datetime.combine(started.astimezone(WIB).date() + timedelta(days=days), MORNING, WIB)
            at = morning if morning >= last + QUIET else _next_morning(last + QUIET)
        yield min(at, end)
    yield max(end, _next_morning(last + QUIET)) if end < last + QUIET else end


def _by_daylight(at: datetime) -> datetime:
    """Not at night: the evening before, while the window is open."""
    local = at.astimezone(WIB)
    if FIRST_HOUR <= local.time() <= LAST_HOUR:
        return at
    evening = local.date() if local.time() > LAST_HOUR else local.date() - timedelta(days=1)
    return datetime.combine(evening, LAST_HOUR, WIB)


def _next_morning(at: datetime) -> datetime:
    local = at.astimezone(WIB)
    day = local.date() if local.time() <= MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, WIB)
