"""Cloud Storage: evidence in and out of the bucket in pieces, and moved there without passing through us."""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from besadu.config import Settings
from besadu.domain.filetype import ENDINGS
from besadu.domain.measuring import Read
from besadu.errors import MediaGone, Unavailable
from besadu.frozen import dataclass

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Blob, Bucket
    from google.cloud.storage.fileio import BlobWriter

PIECE: Final = 1024 * 1024  # held in memory at a time; Cloud Storage takes multiples of 256 KiB
LOOK: Final = 64 * 1024  # of a look at a header
TIMEOUT: Final = (3.05, 30.0)  # seconds: connect, then between two reads
PATIENCE: Final = 10.0  # seconds; the library would go on for two minutes, and a page or a task is tried again anyway
_HOST: Final = "https://storage.googleapis.com"
OPAQUE: Final = "application/octet-stream"  # what we do not know yet, or do not trust
_AWAITED: Final = "awaited-until"  # metadata of an upload: seconds since 1970


class UploadAddress(NamedTuple):
    """A signed URL to POST to, with exactly these headers; the answer's Location takes the bytes."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """What lies in the bucket: ``size`` in bytes, ``sha256`` in hex."""

    size: int
    sha256: str


class Listed(NamedTuple):
    """An object in a list, when it was made, and until when somebody may still come and say that it arrived."""

    name: str
    made_at: datetime
    awaited_until: datetime | None = None


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
        limit: int,
        mime: str = OPAQUE,
        sha256: str = "",
    ) -> StoredObject:
        """Write a new object from ``chunks``; one that is already there stays and counts as written.

        ``sha256`` (hex) is what the bytes should have; nothing is kept when they do not.
        Raises MediaGone over ``limit`` bytes, Damaged, Unavailable, and what ``chunks`` raises; then nothing is kept.
        """
        blob = self._described(object_name, mime)
        with _speaking_our_errors():
            # Generation 0: only where there is none yet, so that two workers with one file cannot tread on each other.
            writer = blob.open(
                "wb", chunk_size=PIECE, content_type=mime, if_generation_match=0, timeout=TIMEOUT, retry=_retry()
            )
            try:
                copied = _copy(chunks, writer, limit)
                _check(copied, sha256)
                writer.close()
            except BaseException as fault:
                _give_up(writer)
                if _status(fault) == 412:
                    return self._already(object_name, sha256)
                raise
        return copied

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
            blob = self._bucket().get_blob(object_name, timeout=TIMEOUT, retry=_retry())
        return blob.size if blob else None

    def measure(self, object_name: str, sha256: str = "") -> StoredObject:
        """Size and checksum of what lies there, read through in pieces. Raises MediaGone, Damaged, Unavailable."""
        copied = _copy(self.open(object_name), None, limit=None)
        _check(copied, sha256)
        return copied

    def _already(self, object_name: str, sha256: str) -> StoredObject:
        """What an earlier attempt left there. Raises Damaged, Unavailable."""
        try:
            return self.measure(object_name, sha256)
        except MediaGone:
            raise Unavailable("storage says that there is what is not there") from None

    def reader(self, object_name: str) -> Read:
        """A look here and there into an object, in requests of LOOK bytes; the latest few are remembered."""
        looked: dict[int, bytes] = {}

        def block(number: int) -> bytes:
            if number not in looked:
                if len(looked) >= 4:
                    looked.pop(next(iter(looked)))
                looked[number] = self._piece(object_name, number * LOOK, (number + 1) * LOOK - 1)
            return looked[number]

        def read(at: int, length: int) -> bytes:
            first, last = at // LOOK, (at + max(length, 1) - 1) // LOOK
            joined = b"".join(block(number) for number in range(first, last + 1))
            return joined[at - first * LOOK :][:length]

        return read

    def move(self, source: str, target: str, *, mime: str) -> None:
        """Give an object its place and its type for good, inside the bucket; ``source`` stays until it is deleted.

        What already lies at ``target`` stays and counts as moved. Raises MediaGone without a source, Unavailable.
        """
        bucket = self._bucket()
        blob = self._described(target, mime)
        token = None
        with _speaking_our_errors():
            while True:
                try:
                    token, _, _ = blob.rewrite(
                        bucket.blob(source), token=token, if_generation_match=0, timeout=TIMEOUT, retry=_retry()
                    )
                except Exception as fault:
                    if _status(fault) != 412:
                        raise
                    if self.size(target) is None:
                        raise Unavailable("storage says that there is what is not there") from None
                    return
                if token is None:
                    return

    @property
    def host(self) -> str:
        """The origin that browsers upload to."""
        host = self._settings.storage_emulator_host
        return (host if "//" in host else f"http://{host}") if host else _HOST

    def upload_address(
        self, object_name: str, *, size: int, mime: str, lifetime: timedelta, awaited_until: datetime
    ) -> UploadAddress:
        """Where a browser begins a resumable upload of a new object of exactly ``size`` bytes. Raises Unavailable.

        ``awaited_until``: until when we may be told that it arrived; it stands with the object.
        """
        headers = {
            "content-type": mime,
            "x-goog-content-length-range": f"{size},{size}",
            "x-goog-if-generation-match": "0",
            f"x-goog-meta-{_AWAITED}": str(int(awaited_until.timestamp())),
            "x-goog-resumable": "start",
        }
        with _speaking_our_errors():
            url = (
                self._bucket()
                .blob(object_name)
                .generate_signed_url(
                    version="v4",
                    expiration=lifetime,
                    method="POST",
                    headers=dict(headers),  # the library adds the host to it
                    api_access_endpoint=self.host,
                    **_signing(),
                )
            )
        return UploadAddress(url, headers)

    def delete(self, object_name: str) -> None:
        """Let it be gone; it may be already. Raises Unavailable."""
        with suppress(MediaGone), _speaking_our_errors():
            self._bucket().blob(object_name).delete(timeout=TIMEOUT, retry=_retry())

    def named(self, prefix: str) -> Iterator[Listed]:
        """The objects whose names begin so. Raises Unavailable."""
        with _speaking_our_errors():
            for blob in self._bucket().client.list_blobs(
                self._bucket(), prefix=prefix, timeout=TIMEOUT, retry=_retry()
            ):
                yield Listed(blob.name, blob.time_created, _awaited(blob))

    def _described(self, object_name: str, mime: str) -> "Blob":
        """An object to be written: its type and how it is saved stand with it, whatever a later request asks for."""
        blob = self._bucket().blob(object_name)
        blob.content_type = mime
        blob.content_disposition = disposition(object_name, mime)
        blob.cache_control = "private, no-store"
        return blob

    def _piece(self, object_name: str, first: int, last: int) -> bytes:
        from google.api_core.exceptions import RequestRangeNotSatisfiable

        blob: Blob = self._bucket().blob(object_name)
        try:
            with _speaking_our_errors():
                # No checksum: the bucket knows one of the whole object only, and this is a part.
                return bytes(
                    blob.download_as_bytes(start=first, end=last, timeout=TIMEOUT, retry=_retry(), checksum=None)
                )
        except RequestRangeNotSatisfiable:  # the object ended with the piece before
            return b""

    def _bucket(self) -> "Bucket":
        with self._lock:
            if self._made is None:
                from google.cloud.storage import Client

                project = self._settings.google_cloud_project
                if self._settings.storage_emulator_host:
                    from google.auth.credentials import AnonymousCredentials

                    client = Client(
                        project=project,
                        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # the library has no types
                        client_options={"api_endpoint": self.host},
                    )
                else:
                    client = Client(project=project)
                self._made = client.bucket(self._settings.evidence_bucket)
            return self._made


def _awaited(blob: "Blob") -> datetime | None:
    until = (blob.metadata or {}).get(_AWAITED, "")
    return datetime.fromtimestamp(int(until), UTC) if re.fullmatch(r"\d{1,11}", until) else None


def _retry() -> "Retry":
    """For all calls: each is safe to repeat, by its precondition or by what it is."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry: Retry = DEFAULT_RETRY.with_timeout(PATIENCE)
    return retry


def _signing() -> dict[str, Any]:
    """With what a URL is signed: with the account's own key where there is one, else by asking IAM (signBlob)."""
    import google.auth
    from google.auth.credentials import Signing
    from google.auth.transport.requests import Request

    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    if isinstance(credentials, Signing):
        return {"credentials": credentials}
    credentials.refresh(Request())  # type: ignore[no-untyped-call]  # the library has no types
    # What Google's own machines have instead of a key: it names its account.
    return {"service_account_email": credentials.service_account_email, "access_token": credentials.token}  # type: ignore[attr-defined]  # not in the base class


def disposition(object_name: str, mime: str) -> str:
    """Content-Disposition of a file: to be saved, never opened as a page; its name is ours, not the sender's."""
    name = re.sub(r"[^A-Za-z0-9]", "", object_name.rpartition("/")[2])[:12]
    return f'attachment; filename="bukti-{name}.{ENDINGS.get(mime, "bin")}"'


def _copy(chunks: Iterator[bytes], writer: "BlobWriter | None", limit: int | None) -> StoredObject:
    """Measure what passes by, and write it on."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise MediaGone("too_big")
        digest.update(chunk)
        if writer is not None:
            writer.write(chunk)
    return StoredObject(size=size, sha256=digest.hexdigest())


def _check(copied: StoredObject, sha256: str) -> None:
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
