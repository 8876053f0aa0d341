"""Deadlines: who is reminded when, what silence leads to, and that a repeated or stale task does nothing."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from besadu.domain.complaint import Complaint, State
from besadu.domain.conversation import Pending
from besadu.domain.deadlines import WIB, date_text, is_open
from besadu.domain.workflow import NotAllowed
from besadu.services import answers, casework, followup, handling, reminding, replies
from besadu.services.office import Office
from tests.factories import (
    ADDRESS,
    ADMIN,
    LEADER,
    OFFICER,
    PHONE,
    Hands,
    arrive,
    complaint_of,
    file_complaint,
    head_of,
    item_of,
    keep_complaint,
    keep_item,
    say,
)


def forwarded(office: Office) -> Complaint:
    kept = keep_complaint(office)
    return casework.forward(office, ADMIN, kept.ticket, agency_code="dishub")


def at_next_step(office: Office, hands: Hands, ticket: str) -> str:
    remind_at = complaint_of(office, ticket).remind_at
    assert remind_at
    hands.time = remind_at
    return followup.look(office, ticket)


def waiting_for(office: Office, *posts: str) -> dict[str, list[str]]:
    """Post -> the steps that it is to be told of."""
    later = office.now() + timedelta(days=30)
    return {post: [stored.value.step for stored in office.store.reminders.of(post, later)] for post in posts}


def test_each_step_of_the_ladder_leaves_a_reminder_for_its_posts(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    posts = ("duty:dishub", "deputy:dishub", "head:dishub", "secretary")
    assert at_next_step(office, hands, ticket) == "remind"
    assert waiting_for(office, *posts) == {
        "duty:dishub": ["due"],
        "deputy:dishub": ["due"],
        "head:dishub": [],
        "secretary": [],
    }
    for _ in range(2):
        assert at_next_step(office, hands, ticket) == "remind"
    assert {name: sorted(steps) for name, steps in waiting_for(office, *posts).items()} == {
        "duty:dishub": ["due", "head", "secretary"],
        "deputy:dishub": ["due"],
        "head:dishub": ["head", "secretary"],
        "secretary": ["secretary"],
    }
    after = complaint_of(office, ticket)
    assert after.state is State.ASSIGNED
    assert [entry.note for entry in after.history[-3:]] == [
        "hari tenggat: penghubung OPD, wakil penghubung",
        "lewat tenggat: penghubung OPD, kepala OPD",
        "lewat tenggat 3 hari kerja: penghubung OPD, kepala OPD, Sekda",
    ]


def test_after_a_long_silence_of_our_own_only_the_last_step_is_taken(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    handling.accept(office, OFFICER, ticket)
    hands.advance(days=64)
    assert [followup.look(office, ticket) for _ in range(3)] == ["slip", "remind", "nothing due"]
    assert waiting_for(office, "duty:dishub") == {"duty:dishub": ["secretary"]}
    assert complaint_of(office, ticket).reminded == ("half", "most", "due", "head", "secretary")


def test_the_citizen_is_told_once_that_a_date_could_not_be_kept(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    promised = complaint_of(office, ticket).promised
    assert promised
    handling.accept(office, OFFICER, ticket)
    hands.advance(days=64)
    while followup.look(office, ticket) != "nothing due":
        pass
    slips = [item for item in office.store.outbox.of_ticket(ticket) if "Mohon maaf" in item.text]
    assert [item.address.phone for item in slips] == [PHONE]
    assert date_text(promised) in slips[0].text
    assert is_open(slips[0].due or promised, office.calendar())
    assert [entry.action for entry in complaint_of(office, ticket).history].count("slip") == 1


def test_a_new_date_that_is_known_is_told_and_is_a_promise_again(office: Office, hands: Hands) -> None:
    kept = keep_complaint(office)
    casework.forward(office, ADMIN, kept.ticket, agency_code="dishub", case_class="information")
    hands.advance(days=11)  # accepted late, so that the days to answer end after the promised date
    handling.accept(office, OFFICER, kept.ticket)
    due, promised = (complaint_of(office, kept.ticket).due, complaint_of(office, kept.ticket).promised)
    assert due
    assert promised
    hands.time = promised + timedelta(hours=17)
    while followup.look(office, kept.ticket) == "remind":
        pass
    (slip,) = [item for item in office.store.outbox.of_ticket(kept.ticket) if "Mohon maaf" in item.text]
    assert date_text(due) in slip.text
    assert complaint_of(office, kept.ticket).promised == due


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
    answers.deliver(office, ADMIN, ticket, text="Sudah diperbaiki.")
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


def test_what_comes_up_on_a_day_off_is_taken_on_the_next_morning(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    casework.forward(office, ADMIN, ticket, agency_code="dishub", case_class="information")
    handling.accept(office, OFFICER, ticket)
    hands.advance(days=2)
    casework.ask(office, OFFICER, ticket, question="Tiang nomor berapa?")
    hands.advance(days=10)  # a Saturday; half of the agency's time is over, with the pause
    say(office, "Nomor 12")
    assert followup.look(office, ticket) == "nothing due"
    after = complaint_of(office, ticket)
    assert after.remind_at
    assert f"{after.remind_at.astimezone(WIB):%A %H:%M}" == "Monday 08:00"
    assert at_next_step(office, hands, ticket) == "remind"


def test_an_answer_that_nobody_judges_closes_the_complaint(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    handling.answer(office, OFFICER, ticket, text="Sudah diperbaiki.")
    answers.deliver(office, ADMIN, ticket, text="Sudah diperbaiki.")
    assert complaint_of(office, ticket).remind_at is None
    arrive(office, ticket)
    assert at_next_step(office, hands, ticket) == "close_silently"
    after = complaint_of(office, ticket)
    assert (after.state, after.remind_at) == (State.CLOSED_SILENTLY, None)


def test_whoever_takes_over_in_person_stops_the_reminders_until_they_let_go(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    at_next_step(office, hands, ticket)
    casework.take_over(office, LEADER, ticket, text="Saya hubungi kepala dinasnya.")
    with pytest.raises(NotAllowed, match="Sekda Uji"):
        casework.take_over(office, ADMIN, ticket)
    hands.advance(minutes=5)
    assert reminding.tell(office, "duty:dishub") == "no longer needed"
    hands.advance(days=8)
    assert followup.look(office, ticket) == "nothing due"
    casework.let_go(office, ADMIN, ticket)
    assert followup.look(office, ticket) == "remind"
    assert waiting_for(office, "secretary") == {"secretary": ["secretary"]}
    casework.take_over(office, ADMIN, ticket)
    handling.accept(office, OFFICER, ticket)
    after = complaint_of(office, ticket)
    assert after.taken_over_by == ""
    assert after.remind_at


def test_the_sweep_does_what_is_due_and_hurries_what_others_do(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    hands.time = complaint_of(office, ticket).remind_at or hands.time
    keep_item(office, due=hands.now() - timedelta(minutes=1))
    keep_item(office, due=hands.now() + timedelta(minutes=1))
    keep_item(office, state="sent", due=None)
    counts = followup.sweep(office)
    # The two messages of the hand-over, and the one that is late.
    assert counts == {"messages": 3, "files": 0, "replies": 0, "complaints": 1, "posts": 0, "drafts": 0, "moved": 0}
    after = complaint_of(office, ticket)
    assert after.reminded == ("half", "most", "due")
    hands.advance(minutes=6)
    assert followup.sweep(office)["posts"] == 2
    assert followup.sweep(office)["posts"] == 0
    assert complaint_of(office, ticket) == after


def test_without_anything_due_the_sweep_is_silent(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    followup.sweep(office)  # which is a Monday's, with a digest for leaders who are not there
    capsys.readouterr()
    assert not any(followup.sweep(office).values())
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
