"""Agencies, staff and the calendar: remembered for a minute, but never who may sign in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from besadu import clock
from besadu.domain.deadlines import Calendar
from besadu.services.office import Office, standard_calendar
from besadu.store.directory import FRESH_FOR, Officer
from tests.factories import Hands, an_agency, an_office


@pytest.fixture
def hands() -> Iterator[Hands]:
    hands = Hands()
    clock.use(hands.now)
    yield hands
    clock.use(clock._system_time)


def test_inactive_agencies_are_not_offered(firestore_project: str) -> None:
    office = an_office(firestore_project, Hands().now)
    office.store.directory.save_agency(an_agency("dlh", name="Dinas Lingkungan Hidup"))
    office.store.directory.save_agency(an_agency("bubar", active=False))
    assert [agency.code for agency in office.store.directory.agencies()] == ["dlh", "dishub"]
    assert office.store.directory.agency("bubar") is None
    assert office.store.directory.agency("tidak-ada") is None


def test_a_change_by_another_process_is_seen_after_a_minute(firestore_project: str, hands: Hands) -> None:
    here, there = (an_office(firestore_project, hands.now) for _ in range(2))
    assert here.store.directory.agency("dishub")
    there.store.directory.save_agency(an_agency(name="Dinas Perhubungan dan Kelautan"))
    hands.advance(seconds=FRESH_FOR.total_seconds() + 1)
    found = here.store.directory.agency("dishub")
    assert found
    assert found.name == "Dinas Perhubungan dan Kelautan"


def test_a_dismissal_counts_at_once(firestore_project: str) -> None:
    here, there = (an_office(firestore_project, Hands().now) for _ in range(2))
    person = Officer(email="A@belitung.example", name="A", role="admin")
    here.store.directory.save_officer(person)
    assert there.store.directory.officer("a@belitung.example") == person
    here.store.directory.save_officer(replace(person, active=False))
    found = there.store.directory.officer("a@belitung.example")
    assert found
    assert not found.active
    here.store.directory.end_sessions(found)
    again = there.store.directory.officer("a@belitung.example")
    assert again
    assert again.epoch == 1
    assert there.store.directory.officer("b@belitung.example") is None


def test_the_office_adds_and_removes_holidays(firestore_project: str) -> None:
    office = an_office(firestore_project, Hands().now)
    shipped = min(standard_calendar().holidays)
    own = date(2026, 7, 1)
    office.store.directory._set("settings", "calendar", {"holidays": {"2026-07-01": "HUT", shipped.isoformat(): ""}})
    calendar: Calendar = office.calendar()
    assert calendar.holidays[own] == "HUT"
    assert shipped not in calendar.holidays


def test_the_standard_calendar_knows_the_day_of_independence() -> None:
    assert date(2026, 8, 17) in standard_calendar().holidays


def test_an_office_reads_its_calendar(firestore_project: str) -> None:
    office: Office = an_office(firestore_project, Hands().now)
    assert office.calendar().holidays == standard_calendar().holidays
