"""Cloud Storage: evidence in and out of the bucket in pieces, and what kind of file some bytes really are."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from besadu.config import Settings
from besadu.errors import MediaGone, Unavailable

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket
    from google.cloud.storage.fileio import BlobWriter

HEAD: Final = 64 * 1024  # bytes that `sniff` wants to see, if there are so many
PIECE: Final = 1024 * 1024  # held in memory at a time; Cloud Storage takes multiples of 256 KiB
TIMEOUT: Final = (3.05, 30.0)  # seconds: connect, then between two reads

# The types we keep and show, and the ending that a saved file gets. What is not here is refused.
ENDINGS: Final = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/3gpp": "3gp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """What lies in the bucket: ``size`` in bytes, ``sha256`` in hex."""

    size: int
    sha256: str
    mime: str


class Damaged(Unavailable):
    """The bytes are not those that the sender said (checksum); fetching them again may help."""


class Media:
    """The evidence bucket. The client is made at the first use: who only reads text never loads it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: Bucket | None = None

    def store(
        self,
        object_name: str,
        chunks: Iterator[bytes],
        *,
        mime: str,
        limit: int,
        sha256: str = "",
    ) -> StoredObject:
        """Write a new object from ``chunks``; one that is already there stays and counts as written.

        ``sha256`` (hex) is what the bytes should have; nothing is kept when they do not.
        Raises MediaGone over ``limit`` bytes, Damaged, Unavailable, and what ``chunks`` raises; then nothing is kept.
        """
        blob = self._bucket().blob(object_name)
        blob.content_disposition = disposition(object_name, mime)
        blob.cache_control = "private, no-store"
        with _speaking_our_errors():
            # Generation 0: only where there is none yet, so that two workers with one file cannot tread on each other.
            writer = blob.open("wb", chunk_size=PIECE, content_type=mime, if_generation_match=0, timeout=TIMEOUT)
            try:
                copied = _copy(chunks, writer, limit)
                _check(copied, sha256)
                writer.close()
            except BaseException as fault:
                _give_up(writer)
                if _status(fault) == 412:
                    return self._kept(object_name, mime, sha256)
                raise
        return StoredObject(size=copied.size, sha256=copied.sha256, mime=mime)

    def open(self, object_name: str, start: int | None = None, end: int | None = None) -> Iterator[bytes]:
        """The object's bytes from ``start`` to ``end``, both included, in pieces. Raises MediaGone or Unavailable."""
        position = start or 0
        while end is None or position <= end:
            last = position + PIECE - 1 if end is None else min(end, position + PIECE - 1)
            piece = self._piece(object_name, position, last)
            if piece:
                yield piece
            position += len(piece)
            if len(piece) < PIECE:
                return

    def size(self, object_name: str) -> int | None:
        """Its size in bytes; None when there is no such object. Raises Unavailable."""
        with _speaking_our_errors():
            blob = self._bucket().get_blob(object_name, timeout=TIMEOUT)
        return blob.size if blob else None

    def _piece(self, object_name: str, first: int, last: int) -> bytes:
        from google.api_core.exceptions import RequestRangeNotSatisfiable

        blob: Blob = self._bucket().blob(object_name)
        try:
            with _speaking_our_errors():
                # No checksum: the bucket knows one of the whole object only, and this is a part.
                return bytes(blob.download_as_bytes(start=first, end=last, timeout=TIMEOUT, checksum=None))
        except RequestRangeNotSatisfiable:  # the object ended with the piece before
            return b""

    def _kept(self, object_name: str, mime: str, sha256: str) -> StoredObject:
        """What an earlier attempt left in the bucket before it could write it down."""
        copied = _copy(self.open(object_name), None, limit=None)
        _check(copied, sha256)
        return StoredObject(size=copied.size, sha256=copied.sha256, mime=mime)

    def _bucket(self) -> "Bucket":
        with self._lock:
            if self._made is None:
                from google.cloud.storage import Client

                project = self._settings.google_cloud_project
                if host := self._settings.storage_emulator_host:
                    from google.auth.credentials import AnonymousCredentials

                    client = Client(
                        project=project,
                        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # the library has no types
                        client_options={"api_endpoint": host if "//" in host else f"http://{host}"},
                    )
                else:
                    client = Client(project=project)
                self._made = client.bucket(self._settings.evidence_bucket)
            return self._made


def disposition(object_name: str, mime: str) -> str:
    """Content-Disposition of a file: to be saved, never opened as a page; its name is ours, not the sender's."""
    name = re.sub(r"[^A-Za-z0-9]", "", object_name.rpartition("/")[2])[:12]
    return f'attachment; filename="bukti-{name}.{ENDINGS.get(mime, "bin")}"'


def sniff(first_bytes: bytes) -> str | None:
    """The type that the bytes themselves show, one of ENDINGS; None for all else (SVG, HTML, programs, archives).

    ``first_bytes``: the first HEAD bytes, or the whole file when it is smaller.
    """
    head = first_bytes
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    look = _WRAPPINGS.get(head[:4], _audio_frame)
    return look(head)


_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr"),
)
_OGG_AUDIO: Final = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV", b"M4V ", b"mmp4"),
        "video/mp4",
    ),
    b"qt  ": "video/quicktime",
}


def _riff(head: bytes) -> str | None:
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])


def _ogg(head: bytes) -> str | None:
    return "audio/ogg" if any(codec in head[:96] for codec in _OGG_AUDIO) else None


def _matroska(head: bytes) -> str | None:
    return "video/webm" if b"webm" in head[:64] else None


def _iso_media(head: bytes) -> str | None:
    """MP4 and its family, by the brand in the first box (ISO/IEC 14496-12)."""
    brand = head[8:12]
    compatible = head[16 : int.from_bytes(head[:4], "big")]
    if brand[:3] in (b"3gp", b"3g2"):
        return "video/3gpp"
    if brand in (b"mif1", b"msf1") and b"hei" not in compatible:  # AVIF and others in the same wrapping
        return None
    return _BRANDS.get(brand)


def _office(head: bytes) -> str | None:
    """Word and Excel files are archives; the names of their parts tell them from any other archive, and macros off."""
    names = []
    for entry in re.finditer(rb"PK\x03\x04.{22}(..)..", head, re.DOTALL):
        length = int.from_bytes(entry[1], "little")
        names.append(head[entry.end() : entry.end() + length])
    if not names or names[0] not in (b"[Content_Types].xml", b"_rels/.rels", b"docProps/app.xml"):
        return None
    if any(name.lower().endswith(b".bin") and b"vba" in name.lower() for name in names):
        return None
    if any(name.startswith(b"word/") for name in names):
        return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    if any(name.startswith(b"xl/") for name in names):
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return None


def _audio_frame(head: bytes) -> str | None:
    """Bare MP3 (MPEG layer III) or AAC (ADTS), which have no magic but a frame's first bits."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    layer_three = head[1] & 0xE6 == 0xE2
    real_rates = head[2] & 0xF0 not in (0x00, 0xF0) and head[2] & 0x0C != 0x0C
    return "audio/mpeg" if layer_three and real_rates else None


_WRAPPINGS: Final[Mapping[bytes, Callable[[bytes], str | None]]] = {
    b"OggS": _ogg,
    b"PK\x03\x04": _office,
    b"RIFF": _riff,
    b"\x1a\x45\xdf\xa3": _matroska,
}


class _Copied(NamedTuple):
    size: int
    sha256: str


def _copy(chunks: Iterator[bytes], writer: "BlobWriter | None", limit: int | None) -> _Copied:
    """Measure what passes by, and write it on."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise MediaGone("too_big")
        digest.update(chunk)
        if writer is not None:
            writer.write(chunk)
    return _Copied(size, digest.hexdigest())


def _check(copied: _Copied, sha256: str) -> None:
    if sha256 and copied.sha256 != sha256:
        raise Damaged("checksum differs")


@contextmanager
def _speaking_our_errors() -> Iterator[None]:
    """The library's exceptions as ours; their texts are dropped, for they hold addresses."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    try:
        yield
    except (GoogleAPICallError, InvalidResponse) as fault:
        status = _status(fault)
        if status == 416:
            raise
        if status == 404:
            raise MediaGone("not_in_bucket") from None
        raise Unavailable(f"storage answered {status}") from None
    except (RetryError, GoogleAuthError, DataCorruption, requests.RequestException) as fault:
        raise Unavailable(type(fault).__name__) from None


def _status(fault: BaseException) -> int:
    """The HTTP status that a library exception stands for; 0 when it stands for none."""
    response = getattr(fault, "response", None)
    status = getattr(response, "status_code", None) or getattr(fault, "code", None)
    return int(status) if isinstance(status, int) else 0


def _give_up(writer: "BlobWriter") -> None:
    """Cancel a begun upload. One that cannot be cancelled is no object, and Cloud Storage forgets it within a week."""
    import requests

    with suppress(requests.RequestException):
        writer.terminate()
