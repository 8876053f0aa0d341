"""Commits: all or nothing, and our own errors whatever the library says. A database that is gone is noticed in time."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from besadu.errors import Conflict, Unavailable
from besadu.store.client import AlreadyThere, Commit, connect, find, read
from tests.factories import closed_port, some_settings


@pytest.fixture(params=["nobody listens", "nobody answers"])
def gone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database at a dead port, or behind a socket that takes a connection and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0)) if request.param == "nobody answers" else None
    port = listener.getsockname()[1] if listener else closed_port()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    yield
    if listener:
        listener.close()


def test_a_commit_writes_everything_or_nothing(firestore_project: str) -> None:
    database = connect(some_settings(firestore_project))
    first, second = (database.collection("c").document(name) for name in ("first", "second"))
    commit = Commit(database)
    commit.create(first, {"a": 1})
    commit.run()
    again = Commit(database)
    again.create(second, {"a": 1})
    again.create(first, {"a": 2})
    with pytest.raises(AlreadyThere):
        again.run()
    assert not second.get().exists


def test_a_replace_needs_the_version_that_was_read(firestore_project: str) -> None:
    database = connect(some_settings(firestore_project))
    reference = database.collection("c").document("one")
    reference.set({"a": 1, "b": 1})
    before = read(reference, dict)
    assert before
    for value, error in ((2, None), (3, Conflict)):
        commit = Commit(database)
        commit.replace(reference, {"a": value}, before.version)
        if error:
            with pytest.raises(error):
                commit.run()
        else:
            commit.run()
    after = read(reference, dict)
    assert after
    assert after.value["a"] == 2


def test_what_was_deleted_meanwhile_is_a_conflict(firestore_project: str) -> None:
    database = connect(some_settings(firestore_project))
    reference = database.collection("c").document("one")
    reference.set({"a": 1})
    before = read(reference, dict)
    assert before
    reference.delete()
    commit = Commit(database)
    commit.replace(reference, {"a": 2}, before.version)
    with pytest.raises(Conflict):
        commit.run()


def test_the_new_version_can_be_written_against(firestore_project: str) -> None:
    database = connect(some_settings(firestore_project))
    reference = database.collection("c").document("one")
    commit = Commit(database)
    commit.create(reference, {"a": 1})
    (version,) = commit.run()
    again = Commit(database)
    again.replace(reference, {"a": 2}, version)
    again.run()
    assert reference.get().to_dict() == {"a": 2}


def test_of_many_writers_at_once_one_wins_each_round(firestore_project: str) -> None:
    database = connect(some_settings(firestore_project))
    reference = database.collection("c").document("one")
    reference.set({"a": 0})
    before = read(reference, dict)
    assert before
    outcomes: list[str] = []

    def write(value: int) -> None:
        commit = Commit(database)
        commit.replace(reference, {"a": value}, before.version)
        try:
            commit.run()
        except Conflict:
            outcomes.append("lost")
        else:
            outcomes.append("won")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]


@pytest.mark.usefixtures("gone")
def test_a_read_of_a_database_that_is_gone_ends_in_time() -> None:
    database = connect(some_settings("gone"))
    began = time.monotonic()
    with pytest.raises(Unavailable):
        read(database.collection("c").document("one"), dict)
    assert time.monotonic() - began < 2.0


@pytest.mark.usefixtures("gone")
def test_a_commit_to_a_database_that_is_gone_ends_in_time() -> None:
    database = connect(some_settings("gone"))
    commit = Commit(database)
    commit.create(database.collection("c").document("one"), {"a": 1})
    began = time.monotonic()
    with pytest.raises(Unavailable):
        commit.run()
    assert time.monotonic() - began < 2.0


@pytest.mark.usefixtures("gone")
def test_a_query_while_a_webhook_waits_ends_in_time() -> None:
    database = connect(some_settings("gone"))
    began = time.monotonic()
    with pytest.raises(Unavailable):
        find(database.collection("c").limit(1), dict, patient=False)
    assert time.monotonic() - began < 2.0
