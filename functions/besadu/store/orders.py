"""`progress/moving`: the order to reckon all open deadlines anew, and how far it was carried out."""

from datetime import datetime
from typing import Any, Literal

from google.cloud import firestore

from besadu.frozen import dataclass, replace
from besadu.store.client import Commit, Stored, read
from besadu.store.codec import from_document, to_document

Cause = Literal["days", "hours", "times"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """When the office changed what, the newest change. ``after``: the last ticket that was seen to."""

    at: datetime
    causes: tuple[Cause, ...]
    after: str = ""
    done: bool = False


class Orders:
    """Keeps one: a newer change joins what is not done yet, and all begins anew."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database

    def read(self) -> Stored[Order] | None:
        """The order that is to be carried out; None when there is nothing to do. Raises Unavailable."""
        stored = self._read()
        return None if stored is None or stored.value.done else stored

    def stage(self, commit: Commit, *, at: datetime, causes: tuple[Cause, ...]) -> None:
        """Let ``commit`` order that all be reckoned anew."""
        before = self._read()
        waiting = before.value.causes if before and not before.value.done else ()
        self._write(commit, Order(at=at, causes=tuple(dict.fromkeys((*waiting, *causes)))), before)

    def advance(self, before: Stored[Order], *, after: str, done: bool) -> None:
        """Note how far it has come. Raises Conflict when somebody else has noted anything."""
        commit = Commit(self._database)
        self._write(commit, replace(before.value, after=after, done=done), before)
        commit.run()

    def _read(self) -> Stored[Order] | None:
        return read(self._reference(), _order, patient=True)

    def _write(self, commit: Commit, order: Order, before: Stored[Order] | None) -> None:
        if before is None:
            commit.create(self._reference(), to_document(order))
        else:
            commit.replace(self._reference(), to_document(order), before.version)

    def _reference(self) -> firestore.DocumentReference:
        return self._database.collection("progress").document("moving")


def _order(data: dict[str, Any]) -> Order:
    return from_document(Order, data)
