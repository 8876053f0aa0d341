"""Deadlines in working days (hari kerja) of the regency's offices, and dates as citizens read them.

Times are aware; they come in any zone and go out in UTC. Days and office hours are those of Belitung (WIB), Monday to
Friday. A deadline of n working days ends with the office hours of the n-th working day after the day of the start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import MappingProxyType

from besadu.frozen import dataclass

# Western Indonesia has had UTC+7 without summer time since 1964; a fixed offset needs no tz database in the runtime.
WIB = timezone(timedelta(hours=7), "WIB")
# Defaults, like the clocks below: BESADU's own hours, and on which days after its beginning a draft is brought to mind.
OPENS, CLOSES = time(8), time(16)
NUDGES = (1, 3, 7, 21)

# Days per clock; the defaults, which the office may change in its settings. Working days, but for ``draft``, whose
# citizen has no office hours. Verify, reply and the answers by class are those of SP4N-LAPOR!; the others are BESADU's.
CLOCKS: Mapping[str, int] = MappingProxyType(
    {
        "verify": 3,
        "accept": 1,
        "answer_information": 5,
        "answer_ordinary": 14,
        "answer_oversight": 60,
        "citizen_answer": 5,
        "review": 1,
        "reply": 10,
        "draft": 30,
    }
)

_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)
_SHORT_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@dataclass(frozen=True)
class Calendar:
    """The office's time. ``holidays``: when it is closed besides weekends, date -> name of the holiday or joint leave.

    ``clocks``: how many days each clock allows. ``nudges``: calendar days, ascending.
    """

    holidays: Mapping[date, str] = field(default_factory=dict)
    clocks: Mapping[str, int] = field(default_factory=lambda: CLOCKS)
    nudges: tuple[int, ...] = NUDGES
    opens: time = OPENS
    closes: time = CLOSES

    def opening(self, day: date) -> datetime:
        """When the office opens on a working day."""
        return _at(day, self.opens)

    def end_of(self, day: date) -> datetime:
        """When the office closes on a working day: a date that somebody promised, as a deadline."""
        return _at(day, self.closes)

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.holidays

    def working_days(self, first: date) -> Iterator[date]:
        """Working days from ``first`` (itself included when it is one) onwards, without end."""
        day = first
        while True:
            if self.is_working_day(day):
                yield day
            day += timedelta(days=1)


def is_open(now: datetime, calendar: Calendar) -> bool:
    """Whether the office answers at this moment."""
    local = now.astimezone(WIB)
    return calendar.is_working_day(local.date()) and calendar.opens <= local.time() < calendar.closes


def next_open(now: datetime, calendar: Calendar) -> datetime:
    """``now`` itself within office hours, else the moment the office opens next."""
    if is_open(now, calendar):
        return now
    return calendar.opening(_counting_day(now, calendar))


def due(start: datetime, working_days: int, calendar: Calendar) -> datetime:
    """End of office hours of the ``working_days``-th working day after the day of ``start``.

    A start after hours or on a closed day counts as made on the next working day. Zero means: before that day ends.
    """
    if working_days < 0:
        raise ValueError("a deadline lies ahead: working_days may not be negative")
    days = calendar.working_days(_counting_day(start, calendar))
    for _ in range(working_days):
        next(days)
    return calendar.end_of(next(days))


def working_days_left(now: datetime, due: datetime, calendar: Calendar) -> int:
    """Working days between today and the day of ``due``; 0 on that day itself; below zero as soon as it is late.

    -1 from the minute after the deadline to the end of the next working day, -2 on the one after, and so on.
    """
    today, last = now.astimezone(WIB).date(), due.astimezone(WIB).date()
    if now <= due:
        return _working_days_between(today, last, calendar)
    return -max(1, _working_days_between(last, today, calendar))


def office_time_left(now: datetime, due: datetime, calendar: Calendar) -> timedelta:
    """Office hours between two moments; zero when ``due`` has passed."""
    left = timedelta()
    if due <= now:
        return left
    last = due.astimezone(WIB).date()
    for day in calendar.working_days(now.astimezone(WIB).date()):
        if day > last:
            break
        left += max(timedelta(), min(calendar.end_of(day), due) - max(calendar.opening(day), now))
    return left


def at_office_time(start: datetime, time: timedelta, calendar: Calendar) -> datetime:
    """The moment at which the office has worked for ``time`` since ``start``."""
    left = time
    for day in calendar.working_days(start.astimezone(WIB).date()):
        begins = max(calendar.opening(day), start)
        usable = max(timedelta(), calendar.end_of(day) - begins)
        if left <= usable:
            return begins + left
        left -= usable
    raise AssertionError("unreachable: the working days have no end")


def shift(due: datetime, paused_at: datetime, resumed_at: datetime, calendar: Calendar) -> datetime:
    """The new deadline of a clock that stood still from ``paused_at`` to ``resumed_at``.

    The office time that was left is left again; a begun day is rounded up to its end, because a deadline is told as a
    date. What was late when it was paused stays late: ``due`` comes back unchanged.
    """
    left = office_time_left(paused_at, due, calendar)
    if not left or resumed_at <= paused_at:
        return due
    return max(calendar.end_of(at_office_time(resumed_at, left, calendar).astimezone(WIB).date()), due)


def date_text(day: date | datetime) -> str:
    """``Senin, 2 Maret 2026``. A datetime is read in WIB."""
    local = _local_date(day)
    return f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}"


def short_date_text(day: date | datetime) -> str:
    """``2 Mar 2026``: for SMS, where each letter counts."""
    local = _local_date(day)
    return f"{local.day} {_SHORT_MONTHS[local.month - 1]} {local.year}"


def datetime_text(moment: datetime) -> str:
    """``Senin, 2 Maret 2026 pukul 08.05 WIB``."""
    local = moment.astimezone(WIB)
    return f"{date_text(local)} pukul {local:%H.%M} WIB"


def hours_text(calendar: Calendar) -> str:
    """``08.00-16.00``."""
    return f"{calendar.opens:%H.%M}-{calendar.closes:%H.%M}"


def _local_date(day: date | datetime) -> date:
    return day.astimezone(WIB).date() if isinstance(day, datetime) else day


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, WIB).astimezone(UTC)


def _counting_day(moment: datetime, calendar: Calendar) -> date:
    """The working day that something received at ``moment`` belongs to."""
    local = moment.astimezone(WIB)
    first = local.date() if local.time() < calendar.closes else local.date() + timedelta(days=1)
    return next(calendar.working_days(first))


def _working_days_between(after: date, until: date, calendar: Calendar) -> int:
    """Working days later than ``after``, up to and including ``until``."""
    days = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    return sum(calendar.is_working_day(day) for day in days)
