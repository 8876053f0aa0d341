"""The messages that a step of a complaint sends: made with the step, in the same commit."""

from collections.abc import Mapping
from datetime import datetime

from besadu import texts
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import date_text, short_date_text
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem, OutboxKind
from besadu.errors import Invalid
from besadu.frozen import replace
from besadu.links import LinkPost
from besadu.services.office import Office
from besadu.store.directory import AgencyRecord, Post
from besadu.store.keys import outbox_key

VERDICT_BUTTONS = ("PUAS", "BELUM")
NOWHERE = Address(channel="email", account="")


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
    brief, long = complaint.reporter.address.brief, kind in {"answer", "question"}
    return OutboxItem(
        id=outbox_key(f"{complaint.ticket}:{complaint.revision}", key),
        kind=kind,
        address=complaint.reporter.address,
        sender_key=complaint.reporter.sender_key,
        person=complaint.reporter.nik.indexes if complaint.reporter.nik else (),
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        text=texts.wording(brief=brief)(key, ticket=complaint.ticket, **values),
        sms_text=texts.say_briefly(key, ticket=complaint.ticket, **values) if long and not brief else "",
        buttons=buttons,
        # Long texts wait until the citizen opens the window; short news fit into a template.
        template="jawaban_tersedia" if long else "kabar_laporan",
        template_values=(complaint.ticket,) if long else (complaint.ticket, texts.say(f"news_{key}", **values)),
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


def addresses(post: Post) -> tuple[Address, ...]:
    """Where a post is reached, in the order that it chose."""
    known = {
        "whatsapp": Address(channel="whatsapp", account="", phone=post.phone) if post.phone else None,
        "sms": Address(channel="sms", account="", phone=post.phone) if post.phone else None,
        "email": Address(channel="email", account="", user_id=post.email) if post.email else None,
    }
    found = (known[channel] for channel in post.channels)
    return tuple(address for address in found if address)


def blank(outbox_id: str, now: datetime) -> OutboxItem:
    """A message to a post, before its words and its address."""
    return OutboxItem(id=outbox_id, kind="agency", address=NOWHERE, created_at=now, due=now)


def to_post(post: Post, item: OutboxItem) -> OutboxItem | None:
    """``item`` on its way to the post by the first of its channels; None when it has no address."""
    first, *others = addresses(post) or (NOWHERE,)
    return None if first is NOWHERE else replace(item, address=first, fallbacks=tuple(others))


def to_agency(
    complaint: Complaint,
    agency: AgencyRecord,
    template: str,
    *,
    cause: str,
    now: datetime,
    rest: tuple[str, ...] = (),
    post: LinkPost = "duty",
) -> OutboxItem | None:
    """A message with the one-ticket link to the agency's duty post, or to its deputy while nobody reaches that one.

    With another ``post`` to that one alone.
    ``rest``: the template's values after agency, ticket and title; by default the deadline. None when neither post can
    be reached.
    """
    due = date_text(complaint.due) if complaint.due else "-"
    item = OutboxItem(
        id=outbox_key(cause, template),
        kind="agency",
        address=NOWHERE,
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        template=template,
        template_values=(agency.short or agency.name, complaint.ticket, complaint.title, *(rest or (due,))),
        link_for=agency.code,
        disposition=complaint.disposition,
    )
    tried: tuple[LinkPost, ...] = ("duty", "deputy") if post == "duty" else (post,)
    items = (to_post(getattr(agency, one), replace(item, link_post=one)) for one in tried)
    return next((one for one in items if one), None)
