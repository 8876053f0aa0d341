"""`settings/phrases`: the ready replies, all in one document, as they are few and always listed together."""

from typing import Any

from google.cloud import firestore

from besadu.domain.phrases import Phrase
from besadu.frozen import dataclass
from besadu.store.client import Commit, Stored, read
from besadu.store.codec import from_document, to_document


@dataclass(frozen=True, kw_only=True)
class PhraseBook:
    """The document."""

    phrases: tuple[Phrase, ...] = ()


class Phrases:
    """Reads and stages it."""

    def __init__(self, database: firestore.Client) -> None:
        self._reference = database.collection("settings").document("phrases")

    def read(self) -> Stored[PhraseBook] | None:
        """All of them; None before the first. Raises Unavailable."""
        return read(self._reference, _book, patient=True)

    def stage(self, commit: Commit, book: PhraseBook, before: Stored[PhraseBook] | None) -> None:
        """Let ``commit`` write all of them, if nobody wrote since ``before`` was read."""
        if before is None:
            commit.create(self._reference, to_document(book))
        else:
            commit.replace(self._reference, to_document(book), before.version)


def _book(data: dict[str, Any]) -> PhraseBook:
    return from_document(PhraseBook, data)
