"""`inbox`: all that a provider told us, as it came and as it was understood. The memory against duplicates."""

from datetime import datetime, timedelta
from typing import Any, Literal

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.domain.message import Attachment
from besadu.frozen import dataclass
from besadu.store.client import Commit, Stored, find, read
from besadu.store.codec import from_document, without_defaults
from besadu.store.keys import inbox_key

# Meta repeats a webhook for seven days, and its signature has no time in it: a captured request stays valid for ever.
KEPT = timedelta(days=400)
COLLECTION = "inbox"
MOST_ALERTS = 10


@dataclass(frozen=True, kw_only=True)
class InboxItem:
    """One thing that a provider told us. ``raw`` is sealed when a NIK stands in it."""

    channel: str
    account: str
    provider_id: str
    sender: str
    kind: str
    received_at: datetime
    sent_at: datetime
    raw: bytes
    raw_sealed: bool = False
    raw_packed: bool = False  # zlib; a body of 3 MB is more than a document holds
    raw_with: str = ""  # key of the item that keeps the body of the whole batch
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    state: Literal["pending", "processed", "quarantined"] = "processed"
    reason: str = ""  # why it is quarantined
    note: str = ""


class Inbox:
    """Creates and finds what came in."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._collection = database.collection(COLLECTION)

    def reference(self, key: str) -> firestore.DocumentReference:
        """Where the item with this key lies, or would lie."""
        return self._collection.document(key)

    def stage(self, commit: Commit, item: InboxItem) -> None:
        """Let ``commit`` keep the item; it fails with AlreadyThere when this is a repetition."""
        document: dict[str, Any] = without_defaults(item)
        key = inbox_key(item.channel, item.account, item.provider_id)
        commit.create(self.reference(key), document | {"expires_at": item.received_at + KEPT})

    def add(self, item: InboxItem) -> None:
        """Keep the item by itself. Raises AlreadyThere for a repetition, Unavailable."""
        commit = Commit(self._database)
        self.stage(commit, item)
        commit.run()

    def has(self, key: str) -> bool:
        """Whether this came before. Asked while a webhook waits. Raises Unavailable."""
        return read(self.reference(key), bool) is not None

    def alerts(self, since: datetime) -> list[InboxItem]:
        """What providers told us of our accounts, and what could not be understood, the newest first, a few."""
        query = (
            self._collection.where(filter=FieldFilter("kind", "==", "event"))
            .where(filter=FieldFilter("received_at", ">=", since))
            .order_by("received_at", direction=firestore.Query.DESCENDING)
            .limit(MOST_ALERTS)
        )
        return [stored.value for stored in find(query, lambda data: from_document(InboxItem, data))]

    def last_heard(self, channel: str) -> datetime | None:
        """When this channel last brought anything; None when it never has."""
        query = self._collection.where(filter=FieldFilter("channel", "==", channel))
        newest = query.order_by("received_at", direction=firestore.Query.DESCENDING).limit(1)
        found = find(newest.select(["received_at"]), lambda data: data["received_at"])
        return next((stored.value for stored in found), None)

    def read(self, key: str) -> Stored[InboxItem] | None:
        """One item by its key."""
        return read(self.reference(key), lambda data: from_document(InboxItem, data), patient=True)
