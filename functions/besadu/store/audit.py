"""`audit`: what staff changed about staff and agencies. Append-only: an entry is created and never written again.

It may lie in a database of its own, where other rights hold, and then no commit spans both. So an entry is written
before its change, and taken back by a second entry once it is known that the change does not stand
(``services/upkeep.tried``): no change stands without its entry. A crash between the two leaves an entry without a
change, which is the better of the two errors.
"""

import secrets
from datetime import datetime
from typing import Any

from google.cloud import firestore

from besadu.frozen import dataclass, replace
from besadu.store.client import PATIENT_TIMEOUT, Commit, find
from besadu.store.codec import from_document, to_document

COLLECTION = "audit"
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One change: who (e-mail address), what, to whom or which agency (address or code), and in which way."""

    at: datetime
    actor: str
    action: str
    target: str
    note: str = ""
    id: str = ""  # given by ``stage``
    takes_back: str = ""  # the id of an entry whose change was refused; of that entry alone this one speaks


class Audit:
    """Creates and lists entries."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._collection = database.collection(COLLECTION)

    def stage(self, commit: Commit, entry: AuditEntry) -> None:
        """Let ``commit`` stand only after this entry, so that no change is without one."""
        given = replace(entry, id=secrets.token_hex(20))
        refused = replace(entry, id=secrets.token_hex(20), takes_back=given.id)
        commit.before(lambda: self._add(given), lambda: self._add(refused))

    def newest(self) -> list[AuditEntry]:
        """The latest entries, newest first, a page; without those that were taken back."""
        query = self._collection.order_by("at", direction=firestore.Query.DESCENDING).limit(PAGE)
        entries = [stored.value for stored in find(query, _entry)]
        refused = {entry.takes_back for entry in entries if entry.takes_back}
        return [entry for entry in entries if not entry.takes_back and entry.id not in refused]

    def _add(self, entry: AuditEntry) -> None:
        commit = Commit(self._database)
        commit.create(self._collection.document(entry.id), to_document(entry))
        commit.run(timeout=PATIENT_TIMEOUT)


def _entry(data: dict[str, Any]) -> AuditEntry:
    return from_document(AuditEntry, data)
