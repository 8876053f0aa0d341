import secrets
from datetime import timedelta
from typing import Any

import pytest
import requests

from besadu import clock
from besadu.domain.evidence import incoming_name, object_name, quarantine_name, rendition_name
from besadu.services import tidying
from besadu.services.evidence import MOST_ATTEMPTS
from besadu_local.stack import Stack
from tests.samples import photo
from tests.services.test_settling import Desk


@pytest.fixture
def desk(stack: Stack) -> Desk:
    """Its clock goes with the bucket's, which stamps what is put there."""
    desk = Desk(stack)
    desk.hands.time = clock.now()
    return desk


def put(desk: Desk, *names: str) -> None:
    for name in names:
        desk.media.store(name, iter([b"x"]), limit=1)


def lies(desk: Desk, *names: str) -> list[bool]:
    return [desk.media.size(name) is not None for name in names]


def test_what_no_document_knows_is_gone_after_a_sweep_and_not_before(desk: Desk) -> None:
    lost = secrets.token_hex(12)
    names = [incoming_name(lost), object_name(lost), rendition_name(object_name(lost), "thumb"), quarantine_name(lost)]
    put(desk, *names)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, *names) == [True] * 4
    desk.hands.advance(hours=1, seconds=5)
    assert tidying.tidy(desk.office, desk.media)["orphans"] >= 1
    assert lies(desk, *names) == [False] * 4


def test_what_a_browser_sent_waits_for_its_page_to_be_opened_again(desk: Desk) -> None:
    name = incoming_name(secrets.token_hex(12))
    until = desk.hands.now() + timedelta(days=3)
    address = desk.media.upload_address(
        name, size=1, mime="image/jpeg", lifetime=timedelta(minutes=1), awaited_until=until
    )
    place = requests.post(address.url, headers=address.headers, timeout=10).headers["Location"]
    assert requests.put(place, b"x", timeout=10).status_code == 200
    desk.hands.advance(hours=71)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, name) == [True]
    desk.hands.advance(hours=2)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, name) == [False]


def test_a_settled_files_leftover_goes_and_the_file_stays(desk: Desk) -> None:
    item = desk.settled(photo())
    put(desk, incoming_name(item.id))  # a worker that died before it could delete it
    desk.hands.advance(hours=2)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, incoming_name(item.id), item.object_name) == [False, True]
    assert lies(desk, *(rendition_name(item.object_name, part.name) for part in item.renditions)) == [True, True]


@pytest.mark.parametrize("state", ["pending", "fetching"])
def test_a_file_at_work_is_left_alone(desk: Desk, state: Any) -> None:
    item = desk.settled(photo())
    stored = desk.office.store.evidence.read(item.id)
    assert stored
    desk.office.store.evidence.reference(item.id).update({"state": state})
    put(desk, incoming_name(item.id))
    desk.hands.advance(hours=5)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, incoming_name(item.id), item.object_name) == [True, True]


def test_what_lay_open_of_a_file_that_is_locked_away_by_now_goes_too(desk: Desk) -> None:
    item = desk.settled(photo())
    desk.office.store.evidence.reference(item.id).update({"state": "quarantined"})
    put(desk, incoming_name(item.id), quarantine_name(item.id))
    desk.hands.advance(hours=2)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, incoming_name(item.id), item.object_name, quarantine_name(item.id)) == [False, False, True]


def test_an_upload_that_could_not_be_settled_stays_as_nobody_else_has_it(desk: Desk) -> None:
    item = desk.settled(photo(), attempts=MOST_ATTEMPTS, state="fetching")
    assert item.state == "failed"
    desk.hands.advance(hours=2)
    tidying.tidy(desk.office, desk.media)
    assert lies(desk, incoming_name(item.id)) == [True]
