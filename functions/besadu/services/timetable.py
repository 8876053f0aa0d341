"""The office's days off, year by year, as the manager keeps them.

Each change is one commit with its entry in the audit and the order to move what is open (``moving``). Proposals come
from the package ``holidays`` (national holidays and joint leave, the lunar ones estimated); the yearly decree of three
ministers (SKB 3 Menteri) is what counts, and the manager says when it is in.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from besadu import logs
from besadu.domain.deadlines import WIB
from besadu.errors import InvalidFields
from besadu.frozen import dataclass, replace
from besadu.identity import Person
from besadu.services import upkeep
from besadu.services.office import Office, standard_calendar
from besadu.services.upkeep import LONGEST_LINE
from besadu.store.client import Commit
from besadu.store.officepage import OfficePage
from besadu.store.orders import Cause

WARN_FROM_MONTH: Final = 10  # the decree for the next year comes between June and October
Edit = Callable[[Mapping[str, str]], Mapping[str, str]]  # the days of a year
Change = Callable[[OfficePage], tuple[OfficePage, str]]  # the page, and what the audit says of it


@dataclass(frozen=True, kw_only=True)
class Year:
    """One year of the calendar: its days off by date, and the decree, "" while they are an estimate."""

    number: int
    days: tuple[tuple[date, str], ...]
    decree: str = ""


def year_of(office: Office, number: int) -> Year:
    """A year as the office has it now."""
    page = office.store.directory.page()
    days = tuple(sorted((day, name) for day, name in office.calendar().holidays.items() if day.year == number))
    return Year(number=number, days=days, decree=page.decrees.get(str(number), ""))


def undecreed(office: Office) -> int:
    """The year whose decree the manager should look for: this one, or from October on the next; 0 when all is in."""
    today = office.now().astimezone(WIB).date()
    page = office.store.directory.page()
    years = [today.year, *([today.year + 1] if today.month >= WARN_FROM_MONTH else [])]
    return next((year for year in years if not page.decrees.get(str(year))), 0)


def proposal(number: int) -> dict[str, str]:
    """National holidays and joint leave of a year as the package knows or estimates them: date -> name."""
    import holidays  # late: 40 ms and some megabytes, for this page alone

    found = holidays.country_holidays("ID", years=number, language="id", categories=("public", "government"))
    return {day.isoformat(): " ".join(name.split()) for day, name in sorted(found.items())}


def propose(office: Office, by: Person, number: int) -> None:
    """Put the proposal for a year in the place of what stands there; it is an estimate until it is decreed.

    Raises Refused for anybody but a manager, InvalidFields, Conflict, Unavailable.
    """
    _near(office, number)
    days = proposal(number)
    _change_year(office, by, number, lambda _: days, note=f"usulan, {len(days)} hari", decree="")


def add_day(office: Office, by: Person, *, day: str, name: str) -> date:
    """Add a day off, or rename one. Raises as ``propose``."""
    named = " ".join(name.split())
    problems = {}
    try:
        when = date.fromisoformat(day.strip())
    except ValueError:
        when = None
        problems["day"] = "Pilih tanggalnya."
    if not named or len(named) > LONGEST_LINE:
        problems["name"] = f"Nama hari libur belum diisi, atau lebih dari {LONGEST_LINE} huruf."
    if problems or when is None:
        raise InvalidFields(problems)
    note = f"libur {when.isoformat()}: {named}"
    _change_year(office, by, when.year, lambda days: {**days, when.isoformat(): named}, note=note)
    return when


def remove_day(office: Office, by: Person, *, day: str) -> date:
    """Make a day off a working day again (a weekend stays one). Raises as ``propose``."""
    try:
        when = date.fromisoformat(day)
    except ValueError:
        raise InvalidFields({"day": "Hari itu tidak ada di kalender."}) from None

    def without(days: Mapping[str, str]) -> Mapping[str, str]:
        if day not in days:
            raise InvalidFields({"day": "Hari itu tidak ada di kalender."})
        return {one: name for one, name in days.items() if one != day}

    _change_year(office, by, when.year, without, note=f"tidak lagi libur: {when.isoformat()}")
    return when


def decree(office: Office, by: Person, number: int, *, decree: str) -> None:
    """Say that the year's days are those of this decree. Raises as ``propose``."""
    named = " ".join(decree.split())
    if not named or len(named) > LONGEST_LINE:
        raise InvalidFields({"decree": f"Tulis nomor keputusannya, paling banyak {LONGEST_LINE} huruf."})
    _change_year(office, by, number, lambda days: days, note=f"ditetapkan: {named}", decree=named)


def _change_year(
    office: Office,
    by: Person,
    number: int,
    edit: Edit,
    *,
    note: str,
    decree: str | None = None,
) -> None:
    _near(office, number)
    year = str(number)

    def change(page: OfficePage) -> tuple[OfficePage, str]:
        years = dict(page.years) or _shipped()
        years[year] = edit(years.get(year, {}))
        decrees = {**page.decrees, year: page.decrees.get(year, "") if decree is None else decree}
        return replace(page, years=years, decrees={one: text for one, text in decrees.items() if text}), note

    change_page(office, by, "calendar_changed", year, change)


def change_page(office: Office, by: Person, action: str, target: str, change: Change) -> None:
    """Change the office's page: one commit with the audit and the order to move what is open. Raises as ``propose``."""
    upkeep.manager_only(by)

    def attempt(commit: Commit) -> bool:
        stored = office.store.directory.page_to_change()
        before = stored.value if stored else OfficePage()
        after, note = change(before)
        if after == before:
            return False
        office.store.directory.stage_page(commit, after, stored)
        upkeep.stage_audit(office, commit, by, action, target, note)
        if causes := _causes(before, after):
            office.store.orders.stage(commit, at=office.now(), causes=causes)
        return True

    upkeep.tried(office, attempt)
    office.store.directory.forget()
    logs.info("timetable_changed", what=action)


def _causes(before: OfficePage, after: OfficePage) -> tuple[Cause, ...]:
    """Why open deadlines have to be reckoned anew; nothing when only a decree was named."""
    days = (page.years or _shipped() for page in (before, after))
    differs: Mapping[Cause, bool] = {
        "days": next(days) != next(days),
        "times": before.clocks != after.clocks,
        "hours": (before.opens, before.closes) != (after.opens, after.closes),
    }
    return tuple(cause for cause, changed in differs.items() if changed)


def _shipped() -> dict[str, Mapping[str, str]]:
    """What counted until now, by year: the first change makes it the office's own."""
    years: dict[str, dict[str, str]] = {}
    for day, name in standard_calendar().holidays.items():
        years.setdefault(str(day.year), {})[day.isoformat()] = name
    return dict(years)


def _near(office: Office, number: int) -> None:
    this = office.now().astimezone(WIB).year
    if not this - 1 <= number <= this + 2:
        raise InvalidFields({"day": f"Kalender diatur untuk tahun {this - 1} sampai {this + 2}."})
