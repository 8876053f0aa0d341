"""Files of an agency or of the office: in the bucket before the form that names them is taken.

A page holds an address for uploads to one complaint. What a browser sends there, of any size, becomes a file of that
complaint which nothing shows until a form names it: ``own`` says which ids a form may name. Without a script the file
comes in the form itself (``keep``).
"""

import hashlib
from datetime import timedelta
from typing import IO, Final

from besadu import links, logs
from besadu.domain.evidence import Evidence, Origin, incoming_name
from besadu.domain.filetype import HEAD, sniff
from besadu.domain.message import Attachment
from besadu.errors import Invalid, Refused
from besadu.media import Media
from besadu.services import arrivals, inspection
from besadu.services.arrivals import Begun
from besadu.services.office import Office
from besadu.store.client import AlreadyThere
from besadu.store.keys import key

PAGE_LIFE: Final = timedelta(hours=12)  # a page that stays open over the day; its form is then refused or taken anew
AWAITED: Final = timedelta(days=3)  # after a browser sent a file and was closed
MOST_OF_A_COMPLAINT: Final = 100  # files of the office and agencies, so that a link that leaked fills no bucket

DEAD: Final = "Halaman ini sudah terlalu lama terbuka. Salin tulisan Anda, muat ulang, lalu pilih berkasnya lagi."


def address(office: Office, ticket: str, agency: str = "") -> str:
    """Where this page's script uploads; ``agency`` is empty for the office."""
    upload = links.StaffUpload(ticket=ticket, agency=agency, expires_at=office.now() + PAGE_LIFE)
    return links.staff_upload_url(office.settings, upload)


def begin(office: Office, media: Media, token: str, *, size: int, mime: str) -> Begun:
    """Let a file of ``size`` bytes come. Raises Refused and Invalid (Indonesian), Unavailable."""
    upload = _read(office, token)
    if office.store.evidence.count(upload.ticket) >= MOST_OF_A_COMPLAINT:
        raise Invalid(arrivals.FULL)
    upload_id = arrivals.new_upload_id()
    evidence_id = _evidence_id(upload.ticket, upload.agency, upload_id)
    until = office.now() + AWAITED
    return Begun(
        id=upload_id,
        address=arrivals.address_for(media, evidence_id, size=size, mime=mime, awaited_until=until),
    )


def finish(office: Office, media: Media, token: str, *, upload_id: str, filename: str) -> str:
    """Take in what has arrived; its id. Again and again changes nothing.

    A type that we do not show is told at once, and the file left to ``tidying``: who sent it sits before the page.
    Raises Refused and Invalid (Indonesian), Unavailable.
    """
    upload = _read(office, token)
    arrivals.check_upload_id(upload_id)
    evidence_id = _evidence_id(upload.ticket, upload.agency, upload_id)
    if office.store.evidence.read(evidence_id):
        return evidence_id
    size = arrivals.arrived_size(media, evidence_id)
    mime = sniff(media.reader(incoming_name(evidence_id))(0, HEAD))
    if mime is None:
        raise Invalid(_wrong_type(filename))
    _stage(office, evidence_id, upload.ticket, upload.agency, filename=filename, mime=mime, size=size)
    return evidence_id


def keep(office: Office, media: Media, *, ticket: str, agency: str, stream: IO[bytes], filename: str) -> str:
    """Keep a file that came in a form; returns its id, the same for the same file.

    Raises Invalid (Indonesian) for a file of the wrong type or size, Unavailable.
    """
    head = stream.read(HEAD)
    mime = sniff(head)
    if mime is None:
        raise Invalid(_wrong_type(filename))
    digest, size = hashlib.sha256(head), len(head)
    for piece in arrivals.iter_pieces(stream):
        digest.update(piece)
        size += len(piece)
    if size > arrivals.MOST_IN_A_FORM:
        raise Invalid(f"{_name(filename)}: {arrivals.TOO_LARGE_FOR_A_FORM}")
    evidence_id = _evidence_id(ticket, agency, digest.hexdigest())
    stream.seek(0)
    media.store(incoming_name(evidence_id), arrivals.iter_pieces(stream), limit=arrivals.MOST_IN_A_FORM)
    _stage(office, evidence_id, ticket, agency, filename=filename, mime=mime, size=size)
    return evidence_id


def own(office: Office, ticket: str, origin: Origin, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``ids`` that are files which were uploaded for this very complaint, by an agency or by the office."""
    found = office.store.evidence.read_all(ids)
    return tuple(item.id for item in found if (item.ticket, item.origin) == (ticket, origin))


def _read(office: Office, token: str) -> links.StaffUpload:
    try:
        return links.read_staff_upload(office.settings, token, office.now())
    except Refused:
        raise Refused(DEAD) from None


def _stage(office: Office, evidence_id: str, ticket: str, agency: str, *, filename: str, mime: str, size: int) -> None:
    now = office.now()
    item = Evidence(
        id=evidence_id,
        ticket=ticket,
        sender_key="",
        attachment=Attachment(kind=arrivals.kind_of(mime), mime=mime, filename=_name(filename)),
        created_at=now,
        origin="agency" if agency else "office",
        uploaded=True,
        due=now,
        mime=mime,
        size=size,
    )
    commit = office.store.commit()
    office.store.evidence.stage(commit, item)
    try:
        commit.run()
    except AlreadyThere:  # the same photo, chosen twice or sent twice
        logs.info("upload_repeated", evidence=evidence_id)
    else:
        office.queue.fetch(item.id, None)


def _evidence_id(ticket: str, agency: str, upload: str) -> str:
    return key("agency", ticket, agency, upload)[:40]


def _wrong_type(filename: str) -> str:
    return f"{_name(filename)}: jenis berkas tidak dapat diterima. {inspection.ACCEPTED}"


def _name(filename: str) -> str:
    return arrivals.shown_name(filename) or "Berkas"
