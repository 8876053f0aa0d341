"""`progress`: how far a sweep has come that goes on where it ended the last time."""

from datetime import datetime

from google.cloud import firestore

from besadu.store.client import Commit, Stored, read


class Progress:
    """One document a sweep, with the moment up to which all was looked at."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database

    def read(self, sweep: str) -> Stored[datetime] | None:
        """Up to when ``sweep`` has come; None when it never ran. Raises Unavailable."""
        return read(self._reference(sweep), lambda data: data["until"], patient=True)

    def stage(self, commit: Commit, sweep: str, until: datetime, before: Stored[datetime] | None) -> None:
        """Let ``commit`` note ``until``, if no other run has noted anything since ``before`` was read."""
        document = {"until": until}
        if before is None:
            commit.create(self._reference(sweep), document)
        else:
            commit.replace(self._reference(sweep), document, before.version)

    def _reference(self, sweep: str) -> firestore.DocumentReference:
        return self._database.collection("progress").document(sweep)
