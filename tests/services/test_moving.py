"""What the manager changes about the office's time moves what is open, and everybody concerned hears of it, once."""

import threading
from datetime import date, timedelta

from besadu.domain.complaint import Complaint, State
from besadu.domain.deadlines import WIB, date_text, is_open
from besadu.domain.outbox import OutboxItem
from besadu.identity import Person
from besadu.services import casework, desk, followup, handling, moving, reminding, times, timetable
from besadu.services.office import Office
from tests.factories import (
    ADMIN,
    OFFICER,
    Hands,
    complaint_of,
    keep_complaint,
)

MANAGER = Person(email="agus@belitung.example", name="Agus", role="manager")
TICKETS = tuple(f"BSD-26-0000-{number:04d}" for number in range(51))
THURSDAY = "2026-03-05"


def in_progress(office: Office, ticket: str = TICKETS[0]) -> Complaint:
    """Forwarded and accepted on Monday, 2 March; due on Monday, the 9th. The citizen was told the 10th."""
    keep_complaint(office, ticket=ticket)
    casework.forward(office, ADMIN, ticket, agency_code="dishub", case_class="information")
    return handling.accept(office, OFFICER, ticket)


def close_on(office: Office, day: str = THURSDAY) -> None:
    timetable.add_day(office, MANAGER, day=day, name="Hari Jadi")


def settle(office: Office, hands: Hands) -> int:
    """The sweep after the manager has let go of the calendar; how many complaints it saw to."""
    hands.advance(minutes=10)
    return followup.sweep(office)["moved"]


def news(office: Office, ticket: str = TICKETS[0]) -> list[OutboxItem]:
    return [item for item in office.store.outbox.of_ticket(ticket) if "bergeser" in item.text]


def moves(office: Office, ticket: str = TICKETS[0]) -> list[str]:
    return [entry.note for entry in complaint_of(office, ticket).history if entry.action == "move"]


def reminders(office: Office, post: str = "duty:dishub") -> list[str]:
    later = office.now() + timedelta(days=30)
    return sorted(stored.value.step for stored in office.store.reminders.of(post, later))


def day_of(complaint: Complaint) -> date:
    assert complaint.due
    return complaint.due.astimezone(WIB).date()


def test_a_new_day_off_moves_what_is_open_and_everybody_concerned_hears_of_it(office: Office, hands: Hands) -> None:
    before = in_progress(office)
    assert day_of(before) == date(2026, 3, 9)
    for day in ("2026-03-05", "2026-03-06"):
        close_on(office, day)
    assert settle(office, hands) == 1
    after = complaint_of(office, TICKETS[0])
    assert day_of(after) == date(2026, 3, 11)
    (note,) = moves(office)
    assert note.startswith("Tenggat bergeser dari 9 Mar 2026 ke 11 Mar 2026; pelapor dikabari: ")
    assert note.endswith("paling lambat 11 Mar 2026, bukan 10 Mar 2026. Sebab: hari libur kantor berubah.")
    (told,) = news(office)
    assert date_text(date(2026, 3, 11)) in told.text
    assert told.due
    assert is_open(told.due, office.calendar())
    assert after.promised == after.due
    assert desk.agency_file(office, OFFICER, TICKETS[0]).history[-1].note == note
    assert reminders(office) == ["moved"]
    assert reminding.tell(office, "duty:dishub") == "told 1"
    (reminder,) = [stored.value for stored in office.store.outbox.due(office.now()) if stored.value.link_for][-1:]
    assert "tenggat baru Rabu, 11 Maret 2026" in reminder.template_values[3]


def test_what_is_planned_for_the_old_date_does_nothing(office: Office, hands: Hands) -> None:
    before = in_progress(office)
    close_on(office)
    settle(office, hands)
    assert before.remind_at
    hands.time = before.remind_at
    assert followup.look(office, TICKETS[0]) == "nothing due"
    taken = 0
    while day_of(complaint_of(office, TICKETS[0])) >= hands.now().astimezone(WIB).date():
        hands.advance(hours=8)
        taken += followup.look(office, TICKETS[0]) == "remind"
    assert complaint_of(office, TICKETS[0]).reminded == ("half", "most", "due")
    assert taken == 3


def test_until_the_manager_lets_go_of_the_calendar_nothing_moves(office: Office, hands: Hands) -> None:
    in_progress(office)
    close_on(office)
    hands.advance(minutes=9)
    assert followup.sweep(office)["moved"] == 0
    timetable.remove_day(office, MANAGER, day=THURSDAY)
    assert settle(office, hands) == 1
    assert (moves(office), news(office), reminders(office)) == ([], [], [])


def test_several_changes_are_told_as_one(office: Office, hands: Hands) -> None:
    in_progress(office)
    close_on(office)
    hands.advance(minutes=5)
    times.save(office, MANAGER, {**times.form(office), "answer_information": "7"})
    settle(office, hands)
    (note,) = moves(office)
    assert "Sebab: hari libur kantor berubah dan batas waktu jawaban diubah." in note
    assert len(news(office)) == 1


def test_moving_again_changes_nothing(office: Office, hands: Hands) -> None:
    in_progress(office)
    for day in ("2026-03-05", "2026-03-06"):
        close_on(office, day)
    settle(office, hands)
    once = complaint_of(office, TICKETS[0])
    commit = office.store.commit()
    office.store.orders.stage(commit, at=office.now(), causes=("days",))
    commit.run()
    assert settle(office, hands) == 1
    assert complaint_of(office, TICKETS[0]) == once
    assert len(news(office)) == 1


def test_sweeps_that_die_or_run_at_once_move_everything_once(office: Office, hands: Hands) -> None:
    for ticket in TICKETS:  # more than one page
        in_progress(office, ticket)
    close_on(office)
    hands.advance(minutes=10)
    order = office.store.orders.read()
    assert order
    assert moving._move(office, TICKETS[0], order.value)  # and here one was killed: nothing says how far it came
    threads = [threading.Thread(target=moving.go_on, args=(office,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while moving.go_on(office):
        pass
    assert office.store.orders.read() is None
    assert {(len(moves(office, ticket)), day_of(complaint_of(office, ticket))) for ticket in TICKETS} == {
        (1, date(2026, 3, 10))
    }
    assert reminders(office) == ["moved"] * len(TICKETS)


def test_a_working_day_more_brings_no_bad_news(office: Office, hands: Hands) -> None:
    close_on(office)
    promised = in_progress(office).promised
    timetable.remove_day(office, MANAGER, day=THURSDAY)
    settle(office, hands)
    after = complaint_of(office, TICKETS[0])
    assert (day_of(after), after.promised, news(office)) == (date(2026, 3, 9), promised, [])
    assert reminders(office) == ["moved"]


def test_a_shorter_time_makes_nobody_late(office: Office, hands: Hands) -> None:
    in_progress(office)
    hands.advance(days=2)
    times.save(office, MANAGER, {**times.form(office), "answer_information": "1"})
    settle(office, hands)
    assert day_of(complaint_of(office, TICKETS[0])) == date(2026, 3, 5)


def test_a_citizen_hears_of_it_while_the_agency_has_not_accepted_yet(office: Office, hands: Hands) -> None:
    keep_complaint(office, ticket=TICKETS[0])
    before = casework.forward(office, ADMIN, TICKETS[0], agency_code="dishub", case_class="information")
    close_on(office)
    settle(office, hands)
    after = complaint_of(office, TICKETS[0])
    assert after.due == before.due
    assert before.promised
    assert after.promised == before.promised + timedelta(days=1)
    assert len(news(office)) == 1
    assert reminders(office) == []


def test_who_is_late_for_another_reason_is_not_said_to_be_so_for_this_one(office: Office, hands: Hands) -> None:
    keep_complaint(office, ticket=TICKETS[0])
    casework.forward(office, ADMIN, TICKETS[0], agency_code="dishub", case_class="information")
    hands.advance(days=3)  # and accepted only then, so that the answer is due after the date that the citizen knows
    late = handling.accept(office, OFFICER, TICKETS[0])
    assert late.due
    assert late.promised
    assert late.due > late.promised
    close_on(office, "2026-04-15")
    settle(office, hands)
    assert (moves(office), news(office)) == ([], [])


def test_other_office_hours_move_the_hour_and_tell_nobody(office: Office, hands: Hands) -> None:
    before = in_progress(office)
    times.save(office, MANAGER, {**times.form(office), "opens": "07:30", "closes": "15:00"})
    settle(office, hands)
    after = complaint_of(office, TICKETS[0])
    assert after.due
    assert f"{after.due.astimezone(WIB):%d %H:%M}" == "09 15:00"
    assert after.remind_at
    assert f"{after.remind_at.astimezone(WIB):%H:%M}" == "07:30"
    assert (after.history, after.clock_revision) == (before.history, before.clock_revision)


def test_who_takes_over_in_person_hears_of_it_from_the_history_alone(office: Office, hands: Hands) -> None:
    in_progress(office)
    casework.take_over(office, ADMIN, TICKETS[0])
    close_on(office)
    settle(office, hands)
    assert len(moves(office)) == 1
    assert reminders(office) == []


def test_the_offices_own_clock_moves_too(office: Office, hands: Hands) -> None:
    in_progress(office)
    handling.answer(office, OFFICER, TICKETS[0], text="Sudah diperbaiki.")
    close_on(office, "2026-03-03")
    settle(office, hands)
    after = complaint_of(office, TICKETS[0])
    assert (after.state, day_of(after)) == (State.ANSWERED, date(2026, 3, 4))
    assert reminders(office, "admin") == ["moved"]


def test_a_reminder_that_falls_on_a_new_day_off_stands_in_nobodys_way(office: Office, hands: Hands) -> None:
    for ticket in TICKETS:
        in_progress(office, ticket)  # half of its time is over on Thursday morning
    close_on(office)
    hands.time = complaint_of(office, TICKETS[0]).remind_at or hands.time
    assert followup.sweep(office)["complaints"] == len(TICKETS)
    assert office.store.complaints.to_remind(hands.now()) == []
