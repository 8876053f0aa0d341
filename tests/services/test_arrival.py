"""An answer on its way: it is delivered when a channel says so, and goes another way when nothing says so."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from besadu.domain import deadlines
from besadu.domain.complaint import State
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid
from besadu.services import answers, casework, delivery, followup, handling
from besadu.services.arrival import UNREAD_FOR
from besadu.services.office import Office
from tests.factories import (
    ADMIN,
    OFFICER,
    PHONE,
    a_text,
    complaint_of,
    head_of,
    hear,
    item_of,
    keep_complaint,
    say,
    webhook,
)
from tests.services.network_case import Network

TEXT = "Lampu sudah diganti hari Selasa."
DAY = 24 * 3600 + 60  # seconds


def delivering(office: Office, *, ticket: str = "") -> OutboxItem:
    """A complaint whose answer the admin has just let go; the message with the answer."""
    complaint = keep_complaint(office) if not ticket else complaint_of(office, ticket)
    casework.forward(office, ADMIN, complaint.ticket, agency_code="dishub")
    handling.answer(office, OFFICER, complaint.ticket, text=TEXT)
    after = answers.deliver(office, ADMIN, complaint.ticket, text=TEXT)
    return item_of(office, after.delivered_by)


def state_of(network: Network, item: OutboxItem) -> State:
    return complaint_of(network.office, item.ticket).state


def by_sms(network: Network, item: OutboxItem) -> list[OutboxItem]:
    found = [one.value for one in network.office.store.outbox.carrying(item.answer_of)]
    return [one for one in found if one.address.channel == "sms"]


def calls(network: Network) -> list[str]:
    return [task.ticket for task in network.office.store.outreach.waiting("calling")]


def with_gateway(network: Network) -> Network:
    settings = replace(network.office.settings, sms_gateway="android")
    network.office = replace(network.office, settings=settings)
    return network


def test_a_complaint_is_delivered_when_the_channel_says_so_and_then_the_time_to_reply_begins(network: Network) -> None:
    item = delivering(network.office)
    assert network.send(item) == "sent"
    assert state_of(network, item) is State.SENDING
    network.receipt(item.id, "sent")
    assert complaint_of(network.office, item.ticket).due is None
    network.clock.advance(7200)
    network.receipt(item.id, "delivered")
    after = complaint_of(network.office, item.ticket)
    assert (after.state, after.clock, after.history[-1].action) == (State.DELIVERED, "reply", "confirm")
    assert after.due == deadlines.due(network.clock.now(), 10, network.office.calendar())
    assert "WhatsApp" in after.history[-1].note
    network.receipt(item.id, "delivered")
    network.receipt(item.id, "read")
    assert complaint_of(network.office, item.ticket) == after
    assert network.state_of(item) == "read"


@pytest.mark.parametrize(("said", "state"), [("PUAS", State.CLOSED), ("BELUM, masih gelap", State.REOPENED)])
def test_who_judges_the_answer_has_got_it_whatever_the_channel_says(network: Network, said: str, state: State) -> None:
    item = delivering(network.office)
    network.send(item)
    _belongs_to_the_talk(network, item)
    say(network.office, said)
    assert state_of(network, item) is state
    network.receipt(item.id, "delivered")
    assert state_of(network, item) is state


def test_a_low_mark_confirms_that_the_answer_is_there(network: Network) -> None:
    item = delivering(network.office)
    network.send(item)
    _belongs_to_the_talk(network, item)
    say(network.office, "2")
    after = complaint_of(network.office, item.ticket)
    assert (after.state, after.rating, after.clock) == (State.DELIVERED, 2, "reply")


def test_no_answer_that_is_still_on_its_way_closes_by_silence(network: Network) -> None:
    item = delivering(network.office)
    network.send(item)
    network.clock.advance(60 * 24 * 3600)
    assert followup.look(network.office, item.ticket) == "nothing due"
    assert state_of(network, item) is State.SENDING


def test_what_is_not_read_in_a_day_goes_by_sms_in_few_words(network: Network) -> None:
    item = delivering(with_gateway(network).office)
    network.send(item)
    network.clock.advance(DAY)
    assert network.send(item) == "by sms"
    (sms,) = by_sms(network, item)
    assert (sms.address.phone, sms.text) == (PHONE, item.sms_text)
    assert sms.text.startswith("BESADU")
    assert network.send(item) == "sent"  # once
    assert calls(network) == []


def test_what_arrived_unread_is_delivered_and_goes_by_sms_all_the_same(network: Network) -> None:
    item = delivering(with_gateway(network).office)
    network.send(item)
    network.receipt(item.id, "delivered")
    network.clock.advance(DAY)
    assert network.send(item) == "by sms"
    assert state_of(network, item) is State.DELIVERED
    assert calls(network) == []


def test_what_was_read_goes_no_other_way(network: Network) -> None:
    item = delivering(with_gateway(network).office)
    network.send(item)
    network.receipt(item.id, "read")
    assert item_of(network.office, item.id).due is None
    assert network.send(item) == "read"
    assert state_of(network, item) is State.DELIVERED


def test_whoever_writes_after_the_answer_has_seen_it_although_no_receipt_came(network: Network) -> None:
    item = delivering(with_gateway(network).office)
    network.send(item)
    network.clock.advance(3600)
    hear(network.office, webhook(a_text("terima kasih banyak pak", at=network.clock.now())))
    network.clock.advance(DAY)
    assert network.send(item) == "read"
    assert state_of(network, item) is State.DELIVERED
    assert by_sms(network, item) == []


def test_an_invitation_that_nobody_takes_up_in_a_day_is_followed_by_the_answer_by_sms_and_buka_still_works(
    network: Network,
) -> None:
    network.close_window()
    item = delivering(with_gateway(network).office)
    assert network.send(item) == "held"
    assert state_of(network, item) is State.SENDING
    network.clock.advance(DAY)
    assert network.send(item) == "by sms"
    assert len(by_sms(network, item)) == 1
    network.citizen_writes()
    assert network.send(item) == "sent"
    network.receipt(item.id, "delivered")
    assert state_of(network, item) is State.DELIVERED


def test_an_sms_that_nobody_confirms_in_a_day_becomes_a_call(network: Network) -> None:
    item = delivering(with_gateway(network).office)
    network.send(item)
    network.clock.advance(DAY)
    network.send(item)
    (sms,) = by_sms(network, item)
    stored = network.office.store.outbox.read(sms.id)
    assert stored
    now = network.clock.now()
    network.office.store.outbox.replace(stored, replace(sms, state="sent", sent_at=now, due=now + UNREAD_FOR))
    network.clock.advance(DAY)
    assert delivery.send(network.office, sms.id) == "by call"
    assert calls(network) == [item.ticket]


def test_without_a_gateway_what_is_not_read_becomes_a_call_and_never_two(network: Network) -> None:
    item = delivering(network.office)
    network.send(item)
    network.clock.advance(DAY)
    assert network.send(item) == "by call"
    assert network.send(item) == "sent"
    assert calls(network) == [item.ticket]
    assert network.office.store.outbox.failed() == []


def test_whom_whatsapp_does_not_know_gets_an_sms_or_a_call_at_once(network: Network) -> None:
    item = delivering(network.office)
    network.fail(mode="error", status=400, code=131026)
    assert network.send(item) == "superseded"
    assert calls(network) == [item.ticket]


def test_a_failure_that_a_receipt_tells_of_takes_the_next_way_too(network: Network) -> None:
    item = delivering(with_gateway(network).office)
    network.send(item)
    sent = item_of(network.office, item.id)
    network.receipt(item.id, "failed", provider_id=sent.provider_id, code=131026)
    assert network.state_of(item) == "superseded"
    assert len(by_sms(network, item)) == 1


def test_the_sweep_finds_an_answer_that_nobody_confirmed_although_its_task_is_lost(network: Network) -> None:
    item = delivering(network.office)
    network.send(item)
    network.clock.advance(DAY)
    assert item.id in {stored.value.id for stored in network.office.store.outbox.due(network.clock.now())}


def test_the_reporter_of_a_merged_complaint_is_followed_as_well(network: Network) -> None:
    office = network.office
    leading = keep_complaint(office)
    follower = keep_complaint(office, ticket="BSD-26-1111-2224")
    casework.merge(office, ADMIN, follower.ticket, into=leading.ticket)
    item = delivering(office, ticket=leading.ticket)
    theirs = next(one.value for one in office.store.outbox.carrying(item.answer_of) if one.value.ticket != item.ticket)
    network.send(theirs)
    network.receipt(theirs.id, "delivered")
    assert (network.state_of(theirs), state_of(network, item)) == ("delivered", State.SENDING)
    network.send(item)
    network.clock.advance(DAY)
    network.send(item)
    assert calls(network) == [leading.ticket]


# Taken back


def test_an_answer_behind_an_invitation_can_be_taken_back_and_is_never_read(network: Network) -> None:
    network.close_window()
    item = delivering(network.office)
    assert network.send(item) == "held"
    after = answers.recall(network.office, ADMIN, item.ticket, reason="Tanggalnya keliru.")
    assert (after.state, after.clock, after.delivered_by) == (State.ANSWERED, "review", "")
    assert head_of(network.office).value.held == ()
    network.citizen_writes()
    assert network.send(item) == "superseded"
    assert network.kinds(item) == ["template"]
    again = answers.deliver(network.office, ADMIN, item.ticket, text="Lampu sudah diganti hari Rabu.")
    assert again.delivered_by != item.id
    assert network.send(item_of(network.office, again.delivered_by)) == "sent"


def test_buka_after_the_answer_was_taken_back_says_that_it_is_looked_at_again(network: Network) -> None:
    network.close_window()
    item = delivering(network.office)
    network.send(item)
    _belongs_to_the_talk(network, item)
    answers.recall(network.office, ADMIN, item.ticket, reason="Tanggalnya keliru.")
    network.citizen_writes()
    said = head_of(network.office).value.said
    assert said
    assert "periksa sekali lagi" in said.text


def test_what_has_been_sent_cannot_be_taken_back(network: Network) -> None:
    item = delivering(network.office)
    network.send(item)
    with pytest.raises(Invalid, match="sudah dikirim"):
        answers.recall(network.office, ADMIN, item.ticket, reason="Keliru.")
    assert state_of(network, item) is State.SENDING


def test_buka_and_taking_back_at_once_end_with_one_of_them(network: Network) -> None:
    network.close_window()
    item = delivering(network.office)
    network.send(item)
    network.citizen_writes()  # a moment before: the answer is let go, and not sent yet
    answers.recall(network.office, ADMIN, item.ticket, reason="Tanggalnya keliru.")
    assert network.send(item) == "superseded"
    assert network.kinds(item) == ["template"]


@pytest.mark.parametrize("_round", range(4))
def test_buka_and_taking_back_in_the_same_moment_never_send_what_was_taken_back(network: Network, _round: int) -> None:
    network.close_window()
    item = delivering(network.office)
    network.send(item)
    both = threading.Barrier(2)

    def take_back() -> None:
        both.wait()
        answers.recall(network.office, ADMIN, item.ticket, reason="Tanggalnya keliru.")

    with ThreadPoolExecutor(2) as pool:
        recalled = pool.submit(take_back)
        both.wait()
        network.citizen_writes()
        recalled.result(timeout=30)
    assert (network.send(item), state_of(network, item)) == ("superseded", State.ANSWERED)
    assert network.kinds(item) == ["template"]
    assert head_of(network.office).value.held == ()


def _belongs_to_the_talk(network: Network, item: OutboxItem) -> None:
    commit = network.office.store.commit()
    network.office.store.senders.stage_talk_about(commit, item.sender_key, item.ticket)
    commit.run()
