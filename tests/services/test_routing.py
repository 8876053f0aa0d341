"""One citizen on several channels, on the emulator: where an answer goes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from besadu.domain.complaint import HeldNik, Reporter
from besadu.domain.conversation import Conversation
from besadu.domain.message import Address, SendResult
from besadu.domain.outbox import OutboxItem
from besadu.services import routing
from besadu.services.office import Office
from besadu.store.senders import key_of
from tests.factories import ADDRESS, START, Hands, a_complaint, an_office, keep_complaint, keep_head

PERSON = ("index-of-a-nik",)
HELD = HeldNik(sealed=b"sealed", indexes=PERSON, masked="1902********0003")
FACEBOOK = Address(channel="facebook", account="2", user_id="70001")
SMS = Address(channel="sms", account="android", phone="6281200000002")
NOW = START


@pytest.fixture
def office(firestore_project: str) -> Office:
    return an_office(firestore_project, Hands().now, sms_gateway="android")


def on(office: Office, address: Address, ticket: str, at: datetime = NOW, **changes: Any) -> Conversation:
    """The same person has complained from here, and wrote here last at ``at``."""
    head = Conversation(address=address, last_inbound_at=at, **changes)
    reporter = Reporter(address=address, nik=HELD, sender_key=key_of(address))
    keep_complaint(office, a_complaint(ticket=ticket, reporter=reporter, created_at=at))
    keep_head(office, head)
    return head


def an_item(address: Address, **changes: Any) -> OutboxItem:
    base = OutboxItem(
        id="a" * 40,
        kind="answer",
        address=address,
        sender_key=key_of(address),
        person=PERSON,
        created_at=NOW,
        due=NOW,
        text="Lampu sudah diperbaiki.",
        attempts=1,
    )
    return replace(base, **changes)


def test_an_answer_goes_where_the_citizen_wrote_last(office: Office) -> None:
    here = on(office, FACEBOOK, "BSD-26-0000-0001", NOW - timedelta(hours=2))
    there = on(office, SMS, "BSD-26-0000-0002", NOW - timedelta(hours=1))
    route = routing.last_used(office, an_item(FACEBOOK), here)
    assert (route.item.address, route.item.sender_key, route.changed) == (SMS, key_of(SMS), True)
    stays = routing.last_used(office, an_item(SMS), there)
    assert (stays.item.address, stays.changed) == (SMS, False)


def test_a_chosen_channel_wins_over_the_one_last_used_and_the_newest_choice_wins(office: Office) -> None:
    hour = timedelta(hours=1)
    here = on(office, FACEBOOK, "BSD-26-0000-0001", NOW - 9 * hour, chosen_at=NOW - 9 * hour)
    on(office, SMS, "BSD-26-0000-0002", NOW - hour)
    assert routing.last_used(office, an_item(FACEBOOK), here).item.address == FACEBOOK
    on(office, ADDRESS, "BSD-26-0000-0003", NOW - 5 * hour, chosen_at=NOW - 5 * hour)
    assert routing.last_used(office, an_item(FACEBOOK), here).item.address == ADDRESS


def test_nobody_else_gets_the_answer(office: Office) -> None:
    here = on(office, FACEBOOK, "BSD-26-0000-0001", NOW - timedelta(days=9))
    on(office, SMS, "BSD-26-0000-0002", NOW)
    for person in ((), ("index-of-another-nik",)):
        route = routing.last_used(office, an_item(FACEBOOK, person=person), here)
        assert (route.item.address, route.changed) == (FACEBOOK, False)
        assert routing.by_number(office, an_item(FACEBOOK, person=person), here) is None


def test_a_person_is_the_same_before_and_after_the_key_was_changed(office: Office) -> None:
    here = on(office, FACEBOOK, "BSD-26-0000-0001", NOW - timedelta(days=9))
    on(office, SMS, "BSD-26-0000-0002", NOW)
    route = routing.last_used(office, an_item(FACEBOOK, person=("index-under-the-new-key", *PERSON)), here)
    assert route.item.address == SMS


def test_by_number_finds_a_conversation_that_has_one(office: Office) -> None:
    here = on(office, FACEBOOK, "BSD-26-0000-0001")
    on(office, replace(FACEBOOK, channel="instagram", user_id="70002"), "BSD-26-0000-0002")
    assert routing.by_number(office, an_item(FACEBOOK), here) is None
    on(office, SMS, "BSD-26-0000-0003")
    route = routing.by_number(office, an_item(FACEBOOK), here)
    assert route
    assert (route.item.address, route.changed) == (SMS, True)


def test_a_number_of_their_own_is_reached_by_sms_only_over_a_gateway(office: Office) -> None:
    route = routing.by_number(office, an_item(ADDRESS), None)
    assert route
    assert (route.item.address.channel, route.item.address.phone) == ("sms", ADDRESS.phone)
    without = replace(office, settings=replace(office.settings, sms_gateway=""))
    assert routing.by_number(without, an_item(ADDRESS), None) is None


def test_whom_whatsapp_cannot_reach_gets_an_sms(office: Office) -> None:
    result = SendResult(outcome="permanent", error_code="131026")
    item = an_item(ADDRESS, state="sending", attempts=3, inviting=True)
    moved = routing.after_refusal(office, item, result, NOW)
    assert moved
    assert (moved.address.channel, moved.address.phone) == ("sms", ADDRESS.phone)
    assert (moved.state, moved.due, moved.attempts, moved.inviting) == ("pending", NOW, 0, False)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "retry"),
        ({}, "unauthorised"),
        ({"kind": "prompt"}, "permanent"),
        ({"kind": "agency"}, "permanent"),
        ({"media": "a" * 40}, "permanent"),
        ({"address": SMS}, "permanent"),
        ({"address": FACEBOOK}, "permanent"),
        ({"address": replace(ADDRESS, phone="", user_id="ID.7")}, "permanent"),
    ],
)
def test_nothing_else_is_led_to_sms(office: Office, changes: dict[str, Any], outcome: Any) -> None:
    item = replace(an_item(ADDRESS), **changes)
    assert routing.after_refusal(office, item, SendResult(outcome=outcome), NOW) is None
