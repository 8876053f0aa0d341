"""A citizen with a draft is reminded of it on the days that the manager set, and in the end it is given up."""

from datetime import datetime, timedelta

import pytest

from besadu.domain.deadlines import WIB
from besadu.domain.outbox import OutboxItem
from besadu.identity import Person
from besadu.services import nudging, times
from besadu.services.office import Office
from besadu.store.senders import key_of
from tests.factories import ADDRESS, PHONE, Hands, an_office, head_of, say

MANAGER = Person(email="agus@belitung.example", name="Agus", role="manager")
SENDER = key_of(ADDRESS)


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    office = an_office(firestore_project, hands.now)
    say(office, "Lampu jalan mati total")
    return office


def next_nudge(office: Office) -> datetime | None:
    at = head_of(office).value.nudge_at
    return at.astimezone(WIB) if at else None


def go_on(office: Office, hands: Hands) -> str:
    """To the next look at the draft."""
    hands.time = head_of(office).value.nudge_at or hands.time
    return nudging.look(office, SENDER)


def sent(office: Office, hands: Hands) -> list[OutboxItem]:
    items = [stored.value for stored in office.store.outbox.due(hands.now())]
    return [item for item in items if item.template in nudging.TEMPLATES.values()]


def change(office: Office, **typed: str) -> None:
    times.save(office, MANAGER, {**times.form(office), **typed})


def test_a_draft_is_brought_to_mind_four_times_and_then_given_up(office: Office, hands: Hands) -> None:
    days = []
    while (at := next_nudge(office)) is not None:
        days.append(f"{at:%d %H:%M}")
        go_on(office, hands)
        assert nudging.look(office, SENDER) == "nothing due"
    # Begun on 2 March at 09:00: an hour before the window closes, then in the morning of day 3, 7, 21 and 30.
    assert days == ["03 08:00", "05 10:00", "09 10:00", "23 10:00", "01 10:00"]
    assert head_of(office).value.draft is None
    assert [item.template for item in sent(office, hands)] == ["lanjutkan_laporan"] * 4 + ["laporan_kedaluwarsa"]
    assert {item.address.phone for item in sent(office, hands)} == {PHONE}


def test_whoever_writes_is_left_in_peace_for_a_day(office: Office, hands: Hands) -> None:
    hands.advance(hours=20)
    say(office, "di depan SD 5")
    hands.advance(hours=4)
    assert nudging.look(office, SENDER) == "nothing due"
    at = next_nudge(office)
    assert at
    assert at > hands.now() + timedelta(hours=1)


def test_a_later_end_sends_nobody_the_news_of_the_old_one(office: Office, hands: Hands) -> None:
    for _ in range(4):
        go_on(office, hands)
    change(office, draft="40")
    assert go_on(office, hands) == "reminded"
    assert len(sent(office, hands)) == 4
    assert head_of(office).value.draft
    assert go_on(office, hands) == "given up"
    assert f"{hands.time.astimezone(WIB):%d.%m}" == "11.04"


def test_with_fewer_nudges_the_end_still_comes(office: Office, hands: Hands) -> None:
    for _ in range(3):
        go_on(office, hands)
    change(office, nudges="1")
    say(office, "dekat masjid")
    assert go_on(office, hands) == "given up"
    assert f"{hands.time.astimezone(WIB):%d.%m}" == "01.04"
