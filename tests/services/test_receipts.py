"""Receipts: how far a message got, whatever order and however often the provider tells it."""

import itertools
from typing import Any

import pytest

from besadu.services.office import Office
from tests.factories import START, a_status, hear, item_of, keep_item, webhook


def tell(office: Office, *statuses: dict[str, Any]) -> None:
    for status in statuses:
        hear(office, webhook(statuses=(status,)))


def version_of(office: Office, outbox_id: str) -> object:
    stored = office.store.outbox.read(outbox_id)
    assert stored
    return stored.version


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])), ids="-".join)
def test_in_any_order_the_furthest_state_stands(office: Office, order: tuple[str, ...]) -> None:
    item = keep_item(office, kind="answer", state="sending")
    tell(office, *(a_status(item.id, state) for state in order))
    after = item_of(office, item.id)
    assert (after.state, after.due) == ("read", None)
    assert after.sent_at == after.delivered_at == after.read_at == START


def test_a_repeated_receipt_costs_no_write(office: Office) -> None:
    item = keep_item(office, kind="answer", state="sent", due=None)
    tell(office, a_status(item.id, "delivered"))
    before = version_of(office, item.id)
    tell(office, a_status(item.id, "delivered"), a_status(item.id, "sent"))
    assert version_of(office, item.id) == before


def test_a_receipt_of_a_prompt_costs_no_write_unless_it_failed_or_was_in_doubt(office: Office) -> None:
    prompt = keep_item(office, kind="prompt", state="sent", due=None, provider_id="wamid.out")
    before = version_of(office, prompt.id)
    tell(office, a_status(prompt.id, "delivered"), a_status(prompt.id, "read"))
    assert version_of(office, prompt.id) == before
    tell(office, a_status(prompt.id, "failed", code=131026))
    assert item_of(office, prompt.id).state == "failed"
    doubtful = keep_item(office, kind="prompt", state="sending")
    tell(office, a_status(doubtful.id, "sent"))
    assert item_of(office, doubtful.id).state == "sent"


def test_a_receipt_without_our_id_is_found_by_the_providers(office: Office) -> None:
    item = keep_item(office, kind="answer", state="sent", due=None, provider_id="wamid.abc/+=")
    tell(office, a_status("", "read", provider_id="wamid.abc/+="))
    assert item_of(office, item.id).state == "read"


def test_a_receipt_for_nothing_we_sent_is_passed_over(office: Office) -> None:
    tell(office, a_status("0" * 40, "read"), a_status("", "read", provider_id="wamid.stranger"))
    assert office.store.database.collection("outbox").limit(1).get() == []


def test_a_failure_keeps_its_reason_and_shows(office: Office) -> None:
    item = keep_item(office, kind="answer", state="sent", due=None, provider_id="wamid.out")
    tell(office, a_status(item.id, "failed", code=131026))
    (shown,) = office.store.outbox.failed()
    assert (shown.id, shown.error_code, shown.due) == (item.id, "131026", None)


def test_a_failure_after_the_message_arrived_is_not_believed(office: Office) -> None:
    item = keep_item(office, kind="answer", state="delivered", due=None, provider_id="wamid.out")
    tell(office, a_status(item.id, "failed", code=131026))
    assert item_of(office, item.id).state == "delivered"


def test_a_delivery_after_a_failure_is_believed(office: Office) -> None:
    item = keep_item(office, kind="answer", state="failed", due=None, provider_id="wamid.out")
    tell(office, a_status(item.id, "delivered"))
    assert item_of(office, item.id).state == "delivered"


def test_a_failure_of_an_attempt_before_does_not_spoil_the_one_after(office: Office) -> None:
    item = keep_item(office, kind="answer", state="sent", due=None, provider_id="wamid.second")
    tell(office, a_status(item.id, "failed", provider_id="wamid.first", code=131000))
    assert item_of(office, item.id).state == "sent"


def test_receipts_of_many_messages_in_one_webhook_all_count(office: Office) -> None:
    items = [keep_item(office, kind="answer", state="sent", due=None) for _ in range(5)]
    hear(office, webhook(statuses=tuple(a_status(item.id, "delivered") for item in items)))
    assert {item_of(office, item.id).state for item in items} == {"delivered"}
