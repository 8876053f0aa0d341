"""`evidence`: one document a file. It is the truth about a file that is still to be fetched."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.domain.evidence import Evidence
from besadu.store.client import Commit, Stored, count, find, read
from besadu.store.codec import from_document, to_document

COLLECTION = "evidence"
PAGE = 50


class EvidenceStore:
    """Creates, claims and finds files.

    A file comes before its complaint does, so the documents lie in a collection of their own, not below a complaint.
    """

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._collection = database.collection(COLLECTION)

    def reference(self, evidence_id: str) -> firestore.DocumentReference:
        """Where the file with this id is described."""
        return self._collection.document(evidence_id)

    def stage(self, commit: Commit, item: Evidence) -> None:
        """Let ``commit`` create the file's document."""
        commit.create(self.reference(item.id), to_document(item))

    def read(self, evidence_id: str) -> Stored[Evidence] | None:
        """One file's document. Raises Unavailable."""
        return read(self.reference(evidence_id), _evidence, patient=True)

    def read_all(self, ids: Iterable[str]) -> list[Evidence]:
        """The documents of these files, in this order; missing ones are left out."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        found = {
            snapshot.id: _evidence(snapshot.to_dict() or {})
            for snapshot in self._database.get_all([self.reference(evidence_id) for evidence_id in wanted])
            if snapshot.exists
        }
        return [found[evidence_id] for evidence_id in wanted if evidence_id in found]

    def count(self, ticket: str) -> int:
        """How many files came for this complaint since it has its ticket. Raises Unavailable."""
        return count(self._database.collection(COLLECTION).where(filter=FieldFilter("ticket", "==", ticket)))

    def with_prints(self, prints: Iterable[str]) -> list[Evidence]:
        """Files that share one of these prints; a page. Raises Unavailable."""
        where = FieldFilter("prints", "array_contains_any", list(prints))
        return [found.value for found in find(self._collection.where(filter=where).limit(PAGE), _evidence)]

    def replace(self, before: Stored[Evidence], after: Evidence) -> object:
        """Write ``after`` if nobody wrote since ``before`` was read; the new version. Raises Conflict, Unavailable."""
        commit = Commit(self._database)
        commit.replace(self.reference(after.id), to_document(after), before.version)
        return commit.run()[0]

    def due(self, now: datetime) -> list[Stored[Evidence]]:
        """What should have been fetched by now, or whose lease ran out; oldest first, a page."""
        query = self._collection.where(filter=FieldFilter("due", "<=", now)).order_by("due").limit(PAGE)
        return find(query, _evidence)


def _evidence(data: dict[str, Any]) -> Evidence:
    return from_document(Evidence, data)
