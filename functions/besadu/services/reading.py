"""What staff may look at, and what they then see. The rules of who reads what stand here and nowhere else.

Admin, leader, auditor and manager read every complaint; only the admin sees a telephone number, and a NIK is masked for
all. An officer reads the complaints that lie with their own agency or that it helps with, through ``desk.AgencyFile``,
which has no identity.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from besadu import logs, vault
from besadu.domain import routing, support, ticket, whereabouts, workflow
from besadu.domain.complaint import Actor, Complaint, State, TalkLine, first_broken_entry
from besadu.domain.deadlines import working_days_left
from besadu.domain.evidence import Evidence
from besadu.domain.nik import mask_in, mask_phones
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid, Refused
from besadu.frozen import dataclass, replace
from besadu.services import twins
from besadu.services.office import Office
from besadu.store.complaints import PAGE, Decision
from besadu.store.directory import AgencyRecord

READS_ALL: Final = frozenset({"admin", "leader", "auditor", "manager"})
ALIKE: Final = 0.5  # routing.similarity from which two complaints of one village are worth a look together
MOST_ALIKE: Final = 5
LONGEST_REASON: Final = 300
_AWAITED: Final = ("agency", "question", "answer")  # messages that somebody waits for
ORIGINAL: Final = "open_original"  # in the history: somebody looked at a file as it came
REVEAL: Final = "reveal_nik"  # in the history: somebody read the citizen's NIK
_WITH_AGENCY: Final = frozenset({State.ASSIGNED, State.IN_PROGRESS})
_AFTER_AGENCY: Final = frozenset({State.ANSWERED, State.SENDING, State.DELIVERED, State.CLOSED, State.CLOSED_SILENTLY})


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A complaint as one row of a list: nothing in it says who the citizen is."""

    ticket: str
    title: str
    state: State
    case_class: str
    village: str
    district: str
    agency_name: str
    created_at: datetime
    due: datetime | None
    days_left: int | None  # working days; below zero when late; None when no clock runs


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """An agency that may be responsible, and the citizen's own words that say so."""

    agency: AgencyRecord
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One complaint as the office sees it."""

    complaint: Complaint
    talk: tuple[TalkLine, ...]  # from the first word to the latest, in order
    evidence: tuple[Evidence, ...]
    twins: Mapping[str, tuple[str, ...]]  # file id -> other complaints that have the same file
    messages: tuple[OutboxItem, ...]  # sent or to be sent about it, oldest first; without news unless asked for
    suggestions: tuple[Suggested, ...]
    alike: tuple[Listed, ...]  # open, same village, similar words
    steps: tuple[workflow.Row, ...]  # that this person may take now
    days_left: int | None
    broken_at: int | None  # the history's first entry whose hash does not hold; None when the chain is whole
    phone: str  # masked for all but the admin


def may_read(actor: Actor, complaint: Complaint) -> bool:
    """Whether this person may look at this complaint at all."""
    if actor.role in READS_ALL:
        return True
    if actor.role != "officer" or not actor.agency:
        return False
    helping = support.of(complaint.support, actor.agency)
    if actor.agency != complaint.agency and (helping is None or not helping.stands):
        return False
    if complaint.state == State.ASKED:
        return complaint.resume in _WITH_AGENCY
    return complaint.state in _WITH_AGENCY | _AFTER_AGENCY


def case_file(office: Office, actor: Actor, number: str, *, news: bool = False) -> CaseFile:
    """Everything about one complaint. Raises KeyError for an unknown ticket, Refused for an officer, Unavailable.

    ``news``: also the short messages that go with each step. The history tells of those; few ever look at them.
    """
    if actor.role not in READS_ALL:
        raise Refused("desk.agency_file is for officers")
    complaint = complaint_of(office, number)
    talk = office.store.complaints.talk(complaint)
    shown = complaint if actor.role == "admin" else _without_contact(complaint)
    suggestions = suggested(office, complaint) if complaint.state in workflow.DESK else ()
    evidence = tuple(office.store.evidence.read_all(_evidence_ids(complaint, talk)))
    return CaseFile(
        complaint=shown,
        talk=talk if actor.role == "admin" else tuple(replace(line, text=mask_phones(line.text)) for line in talk),
        evidence=evidence,
        twins=twins.used_in(office, number, evidence),
        messages=tuple(office.store.outbox.of_ticket(number, kinds=() if news else _AWAITED)),
        suggestions=suggestions,
        alike=_alike(office, complaint) if complaint.state in workflow.DESK else (),
        steps=workflow.allowed(complaint, actor),
        days_left=_days_left(office, complaint),
        broken_at=first_broken_entry(complaint.history),
        phone=shown.reporter.address.phone,
    )


def suggested(office: Office, complaint: Complaint) -> tuple[Suggested, ...]:
    """Agencies that may be responsible, likeliest first, each with the words that led to it."""
    records = {record.code: record for record in office.store.directory.agencies()}
    agencies = [
        routing.Agency(code=record.code, name=record.name, topics=record.topics, outside=record.outside)
        for record in records.values()
    ]
    place = complaint.place
    text = whereabouts.without_bearings(f"{complaint.story}\n{place.text}")
    found = routing.suggest(text, [name for name in (place.village, place.district) if name], agencies)
    return tuple(Suggested(agency=records[one.agency_code], words=_as_typed(one.words)) for one in found)


def _as_typed(words: tuple[str, ...]) -> tuple[str, ...]:
    """A phrase that a bearing stood in the middle of, in the pieces that the citizen wrote."""
    return tuple(piece.strip() for phrase in words for piece in phrase.split(",") if piece.strip())


def evidence_for(office: Office, actor: Actor, number: str, evidence_id: str) -> Evidence:
    """A file of this complaint. Raises KeyError when there is none or this person may not see it, Unavailable."""
    complaint = complaint_of(office, number)
    stored = office.store.evidence.read(evidence_id)
    if stored is None or not may_read(actor, complaint):
        raise KeyError(evidence_id)
    if actor.role not in READS_ALL and stored.value.scan == "pending":
        raise KeyError(evidence_id)
    # A file sent before the ticket was given carries none; the talk then says that it belongs here.
    if stored.value.ticket != number and evidence_id not in _evidence_ids(complaint, complaint.talk):
        raise KeyError(evidence_id)
    return stored.value


def open_original(office: Office, actor: Actor, number: str, evidence_id: str) -> Evidence:
    """A file as it came, with all that a device wrote into it; that it was opened is on the complaint's history first.

    Also one in quarantine: an admin may have to know what it was. Raises Refused for anybody but an admin, KeyError,
    Conflict, Unavailable.
    """
    if actor.role != "admin":
        raise Refused("only an admin opens an original")
    item = evidence_for(office, actor, number, evidence_id)
    if not item.object_name:
        raise KeyError(evidence_id)
    now, note = office.now(), f"berkas {evidence_id[:12]}"

    def decide(before: Complaint) -> Decision:
        return Decision(after=replace(before, updated_at=now), action=ORIGINAL, actor=actor, note=note)

    office.store.complaints.change(number, decide)
    return item


def search(office: Office, actor: Actor, text: str) -> str | None:
    """The ticket that ``text`` names, if there is such a complaint and this person may read it."""
    number = ticket.parse(text)
    stored = office.store.complaints.read(number) if number else None
    return number if stored and may_read(actor, stored.value) else None


@dataclass(frozen=True, kw_only=True)
class ArchivePage:
    """A page of complaints by age; ``older`` is where the next one begins, None on the last."""

    items: tuple[Listed, ...]
    older: datetime | None


def archive(office: Office, actor: Actor, *, state: State | None, before: datetime | None) -> ArchivePage:
    """Complaints newest first, a page. An officer's are those of the own agency."""
    agency = actor.agency if actor.role == "officer" else ""
    if actor.role == "officer" and not agency:
        return ArchivePage(items=(), older=None)
    found = office.store.complaints.newest(state=state, agency=agency, before=before)
    items = tuple(listed(office, actor, complaint) for complaint in found if may_read(actor, complaint))
    return ArchivePage(items=items, older=found[-1].created_at if len(found) == PAGE else None)


def listed(office: Office, actor: Actor, complaint: Complaint) -> Listed:
    """The complaint as a row of a list."""
    return Listed(
        ticket=complaint.ticket,
        title=complaint.title if actor.role == "admin" else mask_phones(mask_in(complaint.title)),
        state=complaint.state,
        case_class=complaint.case_class,
        village=complaint.place.village,
        district=complaint.place.district,
        agency_name=complaint.agency_name,
        created_at=complaint.created_at,
        due=complaint.due,
        days_left=_days_left(office, complaint),
    )


def reveal_nik(office: Office, actor: Actor, number: str, *, reason: str) -> str:
    """The citizen's NIK in clear, after the reason is on the complaint's history.

    Raises Refused for anybody but an admin, Invalid without a reason or a NIK, KeyError, Conflict, Unavailable.
    """
    if actor.role != "admin":
        raise Refused("only an admin may read a NIK")
    reason = mask_in(reason.strip())
    if not reason:
        raise Invalid("Alasan membuka NIK belum diisi.")
    if len(reason) > LONGEST_REASON:
        message = f"Alasan terlalu panjang: paling banyak {LONGEST_REASON} huruf."
        raise Invalid(message)
    now = office.now()

    def decide(before: Complaint) -> Decision:
        if before.reporter.nik is None:
            raise Invalid("Laporan ini tidak memuat NIK.")
        return Decision(after=replace(before, updated_at=now), action=REVEAL, actor=actor, note=reason)

    # Written down first: who then fails to open it has tried, and nobody opens it unseen.
    held = office.store.complaints.change(number, decide).after.reporter.nik
    if held is None:
        raise Invalid("Laporan ini tidak memuat NIK.")
    logs.info("nik_revealed", ticket=number)
    return vault.open_sealed(office.settings, held.sealed).decode()


def masked_phone(phone: str) -> str:
    """``+6281•••••890``."""
    return f"+{phone[:4]}•••••{phone[-3:]}" if phone else ""


def complaint_of(office: Office, number: str) -> Complaint:
    """The complaint as it is stored, for our own use. Raises KeyError for an unknown ticket, Unavailable."""
    stored = office.store.complaints.read(number)
    if stored is None:
        raise KeyError(number)
    return stored.value


def _without_contact(complaint: Complaint) -> Complaint:
    """Without the number, also where the citizen wrote one."""
    address = replace(complaint.reporter.address, phone=masked_phone(complaint.reporter.address.phone))
    return replace(
        complaint,
        reporter=replace(complaint.reporter, address=address),
        title=mask_phones(complaint.title),
        story=mask_phones(complaint.story),
        when=mask_phones(complaint.when),
        place=replace(complaint.place, text=mask_phones(complaint.place.text)),
        support=support.worded(complaint.support, mask_phones),
        talk=(),  # the case file has the whole talk
        history=tuple(replace(entry, note=mask_phones(entry.note)) for entry in complaint.history),
    )


def _evidence_ids(complaint: Complaint, talk: Sequence[TalkLine]) -> list[str]:
    answered = complaint.answer.evidence if complaint.answer else ()
    helping = (one for part in complaint.support for each in part.contributions for one in each.evidence)
    return list(dict.fromkeys([*(one for line in talk for one in line.evidence), *answered, *helping]))


def _alike(office: Office, complaint: Complaint) -> tuple[Listed, ...]:
    if not complaint.place.village_code:
        return ()
    others = office.store.complaints.open_in_village(complaint.place.village_code)
    scored = [
        (routing.similarity(complaint.story, other.story), other)
        for other in others
        if other.ticket != complaint.ticket
    ]
    best = sorted((pair for pair in scored if pair[0] >= ALIKE), key=lambda pair: -pair[0])[:MOST_ALIKE]
    admin = Actor(role="admin", name="")
    return tuple(listed(office, admin, other) for _, other in best)


def _days_left(office: Office, complaint: Complaint) -> int | None:
    return working_days_left(office.now(), complaint.due, office.calendar()) if complaint.due else None
