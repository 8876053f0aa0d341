"""A file that proves something: from the citizen, or from the agency that did the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from besadu.domain.message import Attachment, Channel, MediaKind

EvidenceState = Literal["pending", "fetching", "stored", "failed", "refused"]
LEASE = timedelta(minutes=10)  # longer than fetching 100 MB takes


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One file. ``object_name`` is where it lies in the bucket; it is made from the id, never from a file name."""

    id: str
    ticket: str  # "" while the complaint is a draft
    sender_key: str
    attachment: Attachment
    created_at: datetime
    channel: Channel = "whatsapp"  # over which it came
    origin: Literal["citizen", "agency"] = "citizen"
    state: EvidenceState = "pending"
    due: datetime | None = None
    attempts: int = 0
    reason: str = ""  # why it failed or was refused, Indonesian, for the page
    object_name: str = ""
    mime: str = ""  # taken from the bytes
    size: int = 0
    sha256: str = ""


# What WhatsApp carries as a picture or a film, and up to how many bytes (Cloud API reference, media). All else goes as
# a document.
_SENDABLE: Mapping[str, tuple[MediaKind, int]] = {
    "image/jpeg": ("image", 5_000_000),
    "image/png": ("image", 5_000_000),
    "video/mp4": ("video", 16_000_000),
}


def sendable_kind(file: Evidence) -> MediaKind:
    """As what a file is sent to a citizen."""
    kind, most = _SENDABLE.get(file.mime, ("document", 0))
    return kind if file.size <= most else "document"
