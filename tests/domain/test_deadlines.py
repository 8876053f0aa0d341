import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import deadlines
from besadu.domain.deadlines import WIB, Calendar

HOLIDAY_FILE = Path(__file__).parents[2] / "functions" / "besadu" / "holidays.id.toml"


def read_holidays() -> dict[date, str]:
    tables = tomllib.loads(HOLIDAY_FILE.read_text(encoding="utf-8"))
    return {date.fromisoformat(day): name for table in tables.values() for day, name in table.items()}


CALENDAR = Calendar(read_holidays())
moments = st.integers(0, 600 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


@pytest.mark.parametrize(("table", "category"), [("national", "public"), ("joint_leave", "government")])
def test_the_holidays_are_those_of_the_holidays_package(table: str, category: str) -> None:
    ours = tomllib.loads(HOLIDAY_FILE.read_text(encoding="utf-8"))[table]
    theirs = holidays.country_holidays("ID", years=(2026, 2027), categories=(category,))
    assert sorted(ours) == sorted(day.isoformat() for day in theirs)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-03-02 09:00", 0, "2026-03-02 16:00"),
        ("2026-03-02 09:00", 1, "2026-03-03 16:00"),
        ("2026-03-02 06:00", 1, "2026-03-03 16:00"),
        ("2026-03-02 15:59", 3, "2026-03-05 16:00"),
        ("2026-03-02 16:00", 3, "2026-03-06 16:00"),  # after hours counts from Tuesday
        ("2026-03-06 10:00", 1, "2026-03-09 16:00"),  # Friday to Monday
        ("2026-03-07 10:00", 1, "2026-03-10 16:00"),  # Saturday counts from Monday
        ("2026-03-17 10:00", 1, "2026-03-25 16:00"),  # Nyepi and Lebaran: 18-24 March are closed
        ("2026-03-20 10:00", 1, "2026-03-26 16:00"),
        ("2026-12-23 10:00", 2, "2026-12-29 16:00"),
        ("2026-03-02 10:00", 14, "2026-03-27 16:00"),
    ],
)
def test_a_deadline_ends_with_the_nth_working_day(start: str, days: int, due: str) -> None:
    assert deadlines.due(wib(start), days, CALENDAR) == wib(due)


def test_a_deadline_lies_ahead() -> None:
    with pytest.raises(ValueError, match="working_days"):
        deadlines.due(wib("2026-03-02 09:00"), -1, CALENDAR)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-03-02 09:00", 4),
        ("2026-03-05 17:00", 1),
        ("2026-03-06 08:00", 0),
        ("2026-03-06 16:00", 0),
        ("2026-03-06 16:01", -1),
        ("2026-03-08 12:00", -1),
        ("2026-03-09 12:00", -1),
        ("2026-03-10 12:00", -2),
    ],
)
def test_working_days_left_go_below_zero_as_soon_as_it_is_late(now: str, left: int) -> None:
    assert deadlines.working_days_left(wib(now), wib("2026-03-06 16:00"), CALENDAR) == left


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02 08:00", "2026-03-02 08:00"),
        ("2026-03-02 07:59", "2026-03-02 08:00"),
        ("2026-03-02 12:34", "2026-03-02 12:34"),
        ("2026-03-02 16:00", "2026-03-03 08:00"),
        ("2026-03-06 20:00", "2026-03-09 08:00"),
        ("2026-03-18 09:00", "2026-03-25 08:00"),
    ],
)
def test_the_office_opens_on_the_next_working_day(now: str, opens: str) -> None:
    assert deadlines.next_open(wib(now), CALENDAR) == wib(opens)
    assert deadlines.is_open(wib(now), CALENDAR) is (now == opens)


@pytest.mark.parametrize(
    ("due", "paused", "resumed", "new_due"),
    [
        ("2026-03-06 16:00", "2026-03-03 10:00", "2026-03-04 10:00", "2026-03-09 16:00"),
        ("2026-03-06 16:00", "2026-03-03 10:00", "2026-03-03 11:00", "2026-03-09 16:00"),
        ("2026-03-06 16:00", "2026-03-03 18:00", "2026-03-09 18:00", "2026-03-12 16:00"),
        ("2026-03-06 16:00", "2026-03-06 15:00", "2026-03-10 09:00", "2026-03-10 16:00"),
        ("2026-03-06 16:00", "2026-03-07 09:00", "2026-03-12 09:00", "2026-03-06 16:00"),  # late stays late
        ("2026-03-06 16:00", "2026-03-05 20:00", "2026-03-05 22:00", "2026-03-06 16:00"),  # a pause after hours
    ],
)
def test_a_pause_gives_back_the_working_time_that_was_left(due: str, paused: str, resumed: str, new_due: str) -> None:
    assert deadlines.shift(wib(due), wib(paused), wib(resumed), CALENDAR) == wib(new_due)


@given(moments, st.integers(0, 60))
def test_a_deadline_is_the_end_of_a_working_day_so_many_days_ahead(start: datetime, days: int) -> None:
    due = deadlines.due(start, days, CALENDAR)
    local = due.astimezone(WIB)
    assert CALENDAR.is_working_day(local.date())
    assert (local.hour, local.minute) == (16, 0)
    assert due > start
    counted = deadlines.next_open(start, CALENDAR)
    assert deadlines.working_days_left(counted, due, CALENDAR) == days


@given(
    moments,
    st.integers(0, 20),
    st.timedeltas(timedelta(), timedelta(days=30)),
    st.timedeltas(timedelta(), timedelta(days=30)),
)
def test_a_pause_never_shortens_the_working_time(
    start: datetime, days: int, until_pause: timedelta, length: timedelta
) -> None:
    due = deadlines.due(start, days, CALENDAR)
    paused = start + until_pause
    shifted = deadlines.shift(due, paused, paused + length, CALENDAR)
    left = deadlines.office_time_left(paused, due, CALENDAR)
    left_after = deadlines.office_time_left(paused + length, shifted, CALENDAR)
    assert shifted >= due
    assert left <= left_after < left + timedelta(hours=8) or left == timedelta()


def test_dates_read_as_in_a_letter() -> None:
    assert deadlines.date_text(date(2026, 3, 2)) == "Senin, 2 Maret 2026"
    assert deadlines.short_date_text(date(2026, 3, 2)) == "2 Mar 2026"
    assert deadlines.short_date_text(date(2026, 8, 17)) == "17 Agu 2026"


def test_moments_are_read_in_belitungs_time() -> None:
    late_on_sunday = datetime(2026, 3, 1, 18, 5, tzinfo=UTC)
    assert deadlines.date_text(late_on_sunday) == "Senin, 2 Maret 2026"
    assert deadlines.datetime_text(late_on_sunday) == "Senin, 2 Maret 2026 pukul 01.05 WIB"


def test_every_clock_runs_in_working_days() -> None:
    assert deadlines.CLOCKS["verify"] == 3
    assert all(days >= 1 for days in deadlines.CLOCKS.values())
