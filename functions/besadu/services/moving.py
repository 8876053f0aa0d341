"""A changed holiday or time limit moves what is open: page after page, from the sweep, as often as it takes.

The order lies in `progress/moving`, written with the change; its cursor moves on after each page. Whoever is killed
leaves it where it was; moving a complaint twice changes nothing, because its date is reckoned from its own start.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from besadu import logs
from besadu.domain import clocks, ladder
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.deadlines import WIB, next_open, short_date_text
from besadu.domain.outbox import OutboxItem
from besadu.errors import BesaduError, Conflict
from besadu.frozen import replace
from besadu.services import notices, reminding
from besadu.services.office import Office
from besadu.store.client import Stored
from besadu.store.complaints import Decision
from besadu.store.orders import Cause, Order
from besadu.store.reminders import Reminder

SYSTEM: Final = Actor(role="system", name="Sistem")
# Who edits a calendar seldom stops after one day of it, and sees a mistake then: one message, and no wrong one. And
# what other functions remember of the office, for a minute, is new by then.
SETTLED: Final = timedelta(minutes=10)
CAUSES: Final[Mapping[Cause, str]] = {
    "days": "hari libur kantor berubah",
    "hours": "jam layanan berubah",
    "times": "batas waktu jawaban diubah",
}


class _Stays(BesaduError):
    """Somebody else moved it on, and nothing is left to move."""


def go_on(office: Office) -> int:
    """Carry an order on by one page; how many complaints were seen to. Raises Unavailable."""
    stored = office.store.orders.read()
    if stored is None or office.now() < stored.value.at + SETTLED:
        return 0
    office.store.directory.forget()
    tickets = office.store.complaints.open_after(stored.value.after)
    seen, told = stored.value.after, list[Reminder]()
    for ticket in tickets:
        try:
            told += _move(office, ticket, stored.value)
        except Conflict:  # somebody writes it all the time: the next sweep goes on here
            logs.warning("moving_contended")
            break
        seen = ticket
    for post, due in {(reminder.post, reminder.due) for reminder in told}:
        office.queue.tell(post, due)
    try:
        office.store.orders.advance(stored, after=seen, done=not tickets)
    except Conflict:
        logs.info("moving_overtaken")  # by another sweep, or by a newer order
    return len(tickets) if seen != stored.value.after else 0


def _move(office: Office, ticket: str, order: Order) -> tuple[Reminder, ...]:
    """Move one complaint; what its posts are to be told. Raises Conflict, Unavailable."""
    known = office.store.complaints.read(ticket)
    if known is None:
        return ()
    if not _moves(office, known.value, order):
        _replan(office, known, order)
        return ()
    told: tuple[Reminder, ...] = ()

    def decide(before: Complaint) -> Decision:
        nonlocal told
        if not _moves(office, before, order):
            raise _Stays
        decision, told = _decided(office, before, order)
        return decision

    try:
        decision = office.store.complaints.change(ticket, decide, known=known)
    except _Stays:
        return ()
    office.send(*decision.outbox)
    office.remind(decision.after)
    return told


def _moves(office: Office, before: Complaint, order: Order) -> bool:
    """Whether there is anything to tell: another day is its deadline now, or the date that its citizen knows slips."""
    after = clocks.moved(before, office.calendar(), changed_at=order.at)
    return after.clock_revision != before.clock_revision or _slips_to(office, before, after) is not None


def _slips_to(office: Office, before: Complaint, after: Complaint) -> datetime | None:
    """The later date that its citizen has to be told; None when this change is not why, or it is past anyway."""
    promised, expected = after.promised, clocks.expected(after, office.calendar())
    if not promised or not expected or expected <= office.now() or _date(expected) <= _date(promised):
        return None
    # An answer may be due later than was promised because its agency was slow to accept: that is told when it slips.
    slower = after.clock == "answer" and before.due is not None and _date(expected) <= _date(before.due)
    return None if slower else expected


def _replan(office: Office, known: Stored[Complaint], order: Order) -> None:
    """Nobody has to be told anything, but the hour may be another, and the mornings on which somebody is reminded."""
    calendar = office.calendar()

    def planned(before: Complaint) -> Complaint:
        after = clocks.moved(before, calendar, changed_at=order.at)
        if after.clock_revision != before.clock_revision:
            return before
        return replace(after, remind_at=ladder.next_at(after, calendar))

    after = office.store.complaints.replan(known, planned)
    if after.remind_at != known.value.remind_at:
        office.remind(after)


def _decided(office: Office, before: Complaint, order: Order) -> tuple[Decision, tuple[Reminder, ...]]:
    now, calendar = office.now(), office.calendar()
    after = replace(clocks.moved(before, calendar, changed_at=order.at), updated_at=now)
    shifted, until = after.clock_revision != before.clock_revision, _slips_to(office, before, after)
    notes, told, outbox = [], tuple[Reminder, ...](), tuple[OutboxItem, ...]()
    if shifted:
        notes.append(f"Tenggat bergeser dari {_day(before.due)} ke {_day(after.due)}")
        if not after.taken_over_by:
            told = tuple(reminding.lines(after, ladder.of_move(after), now, calendar))
    if until:
        notes.append(f"pelapor dikabari: jawaban paling lambat {_day(until)}, bukan {_day(before.promised)}")
        outbox = (_news(office, before, until, order.causes),)
        after = replace(after, promised=until)
    after = (
        ladder.replanned(after, now, calendar) if shifted else replace(after, remind_at=ladder.next_at(after, calendar))
    )
    note = f"{'; '.join(notes)}. Sebab: {_cause(order.causes)}."
    also = reminding.staging(office, told)
    return Decision(after=after, action="move", actor=SYSTEM, note=note, outbox=outbox, also=also), told


def _news(office: Office, before: Complaint, until: datetime, causes: Iterable[Cause]) -> OutboxItem:
    now = office.now()
    values = {
        "agency": before.agency_name or "instansi",
        "cause": _cause(causes),
        "promised": notices.day(before, before.promised),
        "due": notices.day(before, until),
    }
    return replace(notices.to_citizen(before, "moved", values, now=now), due=next_open(now, office.calendar()))


def _cause(causes: Iterable[Cause]) -> str:
    return " dan ".join(CAUSES[cause] for cause in causes)


def _date(moment: datetime) -> date:
    return moment.astimezone(WIB).date()


def _day(moment: datetime | None) -> str:
    return short_date_text(moment) if moment else "-"
