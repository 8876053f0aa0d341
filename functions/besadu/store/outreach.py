"""`outreach`: citizens whom no message has reached with an answer; one document for each answer and citizen."""

from datetime import datetime
from typing import Any

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.domain.outreach import Outreach, OutreachState
from besadu.store.client import Commit, Stored, count, find, read
from besadu.store.codec import from_document, to_document

COLLECTION = "outreach"
PAGE = 50


class Outreaches:
    """Reads, finds and stages these tasks."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database

    def reference(self, task_id: str) -> firestore.DocumentReference:
        """Where the task with this id lies."""
        return self._database.collection(COLLECTION).document(task_id)

    def read(self, task_id: str) -> Stored[Outreach] | None:
        """One task. Raises Unavailable."""
        return read(self.reference(task_id), _task, patient=True)

    def stage(self, commit: Commit, task: Outreach, before: Stored[Outreach] | None) -> None:
        """Let ``commit`` write the task, which must still be as read, or with None must be new."""
        if before is None:
            commit.create(self.reference(task.id), to_document(task))
        else:
            commit.replace(self.reference(task.id), to_document(task), before.version)

    def waiting(self, state: OutreachState) -> list[Outreach]:
        """What is to be done, the longest due first, a page."""
        query = self._database.collection(COLLECTION).where(filter=FieldFilter("state", "==", state))
        return [stored.value for stored in find(query.order_by("due").limit(PAGE), _task)]

    def calls_due(self, now: datetime) -> int:
        """How many citizens should have been rung up by now."""
        query = self._database.collection(COLLECTION).where(filter=FieldFilter("state", "==", "calling"))
        return count(query.where(filter=FieldFilter("due", "<=", now)))


def _task(data: dict[str, Any]) -> Outreach:
    return from_document(Outreach, data)
