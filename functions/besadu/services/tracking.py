"""How far a complaint got, for anybody who has its number: state, dates and agency; no story and no person."""

from datetime import datetime

from besadu import texts
from besadu.domain import ticket as tickets
from besadu.domain.complaint import Complaint, State
from besadu.frozen import dataclass
from besadu.services.office import Office

# What the date on the page is the date of, per state; the other states promise none.
_AWAITED = {
    State.RECEIVED: "Diperiksa paling lambat",
    State.REOPENED: "Diperiksa paling lambat",
    State.RETURNED: "Diteruskan ulang paling lambat",
    State.ASKED: "Jawaban Anda ditunggu sampai",
    State.ASSIGNED: "Jawaban instansi paling lambat",
    State.IN_PROGRESS: "Jawaban instansi paling lambat",
    State.ANSWERED: "Jawaban diperiksa paling lambat",
    State.DELIVERED: "Tanggapan Anda ditunggu sampai",
}
_OFFICE_OWES = frozenset(_AWAITED) - {State.ASKED, State.DELIVERED}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What everybody may know of a complaint."""

    ticket: str
    label: str  # the state, in a citizen's words
    received_at: datetime
    updated_at: datetime
    agency_name: str
    awaited: str  # what ``due`` is the date of
    due: datetime | None
    late: bool


def track(office: Office, number: str) -> Progress | None:
    """The complaint with this number, however it was typed; None when there is none. Raises Unavailable.

    A number that cannot be one is looked up all the same, so that the answer takes as long.
    """
    found = tickets.parse(number)
    stored = office.store.complaints.read(found or "BSD-00-0000-0000")
    return _progress(stored.value, office.now()) if stored and found else None


def _progress(complaint: Complaint, now: datetime) -> Progress:
    label = texts.label(complaint.state)  # written for the middle of a sentence
    due = _promised(complaint) if complaint.state in _AWAITED else None
    return Progress(
        ticket=complaint.ticket,
        label=label[:1].upper() + label[1:],
        received_at=complaint.created_at,
        updated_at=max(
            (entry.at for entry in complaint.history if entry.source != entry.target), default=complaint.created_at
        ),
        agency_name=complaint.agency_name,
        awaited=_AWAITED.get(complaint.state, ""),
        due=due,
        late=due is not None and due < now and complaint.state in _OFFICE_OWES,
    )


def _promised(complaint: Complaint) -> datetime | None:
    """The citizen was promised an answer, so the agency's day to accept is no date of theirs."""
    if complaint.state != State.ASSIGNED:
        return complaint.due
    return complaint.promised or complaint.due
