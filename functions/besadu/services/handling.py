"""What an agency does with a complaint that lies with it: one verb a function, each one commit."""

from datetime import date, datetime, timedelta

from besadu.domain import conditions, deadlines, workflow
from besadu.domain.complaint import Actor, Answer, Complaint, Extension
from besadu.errors import Conflict, Invalid
from besadu.services import notices, steps
from besadu.services.office import Office
from besadu.store.complaints import Decision

FURTHEST_PROMISE = timedelta(days=365)


def accept(office: Office, actor: Actor, ticket: str) -> Complaint:
    """The agency takes the complaint on; the clock of its class starts."""
    return steps.take(office, actor, ticket, steps.Step("accept"))


def hand_back(
    office: Office, actor: Actor, ticket: str, *, reason: str, right_agency: str = "", seen: int | None = None
) -> Complaint:
    """The agency returns the complaint to the admin, with a reason and, if it knows, the code of the right one.

    ``seen``: the revision that the officer had before them; a colleague may have accepted since, or asked for time.
    Raises Invalid for an unknown agency, NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable.
    """
    steps.filled(reason, "Alasan pengembalian")
    suggested = notices.agency_of(office, right_agency) if right_agency else None
    now = office.now()

    def decide(before: Complaint) -> Decision:
        if conditions.overtaken("return", before, seen):
            raise Conflict(ticket)
        after = workflow.step(
            before,
            "return",
            actor,
            now=now,
            calendar=office.calendar(),
            reason=reason.strip(),
            returns=before.returns + 1,
            suggested_agency=suggested.code if suggested else "",
            extension=None,
        )
        hint = f"Disarankan: {suggested.name}" if suggested else ""
        note = "\n".join(filter(None, (hint, steps.joined(before.agency_name, reason))))
        return Decision(after=after, action="return", actor=actor, note=note)

    return steps.change(office, ticket, decide)


def extend(
    office: Office, actor: Actor, ticket: str, *, reason: str, day: date | None, seen: int | None = None
) -> Complaint:
    """More time for the answer, until the end of ``day``; the citizen is told the new date and why.

    The first extension of a hand-over counts at once. A further one waits for the decision of an admin or leader.
    ``seen``: the revision that the officer had before them; a colleague may have asked since.
    Raises Invalid for a day that is none or too far, NotAllowed, KeyError, Conflict, Unavailable.
    """
    steps.filled(reason, "Alasan tambahan waktu")
    now, reason = office.now(), reason.strip()

    def decide(before: Complaint) -> Decision:
        if conditions.overtaken("extend", before, seen):
            raise Conflict(ticket)
        due = _working_day(office, day, before)
        if before.extensions >= conditions.OWN_EXTENSIONS:
            asked = Extension(due=due, reason=reason)
            after = workflow.step(before, "ask_extension", actor, now=now, calendar=office.calendar(), extension=asked)
            note = f"Sampai {deadlines.date_text(due)}: {reason}"
            return Decision(after=after, action="ask_extension", actor=actor, note=note)
        return _extended(office, before, "extend", actor, Extension(due=due, reason=reason), now)

    return steps.change(office, ticket, decide)


def grant_extension(office: Office, actor: Actor, ticket: str) -> Complaint:
    """The office agrees to the further time that the agency asked for. Raises as ``extend``."""
    now = office.now()

    def decide(before: Complaint) -> Decision:
        # Without one the step is refused, whatever stands here.
        asked = before.extension or Extension(due=now, reason="")
        return _extended(office, before, "grant_extension", actor, asked, now)

    return steps.change(office, ticket, decide)


def refuse_extension(office: Office, actor: Actor, ticket: str, *, reason: str) -> Complaint:
    """The office does not agree; the deadline stands. Raises as ``extend``."""
    steps.filled(reason, "Alasan")
    step = steps.Step("refuse_extension", {"extension": None}, note=reason.strip())
    return steps.take(office, actor, ticket, step)


def progress(office: Office, actor: Actor, ticket: str, *, text: str, tell: bool) -> Complaint:
    """A note on how far the work is; with ``tell`` the citizen reads it, too: once a day, three times a hand-over.

    Raises Invalid beyond that, NotAllowed, KeyError, Conflict, Unavailable.
    """
    steps.filled(text, "Kabar perkembangan")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        if not tell:
            after = workflow.step(before, "progress", actor, now=now, calendar=office.calendar())
            return Decision(after=after, action="progress", actor=actor, note=text.strip())
        _may_tell(before, now)
        after = workflow.step(
            before,
            "progress",
            actor,
            now=now,
            calendar=office.calendar(),
            progress_told=before.progress_told + 1,
            progress_told_at=now,
        )
        values = {"agency": before.agency_name, "text": text.strip()}
        told = notices.to_citizen(before, workflow.words("progress", actor.role), values, now=now, by_person=True)
        more = steps.to_followers(office, before, "progress", values, now=now)
        line = steps.said(actor, text, told)
        return Decision(after=after, action="progress", actor=actor, note=text.strip(), outbox=(told, *more), line=line)

    return steps.change(office, ticket, decide)


def answer(
    office: Office,
    actor: Actor,
    ticket: str,
    *,
    text: str,
    evidence: tuple[str, ...] = (),
    before: tuple[str, ...] = (),
    day: date | None = None,
) -> Complaint:
    """The agency's answer, for the admin to review; pictures are in the bucket already.

    ``before``: those of ``evidence`` that show the place before the work. ``day``: when it was done; a day that is
    still to come makes the answer a promise for that day. Raises Invalid, NotAllowed, KeyError, Conflict, Unavailable.
    """
    steps.filled(text, "Jawaban")
    now = office.now()
    promised = day if day and day > now.astimezone(deadlines.WIB).date() else None
    done = f"Dikerjakan pada {deadlines.date_text(day)}." if day and not promised else ""
    words = "\n\n".join(filter(None, (text.strip(), done)))
    given = Answer(
        text=words,
        original=words,
        by=actor.name,
        at=now,
        evidence=evidence,
        before=tuple(one for one in before if one in evidence),
        scheduled_for=_promised_day(promised, now, office.calendar()),
    )
    changes = {"answer": given, "extension": None}
    return steps.take(office, actor, ticket, steps.Step("answer", changes, note=text.strip()))


def _extended(
    office: Office, before: Complaint, action: workflow.Action, actor: Actor, given: Extension, now: datetime
) -> Decision:
    after = workflow.step(
        before,
        action,
        actor,
        now=now,
        calendar=office.calendar(),
        agreed=given.due,
        promised=given.due,
        extensions=before.extensions + 1,
        extension=None,
    )
    values = {"agency": before.agency_name, "reason": given.reason, "due": notices.day(before, given.due)}
    told = notices.to_citizen(before, workflow.words(action, actor.role), values, now=now)
    more = steps.to_followers(office, before, action, values, now=now)
    note = f"Sampai {deadlines.date_text(given.due)}: {given.reason}"
    return Decision(after=after, action=action, actor=actor, note=note, outbox=(told, *more))


def _working_day(office: Office, day: date | None, complaint: Complaint) -> datetime:
    """The end of ``day``, if it can be the new deadline. Raises Invalid with what is wrong."""
    if day is None:
        raise Invalid("Tanggal baru belum diisi.")
    calendar, now = office.calendar(), office.now()
    # From the deadline itself if it is still to come; an hour before it, because its end counts as the next day.
    start = max(now, complaint.due - timedelta(hours=1)) if complaint.due else now
    due, latest = calendar.end_of(day), deadlines.due(start, conditions.MOST_EXTENSION_DAYS, calendar)
    if not calendar.is_working_day(day):
        raise Invalid("Tanggal baru jatuh pada hari libur. Pilih hari kerja.")
    if due <= now or (complaint.due and due <= complaint.due):
        raise Invalid("Tanggal baru harus sesudah batas waktu yang sekarang.")
    if due > latest:
        message = f"Tanggal baru paling lambat {deadlines.date_text(latest)}."
        raise Invalid(message)
    return due


def _promised_day(day: date | None, now: datetime, calendar: deadlines.Calendar) -> datetime | None:
    if day is None:
        return None
    end = calendar.end_of(day)
    if end > now + FURTHEST_PROMISE:
        raise Invalid("Jadwalnya terlalu jauh: paling lama satu tahun.")
    return end


def _may_tell(complaint: Complaint, now: datetime) -> None:
    last = complaint.progress_told_at
    if last and last.astimezone(deadlines.WIB).date() == now.astimezone(deadlines.WIB).date():
        raise Invalid("Pelapor sudah dikabari hari ini. Simpan tanpa mengabari, atau kabari besok.")
    if complaint.progress_told >= conditions.MOST_PROGRESS:
        message = f"Pelapor sudah {conditions.MOST_PROGRESS} kali dikabari. Simpan tanpa mengabari, atau kirim jawaban."
        raise Invalid(message)
