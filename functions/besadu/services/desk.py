"""What an agency sees of a complaint and does with it, by one-ticket link or signed in. Never who the citizen is."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, Literal

from besadu.domain import deadlines, support, workflow
from besadu.domain.complaint import Actor, Answer, CaseClass, Complaint, Entry, Extension, Place, State, TalkLine
from besadu.domain.evidence import Evidence, EvidenceState, Origin, Rendition
from besadu.domain.measuring import Span
from besadu.domain.message import MediaKind
from besadu.domain.nik import mask_in, mask_phones
from besadu.domain.support import Contribution, Support, SupportState
from besadu.errors import Conflict, Invalid
from besadu.frozen import dataclass, replace
from besadu.services import admission, casework, handling, supporting
from besadu.services.office import Office

DeskAction = Literal["accept", "return", "ask", "extend", "progress", "answer", "note", "contribute", "decline_support"]

_WRONG_DAY: Final = {
    True: "Isi tanggal jadwalnya: hari yang akan datang.",
    False: "Tanggal pengerjaan belum lewat. Bila belum dikerjakan, pilih “Dijadwalkan”.",
}

# What the agency reads of the history; the notes of the office among itself are not for it.
_SHOWN: Final = frozenset(
    {"forward", "send_back", "accept", "return", "ask", "reply", "lapse", "answer", "deliver", "promise", "extend"}
    | {"move", "confirm", "ask_extension", "grant_extension", "refuse_extension", "progress"}
    | {"ask_support", "end_support", "contribute", "decline_support"}
)
# Those whose note is meant for the agency, or its own.
_NOTED: Final = frozenset(
    {"ask", "answer", "forward", "lapse", "reply", "return", "send_back", "extend", "progress"}
    | {"move", "ask_extension", "grant_extension", "refuse_extension"}
    | {"ask_support", "end_support", "contribute", "decline_support"}
)
_DONE: Final = {
    "accept": "diterima",
    "answer": "dijawab",
    "ask": "ditanyakan kepada pelapor",
    "ask_extension": "dimintakan tambahan waktu",
    "close_silently": "ditutup",
    "confirm": "sampai kepada pelapor",
    "contribute": "dilengkapi oleh OPD pendukung",
    "decline_support": "dinyatakan bukan urusan OPD pendukung",
    "deliver": "disampaikan kepada pelapor",
    "dissatisfied": "dibuka kembali",
    "extend": "diberi tambahan waktu",
    "forward": "diteruskan ulang",
    "lapse": "dilanjutkan",
    "give_up": "ditutup",
    "grant_extension": "diberi tambahan waktu",
    "merge": "digabung dengan laporan lain",
    "progress": "dilengkapi kabar perkembangannya",
    "promise": "disampaikan jadwalnya kepada pelapor",
    "recall": "diperiksa sekali lagi oleh admin",
    "refer": "dirujuk ke instansi lain",
    "reject": "dinyatakan tidak layak",
    "reply": "dijawab",
    "return": "dikembalikan kepada admin",
    "satisfied": "ditutup",
    "send_back": "dikembalikan untuk dilengkapi",
    "withdraw": "dicabut",
}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What an officer typed into the form of a step."""

    text: str = ""
    evidence: tuple[str, ...] = ()  # files that are in the bucket
    before: tuple[str, ...] = ()  # those of them that show the place before the work
    day: date | None = None  # new date, or when the work was or will be done
    scheduled: bool = False  # not done yet, but promised for ``day``
    tell: bool = False  # the citizen, too
    agency: str = ""  # code of the OPD that is responsible instead
    finished: bool = False  # a supporting agency's part
    revision: int | None = None  # of the complaint as it stood on the page; None when nobody knows


NOTHING_TYPED: Final = Typed()


@dataclass(frozen=True, kw_only=True)
class EvidenceView:
    """A file as it is shown. The sender's file name stays out: it may hold a name."""

    id: str
    label: str
    kind: MediaKind
    origin: Origin
    state: EvidenceState
    mime: str
    size: int
    reason: str
    object_name: str
    seconds: float
    pages: int
    beside: tuple[Span, ...]
    renditions: tuple[Rendition, ...]


@dataclass(frozen=True, kw_only=True)
class SupportView:
    """What a supporting agency is asked for and has contributed."""

    agency: str
    agency_name: str
    state: SupportState
    wanted: str
    reason: str
    contributions: tuple[tuple[Contribution, tuple[EvidenceView, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class AgencyFile:
    """A complaint without any identity: no name, NIK, number or address of the citizen in any field."""

    ticket: str
    revision: int
    state: State
    title: str
    story: str
    when: str
    place: Place
    created_at: datetime
    updated_at: datetime
    case_class: CaseClass
    agency: str
    agency_name: str
    disposition: int
    disposition_note: str
    instruction: str
    question: str
    reason: str
    clock: str
    due: datetime | None
    days_left: int | None  # working days; below zero when late; None when no clock of the agency runs
    answer: Answer | None
    extensions: int
    extension: Extension | None  # asked for, not decided
    progress_told: int
    scheduled_for: datetime | None
    talk: tuple[TalkLine, ...]
    evidence: tuple[EvidenceView, ...]  # the citizen's
    answer_evidence: tuple[EvidenceView, ...]  # the agency's own
    support: tuple[SupportView, ...]
    own_support: SupportView | None  # of the reader, who helps the agency above; None for the agency itself
    history: tuple[Entry, ...]
    steps: tuple[workflow.Row, ...]  # that this person may take now

    @property
    def reader(self) -> str:
        """Code of the agency for which it is shown."""
        return self.own_support.agency if self.own_support else self.agency


def open_link(office: Office, token: str) -> tuple[AgencyFile, Actor]:
    """What the link stands for, and as whom its holder acts; the opening goes on the history, once an hour at most.

    Raises Refused (Indonesian, for the page) when the link lets nobody in; Unavailable.
    """
    complaint, actor = admission.enter(office, token)
    return _file_of(office, complaint, actor), actor


def agency_file(office: Office, actor: Actor, ticket: str) -> AgencyFile:
    """A complaint as its agency, or one that helps it, may see it.

    Raises KeyError for an unknown ticket or one of other agencies, Unavailable.
    """
    stored = office.store.complaints.read(ticket)
    agencies = {agency for agency, _ in admission.hand_overs(stored.value)} if stored else set()
    if stored is None or not actor.agency or actor.agency not in agencies:
        raise KeyError(ticket)
    return _file_of(office, stored.value, actor)


def act(
    office: Office,
    actor: Actor,
    ticket: str,
    action: DeskAction,
    typed: Typed = NOTHING_TYPED,
    *,
    seen: Complaint | None = None,
) -> Complaint:
    """Take a step for the agency. The same step with the same words again changes nothing (a form sent twice).

    ``seen`` is the complaint if the caller has just read it. Conflict: somebody else of the agency was faster.
    Raises Invalid and NotAllowed (Indonesian), KeyError, Conflict, Unavailable.
    """
    if seen is None and (stored := office.store.complaints.read(ticket)):
        seen = stored.value
    if seen is not None and _is_done(seen, actor, action, typed):
        return seen
    if action == "answer" and typed.scheduled != (typed.day is not None and typed.day > _today(office)):
        raise Invalid(_WRONG_DAY[typed.scheduled])
    text = typed.text
    steps: dict[DeskAction, Callable[[], Complaint]] = {
        "accept": lambda: handling.accept(office, actor, ticket),
        "return": lambda: handling.hand_back(
            office, actor, ticket, reason=text, right_agency=typed.agency, seen=typed.revision
        ),
        "ask": lambda: casework.ask(office, actor, ticket, question=text),
        "extend": lambda: handling.extend(office, actor, ticket, reason=text, day=typed.day, seen=typed.revision),
        "progress": lambda: handling.progress(office, actor, ticket, text=text, tell=typed.tell),
        "answer": lambda: handling.answer(
            office, actor, ticket, text=text, evidence=typed.evidence, before=typed.before, day=typed.day
        ),
        "note": lambda: casework.note(office, actor, ticket, text=text),
        "contribute": lambda: supporting.contribute(
            office, actor, ticket, text=text, evidence=typed.evidence, done=typed.finished
        ),
        "decline_support": lambda: supporting.decline(office, actor, ticket, reason=text),
    }
    return steps[action]()


def evidence_of(office: Office, complaint: Complaint, evidence_id: str) -> Evidence | None:
    """The file with this id if it belongs to this complaint; None for any other. Raises Unavailable."""
    stored = office.store.evidence.read(evidence_id)
    if stored is None:
        return None
    named = {one for line in complaint.talk for one in line.evidence}
    ours = stored.value.ticket == complaint.ticket or evidence_id in named
    return stored.value if ours and stored.value.scan != "pending" else None


def what_happened(file: AgencyFile) -> str:
    """Who moved the complaint last and how, for somebody whose step came too late."""
    last = next((entry for entry in reversed(file.history) if entry.action in _DONE), None)
    if last is None:
        return "Laporan ini sudah berubah sejak halaman dibuka."
    return f"Laporan ini sudah {_DONE[last.action]} oleh {last.actor} pada {deadlines.datetime_text(last.at)}."


def _is_done(complaint: Complaint, actor: Actor, action: DeskAction, typed: Typed) -> bool:
    """Whether this very form was taken before. Raises Conflict when a colleague has done the like since the page."""
    if action in workflow.SUPPORTING:
        return _is_contributed(complaint, actor, action, typed)
    if complaint.agency != actor.agency:
        return False
    said = [entry for entry in complaint.history if entry.action != admission.OPENED]
    since = said[-1:] if typed.revision is None else [entry for entry in said if entry.number > typed.revision]
    same = {"extend", "ask_extension"} if action == "extend" else {action}
    alike = [entry for entry in since if entry.role == "officer" and entry.action in same]
    if any(entry.note.endswith(typed.text.strip()) and entry.actor == actor.name for entry in alike):
        return True
    if alike and action in ("accept", "extend"):  # who accepts should know that somebody has
        raise Conflict(complaint.ticket)
    return False


def _is_contributed(complaint: Complaint, actor: Actor, action: DeskAction, typed: Typed) -> bool:
    """The same of a supporting agency's forms."""
    own = support.of(complaint.support, actor.agency)
    if own is None:
        return False
    if action == "decline_support":
        return own.state is SupportState.DECLINED
    said = any((one.text, one.evidence) == (typed.text.strip(), typed.evidence) for one in own.contributions)
    return said and (own.state is SupportState.DONE or not typed.finished)


def _file_of(office: Office, complaint: Complaint, actor: Actor) -> AgencyFile:
    talk = office.store.complaints.talk(complaint)
    answer = complaint.answer
    sent = [one for line in talk for one in line.evidence]
    added = list(answer.evidence) if answer else []
    helping = [one for part in complaint.support for each in part.contributions for one in each.evidence]
    views = _views(office.store.evidence.read_all([*sent, *added, *helping]))
    shown = (one for one in support.worded(complaint.support, _masked) if one.stands or one.contributions)
    parts = tuple(_part(one, views) for one in shown)
    # Who helps reads by when the answer is wanted; not by when the leading agency should have accepted.
    dated = supporting.seen_from(complaint, actor.agency) or complaint
    with_agency = dated.clock in ("accept", "answer", "support") and dated.due is not None
    return AgencyFile(
        ticket=complaint.ticket,
        revision=complaint.revision,
        state=complaint.state,
        title=_masked(complaint.title),
        story=_masked(complaint.story),
        when=_masked(complaint.when),
        place=replace(complaint.place, text=_masked(complaint.place.text)),
        created_at=complaint.created_at,
        updated_at=complaint.updated_at,
        case_class=complaint.case_class,
        agency=complaint.agency,
        agency_name=complaint.agency_name,
        disposition=complaint.disposition,
        disposition_note=_masked(complaint.disposition_note),
        instruction=_masked(complaint.instruction),
        question=_masked(complaint.question),
        reason=_masked(complaint.reason),
        clock=complaint.clock,
        due=dated.due if with_agency else None,
        days_left=_days_left(office, dated) if with_agency else None,
        answer=replace(answer, text=_masked(answer.text), original=_masked(answer.original)) if answer else None,
        extensions=complaint.extensions,
        extension=complaint.extension,
        progress_told=complaint.progress_told,
        scheduled_for=complaint.scheduled_for,
        talk=tuple(replace(line, text=_masked(line.text), key="") for line in talk if line.speaker != "besadu"),
        evidence=tuple(views[one] for one in dict.fromkeys(sent) if one in views),
        answer_evidence=tuple(views[one] for one in added if one in views),
        support=parts,
        own_support=next((one for one in parts if one.agency == actor.agency != complaint.agency), None),
        history=_shown(complaint.history),
        steps=workflow.allowed(complaint, actor),
    )


def _part(one: Support, views: Mapping[str, EvidenceView]) -> SupportView:
    """What a supporting agency is asked for, said and sent."""
    return SupportView(
        agency=one.agency,
        agency_name=one.agency_name,
        state=one.state,
        wanted=one.wanted,
        reason=one.reason,
        contributions=tuple(
            (each, tuple(views[name] for name in each.evidence if name in views)) for each in one.contributions
        ),
    )


def _today(office: Office) -> date:
    return office.now().astimezone(deadlines.WIB).date()


def _days_left(office: Office, complaint: Complaint) -> int | None:
    if complaint.due is None:
        return None
    return deadlines.working_days_left(office.now(), complaint.due, office.calendar())


def _views(items: list[Evidence]) -> dict[str, EvidenceView]:
    """By id, numbered within their kind: "Foto 1", "Rekaman suara 1"."""
    names = {"image": "Foto", "sticker": "Foto", "video": "Video", "audio": "Rekaman suara"}
    counted: dict[tuple[str, str], int] = {}
    views = {}
    for item in items:
        kind = _kind_of(item)
        name = names.get(kind, "Dokumen")
        number = counted[item.origin, name] = counted.get((item.origin, name), 0) + 1
        views[item.id] = EvidenceView(
            id=item.id,
            label=f"{name} {number}{' dari admin' if item.origin == 'office' else ''}",
            kind=kind,
            origin=item.origin,
            state="pending" if item.scan == "pending" else item.state,
            mime=item.mime,
            size=item.size,
            reason=item.reason,
            object_name=item.object_name,
            seconds=item.seconds,
            pages=item.pages,
            beside=item.beside,
            renditions=item.renditions,
        )
    return views


def _kind_of(item: Evidence) -> MediaKind:
    """By the bytes once they are there: a photo may have been sent as a document."""
    kinds: dict[str, MediaKind] = {"image": "image", "video": "video", "audio": "audio"}
    return kinds.get(item.mime.partition("/")[0], "document") if item.mime else item.attachment.kind


def _shown(history: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The steps that concern the agency. Of what others did, the note stays out unless it was meant for the agency."""
    return tuple(
        replace(
            entry,
            actor="Pelapor" if entry.role == "citizen" else entry.actor,
            note=_masked(entry.note) if entry.action in _NOTED else "",
            told=(),
        )
        for entry in history
        if entry.action in _SHOWN or entry.source != entry.target
    )


def _masked(text: str) -> str:
    return mask_phones(mask_in(text))
