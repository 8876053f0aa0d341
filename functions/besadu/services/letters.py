"""The links and words of a message to a post, made when it is sent: a link that lets somebody in is stored nowhere."""

from datetime import datetime
from typing import Final

from besadu import links, texts
from besadu.domain.deadlines import working_days_left
from besadu.domain.message import Outgoing
from besadu.domain.nik import mask_in, mask_phones
from besadu.domain.outbox import Listed, OutboxItem
from besadu.frozen import dataclass, replace
from besadu.services import supporting
from besadu.services.office import Office

LONG_VALUE: Final = 3  # of every template to a post: a complaint's title, or the list of a digest
LONGEST_TITLE: Final = 60  # letters of a complaint's title in an SMS, which may have four segments
LONGEST_LIST: Final = 160


def addressed(office: Office, item: OutboxItem, message: Outgoing, *, now: datetime) -> Outgoing:
    """``message`` with what lets its post in: a template's link, or for SMS and e-mail words with the links in them."""
    suffix, link = _link(office, item, now)
    if message.template:
        return replace(message, link_suffix=suffix)
    if message.address.brief:
        short = {f"v{n}": _cut(n, value, item) for n, value in enumerate(item.template_values, start=1)}
        return replace(message, text=texts.letter(f"{item.template}_sms", link=link, **short))
    named = {f"v{n}": value for n, value in enumerate(item.template_values, start=1)}
    each = "\n\n".join(f"- {one.text}\n  {_listed_link(office, one, now, item.link_post)}" for one in item.listed)
    return replace(
        message,
        subject=texts.letter(f"{item.template}_subject", **named),
        text=texts.letter(f"{item.template}_mail", link=link, each=each, **named),
    )


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A complaint that an agency has to do something about; ``token`` opens it."""

    ticket: str
    title: str
    created_at: datetime
    due: datetime | None
    days_left: int | None
    token: str


def waiting(office: Office, link: links.ListLink) -> list[Waiting]:
    """What waits for this link's agency, the most urgent first, a page; then what it is asked to help with.

    Raises Unavailable.
    """
    now, calendar, complaints, agency = office.now(), office.calendar(), office.store.complaints, link.agency
    helping = (supporting.seen_from(one, agency) for one in complaints.supported_by(agency))
    return [
        Waiting(
            ticket=complaint.ticket,
            title=mask_phones(mask_in(complaint.title)),
            created_at=complaint.created_at,
            due=complaint.due,
            days_left=working_days_left(now, complaint.due, calendar) if complaint.due else None,
            token=links.issue(
                office.settings, _ticket(complaint.ticket, agency, complaint.disposition, link.issued_at, link.post)
            ),
        )
        for complaint in [*complaints.on_desk("agency", agency=agency), *(one for one in helping if one)]
    ]


def _link(office: Office, item: OutboxItem, now: datetime) -> tuple[str, str]:
    """What a template's button takes, and the whole address."""
    public = office.settings.besadu_public_url
    if item.link_for and item.ticket:
        token = links.issue(office.settings, _ticket(item.ticket, item.link_for, item.disposition, now, item.link_post))
        return token, links.url(office.settings, token)
    if item.link_for:
        token = links.issue_list(
            office.settings, links.ListLink(agency=item.link_for, issued_at=now, post=item.link_post)
        )
        return token, links.list_url(office.settings, token)
    if item.ticket:
        return item.ticket, f"{public}/console/laporan/{item.ticket}"
    return "?dari=pesan", f"{public}/console/"


def _listed_link(office: Office, one: Listed, now: datetime, post: links.LinkPost) -> str:
    if not one.agency:
        return f"{office.settings.besadu_public_url}/console/laporan/{one.ticket}"
    token = links.issue(office.settings, _ticket(one.ticket, one.agency, one.disposition, now, post))
    return links.url(office.settings, token)


def _ticket(ticket: str, agency: str, disposition: int, issued_at: datetime, post: links.LinkPost) -> links.Link:
    return links.Link(ticket=ticket, agency=agency, disposition=disposition, issued_at=issued_at, post=post)


def _cut(number: int, value: str, item: OutboxItem) -> str:
    """Of a title the beginning and of a list as much as fits; when it is due and what is wanted is never cut."""
    if number != LONG_VALUE:
        return value
    longest = LONGEST_LIST if item.listed else LONGEST_TITLE
    return value if len(value) <= longest else f"{value[: longest - 3]}..."
