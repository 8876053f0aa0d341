"""The start page of a staff person: what waits for them, the most urgent first, each list one page at most."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from besadu.domain.complaint import Actor, Complaint, State
from besadu.domain.conditions import awaits_leader
from besadu.domain.conversation import Conversation
from besadu.domain.outbox import OutboxItem
from besadu.domain.outreach import Outreach
from besadu.frozen import dataclass, replace
from besadu.services import supporting
from besadu.services.office import Office
from besadu.services.outreach import MAY_DECIDE
from besadu.services.reading import READS_ALL, Listed, listed, may_read
from besadu.store.complaints import PAGE
from besadu.store.inbox import InboxItem

ALERTS_FOR = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class WorkList:
    """Complaints that wait for the same thing. ``cut``: there may be more than the page that was read."""

    key: str
    items: tuple[Listed, ...]
    cut: bool = False

    @property
    def late(self) -> int:
        """How many of them are late."""
        return sum(item.days_left is not None and item.days_left < 0 for item in self.items)


@dataclass(frozen=True, kw_only=True)
class Work:
    """All lists of one person's start page."""

    lists: tuple[WorkList, ...]
    persons: tuple[tuple[str, Conversation], ...] = ()  # sender key and conversation: somebody asked for a person
    undelivered: tuple[OutboxItem, ...] = ()  # messages that did not arrive
    calls: tuple[Outreach, ...] = ()  # citizens to ring up, because no message has reached them
    decisions: tuple[Outreach, ...] = ()  # whom no call has reached either
    alerts: tuple[InboxItem, ...] = ()  # what providers said of our accounts lately, or what nobody understood


def _in(state: State) -> Callable[[Complaint], bool]:
    return lambda complaint: complaint.state == state


_OFFICE_LISTS: tuple[tuple[str, str, Callable[[Complaint], bool]], ...] = (
    ("received", "admin", _in(State.RECEIVED)),
    ("returned", "admin", lambda one: one.state == State.RETURNED and not awaits_leader(one)),
    ("leader", "admin", lambda one: one.state == State.RETURNED and awaits_leader(one)),
    ("reopened", "admin", _in(State.REOPENED)),
    ("answered", "admin", _in(State.ANSWERED)),
    ("extensions", "agency", lambda one: one.extension is not None),
    ("agencies", "agency", lambda _: True),
    ("citizens", "citizen", lambda _: True),
)
_OFFICER_LISTS: tuple[tuple[str, str, Callable[[Complaint], bool]], ...] = (
    ("new", "agency", lambda complaint: complaint.state == State.ASSIGNED),
    ("in_progress", "agency", lambda complaint: complaint.state == State.IN_PROGRESS),
    ("asked", "citizen", lambda complaint: complaint.state == State.ASKED),
    ("in_review", "admin", lambda complaint: complaint.state == State.ANSWERED),
)


def work(office: Office, actor: Actor) -> Work:
    """What waits. Whoever reads all complaints sees the office's lists, an officer those of the own agency."""
    if actor.role in READS_ALL:
        return _of_the_office(office, actor)
    return _of_an_agency(office, actor)


def _of_the_office(office: Office, actor: Actor) -> Work:
    complaints = office.store.complaints
    desks = {name: complaints.on_desk(name) for name in ("admin", "agency", "citizen")}
    lists = [
        _list(office, actor, key, filter(fits, desks[name]), cut=len(desks[name]) == PAGE)
        for key, name, fits in _OFFICE_LISTS
    ]
    low = complaints.marked_low()
    lists.append(_list(office, actor, "marks", low, cut=len(low) == PAGE))
    decisions = tuple(office.store.outreach.waiting("deciding")) if actor.role in MAY_DECIDE else ()
    if actor.role != "admin":
        return Work(lists=tuple(lists), decisions=decisions)
    return Work(
        lists=tuple(lists),
        persons=tuple(office.store.senders.waiting_for_a_person()),
        undelivered=tuple(office.store.outbox.failed()),
        calls=tuple(office.store.outreach.waiting("calling")),
        alerts=tuple(office.store.inbox.alerts(office.now() - ALERTS_FOR)),
    )


def _of_an_agency(office: Office, actor: Actor) -> Work:
    if actor.role != "officer" or not actor.agency:
        return Work(lists=())
    pages = {
        desk: office.store.complaints.on_desk(desk, agency=actor.agency) for desk in ("agency", "citizen", "admin")
    }
    # Who helps reads by when the answer is wanted; not by when the leading agency should have accepted.
    pages["helping"] = [
        replace(one, due=supporting.due_of(one)) for one in office.store.complaints.supported_by(actor.agency)
    ]
    return Work(
        lists=tuple(
            _list(
                office,
                actor,
                key,
                [one for one in pages[desk] if fits(one) and may_read(actor, one)],
                cut=len(pages[desk]) == PAGE,
            )
            for key, desk, fits in (*_OFFICER_LISTS, *_helping_lists(actor.agency))
        ),
    )


def _helping_lists(agency: str) -> tuple[tuple[str, str, Callable[[Complaint], bool]], ...]:
    """Complaints of other agencies with which this one helps: still to do, and the others."""

    def awaited(complaint: Complaint) -> bool:
        return supporting.seen_from(complaint, agency) is not None

    return (("support", "helping", awaited), ("supported", "helping", lambda one: not awaited(one)))


def _list(office: Office, actor: Actor, key: str, found: Iterable[Complaint], *, cut: bool) -> WorkList:
    """Late ones first; the page comes by deadline, so that is how they stand."""
    return WorkList(key=key, items=tuple(listed(office, actor, one) for one in found), cut=cut)
