"""Replies that stand in a conversation until they are sent, and whose task was lost."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from besadu.domain.conversation import Conversation
from besadu.domain.outbox import OutboxItem
from besadu.errors import Conflict
from besadu.services.office import Office
from besadu.store.client import AlreadyThere
from besadu.store.senders import key_of

UNCLAIMED: Final = timedelta(seconds=30)  # after a reply was due
Place = Literal["pending", "said"]  # in the head


def keep_forgotten(office: Office, now: datetime) -> int:
    """Put replies that nobody has claimed in time into the outbox, where they cannot be forgotten; how many there were.

    Nothing in a conversation says that its reply was sent, so each sweep goes on where the last one ended.
    """
    return sum(_keep(office, place, now - UNCLAIMED) for place in get_args(Place))


def _keep(office: Office, place: Place, until: datetime) -> int:
    store = office.store
    before = store.progress.read(place)
    found = list(_held(place, store.senders.holding(place, before.value if before else None, until)))
    if not found:
        return 0
    missing = store.outbox.missing(item.id for item, _ in found)
    for item, _ in found:
        if item.id in missing:
            commit = store.commit()
            store.outbox.stage(commit, item)
            with suppress(AlreadyThere):  # claimed just now
                commit.run()
    commit = store.commit()
    store.progress.stage(commit, place, found[-1][1], before)
    with suppress(AlreadyThere, Conflict):  # another sweep runs beside this one
        commit.run()
    return len(missing)


def _held(place: Place, heads: Iterable[Conversation]) -> Iterable[tuple[OutboxItem, datetime]]:
    """The messages and when they were due."""
    for head in heads:
        key = key_of(head.address)
        held = head.pending and head.reply(head.pending, key) if place == "pending" else head.said
        if held and held.due:
            yield held, held.due
