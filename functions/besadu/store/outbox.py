"""`outbox`: every message on its way out. The document is the truth; a task is only speed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.domain.outbox import OutboxItem, OutboxKind
from besadu.errors import Conflict
from besadu.store.client import AlreadyThere, Commit, Stored, count, find, read, read_all
from besadu.store.codec import from_document, to_document

COLLECTION = "outbox"
PAGE = 50


class Outbox:
    """Creates, claims and finds messages to send."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._collection = database.collection(COLLECTION)

    def reference(self, outbox_id: str) -> firestore.DocumentReference:
        """Where the message with this id lies."""
        return self._collection.document(outbox_id)

    def stage(self, commit: Commit, item: OutboxItem) -> None:
        """Let ``commit`` put a new message into the outbox."""
        commit.create(self.reference(item.id), to_document(item))

    def stage_release(self, commit: Commit, outbox_id: str, now: datetime) -> None:
        """Let ``commit`` send a held message now: the window is open again."""
        commit.update(self.reference(outbox_id), {"state": "pending", "due": now})

    def stage_change(self, commit: Commit, before: Stored[OutboxItem], after: OutboxItem) -> None:
        """Let ``commit`` write ``after``, if nobody wrote since ``before`` was read."""
        commit.replace(self.reference(after.id), to_document(after), before.version)

    def read(self, outbox_id: str) -> Stored[OutboxItem] | None:
        """One message. Raises Unavailable."""
        return read(self.reference(outbox_id), _item)

    def has(self, outbox_id: str) -> bool:
        """Whether this message has a document. Asked while a webhook waits. Raises Unavailable."""
        return read(self.reference(outbox_id), bool) is not None

    def missing(self, outbox_ids: Iterable[str]) -> set[str]:
        """Those of these messages that have no document. Raises Unavailable."""
        references = {outbox_id: self.reference(outbox_id) for outbox_id in outbox_ids}
        found = read_all(self._database, tuple(references.values()))
        return {outbox_id for outbox_id, reference in references.items() if reference.path not in found}

    def replace(
        self,
        before: Stored[OutboxItem],
        after: OutboxItem,
        also: Callable[[Commit], None] | None = None,
    ) -> object:
        """Write ``after`` if nobody wrote since ``before`` was read; the new version. Raises Conflict, Unavailable.

        A version of None stands for a prompt that has no document yet.
        """
        commit = Commit(self._database)
        if before.version is None:
            self.stage(commit, after)
        else:
            commit.replace(self.reference(after.id), to_document(after), before.version)
        if also:
            also(commit)
        try:
            return commit.run()[0]
        except AlreadyThere:
            raise Conflict(after.id) from None

    def due(self, now: datetime) -> list[Stored[OutboxItem]]:
        """What should have been sent by now, or whose lease ran out; oldest first, a page."""
        query = self._collection.where(filter=FieldFilter("due", "<=", now)).order_by("due").limit(PAGE)
        return find(query, _item)

    def oldest_due(self, now: datetime) -> datetime | None:
        """When the message that waits longest should have gone; None when none waits."""
        query = self._collection.where(filter=FieldFilter("due", "<=", now)).order_by("due")
        return next((stored.value.due for stored in find(query.limit(1), _item)), None)

    def of_ticket(self, ticket: str, *, kinds: Sequence[OutboxKind] = ()) -> list[OutboxItem]:
        """Messages about one complaint, all or those of these kinds, oldest first."""
        query = self._collection.where(filter=FieldFilter("ticket", "==", ticket)).limit(200)
        if kinds:
            query = query.where(filter=FieldFilter("kind", "in", list(kinds)))
        return sorted((stored.value for stored in find(query, _item)), key=lambda item: item.created_at)

    def carrying(self, answer_of: str) -> list[Stored[OutboxItem]]:
        """All messages that carry one answer, to whomever and by whichever way."""
        query = self._database.collection(COLLECTION).where(filter=FieldFilter("answer_of", "==", answer_of)).limit(500)
        return find(query, _item)

    def by_provider_id(self, provider_id: str) -> Stored[OutboxItem] | None:
        """The message that a provider knows under this id. Asked while a webhook waits. Raises Unavailable."""
        query = self._collection.where(filter=FieldFilter("provider_id", "==", provider_id)).limit(1)
        return next(iter(find(query, _item, patient=False)), None)

    def failures(self) -> int:
        """How many messages did not arrive and wait for a person."""
        return count(self._collection.where(filter=FieldFilter("state", "in", ["failed", "unknown"])))

    def failed(self) -> list[OutboxItem]:
        """Messages that did not arrive and wait for a person, newest first, a page."""
        query = (
            self._collection.where(filter=FieldFilter("state", "in", ["failed", "unknown"]))
            .order_by("created_at", direction=firestore.Query.DESCENDING)
            .limit(PAGE)
        )
        return [stored.value for stored in find(query, _item)]


def _item(data: dict[str, Any]) -> OutboxItem:
    return from_document(OutboxItem, data)
