"""A file that proves something: from the citizen, or from the agency that did the work."""

from datetime import datetime, timedelta
from typing import Final, Literal

from besadu.domain.measuring import Span
from besadu.domain.message import Attachment, Channel, MediaKind
from besadu.frozen import dataclass

# quarantined: kept under lock, because its bytes are of no type that we show; failed: we never got it.
EvidenceState = Literal["pending", "fetching", "stored", "failed", "quarantined"]
FINAL: Final = frozenset({"stored", "failed", "quarantined"})
MOST_SENT: Final = 25_000_000  # bytes of a file that goes with an answer: what Messenger carries, the least of all
LEASE = timedelta(minutes=10)  # longer than fetching 100 MB takes
# Of the virus scanner: "" when none is connected, "pending" while it could not be asked; no agency sees the file then.
Scan = Literal["", "pending", "clean"]
Origin = Literal["citizen", "agency", "office"]  # the office adds what a citizen brought or sent otherwise
RenditionName = Literal["thumb", "view", "play", "save"]


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """What we made of a file to be shown: it holds nothing that the sender's device wrote beside the picture."""

    name: RenditionName  # a small picture for lists, one to look at, sound or film that every browser plays, a copy
    mime: str
    size: int  # bytes
    width: int = 0  # pixels
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One file. ``object_name`` is where it lies in the bucket; it is made from the id, never from a file name."""

    id: str
    ticket: str  # "" while the complaint is a draft
    sender_key: str
    attachment: Attachment
    created_at: datetime
    channel: Channel = "whatsapp"  # over which it came
    origin: Origin = "citizen"
    uploaded: bool = False  # the whole file lay at ``incoming_name`` before this document was made
    state: EvidenceState = "pending"
    due: datetime | None = None
    attempts: int = 0
    reason: str = ""  # why it failed or was quarantined, Indonesian, for the page
    object_name: str = ""
    mime: str = ""  # taken from the bytes
    size: int = 0
    sha256: str = ""
    width: int = 0  # pixels, of a picture or film
    height: int = 0
    seconds: float = 0.0  # of a film or recording; 0 when its header does not say
    pages: int = 0  # of a document, if it could be read
    beside: tuple[Span, ...] = ()  # of a film or recording: what only the original shows (``measuring.Facts``)
    scan: Scan = ""
    left_behind: bool = False  # the provider still keeps it, and should not: to be deleted there
    renditions: tuple[Rendition, ...] = ()
    look: str = ""  # of a picture, 64 bits in hexadecimal digits; see ``likeness``
    prints: tuple[str, ...] = ()  # by which a file that is the same finds this one
    twins: tuple[str, ...] = ()  # ids of earlier files that are the same or look the same
    taken_at: str = ""  # as the picture's EXIF says: the camera's wall clock, ISO 8601 without a zone
    latitude: float | None = None  # ... and where it says it was
    longitude: float | None = None

    @property
    def too_large_to_send(self) -> bool:
        """Whether no channel carries it to a citizen; a picture goes as we show it, and that is small."""
        return self.size > MOST_SENT and not self.mime.startswith("image/")

    def rendition(self, name: RenditionName) -> Rendition | None:
        """What was made of the file under this name, if anything."""
        return next((part for part in self.renditions if part.name == name), None)


def incoming_name(evidence_id: str) -> str:
    """Where a file lies in the bucket until we know what it is. What is left there is found by the sweep."""
    return f"incoming/{evidence_id}"


def object_name(evidence_id: str) -> str:
    """Where it lies from then on."""
    return f"evidence/{evidence_id[:2]}/{evidence_id}"


def quarantine_name(evidence_id: str) -> str:
    """Where it lies when it is nothing that we show."""
    return f"quarantine/{evidence_id}"


def rendition_name(original: str, name: RenditionName) -> str:
    """Where a rendition lies, beside the object that it was made of."""
    return f"{original}.{name}"


# Codecs that some current browser does not play: HEVC, H.263, MPEG-4 part 2, AMR, and plain sound in QuickTime.
PARTLY_PLAYED: Final = frozenset({"hev1", "hvc1", "s263", "h263", "mp4v", "samr", "sawb", "sowt", "twos", "speex"})

MOST_FILM: Final = 16_000_000  # bytes that WhatsApp carries as a film (Cloud API reference, media)


def sendable_kind(file: Evidence) -> MediaKind:
    """As what a file is sent to a citizen: a picture as our JPEG of it, an MP4 as a film, all else as a document."""
    if file.mime.startswith("image/") and (file.state != "stored" or file.rendition("view")):
        return "image"
    return "video" if file.mime == "video/mp4" and file.size <= MOST_FILM else "document"
