"""Evidence: brought from the provider into the bucket, whatever happens on the way; and what an agency adds."""

import base64
import binascii
import hashlib
import itertools
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import IO, Final, Literal

from besadu import links, logs
from besadu.channels import KEEPERS
from besadu.channels.http import Media as Fetched
from besadu.domain.evidence import LEASE, Evidence
from besadu.domain.message import Attachment, MediaKind
from besadu.errors import Conflict, Invalid, MediaGone, Refused, Unavailable
from besadu.media import HEAD, Media, StoredObject, sniff
from besadu.services import recordings
from besadu.services.office import Office
from besadu.store.client import AlreadyThere, Stored
from besadu.store.keys import key

# "later": tried in vain, a task for the next try stands; "retry": it does not; "busy": another worker has it.
Outcome = Literal["stored", "refused", "failed", "later", "retry", "busy", "unknown"]

MOST_BYTES: Final = 100_000_000  # what WhatsApp lets a citizen send as a document
MOST_ATTEMPTS: Final = 8
# Seconds between attempts; the last repeats. WhatsApp keeps a file 30 days, so there is no hurry to give up.
BACK_OFF: Final = (10, 60, 300, 1800, 7200, 21600, 43200)
_PIECE: Final = 256 * 1024

WRONG_TYPE = "Jenis berkas tidak dapat diterima. Yang diterima: foto, video, rekaman suara, PDF, Word, Excel."
EMPTY = "Berkas kosong."
GONE = "Berkas sudah tidak tersedia di aplikasi pengirim. Mintalah pelapor mengirim ulang."
GAVE_UP = "Berkas tidak berhasil diambil setelah beberapa kali percobaan. Mintalah pelapor mengirim ulang."

# What an officer may add to an answer, and up to how many bytes. Below Cloud Run's 32 MB for a request.
UPLOADS: Final = {
    "image/jpeg": 10_000_000,
    "image/png": 10_000_000,
    "image/webp": 10_000_000,
    "application/pdf": 10_000_000,
    "video/mp4": 30_000_000,
}


class _Unwanted(Exception):
    """The bytes are of no type that we keep. The text is the reason, Indonesian."""


def fetch(office: Office, media: Media, evidence_id: str) -> Outcome:
    """Bring one file from its provider into the bucket. Can be called at any time and any number of times.

    Raises Unavailable when the database does not answer; what the provider or the bucket does is in the outcome.
    """
    stored = office.store.evidence.read(evidence_id)
    if stored is None:
        return "unknown"
    item, now = stored.value, office.now()
    if item.state in ("stored", "refused", "failed"):
        return item.state
    if item.due and item.due > now:
        return "busy" if item.state == "fetching" else _hurry(office, item)
    if item.attempts >= MOST_ATTEMPTS:  # its last worker died on it
        return _finish(office, stored, replace(item, state="failed", reason=GAVE_UP))
    return _claimed(office, media, stored)


def _claimed(office: Office, media: Media, before: Stored[Evidence]) -> Outcome:
    """Claim the file, try once, and write down how it went."""
    item = before.value
    claim = replace(item, state="fetching", due=office.now() + LEASE, attempts=item.attempts + 1)
    try:
        version = office.store.evidence.replace(before, claim)
    except Conflict:
        return "busy"
    # When the lease ran out meanwhile, this fails: whoever has the file now finds the object in the bucket.
    return _finish(office, Stored(claim, version), _with_result(claim, _tried(office, media, claim)))


def picture(office: Office, token: str) -> Evidence:
    """The agency's file that a signed link for a provider stands for. Raises Refused, Unavailable."""
    stored = office.store.evidence.read(links.read_picture(office.settings, token, office.now()))
    if stored is None or (stored.value.origin, stored.value.state) != ("agency", "stored"):
        raise Refused("no such picture")
    return stored.value


def keep_upload(office: Office, media: Media, *, ticket: str, agency: str, stream: IO[bytes], filename: str) -> str:
    """Keep a file that an agency adds to its answer; returns the evidence id, the same for the same file.

    Raises Invalid (Indonesian) for a file of the wrong type or size, Unavailable.
    """
    name = " ".join(filename.split())[:80] or "Berkas"
    head = stream.read(HEAD)
    mime = sniff(head)
    if mime not in UPLOADS:
        raise Invalid(f"{name}: jenis berkas tidak dapat diterima. Kirim foto (JPG, PNG, WebP), video MP4, atau PDF.")
    digest = hashlib.sha256(head)
    size = len(head)
    for chunk in _pieces(stream):
        digest.update(chunk)
        size += len(chunk)
    if size > UPLOADS[mime]:
        raise Invalid(f"{name}: ukuran berkas paling besar {UPLOADS[mime] // 1_000_000} MB.")
    evidence_id = key("agency", ticket, agency, digest.hexdigest())[:40]
    stream.seek(0)
    kept = media.store(object_name(evidence_id), _pieces(stream), mime=mime, limit=UPLOADS[mime])
    now = office.now()
    item = Evidence(
        id=evidence_id,
        ticket=ticket,
        sender_key="",
        attachment=Attachment(kind=_kind(mime), mime=mime, filename=name),
        created_at=now,
        origin="agency",
        state="stored",
        object_name=object_name(evidence_id),
        mime=kept.mime,
        size=kept.size,
        sha256=kept.sha256,
    )
    commit = office.store.commit()
    office.store.evidence.stage(commit, item)
    try:
        commit.run()
    except AlreadyThere:  # the same photo, chosen twice or sent twice
        logs.info("upload_repeated", evidence=evidence_id)
    return evidence_id


def object_name(evidence_id: str) -> str:
    """Where a file lies in the bucket: made from its id, never from a name that came from outside."""
    return f"evidence/{evidence_id[:2]}/{evidence_id}"


def _tried(office: Office, media: Media, item: Evidence) -> StoredObject | BaseException:
    """One attempt: the object, or what stood in the way."""
    try:
        with _opened(office, item) as found:
            chunks = iter(found.chunks)
            head = _read_head(chunks)
            mime = _type_of(head, item.attachment.kind)
            return media.store(
                object_name(item.id),
                itertools.chain([head], chunks),
                mime=mime,
                limit=MOST_BYTES,
                sha256=_hex_digest(item.attachment.sha256),
            )
    except (Unavailable, MediaGone, _Unwanted) as fault:
        return fault


def _opened(office: Office, item: Evidence) -> AbstractContextManager[Fetched]:
    """The file where it lies: at its provider, or with the call that an own telephone exchange reported."""
    if item.channel == "telephone" and item.attachment.media_id.startswith(recordings.KEPT):
        return recordings.open_kept(office, item.attachment)
    return KEEPERS[item.channel].fetch_media(item.attachment, settings=office.settings)


def _with_result(item: Evidence, result: StoredObject | BaseException) -> Evidence:
    if isinstance(result, StoredObject):
        return replace(
            item,
            state="stored",
            reason="",
            object_name=object_name(item.id),
            mime=result.mime,
            size=result.size,
            sha256=result.sha256,
        )
    if isinstance(result, _Unwanted):
        return replace(item, state="refused", reason=str(result))
    if isinstance(result, MediaGone):
        logs.warning("evidence_gone", evidence=item.id, reason=result.reason)
        return replace(item, state="failed", reason=GONE)
    if item.attempts >= MOST_ATTEMPTS:
        return replace(item, state="failed", reason=GAVE_UP)
    return replace(item, state="pending")


def _finish(office: Office, before: Stored[Evidence], after: Evidence) -> Outcome:
    """Write down how it went, with the time of the next try when there is one."""
    due = office.now() + _pause(after.attempts) if after.state == "pending" else None
    after = replace(after, due=due)
    try:
        office.store.evidence.replace(before, after)
    except Conflict:
        return "busy"
    logs.info("evidence_fetched", evidence=after.id, state=after.state, attempts=after.attempts, mime=after.mime)
    if after.state in ("stored", "refused", "failed"):
        return after.state
    return _hurry(office, after)


def _hurry(office: Office, item: Evidence) -> Outcome:
    return "later" if office.queue.fetch(item.id, item.due) else "retry"


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1])


def _read_head(chunks: Iterator[bytes]) -> bytes:
    """The first HEAD bytes or a little more; all of a smaller file."""
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD:
            break
    return bytes(head)


def _type_of(head: bytes, kind: MediaKind) -> str:
    """The type by the bytes. A voice recording may lie in a video's wrapping; what came as sound is played as sound."""
    mime = sniff(head)
    if mime is None:
        raise _Unwanted(WRONG_TYPE if head else EMPTY)
    return "audio/mp4" if kind == "audio" and mime in ("video/mp4", "video/3gpp") else mime


def _hex_digest(given: str) -> str:
    """A provider's SHA-256 as lower-case hex; "" when there is none that can be read."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", given):
        return given.lower()
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == hashlib.sha256().digest_size else ""


def _kind(mime: str) -> MediaKind:
    kinds: dict[str, MediaKind] = {"image": "image", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(_PIECE), b"")
