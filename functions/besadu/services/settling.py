"""What is done with a file once its bytes lie at their incoming place: look, scan, move, render, compare.

Each step can be done twice. What a step leaves in the bucket is named by the file's id, and the document is written
last, by the caller.
"""

from typing import Final, get_args

from besadu import logs, scanner
from besadu.domain import likeness
from besadu.domain.evidence import (
    Evidence,
    RenditionName,
    Scan,
    incoming_name,
    object_name,
    quarantine_name,
    rendition_name,
)
from besadu.errors import Unavailable
from besadu.frozen import replace
from besadu.media import OPAQUE, Media, StoredObject
from besadu.services import inspection, renditions
from besadu.services.inspection import Verdict
from besadu.services.office import Office

VIRUS: Final = "Berkas mengandung virus atau program berbahaya ({name}), sehingga tidak dapat dibuka."
MOST_RENDERINGS: Final = 4  # attempts after which a file is kept without: it may be what its worker died on


def settle(office: Office, media: Media, item: Evidence, landed: StoredObject) -> Evidence:
    """The file's document as it is when all is done. Raises MediaGone, Unavailable: then nothing is decided."""
    incoming = incoming_name(item.id)
    sent = item.attachment
    verdict = inspection.inspect(media, incoming, landed.size, kind=sent.kind, said=sent.mime)
    item = replace(item, size=landed.size, sha256=landed.sha256)
    if verdict.problem:
        return _locked(media, item, incoming, verdict.problem)
    scan, virus = _scanned(office, media, incoming)
    if virus:
        return _locked(media, item, incoming, virus)
    name = object_name(item.id)
    media.move(incoming, name, mime=verdict.mime)
    item = replace(
        item,
        state="stored",
        reason="",
        object_name=name,
        mime=verdict.mime,
        scan=scan,
        width=verdict.facts.width,
        height=verdict.facts.height,
        seconds=verdict.facts.seconds,
        beside=verdict.facts.beside,
    )
    return _compared(office, _rendered(media, item, verdict))


def scan_again(office: Office, media: Media, item: Evidence) -> Evidence:
    """A file that the scanner could not be asked about, once it can. Raises MediaGone, Unavailable."""
    scan, problem = _scanned(office, media, item.object_name)
    if not problem:
        return replace(item, scan=scan)
    media.move(item.object_name, incoming_name(item.id), mime=OPAQUE)  # what is found should we die before the end
    return _locked(media, item, item.object_name, problem)


def clear(media: Media, item: Evidence) -> None:
    """Take away what a settled file needs no more, the incoming object last. Raises Unavailable."""
    if item.state == "failed" and item.uploaded:
        return  # nobody else has it
    if item.state == "quarantined":  # it may have lain open until the scanner was asked
        erase(media, item.id)
    media.delete(incoming_name(item.id))


def erase(media: Media, evidence_id: str) -> None:
    """Take away what lies open of a file. Raises Unavailable."""
    name = object_name(evidence_id)
    for part in get_args(RenditionName):
        media.delete(rendition_name(name, part))
    media.delete(name)


def _scanned(office: Office, media: Media, name: str) -> tuple[Scan, str]:
    """What the scanner says, and why the file must be locked away; a scanner that is not there loses no file."""
    if not office.settings.clamd_address:
        return "", ""
    try:
        found = scanner.found_in(office.settings.clamd_address, media.open(name))
    except Unavailable as fault:
        logs.warning("scanner_unavailable", fault=str(fault))
        return "pending", ""
    return "clean", VIRUS.format(name=found) if found else ""


def _locked(media: Media, item: Evidence, lies_at: str, reason: str) -> Evidence:
    media.move(lies_at, quarantine_name(item.id), mime=OPAQUE)
    logs.warning("evidence_quarantined", evidence=item.id)
    return replace(
        item, state="quarantined", reason=reason, object_name=quarantine_name(item.id), mime="", renditions=(), scan=""
    )


def _rendered(media: Media, item: Evidence, verdict: Verdict) -> Evidence:
    if item.attempts > MOST_RENDERINGS:
        for part in get_args(RenditionName):  # an attempt that died may have left some
            media.delete(rendition_name(item.object_name, part))
        return item
    found = renditions.render(media, item.object_name, mime=item.mime, size=item.size, facts=verdict.facts)
    return replace(
        item,
        renditions=found.parts,
        prints=likeness.prints(item.sha256, found.look),
        look=found.look,
        pages=found.pages,
        taken_at=found.taken_at,
        latitude=found.latitude,
        longitude=found.longitude,
    )


def _compared(office: Office, item: Evidence) -> Evidence:
    """With the earlier files that are the same or look the same. A comparison that fails costs nobody a file."""
    try:
        others = office.store.evidence.with_prints(item.prints or likeness.prints(item.sha256, ""))
    except Unavailable:
        return item
    twins = [other.id for other in others if other.id != item.id and likeness.alike(item, other)]
    return replace(item, twins=tuple(twins[: likeness.MOST_TWINS]))
