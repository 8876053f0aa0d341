"""What an admin does with a complaint: one verb a function, each one commit of step, history entry and messages."""

from collections.abc import Iterable
from typing import Any

from besadu.domain import conditions, ladder, support, workflow
from besadu.domain.complaint import Actor, CaseClass, Complaint, TalkLine
from besadu.domain.nik import mask_in
from besadu.errors import Invalid
from besadu.frozen import replace
from besadu.services import notices
from besadu.services.office import Office
from besadu.services.steps import Step, agency_told, change, citizen_told, filled, fits, joined, said, take
from besadu.services.supporting import Request, checked, with_asked
from besadu.store.complaints import Decision
from besadu.store.keys import key

LONGEST_TITLE = 120
# What belongs to one hand-over and begins anew with the next.
_FRESH: dict[str, Any] = {
    "answer": None,
    "instruction": "",
    "extensions": 0,
    "extension": None,
    "progress_told": 0,
    "progress_told_at": None,
    "scheduled_for": None,
    "suggested_agency": "",
}


def forward(
    office: Office,
    actor: Actor,
    ticket: str,
    *,
    agency_code: str,
    note: str = "",
    case_class: CaseClass = "ordinary",
    supporting: Iterable[Request] = (),
) -> Complaint:
    """Hand the complaint to an agency (disposisi). Tells the citizen and the agency's duty post.

    ``supporting``: other agencies that are asked to help it, each with a message and a link of its own.

    Raises Invalid for an unknown or outside agency, NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable.
    """
    agency = notices.agency_of(office, agency_code)
    if agency.outside:
        message = f"{agency.name} di luar Pemerintah Kabupaten; gunakan Rujuk."
        raise Invalid(message)
    now, asked = office.now(), checked(office, supporting, lead=agency.code)

    def decide(before: Complaint) -> Decision:
        after = workflow.step(
            before,
            "forward",
            actor,
            now=now,
            calendar=office.calendar(),
            agency=agency.code,
            agency_name=agency.name,
            disposition=before.next_disposition,
            support=support.handed_over(before.support, agency.code),
            disposition_note=note.strip(),
            case_class=case_class,
            decided=before.decided or conditions.awaits_leader(before),
            **_FRESH,
        )
        promised = workflow.answer_due(after, now=now, calendar=office.calendar())
        after, called = with_asked(replace(after, promised=promised), asked, before=before, now=now)
        values = {"agency": agency.name, "due": notices.day(before, promised)}
        told = notices.to_citizen(before, workflow.words("forward", actor.role), values, now=now)
        cause = f"{ticket}:{before.revision}"
        duty = notices.to_agency(after, agency, workflow.ROWS["forward"].tells_agency, cause=cause, now=now)
        return Decision(
            after=after,
            action="forward",
            actor=actor,
            note="\n".join([joined(agency.name, note), *(f"Didukung {joined(one.name, text)}" for one, text in asked)]),
            outbox=tuple(item for item in (told, duty, *called) if item),
        )

    return change(office, ticket, decide)


def reject(office: Office, actor: Actor, ticket: str, *, reason: str, advice: str = "") -> Complaint:
    """Say that this is not a matter of public service or government, and why."""
    filled(reason, "Alasan penolakan")
    fits(reason + advice, "Alasan dan saran")
    words = {"reason": reason.strip(), "advice": advice.strip() or "-"}
    return take(
        office,
        actor,
        ticket,
        Step(
            "reject", {"reason": reason.strip()}, note=reason.strip(), told=citizen_told("reject", actor, words, office)
        ),
    )


def refer(office: Office, actor: Actor, ticket: str, *, body: str, contact: str = "") -> Complaint:
    """Refer the citizen to a body outside the regency's authority: its name, and how to reach it."""
    filled(body, "Instansi tujuan")
    fits(body + contact, "Instansi dan kontak")
    words = {"body": body.strip(), "contact": contact.strip() or "-"}
    return take(
        office,
        actor,
        ticket,
        Step(
            "refer",
            {"referred_to": body.strip()},
            note=joined(body, contact),
            told=citizen_told("refer", actor, words, office),
        ),
    )


def ask(office: Office, actor: Actor, ticket: str, *, question: str) -> Complaint:
    """Ask the citizen something. An officer's question is relayed; the office's clock pauses until the reply."""
    filled(question, "Pertanyaan")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "ask", actor, now=now, calendar=office.calendar(), question=question.strip())
        values = {"question": question.strip(), "due": notices.day(before, after.due)}
        if actor.role == "officer":
            values["agency"] = before.agency_name
        key = workflow.words("ask", actor.role)
        told = notices.to_citizen(before, key, values, now=now, kind="question", by_person=True)
        return Decision(
            after=after,
            action="ask",
            actor=actor,
            note=question.strip(),
            outbox=(told,),
            line=said(actor, question, told),
        )

    return change(office, ticket, decide)


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
    now, theirs = office.now(), joining.value.merged

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "merge", actor, now=now, calendar=office.calendar(), merged_into=into)
        told = notices.to_citizen(before, workflow.words("merge", actor.role), {"into": into}, now=now)
        return Decision(after=after, action="merge", actor=actor, note=into, outbox=(told,))

    def follow(before: Complaint) -> Decision:
        # Those who had been joined to it come along: their answer is now this one's.
        merged = tuple(dict.fromkeys((*before.merged, ticket, *theirs)))
        after = workflow.step(before, "note", actor, now=now, calendar=office.calendar(), merged=merged)
        return Decision(after=after, action="note", actor=actor, note=f"Digabung: {ticket}")

    decide(joining.value)  # refused before anything is written, if it must be
    # The leading one first: a crash between the two leaves a follower too many, never a reporter forgotten.
    change(office, into, follow)
    return change(office, ticket, decide)


def renew_link(office: Office, actor: Actor, ticket: str, *, reason: str, send: bool) -> Complaint:
    """End every link of the agency to this complaint; with ``send`` its duty post gets a new one."""
    filled(reason, "Alasan")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        # Links are bound to the number of the hand-over, so the next number ends them all.
        number = before.next_disposition
        after = workflow.step(before, "renew_link", actor, now=now, calendar=office.calendar(), disposition=number)
        told = agency_told(office, "renew_link")(before, after, now) if send else ()
        return Decision(after=after, action="renew_link", actor=actor, note=reason.strip(), outbox=told)

    return change(office, ticket, decide)


def note(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """An internal note; the citizen never sees it."""
    filled(text, "Catatan")
    return take(office, actor, ticket, Step("note", note=text.strip()))


def add_evidence(office: Office, actor: Actor, ticket: str, *, text: str, evidence: tuple[str, ...]) -> Complaint:
    """Files that the citizen brought or sent otherwise join the complaint; ``text`` says from where they are.

    Raises Invalid without words or files, NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable.
    """
    filled(text, "Keterangan")
    if not evidence:
        raise Invalid("Pilih berkasnya dahulu.")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "add_evidence", actor, now=now, calendar=office.calendar())
        line = TalkLine(at=now, speaker="admin", text="", key=key("evidence", *evidence), evidence=evidence)
        return Decision(after=after, action="add_evidence", actor=actor, note=text.strip(), line=line)

    return change(office, ticket, decide)


def take_over(office: Office, actor: Actor, ticket: str, *, text: str = "") -> Complaint:
    """See to it in person: nobody is reminded until the next step of the complaint. ``text``: what will be done."""
    fits(text, "Catatan")
    return _with_ladder(office, actor, ticket, Step("take_over", {"taken_over_by": actor.name}, note=text.strip()))


def let_go(office: Office, actor: Actor, ticket: str) -> Complaint:
    """Let the reminders go on; what is late is told on the next morning."""
    return _with_ladder(office, actor, ticket, Step("let_go", {"taken_over_by": ""}))


def _with_ladder(office: Office, actor: Actor, ticket: str, step: Step) -> Complaint:
    now, calendar = office.now(), office.calendar()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, step.action, actor, now=now, calendar=calendar, **step.changes)
        after = replace(after, remind_at=ladder.next_at(after, calendar))
        return Decision(after=after, action=step.action, actor=actor, note=step.note)

    return change(office, ticket, decide)


def classify(office: Office, actor: Actor, ticket: str, *, case_class: CaseClass, title: str) -> Complaint:
    """Correct the class and the title before the complaint is handed on."""
    filled(title, "Judul")
    title = mask_in(title.strip())[:LONGEST_TITLE]
    return take(office, actor, ticket, Step("classify", {"case_class": case_class, "title": title}, note=title))
