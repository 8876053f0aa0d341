"""What staff do with a complaint: one verb a function, each one commit of step, history entry and messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from besadu.domain import workflow
from besadu.domain.complaint import Actor, Answer, CaseClass, Complaint, State, TalkLine
from besadu.domain.evidence import Evidence, sendable_kind
from besadu.domain.nik import mask_in
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid
from besadu.services import notices
from besadu.services.office import Office
from besadu.store.complaints import Decision
from besadu.store.directory import AgencyRecord
from besadu.store.keys import outbox_key

LONGEST_TITLE = 120
MOST_TEXT = 3500  # leaves room for the frame of a WhatsApp message (4096 characters)


def forward(
    office: Office,
    actor: Actor,
    ticket: str,
    *,
    agency_code: str,
    note: str = "",
    case_class: CaseClass = "ordinary",
) -> Complaint:
    """Hand the complaint to an agency (disposisi). Tells the citizen and the agency's duty post.

    Raises Invalid for an unknown or outside agency, NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable.
    """
    agency = _agency(office, agency_code)
    if agency.outside:
        message = f"{agency.name} di luar Pemerintah Kabupaten; gunakan Rujuk."
        raise Invalid(message)
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(
            before,
            "forward",
            actor,
            now=now,
            calendar=office.calendar(),
            agency=agency.code,
            agency_name=agency.name,
            disposition=before.disposition + 1,
            disposition_note=note.strip(),
            case_class=case_class,
            answer=None,
            instruction="",
        )
        promised = workflow.answer_due(after, now=now, calendar=office.calendar())
        after = replace(after, promised=promised)
        told = notices.to_citizen(
            before, "forwarded", {"agency": agency.name, "due": notices.day(before, promised)}, now=now
        )
        cause = f"{ticket}:{before.revision}"
        duty = notices.to_agency(after, agency, workflow.ROWS["forward"].tells_agency, cause=cause, now=now)
        return Decision(
            after=after,
            action="forward",
            actor=actor,
            note=_joined(agency.name, note),
            outbox=tuple(item for item in (told, duty) if item),
        )

    return _change(office, ticket, decide)


def reject(office: Office, actor: Actor, ticket: str, *, reason: str, advice: str = "") -> Complaint:
    """Say that this is not a matter of public service or government, and why."""
    _filled(reason, "Alasan penolakan")
    _fits(reason + advice, "Alasan dan saran")
    words = {"reason": reason.strip(), "advice": advice.strip() or "-"}
    return _take(
        office,
        actor,
        ticket,
        _Step("reject", {"reason": reason.strip()}, note=reason.strip(), told=_citizen("rejected", words)),
    )


def refer(office: Office, actor: Actor, ticket: str, *, body: str, contact: str = "") -> Complaint:
    """Refer the citizen to a body outside the regency's authority: its name, and how to reach it."""
    _filled(body, "Instansi tujuan")
    _fits(body + contact, "Instansi dan kontak")
    words = {"body": body.strip(), "contact": contact.strip() or "-"}
    return _take(
        office,
        actor,
        ticket,
        _Step("refer", {"referred_to": body.strip()}, note=_joined(body, contact), told=_citizen("referred", words)),
    )


def ask(office: Office, actor: Actor, ticket: str, *, question: str) -> Complaint:
    """Ask the citizen something. An officer's question is relayed; the office's clock pauses until the reply."""
    _filled(question, "Pertanyaan")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "ask", actor, now=now, calendar=office.calendar(), question=question.strip())
        values = {"question": question.strip(), "due": notices.day(before, after.due)}
        if actor.role == "officer":
            values["agency"] = before.agency_name
        key = "question" if actor.role == "officer" else "question_from_admin"
        told = notices.to_citizen(before, key, values, now=now, kind="question", by_person=True)
        return Decision(
            after=after,
            action="ask",
            actor=actor,
            note=question.strip(),
            outbox=(told,),
            line=_said(actor, question, told),
        )

    return _change(office, ticket, decide)


def merge(office: Office, actor: Actor, ticket: str, *, into: str) -> Complaint:
    """Join a complaint to an open one about the same thing: its reporter gets the same answer."""
    if into == ticket:
        message = "Laporan tidak dapat digabung dengan dirinya sendiri."
        raise Invalid(message)
    leading = office.store.complaints.read(into)
    if leading is None or not leading.value.open:
        message = "Laporan tujuan tidak ditemukan atau sudah ditutup."
        raise Invalid(message)
    joining = office.store.complaints.read(ticket)
    if joining is None:
        raise KeyError(ticket)
    now, joined = office.now(), joining.value.merged

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "merge", actor, now=now, calendar=office.calendar(), merged_into=into)
        told = notices.to_citizen(before, "merged", {"into": into}, now=now)
        return Decision(after=after, action="merge", actor=actor, note=into, outbox=(told,))

    def follow(before: Complaint) -> Decision:
        # Those who had been joined to it come along: their answer is now this one's.
        merged = tuple(dict.fromkeys((*before.merged, ticket, *joined)))
        after = workflow.step(before, "note", actor, now=now, calendar=office.calendar(), merged=merged)
        return Decision(after=after, action="note", actor=actor, note=f"Digabung: {ticket}")

    decide(joining.value)  # refused before anything is written, if it must be
    # The leading one first: a crash between the two leaves a follower too many, never a reporter forgotten.
    _change(office, into, follow)
    return _change(office, ticket, decide)


def accept(office: Office, actor: Actor, ticket: str) -> Complaint:
    """The agency takes the complaint on; the clock of its class starts."""
    return _take(office, actor, ticket, _Step("accept"))


def hand_back(office: Office, actor: Actor, ticket: str, *, reason: str) -> Complaint:
    """The agency returns the complaint to the admin, with a reason."""
    _filled(reason, "Alasan pengembalian")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(
            before,
            "return",
            actor,
            now=now,
            calendar=office.calendar(),
            reason=reason.strip(),
            returns=before.returns + 1,
        )
        return Decision(after=after, action="return", actor=actor, note=_joined(before.agency_name, reason))

    return _change(office, ticket, decide)


def answer(office: Office, actor: Actor, ticket: str, *, text: str, evidence: tuple[str, ...] = ()) -> Complaint:
    """The agency's answer, for the admin to review; pictures are in the bucket already."""
    _filled(text, "Jawaban")
    given = Answer(text=text.strip(), original=text.strip(), by=actor.name, at=office.now(), evidence=evidence)
    return _take(office, actor, ticket, _Step("answer", {"answer": given}, note=text.strip()))


def send_back(office: Office, actor: Actor, ticket: str, *, reason: str) -> Complaint:
    """The admin wants a better answer; the duty post gets a new link, and reads the reason behind it."""
    _filled(reason, "Alasan")

    def told(before: Complaint, after: Complaint, now: datetime) -> tuple[OutboxItem, ...]:
        agency, cause = _agency(office, before.agency), f"{ticket}:{before.revision}"
        duty = notices.to_agency(after, agency, workflow.ROWS["send_back"].tells_agency, cause=cause, now=now)
        return (duty,) if duty else ()

    step = _Step("send_back", {"instruction": reason.strip()}, note=reason.strip(), told=told)
    return _take(office, actor, ticket, step)


def deliver(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """Send the reviewed answer to the citizen, and to the reporters of complaints merged into this one."""
    _filled(text, "Jawaban")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        given = before.answer
        final = replace(given, text=text.strip()) if given else None
        after = workflow.step(before, "deliver", actor, now=now, calendar=office.calendar(), answer=final)
        readers = (before, *_followers(office, before))
        files = office.store.evidence.read_all(given.evidence if given else ())
        told = [item for reader in readers for item in _answer_to(before, reader, after, files, now=now)]
        after = replace(after, delivered_by=told[0].id)
        edited = "Naskah disunting admin." if given and given.original != text.strip() else ""
        return Decision(
            after=after,
            action="deliver",
            actor=actor,
            note=edited,
            outbox=tuple(told),
            line=_said(actor, text, told[0]),
        )

    return _change(office, ticket, decide)


def note(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """An internal note; the citizen never sees it."""
    _filled(text, "Catatan")
    return _take(office, actor, ticket, _Step("note", note=text.strip()))


def classify(office: Office, actor: Actor, ticket: str, *, case_class: CaseClass, title: str) -> Complaint:
    """Correct the class and the title before the complaint is handed on."""
    _filled(title, "Judul")
    title = mask_in(title.strip())[:LONGEST_TITLE]
    return _take(office, actor, ticket, _Step("classify", {"case_class": case_class, "title": title}, note=title))


Told = Callable[[Complaint, Complaint, datetime], tuple[OutboxItem, ...]]  # before and after the step


@dataclass(frozen=True)
class _Step:
    """A step that needs nothing but its own facts: what changes, what the history notes, who is told."""

    action: workflow.Action
    changes: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    told: Told = lambda _before, _after, _now: ()


def _citizen(key: str, values: Mapping[str, str]) -> Told:
    """The citizen is told in the words of ``key``."""
    return lambda before, _after, now: (notices.to_citizen(before, key, values, now=now),)


def _take(office: Office, actor: Actor, ticket: str, step: _Step) -> Complaint:
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, step.action, actor, now=now, calendar=office.calendar(), **step.changes)
        told = step.told(before, after, now)
        return Decision(after=after, action=step.action, actor=actor, note=step.note, outbox=told)

    return _change(office, ticket, decide)


def _change(office: Office, ticket: str, decide: Callable[[Complaint], Decision]) -> Complaint:
    decision = office.store.complaints.change(ticket, decide)
    office.send(*decision.outbox)
    if decision.after.remind_at:
        office.queue.remind(ticket, decision.after.remind_at)
    return decision.after


def _agency(office: Office, code: str) -> AgencyRecord:
    agency = office.store.directory.agency(code)
    if agency is None:
        message = "Pilih instansi tujuan."
        raise Invalid(message)
    return agency


def _followers(office: Office, leading: Complaint) -> list[Complaint]:
    """The complaints merged into this one, as they stand."""
    stored = (office.store.complaints.read(ticket) for ticket in leading.merged)
    return [item.value for item in stored if item and item.value.state == State.MERGED]


def _answer_to(
    leading: Complaint,
    reader: Complaint,
    after: Complaint,
    files: list[Evidence],
    *,
    now: datetime,
) -> list[OutboxItem]:
    """The answer in words, and each of the agency's files as a message of its own, just after it."""
    given = after.answer
    # A leading complaint may be answered again after it was reopened: its own revision tells the two apart.
    cause = f"{leading.ticket}:{leading.revision}:{reader.ticket}"
    words = notices.to_citizen(
        reader,
        "answer",
        {
            "agency": after.agency_name,
            "answer": given.text if given else "",
            "due": notices.day(reader, after.due),
        },
        now=now,
        kind="answer",
        buttons=notices.VERDICT_BUTTONS if reader.ticket == leading.ticket else (),
        by_person=True,
    )
    ids = [outbox_key(cause, part) for part in ("answer", *(file.id for file in files))]
    items = [replace(words, id=ids[0], then="".join(ids[1:2]))]
    for file, own, following in zip(files, ids[1:], [*ids[2:], ""], strict=False):  # the last has none after it
        alone = replace(words, id=own, due=None, then=following, text="", buttons=(), template="")
        items.append(replace(alone, media=file.id, media_kind=sendable_kind(file)))
    return items


def _said(actor: Actor, text: str, item: OutboxItem) -> TalkLine:
    return TalkLine(
        at=item.created_at,
        speaker="officer" if actor.role == "officer" else "admin",
        text=text.strip(),
        key=item.id,
    )


def _joined(*parts: str) -> str:
    return ": ".join(part.strip() for part in parts if part.strip())


def _filled(text: str, field: str) -> None:
    if not text.strip():
        message = f"{field} belum diisi."
        raise Invalid(message)
    _fits(text, field)


def _fits(text: str, field: str) -> None:
    if len(text) > MOST_TEXT:
        message = f"{field} terlalu panjang: paling banyak {MOST_TEXT} huruf."
        raise Invalid(message)
