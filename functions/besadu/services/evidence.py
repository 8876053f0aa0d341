"""Evidence: brought from the provider into the bucket, looked at there, and put where it belongs, whatever happens.

Bytes from outside lie at ``incoming/`` until it is known what they are; that object is deleted last, so that whatever a
crash leaves behind has something there that the sweep (``tidying``) finds.
"""

import base64
import binascii
import hashlib
import re
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Final, Literal

from besadu import links, logs
from besadu.channels import FORGETTERS, KEEPERS
from besadu.channels.http import Media as Fetched
from besadu.domain.evidence import FINAL, LEASE, Evidence, EvidenceState, incoming_name
from besadu.errors import Conflict, MediaGone, Refused, Unavailable
from besadu.frozen import replace
from besadu.media import Media, StoredObject
from besadu.services import recordings, settling
from besadu.services.office import Office
from besadu.store.client import Stored

# "later": tried in vain, a task for the next try stands; "retry": it does not; "busy": another worker has it.
Outcome = Literal[EvidenceState, "later", "retry", "busy", "unknown"]

MOST_BYTES: Final = 100_000_000  # what WhatsApp lets a citizen send as a document
MOST_ATTEMPTS: Final = 8
AFTERWARDS: Final = timedelta(minutes=15)  # between tries of what is left to do with a settled file
# Seconds between attempts; the last repeats. WhatsApp keeps a file 30 days, so there is no hurry to give up.
BACK_OFF: Final = (10, 60, 300, 1800, 7200, 21600, 43200)

GONE = "Berkas sudah tidak tersedia di aplikasi pengirim. Mintalah pelapor mengirim ulang."
GAVE_UP = "Berkas tidak berhasil diambil setelah beberapa kali percobaan. Mintalah pelapor mengirim ulang."


def fetch(office: Office, media: Media, evidence_id: str, *, again: bool = False) -> Outcome:
    """Bring one file into the bucket and to its place there. Can be called at any time and any number of times.

    ``again``: this may not be the first attempt, so it is claimed, and counted before it begins. The first one costs no
    claim: should two workers make it at once, the bucket keeps one object and the document one result.
    Raises Unavailable when the database does not answer; what the provider or the bucket does is in the outcome.
    """
    stored = office.store.evidence.read(evidence_id)
    if stored is None:
        return "unknown"
    item, now = stored.value, office.now()
    if item.state in FINAL:
        return _afterwards(office, media, stored)
    if item.due and item.due > now:
        return "busy" if item.state == "fetching" else _hurry(office, item)
    if item.attempts >= MOST_ATTEMPTS:  # its last worker died on it
        return _finish(office, media, stored, replace(item, state="failed", reason=GAVE_UP))
    if again or item.attempts:
        claim = replace(item, state="fetching", due=now + LEASE, attempts=item.attempts + 1)
        try:
            stored = Stored(claim, office.store.evidence.replace(stored, claim))
        except Conflict:
            return "busy"
    else:
        item = replace(item, attempts=1)
        stored = Stored(item, stored.version)
    return _finish(office, media, stored, _tried(office, media, stored.value))


def _afterwards(office: Office, media: Media, stored: Stored[Evidence]) -> Outcome:
    """What could not be done with a file when it was settled: have it scanned, have it deleted where it came from."""
    item = stored.value
    if (item.scan != "pending" and not item.left_behind) or (item.due and item.due > office.now()):
        return item.state
    try:
        after = settling.scan_again(office, media, item) if item.scan == "pending" else item
    except (MediaGone, Unavailable):
        return "retry"
    return _finish(office, media, stored, _released(office, after))


def _released(office: Office, item: Evidence) -> Evidence:
    """With the file deleted at a provider that would keep it for ever; noted when that must be tried again."""
    forget = FORGETTERS.get(item.channel)
    if item.state not in ("stored", "quarantined") or forget is None or _kept_by_us(item):
        return item
    try:
        forget.forget_media(item.attachment, settings=office.settings)
    except (MediaGone, Unavailable) as fault:
        logs.warning("left_at_provider", evidence=item.id, fault=str(fault))
        return replace(item, left_behind=isinstance(fault, Unavailable))
    return replace(item, left_behind=False)


def _kept_by_us(item: Evidence) -> bool:
    """Whether no provider has it: it was uploaded, or came with its message or with the call of an own exchange."""
    with_its_call = item.channel == "telephone" and item.attachment.media_id.startswith(recordings.KEPT)
    return item.uploaded or bool(item.attachment.content) or with_its_call


def picture(office: Office, token: str) -> Evidence:
    """The agency's file that a signed link for a provider stands for. Raises Refused, Unavailable."""
    stored = office.store.evidence.read(links.read_picture(office.settings, token, office.now()))
    if stored is None or (stored.value.origin, stored.value.state) != ("agency", "stored"):
        raise Refused("no such picture")
    return stored.value


def _tried(office: Office, media: Media, item: Evidence) -> Evidence:
    """One attempt, and how it went."""
    try:
        landed = _landed(office, media, item)
        settled = _released(office, settling.settle(office, media, item, landed))
        return replace(settled, attachment=replace(settled.attachment, content=b""))
    except MediaGone as fault:
        logs.warning("evidence_gone", evidence=item.id, reason=fault.reason)
        return replace(item, state="failed", reason=GONE)
    except Unavailable as fault:
        logs.info("evidence_not_fetched", evidence=item.id, fault=str(fault), attempts=item.attempts)
        if item.attempts >= MOST_ATTEMPTS:
            return replace(item, state="failed", reason=GAVE_UP)
        return replace(item, state="pending")


def _landed(office: Office, media: Media, item: Evidence) -> StoredObject:
    """The file at its incoming place: put there by an upload or an earlier attempt, or else fetched now."""
    name, sha256 = incoming_name(item.id), _hex_digest(item.attachment.sha256)
    if item.uploaded or (item.attempts > 1 and media.size(name) is not None):
        return media.measure(name, sha256)
    with _opened(office, item) as found:
        return media.store(name, found.chunks, limit=MOST_BYTES, sha256=sha256)


def _opened(office: Office, item: Evidence) -> AbstractContextManager[Fetched]:
    """The file where it lies: in its message, at its provider, or with the call that an own exchange reported."""
    content = item.attachment.content
    if content:
        return nullcontext(Fetched(iter((content,)), item.attachment.mime, len(content)))
    if _kept_by_us(item):
        return recordings.open_kept(office, item.attachment)
    return KEEPERS[item.channel].fetch_media(item.attachment, settings=office.settings)


def _finish(office: Office, media: Media, before: Stored[Evidence], after: Evidence) -> Outcome:
    """Write down how it went, with the time of the next try when there is one."""
    try:
        stands = _write(office, before, replace(after, due=_next_due(office, after)))
    except Conflict:
        return "busy"
    logs.info("evidence_fetched", evidence=after.id, state=stands.state, attempts=after.attempts, mime=after.mime)
    if stands.state not in FINAL:
        return _hurry(office, stands)
    try:
        settling.clear(media, stands)
    except Unavailable:
        logs.info("incoming_left", evidence=after.id)  # for the sweep
    if stands.due:
        office.queue.fetch(stands.id, stands.due)
    return stands.state


def _next_due(office: Office, item: Evidence) -> datetime | None:
    """When something is to be done with the file again, if ever."""
    if item.state == "pending":
        return office.now() + _pause(item.attempts)
    return office.now() + AFTERWARDS if item.scan == "pending" or item.left_behind else None


def _write(office: Office, before: Stored[Evidence], after: Evidence) -> Evidence:
    """What stands then: another worker's end, or ours, which wins over another's beginning. Raises Conflict."""
    try:
        office.store.evidence.replace(before, after)
    except Conflict:
        now = office.store.evidence.read(after.id)
        if now and now.value.state in FINAL:
            return now.value
        if now is None or after.state not in FINAL:
            raise
        office.store.evidence.replace(now, after)
    return after


def _hurry(office: Office, item: Evidence) -> Outcome:
    """A task for the next try."""
    return "later" if office.queue.fetch(item.id, item.due) else "retry"


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1])


def _hex_digest(given: str) -> str:
    """A provider's SHA-256 as lower-case hex; "" when there is none that can be read."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", given):
        return given.lower()
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == hashlib.sha256().digest_size else ""
