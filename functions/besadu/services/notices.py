"""The messages that a step of a complaint sends: made with the step, in the same commit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from besadu import texts
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import date_text, short_date_text
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem, OutboxKind
from besadu.errors import Invalid
from besadu.services.office import Office
from besadu.store.directory import AgencyRecord
from besadu.store.keys import outbox_key

VERDICT_BUTTONS = ("PUAS", "BELUM")


def day(complaint: Complaint, moment: datetime | None) -> str:
    """A date in the manner of the citizen's channel; "-" when there is none."""
    if moment is None:
        return "-"
    return short_date_text(moment) if complaint.reporter.address.brief else date_text(moment)


def to_citizen(
    complaint: Complaint,
    key: str,
    values: Mapping[str, str],
    *,
    now: datetime,
    kind: OutboxKind = "notice",
    buttons: tuple[str, ...] = (),
    by_person: bool = False,
) -> OutboxItem:
    """A message about ``complaint`` to its reporter, in the words of ``key``.

    ``complaint`` is as it was before the step: its revision makes the id, so that the same step tells once.
    """
    return OutboxItem(
        id=outbox_key(f"{complaint.ticket}:{complaint.revision}", key),
        kind=kind,
        address=complaint.reporter.address,
        sender_key=complaint.reporter.sender_key,
        person=complaint.reporter.nik.index if complaint.reporter.nik else "",
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        text=texts.wording(brief=complaint.reporter.address.brief)(key, ticket=complaint.ticket, **values),
        buttons=buttons,
        # Long texts wait until the citizen opens the window; short news fit into a template.
        template="jawaban_tersedia" if kind in {"answer", "question"} else "kabar_laporan",
        template_values=(complaint.ticket,)
        if kind in {"answer", "question"}
        else (complaint.ticket, texts.say(f"news_{key}", **values)),
        by_person=by_person,
    )


def to_follower(leading: Complaint, follower: Complaint, item: OutboxItem, cause: str) -> OutboxItem:
    """``item`` for the reporter of a complaint that was merged into ``leading``: once for each step of that one."""
    return replace(item, id=outbox_key(f"{leading.ticket}:{leading.revision}:{follower.ticket}", cause))


def agency_of(office: Office, code: str) -> AgencyRecord:
    """The agency with this code. Raises Invalid (Indonesian, for the form) when there is none."""
    agency = office.store.directory.agency(code)
    if agency is None:
        raise Invalid("Pilih instansi tujuan.")
    return agency


def to_agency(
    complaint: Complaint,
    agency: AgencyRecord,
    template: str,
    *,
    cause: str,
    now: datetime,
    extra: tuple[str, ...] = (),
) -> OutboxItem | None:
    """A message with the one-ticket link to the agency's duty post; None when the post has no number."""
    if not agency.duty.phone:
        return None
    due = date_text(complaint.due) if complaint.due else "-"
    return OutboxItem(
        id=outbox_key(cause, template),
        kind="agency",
        address=Address(channel="whatsapp", account="", phone=agency.duty.phone),
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        template=template,
        template_values=(agency.short or agency.name, complaint.ticket, complaint.title, due, *extra),
        link_for=agency.code,
        disposition=complaint.disposition,
    )


def to_head(complaint: Complaint, agency: AgencyRecord, *, cause: str, now: datetime, late: int) -> OutboxItem | None:
    """An escalation to the head of the agency; None when the post has no number."""
    if not agency.head.phone:
        return None
    return OutboxItem(
        id=outbox_key(cause, "eskalasi"),
        kind="agency",
        address=Address(channel="whatsapp", account="", phone=agency.head.phone),
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        template="eskalasi",
        template_values=(agency.head.title or f"Kepala {agency.name}", complaint.ticket, agency.name, str(late)),
    )
