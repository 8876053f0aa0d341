"""What a crash or a lost task left in the bucket: found by its incoming object, and taken away.

Nothing is written beyond ``incoming/`` before something lies there, and that is deleted last. So this short list names
all that can be left over, however large the archive is.
"""

from datetime import timedelta
from typing import Final, get_args

from besadu import logs
from besadu.domain.evidence import (
    FINAL,
    RenditionName,
    incoming_name,
    object_name,
    quarantine_name,
    rendition_name,
)
from besadu.media import Media
from besadu.services.office import Office

AGE: Final = timedelta(hours=1)  # an upload's document comes within seconds; a file at work is left to its own tasks


def tidy(office: Office, media: Media) -> dict[str, int]:
    """Delete what nobody needs any more. Can be stopped at any point and called again. Raises Unavailable."""
    counts = {"orphans": 0, "leftovers": 0}
    for found in media.named(incoming_name("")):
        if office.now() - found.made_at < AGE:
            continue
        evidence_id = found.name.removeprefix(incoming_name(""))
        stored = office.store.evidence.read(evidence_id)
        if stored and stored.value.state not in FINAL:
            continue
        if stored is None:
            _delete_all(media, evidence_id)
        media.delete(found.name)
        counts["leftovers" if stored else "orphans"] += 1
    if any(counts.values()):
        logs.info("bucket_tidied", **counts)
    return counts


def _delete_all(media: Media, evidence_id: str) -> None:
    name = object_name(evidence_id)
    parts = (rendition_name(name, part) for part in get_args(RenditionName))
    for each in (quarantine_name(evidence_id), *parts, name):
        media.delete(each)
