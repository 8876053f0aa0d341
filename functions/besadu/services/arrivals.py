"""What all uploads share: a browser sends the bytes to their incoming place in the bucket, and then says so."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Final

from besadu.domain.evidence import incoming_name
from besadu.domain.message import MediaKind
from besadu.domain.nik import mask_in
from besadu.errors import Invalid
from besadu.frozen import dataclass
from besadu.media import OPAQUE, Media, UploadAddress

BEGIN_WITHIN: Final = timedelta(minutes=15)  # a begun upload itself may take a week
MOST_BYTES: Final = 200_000_000
MOST_IN_A_FORM: Final = 30_000_000  # below Cloud Run's 32 MB for a request
LONGEST_NAME: Final = 80

FULL: Final = "Laporan ini sudah memuat banyak sekali berkas, sehingga berkas ini tidak disimpan."
EMPTY: Final = "Berkas kosong. Silakan pilih berkas lain."
TOO_LARGE: Final = "Ukuran berkas paling besar 200 MB. Mohon pilih berkas yang lebih kecil."
TOO_LARGE_FOR_A_FORM: Final = "Tanpa JavaScript, ukuran berkas paling besar 30 MB."
_NOT_THERE: Final = "Berkas belum sampai seluruhnya. Silakan kirim ulang."

_PIECE: Final = 256 * 1024
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
_UPLOAD = re.compile(r"[A-Za-z0-9_-]{20,40}")


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An upload that may begin; ``id`` names it when it is finished."""

    id: str
    address: UploadAddress


def new_upload_id() -> str:
    """A name that nobody guesses."""
    return secrets.token_urlsafe(18)


def address_for(media: Media, evidence_id: str, *, size: int, mime: str, awaited_until: datetime) -> UploadAddress:
    """Where a file of ``size`` bytes may be sent. Raises Invalid (Indonesian), Unavailable."""
    if size <= 0:
        raise Invalid(EMPTY)
    if size > MOST_BYTES:
        raise Invalid(TOO_LARGE)
    name = incoming_name(evidence_id)
    return media.upload_address(
        name, size=size, mime=mime_said(mime), lifetime=BEGIN_WITHIN, awaited_until=awaited_until
    )


def check_upload_id(upload_id: str) -> None:
    """Raises Invalid for what can be no upload's name."""
    if not _UPLOAD.fullmatch(upload_id):
        raise Invalid(_NOT_THERE)


def arrived_size(media: Media, evidence_id: str) -> int:
    """Bytes of what has arrived. Raises Invalid when it has not, Unavailable."""
    size = media.size(incoming_name(evidence_id))
    if size is None:
        raise Invalid(_NOT_THERE)
    if size > MOST_BYTES:  # the signature does not allow it
        raise Invalid(TOO_LARGE)
    return size


def iter_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """What ``stream`` holds, a piece at a time."""
    return iter(lambda: stream.read(_PIECE), b"")


def mime_said(said: str) -> str:
    """What the browser says, as far as it can be a type. What the file is, its bytes tell later."""
    return said if _MIME.fullmatch(said) else OPAQUE


def kind_of(mime: str) -> MediaKind:
    """As what a file of this type is taken."""
    kinds: dict[str, MediaKind] = {"audio": "audio", "image": "image", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")


def shown_name(filename: str) -> str:
    """A file's name as it may be kept: one line, no NIK."""
    return mask_in(" ".join(filename.split()))[:LONGEST_NAME]
