"""`calls`: one document a telephone call. An exchange tells of it in several webhooks: written by CAS only."""

from typing import Any

from google.cloud import firestore

from besadu.domain.conversation import Conversation
from besadu.domain.ivr import Call
from besadu.domain.message import Address
from besadu.store.client import Commit, Stored, read, read_all
from besadu.store.codec import from_document, to_document
from besadu.store.inbox import KEPT
from besadu.store.keys import key
from besadu.store.senders import COLLECTION as SENDERS
from besadu.store.senders import key_of

COLLECTION = "calls"


def call_key(account: str, call_id: str) -> str:
    """The document id of a call; ``account`` is the exchange's."""
    return key("telephone", account, call_id)


class Calls:
    """Reads and stages calls."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._collection = database.collection(COLLECTION)

    def reference(self, key: str) -> firestore.DocumentReference:
        """Where the call with this key lies."""
        return self._collection.document(key)

    def read(self, key: str, *, patient: bool = False) -> Stored[Call] | None:
        """One call, or None. Raises Unavailable."""
        return read(self.reference(key), _call, patient=patient)

    def read_with_head(
        self, key: str, address: Address | None
    ) -> tuple[Stored[Call] | None, Stored[Conversation] | None]:
        """A call and the head of the conversation at ``address``: one round trip. Raises Unavailable."""
        call = self.reference(key)
        head = self._database.collection(SENDERS).document(key_of(address)) if address else None
        found = read_all(self._database, (call, head) if head else (call,))
        calls, heads = found.get(call.path), found.get(head.path) if head else None
        return (
            Stored(_call(calls[0]), calls[1]) if calls else None,
            Stored(from_document(Conversation, heads[0]), heads[1]) if heads else None,
        )

    def stage(self, commit: Commit, key: str, call: Call, before: Stored[Call] | None) -> None:
        """Let ``commit`` write the call, if it is still as it was read."""
        document: dict[str, Any] = to_document(call) | {"expires_at": call.started_at + KEPT}
        if before is None:
            commit.create(self.reference(key), document)
        else:
            commit.replace(self.reference(key), document, before.version)


def _call(data: dict[str, Any]) -> Call:
    return from_document(Call, data)
