"""What a crash or a lost task left in the bucket: found by its incoming object, and taken away.

Nothing is written beyond ``incoming/`` before something lies there, and that is deleted last. So this short list names
all that can be left over, however large the archive is.
"""

from datetime import timedelta
from typing import Final

from besadu import logs
from besadu.domain.evidence import FINAL, incoming_name, quarantine_name
from besadu.media import Media
from besadu.services import settling
from besadu.services.office import Office

AGE: Final = timedelta(hours=1)  # our own writing takes minutes; a file at work is left to its own tasks


def tidy(office: Office, media: Media) -> dict[str, int]:
    """Delete what nobody needs any more. Can be stopped at any point and called again. Raises Unavailable."""
    counts = {"orphans": 0, "leftovers": 0}
    for found in media.named(incoming_name("")):
        if office.now() - found.made_at < AGE:
            continue
        evidence_id = found.name.removeprefix(incoming_name(""))
        stored = office.store.evidence.read(evidence_id)
        if stored is None and found.awaited_until and office.now() < found.awaited_until:
            continue  # a browser sent it and was closed: its page may be opened again
        if stored and stored.value.state not in FINAL:
            continue
        if stored:
            settling.clear(media, stored.value)
        else:
            settling.erase(media, evidence_id)
            media.delete(quarantine_name(evidence_id))
            media.delete(found.name)
        counts["leftovers" if stored else "orphans"] += 1
    if any(counts.values()):
        logs.info("bucket_tidied", **counts)
    return counts
