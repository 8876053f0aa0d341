"""Deadlines: who is reminded when, what silence leads to, and that a repeated or stale task does nothing."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from besadu.domain.complaint import Complaint, State
from besadu.domain.conversation import Pending
from besadu.services import answers, casework, followup, handling, replies
from besadu.services.office import Office
from besadu.store.directory import Post
from tests.factories import (
    ADDRESS,
    ADMIN,
    DUTY_PHONE,
    OFFICER,
    SYSTEM,
    Hands,
    an_agency,
    an_office,
    complaint_of,
    file_complaint,
    head_of,
    item_of,
    keep_complaint,
    keep_item,
    say,
)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    return an_office(firestore_project, hands.now)


def forwarded(office: Office) -> Complaint:
    kept = keep_complaint(office)
    return casework.forward(office, ADMIN, kept.ticket, agency_code="dishub")


def told(office: Office, ticket: str, template: str) -> list[str]:
    """The phones that got this template."""
    return [item.address.phone for item in office.store.outbox.of_ticket(ticket) if item.template == template]


def at_next_step(office: Office, hands: Hands, ticket: str) -> str:
    remind_at = complaint_of(office, ticket).remind_at
    assert remind_at
    hands.time = remind_at
    return followup.look(office, ticket)


def test_an_agency_that_does_not_accept_is_reminded_and_then_its_head_is_told(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    assert at_next_step(office, hands, ticket) == "remind"
    assert told(office, ticket, "pengingat_opd") == [DUTY_PHONE]
    assert told(office, ticket, "eskalasi") == []
    assert at_next_step(office, hands, ticket) == "remind"
    assert told(office, ticket, "pengingat_opd") == [DUTY_PHONE, DUTY_PHONE]
    assert told(office, ticket, "eskalasi") == ["6281299990001"]
    after = complaint_of(office, ticket)
    assert after.remind_at is None
    assert [entry.actor for entry in after.history[-2:]] == [SYSTEM.name, SYSTEM.name]
    assert after.state is State.ASSIGNED


def test_the_reminder_says_how_many_days_are_left_or_how_late_it_is(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    at_next_step(office, hands, ticket)
    at_next_step(office, hands, ticket)
    words = [item.template_values[-1] for item in office.store.outbox.of_ticket(ticket) if "pengingat" in item.template]
    assert words == ["sisa 0 hari kerja", "terlambat 1 hari kerja"]


def test_after_a_long_silence_of_our_own_only_the_last_step_is_taken(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    handling.accept(office, OFFICER, ticket)
    hands.advance(days=60)
    assert followup.look(office, ticket) == "remind"
    assert told(office, ticket, "pengingat_opd") == [DUTY_PHONE]
    assert complaint_of(office, ticket).reminded == ("soon", "today", "late")
    assert followup.look(office, ticket) == "nothing due"


def test_a_task_that_runs_twice_reminds_once(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    at_next_step(office, hands, ticket)
    before = complaint_of(office, ticket)
    assert followup.look(office, ticket) == "nothing due"
    assert complaint_of(office, ticket) == before


def test_a_task_of_a_complaint_that_moved_on_or_is_gone_does_nothing(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    remind_at = complaint_of(office, ticket).remind_at
    assert remind_at
    handling.answer(office, OFFICER, ticket, text="Sudah diperbaiki.")
    hands.time = remind_at
    assert followup.look(office, ticket) == "nothing due"
    assert followup.look(office, "BSD-26-0000-0000") == "nothing due"


def test_a_question_that_is_not_answered_lapses_and_the_work_goes_on(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    handling.accept(office, OFFICER, ticket)
    casework.ask(office, OFFICER, ticket, question="Tiang nomor berapa?")
    assert at_next_step(office, hands, ticket) == "lapse"
    after = complaint_of(office, ticket)
    assert (after.state, after.clock) == (State.IN_PROGRESS, "answer")
    assert after.due
    assert after.due > hands.now()
    assert after.remind_at
    assert "Tenggat bergeser" in after.history[-1].note
    assert "menunggu pelapor sejak 2 Mar 2026" in after.history[-1].note


def test_an_answer_that_nobody_judges_closes_the_complaint(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    handling.answer(office, OFFICER, ticket, text="Sudah diperbaiki.")
    answers.deliver(office, ADMIN, ticket, text="Sudah diperbaiki.")
    assert at_next_step(office, hands, ticket) == "close_silently"
    after = complaint_of(office, ticket)
    assert (after.state, after.remind_at) == (State.CLOSED_SILENTLY, None)


def test_an_agency_without_numbers_is_late_in_the_history_all_the_same(office: Office, hands: Hands) -> None:
    office.store.directory.save_agency(an_agency(duty=Post(), head=Post()))
    ticket = forwarded(office).ticket
    assert at_next_step(office, hands, ticket) == "remind"
    assert complaint_of(office, ticket).history[-1].told == ()


def test_the_sweep_counts_what_is_due_and_changes_nothing_itself(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    remind_at = complaint_of(office, ticket).remind_at
    assert remind_at
    hands.time = remind_at
    keep_item(office, due=hands.now() - timedelta(minutes=1))
    keep_item(office, due=hands.now() + timedelta(minutes=1))
    keep_item(office, state="sent", due=None)
    before = complaint_of(office, ticket)
    counts = followup.sweep(office)
    # The two messages of the hand-over, and the one that is late.
    assert counts == {"messages": 3, "files": 0, "replies": 0, "complaints": 1}
    assert followup.sweep(office) == counts
    assert complaint_of(office, ticket) == before


def test_without_anything_due_the_sweep_is_silent(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert followup.sweep(office) == {"messages": 0, "files": 0, "replies": 0, "complaints": 0}
    assert capsys.readouterr().err == ""


def asked(office: Office, hands: Hands) -> Pending:
    """A citizen wrote, and what BESADU wants to ask should have gone out by now."""
    say(office, "Lampu jalan mati total")
    waiting = head_of(office).value.pending
    assert waiting
    hands.time = waiting.due + replies.UNCLAIMED
    return waiting


def test_a_prompt_whose_task_is_lost_is_kept_as_a_message_once(office: Office, hands: Hands) -> None:
    waiting = asked(office, hands)
    assert followup.sweep(office)["replies"] == 1
    item = item_of(office, waiting.outbox_id)
    assert (item.state, item.kind, item.text, item.due) == ("pending", "prompt", waiting.text, waiting.due)
    hands.advance(minutes=1)
    counts = followup.sweep(office)
    assert (counts["replies"], counts["messages"]) == (0, 1)


def test_a_prompt_that_was_sent_is_left_alone_by_the_sweep(office: Office, hands: Hands) -> None:
    waiting = asked(office, hands)
    sent = keep_item(office, id=waiting.outbox_id, kind="prompt", state="sent", due=None)
    assert followup.sweep(office)["replies"] == 0
    assert item_of(office, waiting.outbox_id) == sent


def test_a_ticket_whose_task_is_lost_is_kept_as_a_message(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    told = head_of(office).value.said
    assert told
    hands.advance(minutes=1)
    assert followup.sweep(office)["messages"] >= 1
    assert item_of(office, told.id) == told
    assert ticket in told.text


def test_a_prompt_in_time_is_left_to_its_task(office: Office, hands: Hands) -> None:
    waiting = asked(office, hands)
    hands.time = waiting.due + replies.UNCLAIMED - timedelta(seconds=1)
    assert followup.sweep(office)["replies"] == 0
    assert office.store.outbox.read(waiting.outbox_id) is None


def test_sweeps_that_run_at_once_keep_every_forgotten_prompt_once(office: Office, hands: Hands) -> None:
    waiting = []
    for number in range(60):  # more than one page
        say(office, "Lampu jalan mati total", phone=f"62812000{number:05d}")
        hands.advance(seconds=1)
        address = replace(ADDRESS, phone=f"62812000{number:05d}")
        waiting.append(head_of(office, address).value.pending)
    hands.advance(minutes=1)
    for _ in range(2):
        threads = [threading.Thread(target=followup.sweep, args=(office,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(said and item_of(office, said.outbox_id).text == said.text for said in waiting)
