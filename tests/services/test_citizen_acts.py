"""What a citizen's message does to a complaint of theirs: judge, answer, add, withdraw."""

import pytest

from besadu.domain.complaint import Complaint, State
from besadu.domain.deadlines import date_text, short_date_text
from besadu.services import answers, casework, handling
from besadu.services.office import Office
from tests.factories import (
    ADMIN,
    OFFICER,
    PHONE,
    Hands,
    arrive,
    complaint_of,
    file_complaint,
    head_of,
    say,
    talk_of,
)


@pytest.fixture
def delivered(office: Office, hands: Hands) -> str:
    """The ticket of a complaint whose answer has been delivered."""
    ticket = file_complaint(office, hands)
    deliver(office, hands, ticket)
    return ticket


def deliver(office: Office, hands: Hands, ticket: str) -> None:
    casework.forward(office, ADMIN, ticket, agency_code="dishub")
    handling.accept(office, OFFICER, ticket)
    handling.answer(office, OFFICER, ticket, text="Lampu sudah diganti.")
    answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti.")
    arrive(office, ticket)
    hands.advance(hours=1)


def replies(office: Office, ticket: str) -> str:
    """All that the citizen has been told, oldest first, with what still waits in the conversation."""
    found = [item.text for item in office.store.outbox.of_ticket(ticket) if item.address.phone == PHONE]
    head = head_of(office).value
    return "\n".join([*found, *(waiting.text for waiting in (head.said, head.pending) if waiting)])


def history(complaint: Complaint) -> list[str]:
    return [entry.action for entry in complaint.history]


def test_puas_closes_and_a_mark_is_kept(office: Office, hands: Hands, delivered: str) -> None:
    say(office, "PUAS")
    assert complaint_of(office, delivered).state is State.CLOSED
    hands.advance(minutes=1)
    say(office, "5")
    after = complaint_of(office, delivered)
    assert (after.state, after.rating) == (State.CLOSED, 5)
    assert history(after)[-2:] == ["satisfied", "rate"]


@pytest.mark.parametrize("mark", [3, 4, 5])
def test_a_good_mark_alone_closes(office: Office, delivered: str, mark: int) -> None:
    say(office, str(mark))
    after = complaint_of(office, delivered)
    assert (after.state, after.rating) == (State.CLOSED, mark)


@pytest.mark.parametrize("mark", [1, 2])
def test_a_bad_mark_is_kept_and_the_reason_reopens(office: Office, hands: Hands, delivered: str, mark: int) -> None:
    say(office, str(mark))
    after = complaint_of(office, delivered)
    assert (after.state, after.rating) == (State.DELIVERED, mark)
    hands.advance(minutes=1)
    say(office, "lampunya mati lagi tadi malam")
    assert complaint_of(office, delivered).state is State.REOPENED


def test_belum_with_a_reason_reopens_and_the_citizen_is_told_until_when(office: Office, delivered: str) -> None:
    say(office, "BELUM, lampunya masih mati")
    after = complaint_of(office, delivered)
    assert (after.state, after.reopened, after.reason) == (State.REOPENED, 1, "lampunya masih mati")
    assert after.due
    assert f"bersama Dinas Perhubungan paling lambat {date_text(after.due)}" in replies(office, delivered)


def test_belum_alone_asks_for_the_reason_first(office: Office, hands: Hands, delivered: str) -> None:
    say(office, "BELUM")
    assert complaint_of(office, delivered).state is State.DELIVERED
    hands.advance(minutes=1)
    say(office, "masih gelap")
    assert complaint_of(office, delivered).state is State.REOPENED


def test_the_third_belum_ends_with_where_else_to_turn(office: Office, hands: Hands, delivered: str) -> None:
    for number in (1, 2):
        say(office, f"BELUM, masih mati ke-{number}")
        assert complaint_of(office, delivered).reopened == number
        deliver(office, hands, delivered)
    say(office, "BELUM, tetap mati")
    after = complaint_of(office, delivered)
    assert (after.state, after.reopened) == (State.CLOSED, 2)
    assert history(after)[-1] == "appeal"
    assert "Ombudsman" in replies(office, delivered)


def test_an_answer_to_a_question_goes_on_and_is_read_by_the_office(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    casework.ask(office, ADMIN, ticket, question="Tiang nomor berapa?")
    hands.advance(hours=1)
    say(office, "nomor tiga dari ujung")
    after = complaint_of(office, ticket)
    assert (after.state, history(after)[-1]) == (State.RECEIVED, "reply")
    assert talk_of(office, ticket)[-1].text == "nomor tiga dari ujung"


def test_an_addition_after_the_answer_changes_no_state(office: Office, delivered: str) -> None:
    say(office, "Warga lain juga berterima kasih kepada petugas lapangan")
    assert complaint_of(office, delivered).state is State.DELIVERED


def test_a_citizen_withdraws_with_the_number(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    say(office, "CABUT")
    assert complaint_of(office, ticket).state is State.RECEIVED
    say(office, f"CABUT {ticket}")
    assert complaint_of(office, ticket).state is State.WITHDRAWN
    assert "sudah dicabut" in replies(office, ticket)


def test_nobody_withdraws_or_sees_the_complaint_of_another(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    stranger = "6281200000077"
    say(office, f"CABUT {ticket}", f"STATUS {ticket}", phone=stranger)
    assert complaint_of(office, ticket).state is State.RECEIVED
    outbox = [snapshot.to_dict() or {} for snapshot in office.store.database.collection("outbox").get()]
    told = [item["text"] for item in outbox if item["address"]["phone"] == stranger]
    assert told
    assert not any("diterima, sedang" in text for text in told)


def test_the_same_verdict_twice_counts_once(office: Office, delivered: str) -> None:
    say(office, "PUAS", "PUAS")
    assert history(complaint_of(office, delivered)).count("satisfied") == 1


def test_every_step_of_a_citizen_leaves_what_they_said_in_the_talk(office: Office, delivered: str) -> None:
    say(office, "BELUM, lampunya masih mati")
    assert "lampunya masih mati" in talk_of(office, delivered)[-1].text


def test_the_history_says_why_the_date_of_the_agency_moved(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    casework.forward(office, ADMIN, ticket, agency_code="dishub")
    handling.accept(office, OFFICER, ticket)
    before = complaint_of(office, ticket)
    casework.ask(office, OFFICER, ticket, question="Tiang nomor berapa?")
    hands.advance(days=2)
    say(office, "Tiang 14")
    after = complaint_of(office, ticket)
    assert before.due
    assert after.due
    assert after.due > before.due
    moved = f"dari {short_date_text(before.due)} ke {short_date_text(after.due)}"
    assert after.history[-1].note == f"Tenggat bergeser {moved}: menunggu pelapor sejak 2 Mar 2026."


@pytest.mark.parametrize("mark", [1, 2])
def test_a_low_mark_stands_on_the_admins_list_until_somebody_has_seen_to_it(
    office: Office, hands: Hands, delivered: str, mark: int
) -> None:
    say(office, str(mark))
    assert [one.ticket for one in office.store.complaints.marked_low()] == [delivered]
    (reminder,) = office.store.reminders.of("admin", hands.now())
    assert reminder.value.ticket == delivered
    hands.advance(minutes=1)
    say(office, "1")  # once more: the post is told once
    assert len(office.store.reminders.of("admin", hands.now())) == 1
    after = casework.see_mark(office, ADMIN, delivered, text="Pelapor ditelepon, lampu diperiksa lagi.")
    assert (after.mark_open, after.rating) == (False, 1)
    assert office.store.complaints.marked_low() == []


def test_a_low_mark_after_puas_is_looked_into_although_the_complaint_is_closed(
    office: Office, hands: Hands, delivered: str
) -> None:
    say(office, "PUAS")
    hands.advance(minutes=1)
    say(office, "2")
    after = complaint_of(office, delivered)
    assert (after.state, after.rating, after.mark_open) == (State.CLOSED, 2, True)


def test_a_good_mark_alarms_nobody(office: Office, delivered: str) -> None:
    say(office, "4")
    assert complaint_of(office, delivered).rating == 4
    assert office.store.complaints.marked_low() == []
