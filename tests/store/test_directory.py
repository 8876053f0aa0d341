"""Agencies, staff and the calendar: remembered for a minute, but never who may sign in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from besadu import clock
from besadu.domain.deadlines import CLOCKS, Calendar
from besadu.queue import Queue
from besadu.services.office import Office, standard_calendar
from besadu.store import open_store
from besadu.store.directory import FRESH_FOR, OfficePage, Officer
from tests.bench.counting import CountedDatabase, Counter
from tests.factories import Hands, an_agency, an_office, some_settings


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


def change_page(office: Office, **changes: Any) -> None:
    directory = office.store.directory
    before = directory.page_to_change()
    commit = office.store.commit()
    directory.stage_page(commit, replace(before.value if before else OfficePage(), **changes), before)
    commit.run()
    directory.forget()


def test_the_days_off_of_the_office_take_the_place_of_the_shipped_ones(firestore_project: str) -> None:
    office = an_office(firestore_project, Hands().now)
    change_page(office, years={"2026": {"2026-07-01": "HUT"}}, clocks={"verify": 2})
    calendar: Calendar = office.calendar()
    assert calendar.holidays == {date(2026, 7, 1): "HUT"}
    assert calendar.clocks == {**CLOCKS, "verify": 2}
    assert office.store.directory.agency("dishub") == an_agency()


def test_what_every_function_needs_of_the_office_is_one_read(firestore_project: str) -> None:
    an_office(firestore_project, Hands().now)
    counter = Counter()
    settings = some_settings(firestore_project)
    cold = Office(settings, open_store(CountedDatabase(firestore_project, counter)), Queue(settings), Hands().now)
    with counter.step("cold"):
        assert cold.calendar().clocks == CLOCKS
        assert cold.store.directory.agency("dishub") == an_agency()
        assert cold.store.directory.agencies() == (an_agency(),)
    assert counter.steps["cold"].where == {"settings": [0, 1]}


def test_agencies_that_stand_on_no_page_yet_are_found_all_the_same(firestore_project: str) -> None:
    office = an_office(firestore_project, Hands().now)
    office.store.database.document("settings/office").delete()
    office.store.directory.forget()
    assert office.store.directory.agencies() == (an_agency(),)
    change_page(office, clocks={"verify": 2})
    office.store.directory.save_agency(an_agency("dlh", name="Dinas Lingkungan Hidup"))
    assert [agency.code for agency in office.store.directory.agencies()] == ["dlh", "dishub"]
    assert office.calendar().clocks["verify"] == 2


def test_the_standard_calendar_knows_the_day_of_independence() -> None:
    assert date(2026, 8, 17) in standard_calendar().holidays


def test_an_office_reads_its_calendar(firestore_project: str) -> None:
    office: Office = an_office(firestore_project, Hands().now)
    assert office.calendar().holidays == standard_calendar().holidays
