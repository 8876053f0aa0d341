"""Whom a one-ticket link lets in: a post of the agency, for one hand-over; each opening goes on the history."""

from datetime import timedelta
from typing import Final

from besadu import links, logs
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.support import SupportState
from besadu.errors import Conflict, Refused
from besadu.frozen import replace
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
_UNTITLED: Final = {"duty": "Petugas", "deputy": "Wakil penghubung", "head": "Kepala"}


def enter(office: Office, token: str) -> tuple[Complaint, Actor]:
    """The complaint of a link, and as whom its holder acts; the opening goes on the history, once an hour at most.

    Raises Refused (Indonesian, for the page) when the link is altered, expired or of an earlier hand-over; Unavailable.
    """
    stored, actor = _followed(office, token)
    return _with_opening(office, stored, actor), actor


def follow(office: Office, token: str) -> tuple[Complaint, Actor]:
    """The same without a trace in the history."""
    stored, actor = _followed(office, token)
    return stored.value, actor


def hand_overs(complaint: Complaint) -> set[tuple[str, int]]:
    """Agency and number of those that have to do with it: the responsible one, and those that help."""
    helping = {(one.agency, one.disposition) for one in complaint.support if one.state is not SupportState.ENDED}
    return {(complaint.agency, complaint.disposition), *helping}


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
    agency = office.store.directory.agency(link.agency)
    return stored, Actor(role="officer", name=_post_title(agency, link), agency=link.agency)


def _post_title(agency: AgencyRecord | None, link: links.Link) -> str:
    """As whom the holder of this link acts: the post, its deputy and the head have a link each."""
    posts = {"duty": agency.duty, "deputy": agency.deputy, "head": agency.head} if agency else {}
    post = posts.get(link.post)
    return post.title if post and post.title else f"{_UNTITLED[link.post]} {agency.name if agency else link.agency}"


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
