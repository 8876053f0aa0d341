"""A worker dies between two steps, or Cloud Storage refuses one: in the end there is one file and nothing beside it."""

import gc
import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import requests

from besadu.domain.evidence import Evidence, incoming_name, rendition_name
from besadu.domain.message import Attachment
from besadu.errors import Unavailable
from besadu.media import Media
from besadu.services import evidence, staff_uploads, tidying
from besadu.store.client import PATIENT_TIMEOUT
from besadu.store.evidence import EvidenceStore
from besadu_local.stack import Stack
from tests.samples import letter, photo, recording
from tests.services.desk_case import a_case
from tests.services.storage_between import StorageBetween
from tests.services.test_settling import Desk

BODY = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(5000)  # no renditions, which take a process each
PHOTO = photo(1, size=(64, 48))
RENDERED = {
    "photo": PHOTO,
    "voice": recording("libopencore_amrnb", "amr", 8000, seconds=1),
    "film": recording("libopencore_amrnb", "3gp", 8000, seconds=1, film="h263"),
    "letter": letter(1),
}


class Died(BaseException):
    """The process is gone: nothing below may catch it."""


class Fuse:
    """Burns down by one with each step; ``burn`` is called before and after each. It may be lit later."""

    def __init__(self, steps: int, *, lit: bool = True) -> None:
        self.left, self.lit = steps, lit

    def burn(self) -> None:
        self.left -= self.lit
        if self.left == 0 and self.lit:
            raise Died

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **more: Any) -> Any:
            self.burn()
            done = step(*args, **more)
            self.burn()
            return done

        return stepped


def dying(desk: Desk, fuse: Fuse) -> tuple[Any, Media]:
    """The same office and bucket, for a worker that dies when the fuse is burnt."""
    media, store = Media(desk.office.settings), EvidenceStore(desk.office.store.database)
    for name in ("store", "measure", "move", "delete", "size", "reader"):
        setattr(media, name, fuse.around(getattr(media, name)))
    for name in ("read", "replace", "stage", "with_prints"):
        setattr(store, name, fuse.around(getattr(store, name)))
    return replace(desk.office, store=replace(desk.office.store, evidence=store)), media


def objects(desk: Desk, evidence_id: str) -> list[str]:
    """All that lies in the bucket for this file."""
    prefixes = ("incoming/", f"evidence/{evidence_id[:2]}/", "quarantine/")
    return sorted(found.name for prefix in prefixes for found in desk.media.named(prefix) if evidence_id in found.name)


def uploaded(desk: Desk, body: bytes = BODY) -> Evidence:
    now = desk.hands.now()
    item = Evidence(
        id=secrets.token_hex(12),
        ticket="",
        sender_key="s",
        attachment=Attachment(kind="image"),
        created_at=now,
        uploaded=True,
        due=now,
    )
    desk.media.store(incoming_name(item.id), iter([body]), limit=len(body))
    commit = desk.office.store.commit()
    desk.office.store.evidence.stage(commit, item)
    commit.run(timeout=PATIENT_TIMEOUT)
    return item


def in_the_end(desk: Desk, item: Evidence) -> Evidence:
    """After the task was repeated as often as needed, and the bucket tidied."""
    for _ in range(4):
        desk.hands.advance(minutes=11)
        evidence.fetch(desk.office, desk.media, item.id, again=True)
    desk.hands.advance(days=3650)  # the bucket's stamps are of today
    tidying.tidy(desk.office, desk.media)
    stored = desk.office.store.evidence.read(item.id)
    assert stored
    return stored.value


@pytest.fixture
def desk(stack: Stack) -> Desk:
    return Desk(stack)


@pytest.mark.parametrize("again", [False, True])
def test_a_worker_may_die_before_and_after_every_step(desk: Desk, *, again: bool) -> None:
    steps, survived = 0, False
    while not survived:
        steps += 1
        item, fuse = uploaded(desk), Fuse(steps)
        office, media = dying(desk, fuse)
        with suppress(Died):
            evidence.fetch(office, media, item.id, again=again)
            survived = True
        kept = in_the_end(desk, item)
        assert (kept.state, kept.size) == ("stored", len(BODY)), steps
        parts = [rendition_name(kept.object_name, part.name) for part in kept.renditions]
        assert objects(desk, item.id) == sorted([kept.object_name, *parts]), steps
    assert steps > 12


@pytest.mark.parametrize("kind", RENDERED)
def test_a_worker_may_die_before_and_after_each_rendition(desk: Desk, kind: str) -> None:
    body, steps, survived = RENDERED[kind], 0, False
    while not survived:
        steps += 1
        item, fuse = uploaded(desk, body), Fuse(steps, lit=False)
        office, media = dying(desk, fuse)
        moved = media.move

        def move(*args: Any, fuse: Fuse = fuse, moved: Callable[..., Any] = moved, **more: Any) -> None:
            moved(*args, **more)  # up to here all files are alike
            fuse.lit = True

        media.move = move  # type: ignore[method-assign]  # of this worker's bucket alone
        with suppress(Died):
            evidence.fetch(office, media, item.id)
            survived = True
        kept = in_the_end(desk, item)
        parts = [rendition_name(kept.object_name, part.name) for part in kept.renditions]
        assert parts
        assert (kept.state, objects(desk, item.id)) == ("stored", sorted([kept.object_name, *parts])), steps
        assert [desk.media.size(name) for name in parts] == [part.size for part in kept.renditions], steps
    assert steps >= 9


def test_an_agencys_upload_may_die_between_its_steps(stack: Stack) -> None:
    case = a_case(stack)
    desk = Desk(stack)
    desk.office = replace(case.office, now=desk.hands.now)
    steps, survived = 0, False
    while not survived:
        steps += 1
        body = b"%PDF-1.7\n" + bytes([steps])
        office, media = dying(desk, Fuse(steps))
        with suppress(Died):
            staff_uploads.keep(
                office, media, ticket=case.ticket, agency=case.agency.code, stream=io.BytesIO(body), filename="a.jpg"
            )
            survived = True
    desk.hands.advance(days=3650)
    for name in [found.name for found in desk.media.named("incoming/")]:
        known = desk.office.store.evidence.read(name.removeprefix("incoming/"))
        if known is None:
            tidying.tidy(desk.office, desk.media)
            assert desk.media.size(name) is None
    assert steps >= 4


@pytest.fixture
def between(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageBetween]:
    monkeypatch.setattr("besadu.media.PATIENCE", 0.1)  # seconds of the library's own retries
    with StorageBetween(stack.settings["STORAGE_EMULATOR_HOST"]) as running:
        yield running
    gc.collect()  # so that they are collected in the test whose they are


# The library drops the connections of answers that it tries again, and says so when they are collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("status", [503, 429, 500, 412])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/upload/"),
        ("GET", "alt=media"),
        ("POST", "/rewriteTo/"),
        ("DELETE", "/o/incoming"),
    ],
)
def test_what_storage_refuses_is_done_later_and_once(
    desk: Desk, between: StorageBetween, status: int, method: str, path: str
) -> None:
    item = uploaded(desk, PHOTO if path == "/upload/" else BODY)
    settings = replace(desk.office.settings, storage_emulator_host=between.url)
    between.refuse(method, path, status)
    with suppress(Unavailable):
        evidence.fetch(replace(desk.office, settings=settings), Media(settings), item.id)
    assert between.refused
    between.relent()
    kept = in_the_end(desk, item)
    parts = [rendition_name(kept.object_name, part.name) for part in kept.renditions]
    assert (kept.state, objects(desk, item.id)) == ("stored", sorted([kept.object_name, *parts]))
    assert b"".join(desk.media.open(kept.object_name)) == (PHOTO if path == "/upload/" else BODY)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_stands_between_is_what_it_says(between: StorageBetween) -> None:
    between.refuse("GET", "/b/none", 503)
    assert requests.get(f"{between.url}/storage/v1/b/none", timeout=5).status_code == 503
    between.relent()
    assert requests.get(f"{between.url}/storage/v1/b/none", timeout=5).status_code == 404
