"""Messages on their way out, against the simulated Graph API: sent once, or a person is told; never silence."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from besadu import links, texts
from besadu.channels import http
from besadu.domain.message import Address
from besadu.domain.outbox import LEASE, MOST_ATTEMPTS, PASSING, OutboxItem
from besadu.services import delivery
from besadu.store.keys import outbox_key
from besadu_local.stack import FUNCTIONS, LOCAL
from tests.factories import (
    ACCOUNT,
    ADDRESS,
    DUTY_PHONE,
    PHONE,
    a_text,
    closed_port,
    head_of,
    hear,
    item_of,
    keep_item,
    webhook,
)
from tests.services.network_case import Network, an_answer

LEASE_SECONDS = int(LEASE.total_seconds())
PICTURE = "a" * 40


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        threading.Event().wait(0.02)


# Once


def test_a_task_that_runs_twice_sends_once(network: Network) -> None:
    item = keep_item(network.office)
    assert [network.send(item), network.send(item)] == ["sent", "sent"]
    assert network.kinds(item) == ["text"]
    after = item_of(network.office, item.id)
    assert (after.due, after.attempts, after.provider_id) == (None, 1, network.sends(item)[0]["id"])


def test_two_workers_at_once_send_once(network: Network) -> None:
    item = keep_item(network.office)
    barrier, done = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        done.append(network.send(item))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert network.kinds(item) == ["text"]
    assert network.state_of(item) == "sent"
    assert set(done) <= {"sent", "claimed by another", "early", "sending"}


def test_what_nobody_knows_or_is_not_due_is_not_sent(network: Network) -> None:
    assert delivery.send(network.office, "0" * 40) == "gone"
    later = keep_item(network.office, due=network.clock.now() + timedelta(minutes=1))
    assert network.send(later) == "early"
    assert network.kinds(later) == []


# Crashes and doubts


def test_a_worker_that_dies_after_its_claim_leaves_the_message_to_the_next_after_the_lease(network: Network) -> None:
    item = keep_item(network.office, state="sending", attempts=1, due=network.clock.now() + LEASE)
    assert network.send(item) == "early"
    assert network.kinds(item) == []
    network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["text"]


WORKER = """
import sys
from datetime import datetime
from besadu.config import Settings
from besadu.queue import Queue
from besadu.services import delivery
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect
project, graph, account, item, now = sys.argv[1:]
settings = Settings(google_cloud_project=project, meta_graph_url=graph, meta_access_token="access-token-of-tests",
                    whatsapp_phone_number_id=account, tasks_emulator_host="127.0.0.1:1", link_key="k" * 32)
office = Office(settings, open_store(connect(settings)), Queue(settings), lambda: datetime.fromisoformat(now))
delivery.send(office, item)
"""


def killed_after_sending(network: Network, item: OutboxItem) -> None:
    """A worker whose message is taken, and who is killed before the answer reaches it."""
    network.fail(mode="timeout", accepted=True, seconds=3)
    settings = network.office.settings
    arguments = [
        settings.google_cloud_project,
        settings.meta_graph_url,
        ACCOUNT,
        item.id,
        network.clock.now().isoformat(),
    ]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(LOCAL), str(FUNCTIONS)])}
    worker = subprocess.Popen([sys.executable, "-c", WORKER, *arguments], env=environ)
    try:
        eventually(lambda: len(network.sends(item)) == 1)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()


def test_a_worker_killed_between_sending_and_writing_it_down_costs_one_more_message_at_most(network: Network) -> None:
    item = keep_item(network.office)
    killed_after_sending(network, item)
    assert network.state_of(item) == "sending"
    assert network.send(item) == "early"
    network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "sent"
    assert len(network.sends(item)) == 2


def test_a_receipt_before_the_end_of_the_lease_saves_the_second_message(network: Network) -> None:
    item = keep_item(network.office)
    killed_after_sending(network, item)
    network.receipt(item.id, "delivered", provider_id=network.sends(item)[0]["id"])
    network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "delivered"
    assert len(network.sends(item)) == 1


@pytest.mark.parametrize("mode", ["timeout", "reset"])
def test_an_attempt_without_an_answer_is_repeated_once_after_the_lease(
    network: Network, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(http, "TIMEOUTS", (1.0, 0.3))
    item = keep_item(network.office)
    network.fail(mode=mode, accepted=True, seconds=0.6)
    assert network.send(item) == "ambiguous"
    assert network.send(item) == "early"
    network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "sent"
    assert len(network.sends(item)) == 2


def test_after_two_attempts_without_an_answer_a_person_decides(network: Network) -> None:
    item = keep_item(network.office)
    network.fail(mode="reset", accepted=True, times=2)
    for _ in range(2):
        assert network.send(item) == "ambiguous"
        network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "unknown"
    assert network.send(item) == "unknown"
    assert len(network.sends(item)) == 2
    assert [failed.id for failed in network.office.store.outbox.failed()] == [item.id]


def test_a_receipt_also_settles_what_was_given_up_as_unknown(network: Network) -> None:
    item = keep_item(network.office, state="unknown", due=None, ambiguous=1, attempts=2)
    network.receipt(item.id, "read")
    assert network.state_of(item) == "read"
    assert network.office.store.outbox.failed() == []


# Trouble at the provider


@pytest.mark.parametrize(
    ("spec", "pause"),
    [
        ({"mode": "error", "status": 429, "code": 130429}, 5),
        ({"mode": "error", "status": 429, "code": 130429, "retry_after": 77}, 77),
        ({"mode": "error", "status": 500, "code": 131000}, 5),
        ({"mode": "error", "status": 503, "code": 131016}, 5),
    ],
)
def test_a_provider_in_trouble_is_tried_again_later(network: Network, spec: dict[str, Any], pause: int) -> None:
    item = keep_item(network.office)
    network.fail(**spec)
    before = network.clock.now()
    assert network.send(item) == "pending"
    due = item_of(network.office, item.id).due
    assert due
    assert timedelta(seconds=pause - 1) <= due - before <= timedelta(seconds=pause + 3)
    assert network.send(item) == "early"
    network.clock.advance(pause + 3)
    assert network.send(item) == "sent"
    assert len(network.sends(item)) == 1


def test_a_provider_that_cannot_be_reached_is_tried_again(network: Network) -> None:
    item = keep_item(network.office)
    away = replace(network.office.settings, meta_graph_url=f"http://127.0.0.1:{closed_port()}")
    assert delivery.send(replace(network.office, settings=away), item.id) == "pending"
    network.clock.advance(10)
    assert network.send(item) == "sent"


def test_after_many_attempts_a_message_has_failed_and_shows(network: Network) -> None:
    item = keep_item(network.office, attempts=MOST_ATTEMPTS - 1)
    network.fail(mode="error", status=500, code=131000)
    assert network.send(item) == "failed"
    (shown,) = network.office.store.outbox.failed()
    assert (shown.id, shown.due, shown.error_code) == (item.id, None, "131000")


def test_a_person_who_has_no_whatsapp_is_a_failure_that_shows(network: Network) -> None:
    item = keep_item(network.office)
    network.fail(mode="error", status=400, code=131026)
    assert network.send(item) == "failed"
    assert [failed.id for failed in network.office.store.outbox.failed()] == [item.id]


def test_a_refused_token_pauses_alerts_and_loses_nothing(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    item = keep_item(network.office)
    network.fail(mode="error", status=401, code=190, times=MOST_ATTEMPTS + 3)
    for _ in range(MOST_ATTEMPTS + 3):
        assert network.send(item) == "pending"
        network.clock.advance(int(delivery.UNAUTHORISED_PAUSE.total_seconds()))
    assert capsys.readouterr().err.count("channel_unauthorised") == MOST_ATTEMPTS + 3
    assert network.send(item) == "sent"


def test_a_failure_that_is_told_later_shows_too(network: Network) -> None:
    item = keep_item(network.office)
    network.send(item)
    network.receipt(item.id, "failed", provider_id=network.sends(item)[0]["id"], code=131026)
    assert [failed.id for failed in network.office.store.outbox.failed()] == [item.id]


# The window of 24 hours


def test_a_notice_outside_the_window_goes_as_a_template_at_once(network: Network) -> None:
    network.close_window()
    item = keep_item(network.office)
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["template"]


@pytest.mark.parametrize("kind", ["answer", "question"])
def test_an_answer_outside_the_window_invites_and_waits_until_the_citizen_writes(network: Network, kind: str) -> None:
    network.close_window()
    item = an_answer(network, kind=kind)
    assert network.send(item) == "held"
    assert network.kinds(item) == ["template"]
    assert network.sends(item)[0]["body"]["template"]["name"] == "jawaban_tersedia"
    assert head_of(network.office).value.held == (item.id,)
    assert network.send(item) == "held"
    network.citizen_writes()
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["template", "text"]
    assert head_of(network.office).value.held == ()


def test_receipts_of_the_invitation_are_not_taken_for_the_answers(network: Network) -> None:
    network.close_window()
    item = an_answer(network)
    network.send(item)
    callback = network.sends(item)[0]["body"]["biz_opaque_callback_data"]
    for state in ("sent", "delivered", "read"):
        network.receipt(callback, state)
        assert network.state_of(item) == "held"
    network.citizen_writes()
    network.receipt(callback, "read")  # late: the answer has been let go already
    assert network.state_of(item) == "pending"
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["template", "text"]


def test_an_invitation_that_does_not_arrive_is_a_failure_that_shows_and_the_answer_still_comes(
    network: Network,
) -> None:
    network.close_window()
    item = an_answer(network)
    network.send(item)
    callback = network.sends(item)[0]["body"]["biz_opaque_callback_data"]
    network.receipt(callback, "failed", code=131026)
    assert [failed.id for failed in network.office.store.outbox.failed()] == [item.id]
    network.citizen_writes()
    assert network.send(item) == "sent"


def test_an_invitation_whose_sender_was_killed_is_not_repeated_once_it_arrived(network: Network) -> None:
    network.close_window()
    item = an_answer(network)
    killed_after_sending(network, item)
    network.receipt(network.sends(item)[0]["body"]["biz_opaque_callback_data"], "delivered")
    assert network.state_of(item) == "held"
    assert head_of(network.office).value.held == (item.id,)
    network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "held"
    network.citizen_writes()
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["template", "text"]


def test_when_only_the_provider_knows_that_the_window_is_closed_the_template_follows(network: Network) -> None:
    item = keep_item(network.office)
    network.fail(mode="error", status=400, code=131047)
    assert network.send(item) == "pending"
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["template"]


def test_a_window_that_closed_on_the_way_is_told_by_a_receipt_and_a_repeated_one_changes_nothing(
    network: Network,
) -> None:
    item = keep_item(network.office)
    network.send(item)
    first = network.sends(item)[0]["id"]
    for _ in range(2):
        network.receipt(item.id, "failed", provider_id=first, code=131047)
        assert network.state_of(item) == "pending"
    assert network.send(item) == "sent"
    assert network.kinds(item) == ["text", "template"]
    network.receipt(item.id, "failed", provider_id=first, code=131047)
    assert network.state_of(item) == "sent"


def test_a_prompt_outside_the_window_is_dropped_and_not_charged(network: Network) -> None:
    item = keep_item(network.office, kind="prompt", template="", text="Di mana kejadiannya?")
    network.close_window()
    assert network.send(item) == "superseded"
    assert network.kinds(item) == []


def test_pictures_wait_with_their_words(network: Network) -> None:
    network.close_window()
    words = an_answer(network)
    picture = keep_item(
        network.office, kind="answer", text="", template="", template_values=(), media=PICTURE, media_kind="image"
    )
    assert [network.send(picture), network.send(words)] == ["held", "held"]
    assert network.kinds(picture) == []
    assert set(head_of(network.office).value.held) == {words.id, picture.id}
    network.citizen_writes()
    assert [network.send(words), network.send(picture)] == ["sent", "sent"]
    assert network.kinds(picture) == ["image"]


# Prompts


def test_a_piece_of_a_long_answer_waits_for_the_one_before_it_also_when_that_is_tried_again(network: Network) -> None:
    item = an_answer(network, text="Sudah kami perbaiki. " * 300, buttons=("PUAS", "BELUM"))
    network.fail(place="send", times=1, mode="error", status=429, code=130429)
    assert network.send(item) == "pending"
    second = item_of(network.office, item_of(network.office, item.id).then)
    assert (second.state, second.due) == ("pending", None)
    network.clock.advance(60)
    assert network.send(item) == "sent"
    assert item_of(network.office, second.id).due is not None
    assert network.send(second) == "sent"
    assert network.kinds(item) == ["text"]
    assert item_of(network.office, second.id).buttons == ("PUAS", "BELUM")


def test_a_receipt_lets_the_next_piece_go_when_the_answer_to_the_attempt_was_lost(network: Network) -> None:
    following = an_answer(network, due=None)
    item = an_answer(network, state="sending", due=network.clock.now() + LEASE, attempts=1, then=following.id)
    network.receipt(item.id, "sent")
    assert item_of(network.office, following.id).due is not None
    before = item_of(network.office, following.id)
    network.receipt(item.id, "delivered")
    assert item_of(network.office, following.id) == before


def test_a_prompt_is_sent_in_the_words_that_stand_in_the_head_then(network: Network) -> None:
    asked = network.prompts("Di mana kejadiannya?")
    assert network.send_prompt(asked) == "sent"
    item = item_of(network.office, asked.outbox_id)
    assert (item.kind, item.text, item.attempts) == ("prompt", "Di mana kejadiannya?", 1)
    assert network.sends(item)[0]["text"] == "Di mana kejadiannya?"


def test_a_prompt_whose_place_a_newer_one_took_is_not_sent(network: Network) -> None:
    older = network.prompts("Di mana kejadiannya?")
    network.prompts("Sejak kapan?")
    assert network.send_prompt(older) == "superseded"
    assert network.office.store.outbox.read(older.outbox_id) is None


def test_a_prompt_whose_task_runs_often_and_at_once_goes_out_once(network: Network) -> None:
    asked = network.prompts("Di mana kejadiannya?")
    together = [threading.Thread(target=network.send_prompt, args=(asked,)) for _ in range(6)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    network.send_prompt(asked)
    item = item_of(network.office, asked.outbox_id)
    assert (item.state, len(network.sends(item))) == ("sent", 1)


def test_a_prompt_that_must_be_tried_again_goes_on_as_any_message(network: Network) -> None:
    asked = network.prompts("Di mana kejadiannya?")
    network.fail(status=429, code=130429, times=1)
    assert network.send_prompt(asked) == "pending"
    network.clock.advance(60)
    assert network.send_prompt(asked) == "claimed by another"
    assert network.send(item_of(network.office, asked.outbox_id)) == "sent"


def test_a_burst_reaches_the_phone_as_one_prompt(network: Network) -> None:
    for text in ("Lampu jalan mati total", "di depan SD 5 Perawas", "sejak Senin"):
        hear(network.office, webhook(a_text(text, at=network.clock.now())))
    pending = head_of(network.office).value.pending
    assert pending
    assert network.send_prompt(pending) == "early"
    network.clock.advance(5)
    assert network.send_prompt(pending) == "sent"
    (send,) = network.sends(item_of(network.office, pending.outbox_id))
    assert send["text"] == pending.text
    assert texts.say("ask_nik") in pending.text


# Agencies


def test_a_duty_post_gets_a_template_with_a_link_that_opens(network: Network) -> None:
    item = keep_item(
        network.office,
        id=outbox_key("cause", "disposisi_baru"),
        kind="agency",
        sender_key="",
        address=replace(ADDRESS, phone=DUTY_PHONE),
        text="",
        template="disposisi_baru",
        template_values=("Dishub", "BSD-26-4839-2050", "Lampu mati", "Senin, 9 Maret 2026"),
        link_for="dishub",
        disposition=1,
    )
    assert network.send(item) == "sent"
    (send,) = network.sends(item)
    button = send["body"]["template"]["components"][1]
    token = button["parameters"][0]["text"]
    link = links.read(network.office.settings, token, network.clock.now())
    assert (link.ticket, link.agency, link.disposition) == (item.ticket, "dishub", 1)
    assert token not in str(network.office.store.outbox.reference(item.id).get().to_dict())


# In passing: prompts and mere news


def test_a_message_in_passing_is_written_once(network: Network) -> None:
    asked = network.prompts("Di mana kejadiannya?")
    assert [network.send_prompt(asked), network.send_prompt(asked)] == ["sent", "claimed by another"]
    item = item_of(network.office, asked.outbox_id)
    (sent,) = network.sends(item)
    assert (item.state, item.due, item.provider_id) == ("sent", None, "")
    assert sent["body"]["biz_opaque_callback_data"].endswith(PASSING)


def test_a_failure_of_what_went_in_passing_is_written_down(network: Network) -> None:
    item = keep_item(network.office, passing=True)
    assert network.send(item) == "sent"
    network.receipt(f"{item.id}{PASSING}", "read")
    assert network.state_of(item) == "sent"
    network.receipt(f"{item.id}{PASSING}", "failed", code=131026)
    assert network.state_of(item) == "failed"


def test_what_a_crash_left_as_if_it_were_sent_goes_once_more_when_its_task_comes_again(network: Network) -> None:
    item = keep_item(network.office, passing=True, state="sent", due=None, attempts=1, sent_at=network.clock.now())
    assert network.send(item) == "sent"
    assert network.kinds(item) == []
    assert [delivery.send(network.office, item.id, again=True) for _ in range(2)] == ["sent", "sent"]
    assert network.kinds(item) == ["text"]
    after = item_of(network.office, item.id)
    assert (after.passing, after.ambiguous, after.provider_id) == (False, 1, network.sends(item)[0]["id"])


def test_an_attempt_in_passing_whose_outcome_is_unknown_is_made_again_after_the_lease(network: Network) -> None:
    item = keep_item(network.office, passing=True)
    network.fail(mode="reset", accepted=True)
    assert network.send(item) == "sending"
    network.clock.advance(LEASE_SECONDS + 1)
    assert network.send(item) == "sent"
    assert item_of(network.office, item.id).ambiguous == 1


def test_by_sms_nothing_goes_in_passing(network: Network) -> None:
    item = keep_item(network.office, address=Address(channel="sms", account="", phone=PHONE), passing=True)
    network.send(item)
    assert not item_of(network.office, item.id).passing
