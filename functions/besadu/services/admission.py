"""Whom a one-ticket link lets in: a post of the agency, for one hand-over; each opening goes on the history."""

from datetime import datetime, timedelta
from typing import Final

from besadu import links, logs
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.support import SupportState
from besadu.errors import Conflict, Refused
from besadu.frozen import dataclass, replace
from besadu.services import notices
from besadu.services.office import Office
from besadu.store.client import Stored
from besadu.store.complaints import Decision
from besadu.store.officepage import AgencyRecord

OPENED: Final = "open_link"  # in the history: somebody looked, with the link
OPENINGS_APART: Final = timedelta(hours=1)

DEAD_LINK: Final = "Tautan ini tidak berlaku atau sudah kedaluwarsa. Mintalah tautan baru kepada admin BESADU."
MOVED_ON: Final = (
    "Laporan ini sudah diteruskan ulang atau tautannya diganti, sehingga tautan ini tidak berlaku lagi. "
    "Gunakan tautan yang terbaru."
)
REVOKED: Final = (
    "Tautan ini sudah dicabut oleh admin BESADU. Gunakan tautan yang lebih baru, atau mintalah yang baru kepada admin."
)
_UNTITLED: Final = {"duty": "Petugas", "deputy": "Wakil penghubung", "head": "Kepala"}


def enter(office: Office, token: str) -> tuple[Complaint, Actor]:
    """The complaint of a link, and as whom its holder acts; the opening goes on the history, once an hour at most.

    Raises Refused (Indonesian, for the page) when the link is altered, expired, revoked or of an earlier hand-over;
    Unavailable.
    """
    stored, actor = _followed(office, token)
    return _with_opening(office, stored, actor), actor


def follow(office: Office, token: str) -> tuple[Complaint, Actor]:
    """The same without a trace in the history."""
    stored, actor = _followed(office, token)
    return stored.value, actor


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A post that has, or may get, a link to a complaint; ``opened_at`` is its last opening, as far as is written."""

    agency: str
    post: links.LinkPost
    title: str
    opened_at: datetime | None


def holders(office: Office, complaint: Complaint) -> list[Holder]:
    """All posts whose links let somebody in, the responsible agency's first."""
    opened = {entry.actor: entry.at for entry in complaint.history if entry.action == OPENED}
    found = []
    for code, _ in sorted(hand_overs(complaint), key=lambda pair: (pair[0] != complaint.agency, pair[1])):
        agency = office.store.directory.agency(code)
        for post in links.POSTS:
            title = post_title(agency, code, post)
            if post == "duty" or title in opened or (agency and notices.addresses(getattr(agency, post))):
                found.append(Holder(agency=code, post=post, title=title, opened_at=opened.get(title)))
    return found


def post_title(agency: AgencyRecord | None, code: str, name: links.LinkPost) -> str:
    """As whom the holder of a link acts: the post, its deputy and the head have a link each, in every agency."""
    if agency is None:
        return f"{_UNTITLED[name]} {code}"
    title, short = getattr(agency, name).title, agency.short or agency.name
    if not title:
        return f"{_UNTITLED[name]} {agency.name}"
    return title if short in title else f"{title} {short}"


def hand_overs(complaint: Complaint) -> set[tuple[str, int]]:
    """Agency and number of those that have to do with it: the responsible one, and those that help."""
    helping = {(one.agency, one.disposition) for one in complaint.support if one.state is not SupportState.ENDED}
    return {(complaint.agency, complaint.disposition), *helping} if complaint.agency else helping


def _is_revoked(complaint: Complaint, link: links.Link) -> bool:
    """Links are issued to the second, and a new one goes out in the very second of the revocation."""
    return any(
        one.agency == link.agency and one.post in ("", link.post) and link.issued_at < one.at.replace(microsecond=0)
        for one in complaint.revoked
    )


def _followed(office: Office, token: str) -> tuple[Stored[Complaint], Actor]:
    try:
        link = links.read(office.settings, token, office.now())
    except Refused:
        raise Refused(DEAD_LINK) from None
    stored = office.store.complaints.read(link.ticket)
    if stored is None:
        raise Refused(DEAD_LINK)
    if (link.agency, link.disposition) not in hand_overs(stored.value):
        raise Refused(MOVED_ON)
    if _is_revoked(stored.value, link):
        raise Refused(REVOKED)
    agency = office.store.directory.agency(link.agency)
    return stored, Actor(role="officer", name=post_title(agency, link.agency, link.post), agency=link.agency)


def _with_opening(office: Office, stored: Stored[Complaint], actor: Actor) -> Complaint:
    """The complaint with the opening in its history, if the last one is not of just now."""
    complaint, now = stored.value, office.now()
    seen = (entry.at for entry in complaint.history if entry.action == OPENED and entry.actor == actor.name)
    if any(now - at < OPENINGS_APART for at in seen):
        return complaint

    def decide(before: Complaint) -> Decision:
        return Decision(after=replace(before, updated_at=now), action=OPENED, actor=actor)

    try:
        return office.store.complaints.change(complaint.ticket, decide, known=stored).after
    except Conflict:  # much is happening at once; the next opening is written down
        logs.warning("opening_not_recorded", ticket=complaint.ticket)
        return complaint
