"""`reminders`: what posts are to be told, a document a complaint, step and post, gone once it is told."""

from datetime import datetime
from typing import Any, Final

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from besadu.frozen import dataclass, replace
from besadu.store.client import Commit, Stored, find
from besadu.store.codec import from_document, to_document
from besadu.store.keys import key

COLLECTION = "reminders"
# Begin the steps of reminders that no clock makes: of a low mark, of a call to make, of a decision after calls in vain.
MARK: Final = "mark"
CALL: Final = "call"
DECIDE: Final = "decide"
PAGE = 400  # of one post, in one message and one commit


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """One step of the ladder, for one post. ``clock_revision`` is the deadline's: after a move it is stale."""

    post: str  # "duty:<agency>" and the like; see services.reminding
    ticket: str
    clock_revision: int
    step: str
    due: datetime  # when it may be told

    @property
    def id(self) -> str:
        """The same step makes the same document."""
        return key("reminder", self.ticket, str(self.clock_revision), self.step, self.post)[:40]


class Reminders:
    """Creates, finds and removes them."""

    def __init__(self, database: firestore.Client) -> None:
        self._collection = database.collection(COLLECTION)

    def stage(self, commit: Commit, reminder: Reminder) -> None:
        """Let ``commit`` add one."""
        commit.create(self._collection.document(reminder.id), to_document(reminder))

    def stage_told(self, commit: Commit, stored: Stored[Reminder]) -> None:
        """Let ``commit`` remove one that is told or that nobody needs any more."""
        commit.delete(self._collection.document(stored.value.id), stored.version)

    def stage_deferred(self, commit: Commit, stored: Stored[Reminder], due: datetime) -> None:
        """Let ``commit`` put one off."""
        document = to_document(replace(stored.value, due=due))
        commit.replace(self._collection.document(stored.value.id), document, stored.version)

    def of(self, post: str, now: datetime) -> list[Stored[Reminder]]:
        """What this post is to be told by now, at most a page."""
        query = self._collection.where(filter=FieldFilter("post", "==", post)).limit(PAGE)
        return [stored for stored in find(query, _reminder) if stored.value.due <= now]

    def posts_due(self, now: datetime) -> list[str]:
        """The posts that are to be told something by now."""
        query = self._collection.where(filter=FieldFilter("due", "<=", now)).order_by("due").limit(PAGE)
        return list(dict.fromkeys(stored.value.post for stored in find(query, _reminder)))


def _reminder(data: dict[str, Any]) -> Reminder:
    return from_document(Reminder, data)
