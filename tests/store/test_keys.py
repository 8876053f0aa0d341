"""Document ids: made of anything that a provider calls an id, and never taken for a path."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.store import keys


@given(st.text())
def test_any_provider_id_makes_an_id_that_firestore_takes(provider_id: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", keys.inbox_key("whatsapp", "100", provider_id))


def test_a_lone_surrogate_makes_an_id_too() -> None:
    assert keys.inbox_key("whatsapp", "100", "wamid.\ud800")


@pytest.mark.parametrize("changed", [("sms", "100", "a"), ("whatsapp", "101", "a"), ("whatsapp", "100", "b")])
def test_channel_account_and_id_each_count(changed: tuple[str, str, str]) -> None:
    assert keys.inbox_key(*changed) != keys.inbox_key("whatsapp", "100", "a")


def test_the_same_cause_makes_the_same_message_and_another_one_another() -> None:
    assert keys.outbox_key("cause", "reply") == keys.outbox_key("cause", "reply")
    assert keys.outbox_key("cause", "reply") != keys.outbox_key("cause", "notice")
    assert keys.outbox_key("cause", "reply").isalnum()


def test_an_address_is_the_same_person_however_it_is_written() -> None:
    assert keys.officer_key(" Admin@Belitung.Example ") == keys.officer_key("admin@belitung.example")
