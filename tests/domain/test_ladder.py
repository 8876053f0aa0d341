"""What happens on the way to a deadline and after it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import clocks, ladder
from besadu.domain.complaint import Complaint, State
from besadu.domain.deadlines import CLOCKS, OPENS, WIB, Calendar, due, is_open
from besadu.domain.ladder import LADDER, next_at, steps_due
from tests.factories import NO_HOLIDAYS, START, a_complaint

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 08:00 WIB
HOLIDAYS = Calendar(holidays={date(2026, 3, 5): "Libur", date(2026, 3, 9): "Libur"})


def running(
    clock: str, *, started: datetime = MONDAY, calendar: Calendar = NO_HOLIDAYS, **changes: object
) -> Complaint:
    states = {"accept": State.ASSIGNED, "answer": State.IN_PROGRESS, "citizen_answer": State.ASKED}
    states |= {"reply": State.DELIVERED, "review": State.ANSWERED}
    complaint = a_complaint(states.get(clock, State.RECEIVED), **changes)
    return clocks.started(complaint, clock, now=started, calendar=calendar)


def days_of(complaint: Complaint, calendar: Calendar = NO_HOLIDAYS) -> dict[str, str]:
    return {step.name: f"{at.astimezone(WIB):%m-%d %H:%M}" for step, at in ladder.schedule(complaint, calendar)}


def names(complaint: Complaint, now: datetime) -> list[str]:
    return [step.name for step in steps_due(complaint, now, NO_HOLIDAYS)]


def test_every_ladder_belongs_to_a_clock() -> None:
    assert set(LADDER) <= {"answer" if name.startswith("answer_") else name for name in CLOCKS}


def test_an_answer_is_asked_for_before_its_deadline_and_then_ever_higher() -> None:
    # Fourteen working days from Monday the 2nd end on Friday the 20th.
    assert days_of(running("answer")) == {
        "half": "03-11 08:00",
        "most": "03-17 08:00",
        "due": "03-20 08:00",
        "head": "03-23 08:00",
        "secretary": "03-25 08:00",
    }


def test_what_agencies_returned_twice_is_the_leaders_to_decide_from_the_first_morning_on() -> None:
    undecided = replace(running("verify"), returns=2)
    told = {step.name: step.to for step, _ in ladder.schedule(undecided, NO_HOLIDAYS)}
    assert told == {"decide": ("leader",), "half": ("leader",), "most": ("leader",), "due": ("leader", "admin")}
    assert days_of(undecided)["decide"] == "03-03 08:00"
    assert "decide" not in days_of(replace(undecided, decided=True))


def test_a_clock_of_one_day_reminds_on_its_last_morning_and_not_on_its_first() -> None:
    assert days_of(running("accept")) == {
        "half": "03-03 08:00",
        "most": "03-03 08:00",
        "due": "03-03 08:00",
        "head": "03-04 08:00",
        "secretary": "03-06 08:00",
    }


@pytest.mark.parametrize("clock", ["verify", "review"])
def test_a_late_admin_is_reminded_and_then_the_leader_hears(clock: str) -> None:
    told = {step.name: step.to for step, _ in ladder.schedule(running(clock), NO_HOLIDAYS)}
    assert told == {"half": ("admin",), "most": ("admin",), "due": ("admin",), "leader": ("admin", "leader")}


def test_a_holiday_moves_the_steps_as_it_moves_the_deadline() -> None:
    plain, moved = running("answer"), running("answer", calendar=HOLIDAYS)
    assert plain.due
    assert moved.due == plain.due + timedelta(days=4)  # two holidays and a weekend
    assert days_of(moved, HOLIDAYS)["due"] == "03-24 08:00"


@pytest.mark.parametrize(("clock", "step"), [("citizen_answer", "lapse"), ("reply", "close_silently")])
def test_silence_counts_from_the_very_end_of_the_deadline(clock: str, step: str) -> None:
    complaint = running(clock)
    assert complaint.due
    assert names(complaint, complaint.due - timedelta(seconds=1)) == []
    assert names(complaint, complaint.due) == [step]


def test_a_step_that_was_taken_does_not_come_again_and_the_next_one_is_known() -> None:
    complaint = running("answer")
    warned = ladder.taken(complaint, steps_due(complaint, complaint.due or START, NO_HOLIDAYS), NO_HOLIDAYS)
    assert warned.reminded == ("half", "most", "due")
    assert warned.remind_at == next_at(warned, NO_HOLIDAYS) == datetime(2026, 3, 23, 1, 0, tzinfo=UTC)


def test_a_deadline_that_moved_is_reminded_of_again() -> None:
    complaint = running("answer", reminded=())
    due_day = datetime(2026, 3, 20, 2, 0, tzinfo=UTC)
    warned = ladder.taken(complaint, steps_due(complaint, due_day, NO_HOLIDAYS), NO_HOLIDAYS)
    later = clocks.agreed(warned, due_day + timedelta(days=28), NO_HOLIDAYS)
    again = ladder.replanned(later, due_day, NO_HOLIDAYS)
    # Half of the new time lies ahead again.
    assert again.reminded == ()
    assert again.remind_at == datetime(2026, 3, 25, 1, 0, tzinfo=UTC)
    soon = ladder.replanned(clocks.agreed(warned, due_day + timedelta(days=3), NO_HOLIDAYS), due_day, NO_HOLIDAYS)
    assert soon.reminded == ("half", "most")


def test_who_sees_to_it_in_person_is_not_reminded_but_silence_still_counts() -> None:
    for clock, left in (("answer", 0), ("verify", 0), ("reply", 1)):
        complaint = running(clock, taken_over_by="Sekda Uji")
        assert complaint.due
        assert len(steps_due(complaint, complaint.due + timedelta(days=30), NO_HOLIDAYS)) == left


def test_without_a_deadline_there_is_nothing_to_remind_of() -> None:
    assert next_at(a_complaint(clock="answer", due=None), NO_HOLIDAYS) is None
    assert next_at(a_complaint(clock="", due=START, clock_started=START), NO_HOLIDAYS) is None


@pytest.mark.parametrize("state", State)
def test_the_citizen_hears_on_the_next_morning_that_a_date_was_not_kept_while_they_wait(state: State) -> None:
    complaint = a_complaint(state, promised=MONDAY + timedelta(hours=8))
    waits = {State.ASSIGNED, State.IN_PROGRESS, State.RETURNED, State.REOPENED, State.ANSWERED}
    assert next_at(complaint, NO_HOLIDAYS) == (MONDAY + timedelta(days=1) if state in waits else None)
    assert next_at(replace(complaint, slipped=complaint.promised), NO_HOLIDAYS) is None


moments = st.integers(0, 330 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(
    started=moments,
    clock=st.sampled_from(["verify", "accept", "answer", "review"]),
    case=st.sampled_from(["information", "oversight"]),
)
def test_steps_come_in_order_on_working_mornings_after_the_clock_began(
    started: datetime, clock: str, case: str
) -> None:
    complaint = running(clock, started=started, calendar=HOLIDAYS, case_class=case)
    times = [at for _, at in ladder.schedule(complaint, HOLIDAYS)]
    assert times == sorted(times)
    assert all(at > started and is_open(at, HOLIDAYS) and at.astimezone(WIB).time() == OPENS for at in times)
    assert due(started, 1, HOLIDAYS) <= (complaint.due or started)
