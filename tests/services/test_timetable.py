"""The manager's calendar, times and posts: each change stands at once, is written down, and keeps what is wrong out."""

from datetime import date

import pytest

from besadu.domain.deadlines import CLOCKS
from besadu.errors import InvalidFields, Refused
from besadu.identity import Person
from besadu.services import reached, reminding, times, timetable
from besadu.services.office import Office
from tests.factories import Hands

MANAGER = Person(email="agus@belitung.example", name="Agus", role="manager")
ADMIN = Person(email="sari@belitung.example", name="Sari", role="admin")


def latest(office: Office) -> tuple[str, str, str]:
    entry = office.store.audit.newest()[0]
    return entry.action, entry.target, entry.note


def test_the_first_change_keeps_all_other_days_as_shipped(office: Office, hands: Hands) -> None:
    shipped = dict(office.calendar().holidays)
    timetable.add_day(office, MANAGER, day="2026-03-05", name="  Hari   Jadi ")
    assert office.calendar().holidays == {**shipped, date(2026, 3, 5): "Hari Jadi"}
    assert latest(office) == ("calendar_changed", "2026", "libur 2026-03-05: Hari Jadi")
    hands.advance(minutes=1)
    timetable.remove_day(office, MANAGER, day="2026-03-19")  # Nyepi
    assert date(2026, 3, 19) not in office.calendar().holidays
    assert latest(office)[2] == "tidak lagi libur: 2026-03-19"


def test_a_year_is_an_estimate_until_its_decree_is_named(office: Office, hands: Hands) -> None:
    assert timetable.undecreed(office) == 2026
    timetable.decree(office, MANAGER, 2026, decree="SKB 1497/2025")
    assert (timetable.undecreed(office), timetable.year_of(office, 2026).decree) == (0, "SKB 1497/2025")
    assert office.store.orders.read() is None  # no day is another
    hands.advance(days=220)
    assert timetable.undecreed(office) == 2027
    timetable.propose(office, MANAGER, 2026)
    assert timetable.undecreed(office) == 2026


def test_a_proposal_has_national_days_and_joint_leave(office: Office) -> None:
    timetable.propose(office, MANAGER, 2028)
    year = timetable.year_of(office, 2028)
    assert (date(2028, 8, 17), "Hari Kemerdekaan Republik Indonesia") in year.days
    assert len(year.days) > 12
    assert office.calendar().is_working_day(date(2026, 8, 18))
    assert not office.calendar().is_working_day(date(2026, 8, 17))


@pytest.mark.parametrize(
    ("day", "name", "wrong"),
    [("", "Libur", "day"), ("2026-02-30", "Libur", "day"), ("2026-03-05", " ", "name"), ("2041-01-01", "Libur", "day")],
)
def test_a_day_that_is_none_is_not_taken(office: Office, day: str, name: str, wrong: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        timetable.add_day(office, MANAGER, day=day, name=name)
    assert list(caught.value.problems) == [wrong]
    assert office.store.audit.newest() == []


def test_every_clock_the_nudges_and_the_hours_can_be_changed(office: Office) -> None:
    typed = {clock: str(days + 1) for clock, days in CLOCKS.items()}
    times.save(office, MANAGER, {**typed, "nudges": "2,5", "opens": "07:30", "closes": "15:30"})
    calendar = office.calendar()
    assert dict(calendar.clocks) == {clock: days + 1 for clock, days in CLOCKS.items()}
    assert calendar.nudges == (2, 5)
    assert (f"{calendar.opens:%H:%M}", f"{calendar.closes:%H:%M}") == ("07:30", "15:30")
    assert times.form(office) == {**typed, "nudges": "2, 5", "opens": "07:30", "closes": "15:30"}
    note = latest(office)[2]
    assert "Admin memverifikasi: 3 → 4" in note
    assert "jam layanan: 08.00-16.00 → 07.30-15.30" in note
    order = office.store.orders.read()
    assert order
    assert order.value.causes == ("times", "hours")


@pytest.mark.parametrize(
    "typed",
    [
        {"verify": "0"},
        {"verify": "tiga"},
        {"draft": "99999"},
        {"nudges": "3, 1"},
        {"nudges": "1, 30"},
        {"nudges": "1, x"},
        {"opens": "pagi"},
        {"closes": "08:30"},
    ],
)
def test_a_time_that_is_none_is_not_taken(office: Office, typed: dict[str, str]) -> None:
    with pytest.raises(InvalidFields) as caught:
        times.save(office, MANAGER, {**times.form(office), **typed})
    assert list(caught.value.problems) == list(typed)
    assert office.calendar().clocks == CLOCKS


def test_saving_what_stands_there_writes_nothing(office: Office) -> None:
    times.save(office, MANAGER, times.form(office))
    reached.save(office, MANAGER, reached.form(office))
    assert office.store.audit.newest() == []
    assert office.store.orders.read() is None


def test_posts_are_reached_in_the_order_that_they_chose(office: Office) -> None:
    typed = {
        "admin_title": "Meja pengaduan",
        "admin_email": "ADMIN@belitung.go.id",
        "secretary_title": "Sekda",
        "secretary_phone": "0812 3456 7890",
        "secretary_channels": "sms,email,whatsapp",
        "leader2_title": "Wakil Bupati",
        "leader2_email": "wabup@belitung.go.id",
    }
    reached.save(office, MANAGER, {**reached.form(office), **typed})
    assert [one.email for one in reminding.posts_of(office, "admin")] == ["admin@belitung.go.id"]
    (secretary,) = reminding.posts_of(office, "secretary")
    assert (secretary.phone, secretary.channels) == ("6281234567890", ("sms", "email", "whatsapp"))
    assert [one.title for one in reminding.posts_of(office, "leader")] == ["Wakil Bupati"]
    action, _, note = latest(office)
    assert action == "posts_changed"
    assert "nomor Sekda diganti" in note
    assert "3456" not in note


def test_a_post_keeps_no_wrong_address(office: Office) -> None:
    with pytest.raises(InvalidFields) as caught:
        reached.save(office, MANAGER, {**reached.form(office), "admin_phone": "12", "leader1_email": "bupati"})
    assert set(caught.value.problems) == {"admin_phone", "leader1_email"}


def test_only_a_manager_changes_the_offices_time(office: Office) -> None:
    for change in (
        lambda: timetable.add_day(office, ADMIN, day="2026-03-05", name="Libur"),
        lambda: times.save(office, ADMIN, times.form(office)),
        lambda: reached.save(office, ADMIN, reached.form(office)),
    ):
        with pytest.raises(Refused):
            change()
