"""What an admin does with a complaint: one verb a function, each one commit of step, history entry and messages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from besadu import links
from besadu.domain import conditions, ladder, support, workflow
from besadu.domain.complaint import Actor, CaseClass, Complaint, Revocation, TalkLine
from besadu.domain.nik import mask_in
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid
from besadu.frozen import replace
from besadu.services import admission, notices, supporting
from besadu.services.office import Office
from besadu.services.steps import Step, change, citizen_told, filled, fits, joined, said, take
from besadu.services.supporting import Request
from besadu.store.complaints import Decision
from besadu.store.keys import key
from besadu.store.officepage import AgencyRecord

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
    helpers: Iterable[Request] = (),
) -> Complaint:
    """Hand the complaint to an agency (disposisi). Tells the citizen and the agency's duty post.

    ``helpers``: other agencies that are asked to help it, each with a message and a link of its own.

    Raises Invalid for an unknown or outside agency, NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable.
    """
    agency = notices.agency_of(office, agency_code)
    if agency.outside:
        message = f"{agency.name} di luar Pemerintah Kabupaten; gunakan Rujuk."
        raise Invalid(message)
    now, asked = office.now(), supporting.checked(office, helpers, lead=agency.code)

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
        after, called = supporting.with_asked(replace(after, promised=promised), asked, before=before, now=now)
        values = {"agency": agency.name, "due": notices.day(before, promised)}
        told = notices.to_citizen(before, workflow.words("forward", actor.role), values, now=now)
        told = replace(told, passing=True)  # who does not get it gets the answer all the same
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


def revoke_links(
    office: Office, actor: Actor, ticket: str, *, agency: str, post: str, reason: str, send: bool
) -> Complaint:
    """End the links of an agency's post to this complaint, or with ``post`` "" of all its posts.

    ``send``: the post, or the duty post, gets a new one. Raises Invalid, NotAllowed, KeyError, Conflict, Unavailable.
    """
    filled(reason, "Alasan")
    now, chosen = office.now(), next((known for known in links.POSTS if known == post), None)
    record = office.store.directory.agency(
        agency
    )  # None of one that the manager has closed: its links end all the same

    def decide(before: Complaint) -> Decision:
        if agency not in {code for code, _ in admission.hand_overs(before)} or (post and chosen is None):
            raise Invalid("Pilih tautan yang dicabut.")
        others = (one for one in before.revoked if (one.agency, one.post) != (agency, post))
        revoked = (*others, Revocation(agency=agency, post=post, at=now))
        after = workflow.step(before, "revoke_links", actor, now=now, calendar=office.calendar(), revoked=revoked)
        cause = f"{ticket}:{before.revision}"
        told = _new_link(after, record, chosen or "duty", cause=cause, now=now) if record and send else None
        name = record.name if record else agency
        title = admission.post_title(record, agency, chosen) if chosen else f"semua tautan {name}"
        note = joined(title, reason)
        return Decision(after=after, action="revoke_links", actor=actor, note=note, outbox=(told,) if told else ())

    return change(office, ticket, decide)


def _new_link(
    complaint: Complaint, agency: AgencyRecord, post: links.LinkPost, *, cause: str, now: datetime
) -> OutboxItem | None:
    helping = support.of(complaint.support, agency.code)
    if helping and agency.code != complaint.agency:
        return supporting.asking(complaint, agency, helping, cause=cause, now=now, post=post)
    template = workflow.ROWS["revoke_links"].tells_agency
    return notices.to_agency(complaint, agency, template, cause=cause, now=now, post=post)


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


def see_mark(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """Write down what was done about a low mark; it no longer stands on the list."""
    filled(text, "Tindak lanjut")
    return take(office, actor, ticket, Step("see_mark", {"mark_open": False}, note=text.strip()))


def classify(office: Office, actor: Actor, ticket: str, *, case_class: CaseClass, title: str) -> Complaint:
    """Correct the class and the title before the complaint is handed on."""
    filled(title, "Judul")
    title = mask_in(title.strip())[:LONGEST_TITLE]
    return take(office, actor, ticket, Step("classify", {"case_class": case_class, "title": title}, note=title))
