"""`senders`: the head of each citizen's conversation. Webhooks share it, so it is written by compare-and-set only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.domain.conversation import Conversation
from besadu.domain.message import Address
from besadu.store.client import Commit, Stored, find, read
from besadu.store.codec import from_document, without_defaults
from besadu.store.keys import sender_key

COLLECTION = "senders"
PAGE = 50


def key_of(address: Address) -> str:
    """The document id of this citizen's conversation."""
    return sender_key(address.channel, address.account, address.sender)


class Senders:
    """Reads and stages heads of conversations."""

    def __init__(self, database: firestore.Client) -> None:
        self._collection = database.collection(COLLECTION)

    def reference(self, key: str) -> firestore.DocumentReference:
        """Where the conversation with this key lies."""
        return self._collection.document(key)

    def read(self, key: str, *, patient: bool = False) -> Stored[Conversation] | None:
        """One conversation, or None for somebody new. Raises Unavailable."""
        return read(self.reference(key), _conversation, patient=patient)

    def stage(self, commit: Commit, key: str, head: Conversation, before: Stored[Conversation] | None) -> None:
        """Let ``commit`` write the head, if it is still as it was read."""
        document: dict[str, Any] = without_defaults(head)
        if before is None:
            commit.create(self.reference(key), document)
        else:
            commit.replace(self.reference(key), document, before.version)

    def stage_held(self, commit: Commit, key: str, outbox_id: str) -> None:
        """Remember that this message waits until the citizen writes again."""
        commit.update(self.reference(key), {"held": firestore.ArrayUnion([outbox_id])})

    def stage_unheld(self, commit: Commit, key: str, outbox_id: str) -> None:
        """Forget that this message waits. A webhook that has read the head before this reads it anew."""
        commit.update(self.reference(key), {"held": firestore.ArrayRemove([outbox_id])})

    def stage_talk_about(self, commit: Commit, key: str, ticket: str) -> None:
        """What is written in this conversation from now on belongs to this complaint, which came over another."""
        commit.update(self.reference(key), {"ticket": ticket, "tickets": firestore.ArrayUnion([ticket])})

    def holding(
        self, what: Literal["pending", "said"], since: datetime | None, until: datetime
    ) -> Sequence[Conversation]:
        """Conversations whose prompt or reply was due after ``since`` and by ``until``, in that order, a page."""
        due = f"{what}.due"
        query = self._collection.where(filter=FieldFilter(due, "<=", until))
        if since:
            query = query.where(filter=FieldFilter(due, ">", since))
        return [item.value for item in find(query.order_by(due).limit(PAGE), _conversation)]

    def to_nudge(self, now: datetime) -> list[str]:
        """Keys of conversations whose draft is to be looked at, the longest waiting first, a page."""
        query = self._collection.where(filter=FieldFilter("nudge_at", "<=", now))
        found = find(query.order_by("nudge_at").limit(PAGE).select(["address"]), _conversation)
        return [key_of(item.value.address) for item in found]

    def waiting_for_a_person(self) -> Sequence[tuple[str, Conversation]]:
        """Conversations in which somebody asked for an officer, at most a page, longest waiting first."""
        query = (
            self._collection.where(filter=FieldFilter("needs_person", "==", value=True))
            .order_by("last_inbound_at")
            .limit(PAGE)
        )
        return [(key_of(item.value.address), item.value) for item in find(query, _conversation)]


def _conversation(data: dict[str, Any]) -> Conversation:
    return from_document(Conversation, data)
