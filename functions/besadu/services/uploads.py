"""Large files of citizens: from a page straight into the bucket. We sign where to, and take in what has arrived.

What arrived is heard like a photo in the chat: it joins the draft or the open complaint, and the citizen reads there
that it came. Its id is made from the upload's, so that finishing twice is hearing the same message twice. What is not
taken in is no document's, and ``tidying`` takes it away.
"""

from datetime import datetime, timedelta
from typing import IO, Final

from besadu import links
from besadu.domain.complaint import Complaint
from besadu.domain.conversation import Conversation, Reply
from besadu.domain.deadlines import datetime_text, short_date_text
from besadu.domain.evidence import incoming_name
from besadu.domain.message import Attachment, Inbound
from besadu.domain.turn import evidence_ids
from besadu.errors import Invalid, MediaGone, Refused
from besadu.frozen import dataclass
from besadu.media import Media
from besadu.services import arrivals, intake
from besadu.services.arrivals import Begun
from besadu.services.office import Office
from besadu.store.keys import inbox_key

LINK_LIFE: Final = timedelta(days=3)

DEAD: Final = (
    "Tautan ini tidak berlaku atau sudah kedaluwarsa. Ketik KIRIM FILE BESAR di percakapan BESADU untuk tautan baru."
)
CLOSED: Final = (
    "Laporan untuk tautan ini sudah dikirim, dibatalkan, atau ditutup. Silakan lanjutkan di percakapan BESADU."
)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Somebody who came by a link that holds: whose conversation, and about what."""

    sender_key: str
    head: Conversation
    ticket: str  # "" for a draft
    expires_at: datetime


def link_reply(office: Office, sender_key: str, head: Conversation, now: datetime) -> Reply:
    """The answer to a citizen who wants to send a large file; there is a draft or an open complaint."""
    ticket = "" if head.draft else head.ticket
    link = links.UploadLink(sender_key=sender_key, ticket=ticket, issued_at=now, expires_at=now + LINK_LIFE)
    expires = short_date_text(link.expires_at) if head.address.brief else datetime_text(link.expires_at)
    return Reply(
        key="upload_link",
        values={"link": links.upload_url(office.settings, link), "expires": expires},
        urgent=True,
    )


def visit(office: Office, token: str) -> Visit:
    """Who comes with this link. Raises Refused (Indonesian) when it is altered, expired or its complaint is closed."""
    try:
        link = links.read_upload(office.settings, token, office.now())
    except Refused:
        raise Refused(DEAD) from None
    stored = office.store.senders.read(link.sender_key, patient=True)
    if stored is None:
        raise Refused(DEAD)
    head = stored.value
    if not link.ticket and head.draft and head.draft.started_at <= link.issued_at + timedelta(seconds=1):
        return Visit(sender_key=link.sender_key, head=head, ticket="", expires_at=link.expires_at)
    complaint = _complaint(office, head)
    if head.draft or complaint is None or not complaint.open or not _meant(link, complaint):
        raise Refused(CLOSED)
    return Visit(sender_key=link.sender_key, head=head, ticket=complaint.ticket, expires_at=link.expires_at)


def begin(office: Office, media: Media, token: str, *, size: int, mime: str) -> Begun:
    """Let a file of ``size`` bytes come. Raises Refused as ``visit``, Invalid (Indonesian), Unavailable."""
    guest = visit(office, token)
    upload_id = arrivals.new_upload_id()
    evidence_id = _evidence_id(guest, upload_id)
    address = arrivals.address_for(media, evidence_id, size=size, mime=mime, awaited_until=guest.expires_at)
    return Begun(id=upload_id, address=address)


def finish(office: Office, media: Media, token: str, *, upload_id: str, mime: str, filename: str) -> None:
    """Take in what has arrived; again and again changes nothing.

    Raises Refused as ``visit``, Invalid (Indonesian) when it has not arrived or there is no room for it, Unavailable.
    """
    guest = visit(office, token)
    arrivals.check_upload_id(upload_id)
    evidence_id = _evidence_id(guest, upload_id)
    if office.store.evidence.read(evidence_id):
        return
    arrivals.arrived_size(media, evidence_id)
    now = office.now()
    attachment = Attachment(
        kind=arrivals.kind_of(mime), mime=arrivals.mime_said(mime), filename=arrivals.shown_name(filename)
    )
    intake.hear_upload(
        office,
        Inbound(
            address=guest.head.address,
            provider_id=_provider_id(upload_id),
            kind="message",
            received_at=now,
            sent_at=now,
            attachments=(attachment,),
            uploaded=True,
        ),
    )
    if office.store.evidence.read(evidence_id) is None:
        raise Invalid(arrivals.FULL)


def keep(office: Office, media: Media, token: str, *, stream: IO[bytes], mime: str, filename: str) -> None:
    """Take a file out of a plain form, for browsers that run no script. Raises as ``finish``."""
    guest = visit(office, token)
    upload_id = arrivals.new_upload_id()
    try:
        kept = media.store(
            incoming_name(_evidence_id(guest, upload_id)),
            arrivals.iter_pieces(stream),
            limit=arrivals.MOST_IN_A_FORM,
        )
    except MediaGone:
        raise Invalid(arrivals.TOO_LARGE_FOR_A_FORM) from None
    if not kept.size:
        raise Invalid(arrivals.EMPTY)
    finish(office, media, token, upload_id=upload_id, mime=mime, filename=filename)


def _complaint(office: Office, head: Conversation) -> Complaint | None:
    stored = office.store.complaints.read(head.ticket) if head.ticket else None
    return stored.value if stored else None


def _meant(link: links.UploadLink, complaint: Complaint) -> bool:
    """Whether the link is for this complaint, or for the draft that became it."""
    return link.ticket == complaint.ticket or (not link.ticket and complaint.created_at >= link.issued_at)


def _provider_id(upload_id: str) -> str:
    return f"unggah-{upload_id}"


def _evidence_id(guest: Visit, upload_id: str) -> str:
    address = guest.head.address
    (evidence_id,) = evidence_ids(inbox_key(address.channel, address.account, _provider_id(upload_id)), 1)
    return evidence_id
