"""Large files of citizens: from a page straight into the bucket. We sign where to, and take in what has arrived.

What arrived is heard like a photo in the chat: it joins the draft or the open complaint, and the citizen reads there
that it came. Its id is made from the upload's, so that finishing twice is hearing the same message twice. What is not
taken in is no document's, and ``tidying`` takes it away.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Final

from besadu import links
from besadu.domain.complaint import Complaint
from besadu.domain.conversation import Conversation, Reply
from besadu.domain.deadlines import datetime_text, short_date_text
from besadu.domain.evidence import incoming_name
from besadu.domain.message import Attachment, Inbound, MediaKind
from besadu.domain.nik import mask_in
from besadu.domain.turn import evidence_ids
from besadu.errors import Invalid, MediaGone, Refused
from besadu.media import OPAQUE, Media, UploadAddress
from besadu.services import intake
from besadu.services.office import Office
from besadu.store.keys import inbox_key

LINK_LIFE: Final = timedelta(days=3)
BEGIN_WITHIN: Final = timedelta(minutes=15)  # a begun upload itself may take a week
MOST_BYTES: Final = 200_000_000
MOST_IN_A_FORM: Final = 30_000_000  # below Cloud Run's 32 MB for a request
LONGEST_NAME: Final = 80

DEAD: Final = (
    "Tautan ini tidak berlaku atau sudah kedaluwarsa. Ketik KIRIM FILE BESAR di percakapan BESADU untuk tautan baru."
)
CLOSED: Final = (
    "Laporan untuk tautan ini sudah dikirim, dibatalkan, atau ditutup. Silakan lanjutkan di percakapan BESADU."
)
_EMPTY: Final = "Berkas kosong. Silakan pilih berkas lain."
_TOO_LARGE: Final = "Ukuran berkas paling besar 200 MB. Mohon pilih berkas yang lebih kecil."
_TOO_LARGE_FOR_A_FORM: Final = "Tanpa JavaScript, ukuran berkas paling besar 30 MB."
_NOT_THERE: Final = "Berkas belum sampai seluruhnya. Silakan kirim ulang."
_FULL: Final = "Laporan ini sudah memuat banyak sekali berkas, sehingga berkas ini tidak disimpan."

_PIECE: Final = 256 * 1024
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
_UPLOAD = re.compile(r"[A-Za-z0-9_-]{20,40}")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Somebody who came by a link that holds: whose conversation, and about what."""

    sender_key: str
    head: Conversation
    ticket: str  # "" for a draft
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An upload that may begin; ``id`` names it when it is finished."""

    id: str
    address: UploadAddress


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
    if size <= 0:
        raise Invalid(_EMPTY)
    if size > MOST_BYTES:
        raise Invalid(_TOO_LARGE)
    upload_id = secrets.token_urlsafe(18)
    name = incoming_name(_evidence_id(guest, upload_id))
    address = media.upload_address(
        name, size=size, mime=_mime(mime), lifetime=BEGIN_WITHIN, awaited_until=guest.expires_at
    )
    return Begun(id=upload_id, address=address)


def finish(office: Office, media: Media, token: str, *, upload_id: str, mime: str, filename: str) -> None:
    """Take in what has arrived; again and again changes nothing.

    Raises Refused as ``visit``, Invalid (Indonesian) when it has not arrived or there is no room for it, Unavailable.
    """
    guest = visit(office, token)
    if not _UPLOAD.fullmatch(upload_id):
        raise Invalid(_NOT_THERE)
    evidence_id = _evidence_id(guest, upload_id)
    if office.store.evidence.read(evidence_id):
        return
    size = media.size(incoming_name(evidence_id))
    if size is None:
        raise Invalid(_NOT_THERE)
    if size > MOST_BYTES:  # the signature does not allow it
        raise Invalid(_TOO_LARGE)
    now = office.now()
    attachment = Attachment(kind=_kind(mime), mime=_mime(mime), filename=_name(filename))
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
        raise Invalid(_FULL)


def keep(office: Office, media: Media, token: str, *, stream: IO[bytes], mime: str, filename: str) -> None:
    """Take a file out of a plain form, for browsers that run no script. Raises as ``finish``."""
    guest = visit(office, token)
    upload_id = secrets.token_urlsafe(18)
    try:
        kept = media.store(
            incoming_name(_evidence_id(guest, upload_id)),
            iter_pieces(stream),
            limit=MOST_IN_A_FORM,
        )
    except MediaGone:
        raise Invalid(_TOO_LARGE_FOR_A_FORM) from None
    if not kept.size:
        raise Invalid(_EMPTY)
    finish(office, media, token, upload_id=upload_id, mime=mime, filename=filename)


def iter_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """What ``stream`` holds, a piece at a time."""
    return iter(lambda: stream.read(_PIECE), b"")


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


def _mime(said: str) -> str:
    """What the browser says, as far as it can be a type. What the file is, its bytes tell later."""
    return said if _MIME.fullmatch(said) else OPAQUE


def _kind(mime: str) -> MediaKind:
    kinds: dict[str, MediaKind] = {"audio": "audio", "image": "image", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")


def _name(filename: str) -> str:
    return mask_in(" ".join(filename.split()))[:LONGEST_NAME]
