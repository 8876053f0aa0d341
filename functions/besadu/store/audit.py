"""`audit`: what staff changed about staff and agencies. Append-only: an entry is created and never written again."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.cloud import firestore

from besadu.store.client import Commit, find
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


class Audit:
    """Creates and lists entries."""

    def __init__(self, database: firestore.Client) -> None:
        self._collection = database.collection(COLLECTION)

    def stage(self, commit: Commit, entry: AuditEntry) -> None:
        """Let ``commit`` add an entry, so that no change stands without one."""
        commit.create(self._collection.document(secrets.token_hex(20)), to_document(entry))

    def newest(self) -> list[AuditEntry]:
        """The latest entries, newest first, a page."""
        query = self._collection.order_by("at", direction=firestore.Query.DESCENDING).limit(PAGE)
        return [stored.value for stored in find(query, _entry)]


def _entry(data: dict[str, Any]) -> AuditEntry:
    return from_document(AuditEntry, data)
