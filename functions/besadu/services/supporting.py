"""OPDs that help: each is asked for a part, adds it or says that it is not its own. One leads, and it alone answers."""

from collections.abc import Callable, Iterable
from datetime import datetime

from besadu.domain import support, workflow
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.deadlines import date_text
from besadu.domain.outbox import OutboxItem
from besadu.domain.support import Contribution, Support, SupportState
from besadu.errors import Invalid
from besadu.frozen import dataclass, replace
from besadu.links import LinkPost
from besadu.services import notices, steps
from besadu.services.office import Office
from besadu.store.complaints import Decision
from besadu.store.directory import AgencyRecord


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is wanted of an OPD, by its code; checked by ``checked``."""

    agency: str
    wanted: str


def checked(office: Office, requests: Iterable[Request], *, lead: str) -> list[tuple[AgencyRecord, str]]:
    """The agencies that are asked, and for what. Raises Invalid with what is wrong."""
    found: dict[str, tuple[AgencyRecord, str]] = {}
    for request in requests:
        agency = office.store.directory.agency(request.agency) if request.agency else None
        if agency is None:
            raise Invalid("Pilih OPD pendukungnya.")
        if agency.outside:
            raise Invalid(f"{agency.name} di luar Pemerintah Kabupaten, jadi tidak dapat menjadi OPD pendukung.")
        if agency.code == lead or agency.code in found:
            raise Invalid(f"{agency.name} sudah dipilih.")
        steps.filled(request.wanted, f"Yang diminta dari {agency.name}")
        found[agency.code] = (agency, request.wanted.strip())
    return list(found.values())


def with_asked(
    complaint: Complaint, asked: Iterable[tuple[AgencyRecord, str]], *, before: Complaint, now: datetime
) -> tuple[Complaint, tuple[OutboxItem, ...]]:
    """``complaint`` with these agencies asked to help, and the messages to them; ``before`` is as it was read."""
    told = []
    for agency, wanted in asked:
        one = Support(
            agency=agency.code,
            agency_name=agency.name,
            disposition=complaint.next_disposition,
            wanted=wanted,
            asked_at=now,
        )
        complaint = replace(complaint, support=support.asked(complaint.support, one))
        cause = f"{before.ticket}:{before.revision}:{agency.code}"
        told.append(asking(complaint, agency, one, cause=cause, now=now))
    return complaint, tuple(item for item in told if item)


def ask(office: Office, actor: Actor, ticket: str, *, agency: str, wanted: str) -> Complaint:
    """Ask one more agency to help with a complaint that lies with another. Its duty post gets a link of its own.

    Raises Invalid, NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable.
    """
    now = office.now()

    def decide(before: Complaint) -> Decision:
        asked = checked(office, [Request(agency=agency, wanted=wanted)], lead=before.agency)
        known = support.of(before.support, agency)
        if known and known.state is SupportState.ASKED:
            raise Invalid(f"{known.agency_name} sudah diminta dan belum mengirim bagiannya.")
        after = workflow.step(before, "ask_support", actor, now=now, calendar=office.calendar())
        after, told = with_asked(after, asked, before=before, now=now)
        note = steps.joined(asked[0][0].name, wanted)
        return Decision(after=after, action="ask_support", actor=actor, note=note, outbox=told)

    return steps.change(office, ticket, decide)


def end(office: Office, actor: Actor, ticket: str, *, agency: str) -> Complaint:
    """No longer ask this agency: its link ends, what it has contributed stays. Raises as ``ask``."""
    now = office.now()

    def decide(before: Complaint) -> Decision:
        one = support.of(before.support, agency)
        if one is None or one.state is not SupportState.ASKED:
            raise Invalid("OPD ini tidak sedang diminta mendukung.")
        kept = support.changed(before.support, replace(one, state=SupportState.ENDED))
        after = workflow.step(before, "end_support", actor, now=now, calendar=office.calendar(), support=kept)
        return Decision(after=after, action="end_support", actor=actor, note=one.agency_name)

    return steps.change(office, ticket, decide)


def contribute(
    office: Office, actor: Actor, ticket: str, *, text: str, evidence: tuple[str, ...] = (), done: bool
) -> Complaint:
    """What the supporting agency adds; with ``done`` its part is complete, and the leading one hears of it.

    Raises Invalid, NotAllowed, KeyError, Conflict, Unavailable.
    """
    steps.filled(text, "Isi kiriman")
    now = office.now()
    added = Contribution(text=text.strip(), by=actor.name, at=now, evidence=evidence)

    def change(one: Support) -> Support:
        state = SupportState.DONE if done else one.state
        return replace(one, state=state, contributions=(*one.contributions, added))

    news = "bagiannya sudah dikirim" if done else ""
    return _own_step(office, actor, ticket, "contribute", change, text, news)


def decline(office: Office, actor: Actor, ticket: str, *, reason: str) -> Complaint:
    """The agency says that it is not its matter; the leading one hears of it. Raises as ``contribute``."""
    steps.filled(reason, "Alasan")

    def change(one: Support) -> Support:
        return replace(one, state=SupportState.DECLINED, reason=reason.strip())

    news = "hal ini bukan urusannya"
    return _own_step(office, actor, ticket, "decline_support", change, reason, news)


def seen_from(complaint: Complaint, agency: str) -> Complaint | None:
    """The complaint as this agency has to do with it: its own hand-over in the place of the leading one's.

    None when nothing is awaited of this agency now. For reminders and lists, not to be stored.
    """
    if agency == complaint.agency:
        return complaint
    one = support.of(complaint.support, agency)
    if one is None or one.state is not SupportState.ASKED or not complaint.with_agency:
        return None
    return replace(
        complaint,
        agency=one.agency,
        agency_name=one.agency_name,
        disposition=one.disposition,
        clock="support",
        due=due_of(complaint),
    )


def due_of(complaint: Complaint) -> datetime | None:
    """By when contributions are wanted: the responsible agency has to answer then."""
    return complaint.due if complaint.clock == "answer" else complaint.promised


def asking(
    complaint: Complaint, agency: AgencyRecord, one: Support, *, cause: str, now: datetime, post: LinkPost = "duty"
) -> OutboxItem | None:
    """The message with which ``post`` of a supporting agency hears of it; None when it cannot be reached."""
    due = due_of(complaint)
    return notices.to_agency(
        replace(complaint, disposition=one.disposition),
        agency,
        workflow.ROWS["ask_support"].tells_agency,
        cause=cause,
        now=now,
        rest=(complaint.agency_name, date_text(due) if due else "-"),
        post=post,
    )


def _own_step(
    office: Office,
    actor: Actor,
    ticket: str,
    action: workflow.Action,
    change: Callable[[Support], Support],
    text: str,
    news: str,
) -> Complaint:
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, action, actor, now=now, calendar=office.calendar())
        one = support.of(before.support, actor.agency)
        if one is None:  # the workflow has refused that
            raise KeyError(ticket)
        after = replace(after, support=support.changed(before.support, change(one)))
        told = _news(office, after, one, action, news, before=before, now=now) if news else None
        note = steps.joined(one.agency_name, text)
        return Decision(after=after, action=action, actor=actor, note=note, outbox=(told,) if told else ())

    return steps.change(office, ticket, decide)


def _news(
    office: Office,
    complaint: Complaint,
    one: Support,
    action: workflow.Action,
    news: str,
    *,
    before: Complaint,
    now: datetime,
) -> OutboxItem | None:
    """To the leading agency's duty post; None when the manager has closed that agency, or it cannot be reached."""
    lead = office.store.directory.agency(complaint.agency)
    if lead is None:
        return None
    return notices.to_agency(
        complaint,
        lead,
        workflow.ROWS[action].tells_agency,
        cause=f"{before.ticket}:{before.revision}",
        now=now,
        rest=(one.agency_name, news),
    )
