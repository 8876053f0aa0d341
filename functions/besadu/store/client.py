"""The Firestore client, its time limits, and the one commit that a use case makes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.cloud import firestore

from besadu.config import Settings
from besadu.errors import BesaduError, Conflict, Unavailable
from besadu.frozen import dataclass
from besadu.store.wire import wire_of

T = TypeVar("T")

# Both arguments, on every call: with the defaults a dead database hides for 52 s, with `timeout` alone for 50.
# A webhook makes one read and one commit, so that it answers 503 within 3 s when the database is gone.
TIMEOUT = 1.3
RETRY = Retry(predicate=if_exception_type(api.ServiceUnavailable), initial=0.05, maximum=0.4, timeout=1.3)
# For pages, tasks and sweeps, which nobody repeats within milliseconds.
PATIENT_TIMEOUT = 10.0
PATIENT_RETRY = Retry(predicate=if_exception_type(api.ServiceUnavailable), initial=0.1, maximum=1.0, timeout=10.0)

_GONE = (api.ServiceUnavailable, api.DeadlineExceeded, api.RetryError, api.ResourceExhausted, api.InternalServerError)


class AlreadyThere(BesaduError):
    """A document that should have been new exists."""


@dataclass(frozen=True)
class Stored(Generic[T]):
    """A value as it was read, with the version that a later write must still find."""

    value: T
    version: Any  # the document's update_time, opaque


@contextmanager
def speaking_our_errors() -> Iterator[None]:
    """The library's exceptions as ours. Their texts are dropped: they may quote a document."""
    try:
        yield
    except api.AlreadyExists:
        raise AlreadyThere from None
    # A version that is no longer there is FAILED_PRECONDITION, or NOT_FOUND when the document was deleted meanwhile.
    except (api.FailedPrecondition, api.Aborted, api.NotFound):
        raise Conflict from None
    except _GONE as fault:
        raise Unavailable(type(fault).__name__) from None


def connect(settings: Settings) -> firestore.Client:
    """The database of this project; on the local platform FIRESTORE_EMULATOR_HOST leads to the emulator."""
    return firestore.Client(project=settings.google_cloud_project, database=settings.firestore_database)


def connect_audit(settings: Settings) -> firestore.Client:
    """The audit's own database, to which only the console's account has a right (infra/identities.tf)."""
    return firestore.Client(project=settings.google_cloud_project, database=settings.audit_database)


class Commit:
    """Writes that happen together or not at all."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._wire = wire_of(database)
        self._request = self._wire.request()
        self._before: list[tuple[Callable[[], None], Callable[[], None]]] = []

    def before(self, announce: Callable[[], None], withdraw: Callable[[], None]) -> None:
        """Let ``announce`` happen before the writes; ``withdraw`` is for who knows that they do not stand."""
        self._before.append((announce, withdraw))

    @property
    def announces(self) -> bool:
        """Whether anything is to happen before the writes."""
        return bool(self._before)

    def withdraw(self) -> None:
        """Take back what was announced. A refusal is no proof: the first try may stand, its answer lost."""
        for _, withdraw in self._before:
            withdraw()

    def create(self, reference: firestore.DocumentReference, document: Mapping[str, Any]) -> None:
        """Write a document that must not exist yet; else the whole commit raises AlreadyThere."""
        self._wire.write(self._request.writes.add(), reference.path, document)

    def replace(self, reference: firestore.DocumentReference, document: Mapping[str, Any], version: object) -> None:
        """Write all of a document that must still be as it was read; else the whole commit raises Conflict."""
        self._wire.write(self._request.writes.add(), reference.path, document, version)

    def delete(self, reference: firestore.DocumentReference, version: object) -> None:
        """Remove a document that must still be as it was read; else the whole commit raises Conflict."""
        self._wire.deletion(self._request.writes.add(), reference.path, version)

    def update(
        self, reference: firestore.DocumentReference, changes: Mapping[str, Any], *, version: object = None
    ) -> None:
        """Change single fields of a document that exists, whoever else writes it; with ``version`` as ``replace``."""
        # Seldom, and the library knows field paths and transforms.
        batch = self._database.batch()
        option = self._database.write_option(last_update_time=version) if version else None
        batch.update(reference, dict(changes), option=option)
        self._request.writes.extend(type(write).pb(write) for write in batch._write_pbs)  # noqa: SLF001 - nothing public has them

    def run(self, *, timeout: float = TIMEOUT) -> list[object]:
        """Make all writes; their new versions, in order. Raises AlreadyThere, Conflict, Unavailable."""
        for announce, _ in self._before:
            announce()
        with speaking_our_errors():
            return self._wire.commit(self._request, within=timeout)


def read(
    reference: firestore.DocumentReference,
    convert: Callable[[dict[str, Any]], T],
    *,
    patient: bool = False,
) -> Stored[T] | None:
    """One document, or None when there is none. Raises Unavailable."""
    with speaking_our_errors():
        wire = wire_of(reference._client)  # noqa: SLF001 - nothing public leads from a reference to its client
        found = wire.get(reference.path, within=PATIENT_TIMEOUT if patient else TIMEOUT)
    return Stored(convert(found[0]), found[1]) if found else None


def read_all(
    database: firestore.Client,
    references: Sequence[firestore.DocumentReference],
) -> dict[str, tuple[dict[str, Any], object]]:
    """Path -> (document, version) of those that exist, in one round trip. Raises Unavailable."""
    with speaking_our_errors():
        return wire_of(database).get_all([reference.path for reference in references], within=TIMEOUT)


def count(query: firestore.Query) -> int:
    """How many documents a query has; one read for each thousand. Raises Unavailable."""
    with speaking_our_errors():
        counting: Any = query.count()  # the library says that it is a class
        ((found,),) = counting.get(timeout=PATIENT_TIMEOUT, retry=PATIENT_RETRY)
    return int(found.value)


def find(
    query: firestore.Query,
    convert: Callable[[dict[str, Any]], T],
    *,
    patient: bool = True,
) -> list[Stored[T]]:
    """All documents of a query that its caller has limited. Raises Unavailable."""
    with speaking_our_errors():
        snapshots = query.get(
            timeout=PATIENT_TIMEOUT if patient else TIMEOUT,
            retry=PATIENT_RETRY if patient else RETRY,
        )
    return [Stored(convert(snapshot.to_dict() or {}), snapshot.update_time.timestamp_pb()) for snapshot in snapshots]
