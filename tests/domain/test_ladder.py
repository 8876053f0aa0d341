"""What happens on the way to a deadline and after it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from besadu.domain import ladder
from besadu.domain.complaint import Complaint, State
from besadu.domain.deadlines import CLOCKS, Calendar, due
from besadu.domain.ladder import LADDER, next_at, steps_due
from tests.factories import NO_HOLIDAYS, START, a_complaint

FRIDAY = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)  # 16:00 WIB, the end of office hours


def running(clock: str, until: datetime = FRIDAY, **changes: object) -> Complaint:
    return a_complaint(State.IN_PROGRESS, **{"clock": clock, "due": until, **changes})


def names(complaint: Complaint, now: datetime, calendar: Calendar = NO_HOLIDAYS) -> list[str]:
    return [step.name for step in steps_due(complaint, now, calendar)]


def test_every_ladder_belongs_to_a_clock() -> None:
    clocks = {name.partition("_")[0] if name.startswith("answer_") else name for name in CLOCKS}
    assert set(LADDER) <= clocks


@pytest.mark.parametrize("clock", LADDER)
def test_the_steps_of_a_clock_come_in_the_order_of_time(clock: str) -> None:
    moments = [at for _, at in ladder._schedule(running(clock), NO_HOLIDAYS)]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 5, 0, 59, tzinfo=UTC), []),
        (datetime(2026, 3, 5, 1, 0, tzinfo=UTC), ["soon"]),  # Thursday 08:00 WIB
        (datetime(2026, 3, 6, 1, 0, tzinfo=UTC), ["soon", "today"]),
        (datetime(2026, 3, 8, 12, 0, tzinfo=UTC), ["soon", "today"]),  # Sunday: nobody is late at a weekend
        (datetime(2026, 3, 9, 0, 59, tzinfo=UTC), ["soon", "today"]),
        (datetime(2026, 3, 9, 1, 0, tzinfo=UTC), ["soon", "today", "late"]),
    ],
)
def test_an_answer_is_asked_for_a_day_before_on_the_day_and_on_the_next_working_day(
    now: datetime, expected: list[str]
) -> None:
    assert names(running("answer"), now) == expected


def test_a_holiday_moves_the_steps_as_it_moves_the_deadline() -> None:
    holidays = Calendar(holidays={date(2026, 3, 5): "Libur", date(2026, 3, 9): "Libur"})
    complaint = running("answer")
    assert names(complaint, datetime(2026, 3, 4, 1, 0, tzinfo=UTC), holidays) == ["soon"]
    assert names(complaint, datetime(2026, 3, 9, 5, 0, tzinfo=UTC), holidays) == ["soon", "today"]
    assert names(complaint, datetime(2026, 3, 10, 1, 0, tzinfo=UTC), holidays) == ["soon", "today", "late"]


@pytest.mark.parametrize(("clock", "step"), [("citizen_answer", "lapse"), ("reply", "close_silently")])
def test_silence_counts_from_the_very_end_of_the_deadline(clock: str, step: str) -> None:
    complaint = running(clock)
    assert names(complaint, FRIDAY - timedelta(seconds=1)) == []
    assert names(complaint, FRIDAY) == [step]


def test_a_step_that_was_taken_does_not_come_again_and_the_next_one_is_known() -> None:
    complaint = running("answer")
    assert next_at(complaint, NO_HOLIDAYS) == datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    warned = replace(complaint, reminded=("soon",))
    assert names(warned, FRIDAY) == ["today"]
    assert next_at(warned, NO_HOLIDAYS) == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    assert next_at(replace(complaint, reminded=("soon", "today", "late")), NO_HOLIDAYS) is None


@pytest.mark.parametrize("clock", ["", "verify", "review"])
def test_a_clock_without_a_ladder_reminds_nobody(clock: str) -> None:
    assert next_at(running(clock), NO_HOLIDAYS) is None
    assert names(running(clock), FRIDAY + timedelta(days=100)) == []


def test_without_a_deadline_there_is_nothing_to_remind_of() -> None:
    assert next_at(a_complaint(clock="answer", due=None), NO_HOLIDAYS) is None


@pytest.mark.parametrize("days", CLOCKS.values())
def test_no_step_is_taken_before_its_clock_has_begun(days: int) -> None:
    complaint = running("accept" if days == 1 else "answer", due(START, days, NO_HOLIDAYS))
    assert names(complaint, START) == []
