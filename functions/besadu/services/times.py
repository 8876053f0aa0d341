"""How many days each clock allows, when a draft is brought to mind, and the office hours, as the manager keeps them."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Final

from besadu.domain.deadlines import CLOCKS, Calendar, hours_text
from besadu.errors import InvalidFields
from besadu.frozen import replace
from besadu.identity import Person
from besadu.services import timetable, upkeep
from besadu.services.office import Office
from besadu.store.officepage import OfficePage

MOST_DAYS: Final = 365
MOST_NUDGES: Final = 6
SHORTEST_DAY: Final = timedelta(hours=1)
NAMES: Final[Mapping[str, str]] = {
    "verify": "Admin memverifikasi",
    "accept": "OPD menerima atau mengembalikan",
    "answer_information": "OPD menjawab permintaan informasi",
    "answer_ordinary": "OPD menjawab pengaduan biasa",
    "answer_oversight": "OPD menjawab pengaduan berkadar pengawasan",
    "citizen_answer": "Pelapor menjawab pertanyaan",
    "review": "Admin menelaah jawaban",
    "reply": "Pelapor menanggapi jawaban, lalu laporan ditutup",
    "draft": "Pelapor melengkapi laporan (hari kalender)",
    "nudges": "Pelapor diingatkan melengkapi pada hari ke",
}


def save(office: Office, by: Person, values: Mapping[str, str]) -> None:
    """Change how many days the clocks allow, when a draft is brought to mind, and the office hours.

    ``values``: a number for each clock; ``nudges``, days separated by commas; ``opens`` and ``closes``, ``08:00``.
    Raises InvalidFields by field, and as ``timetable.propose``.
    """
    known, problems = _times(values)
    if problems:
        raise InvalidFields(problems)

    def change(page: OfficePage) -> tuple[OfficePage, str]:
        after = replace(
            page,
            clocks={clock: days for clock, days in known.clocks.items() if days != CLOCKS[clock]},
            nudges=known.nudges,
            opens=f"{known.opens:%H:%M}",
            closes=f"{known.closes:%H:%M}",
        )
        old = page.calendar
        said = [(NAMES[clock], str(old.clocks[clock]), str(known.clocks[clock])) for clock in CLOCKS]
        said.append((NAMES["nudges"], nudges_text(old), nudges_text(known)))
        said.append(("jam layanan", hours_text(old), hours_text(known)))
        return after, upkeep.changes(said, added=False)

    timetable.change_page(office, by, "clocks_changed", "tenggat", change)


def form(office: Office) -> dict[str, str]:
    """The fields of ``save`` as they stand."""
    known = office.calendar()
    return {
        **{clock: str(known.clocks[clock]) for clock in CLOCKS},
        "nudges": nudges_text(known),
        "opens": f"{known.opens:%H:%M}",
        "closes": f"{known.closes:%H:%M}",
    }


def nudges_text(calendar: Calendar) -> str:
    """``1, 3, 7, 21``."""
    return ", ".join(str(day) for day in calendar.nudges)


def _times(values: Mapping[str, str]) -> tuple[Calendar, dict[str, str]]:
    """What was typed, and what is wrong with it by field."""
    problems = {}
    days = {clock: _number(values.get(clock, "")) for clock in CLOCKS}
    for clock, number in days.items():
        if not 1 <= number <= MOST_DAYS:
            problems[clock] = f"Tulis angka 1 sampai {MOST_DAYS}."
    nudges = tuple(_number(part) for part in values.get("nudges", "").split(",") if part.strip())
    if any(not 1 <= day <= MOST_DAYS for day in nudges) or list(nudges) != sorted(set(nudges)):
        problems["nudges"] = "Tulis hari ke berapa saja, dari yang terkecil, misalnya 1, 3, 7, 21."
    elif len(nudges) > MOST_NUDGES or ("draft" not in problems and any(day >= days["draft"] for day in nudges)):
        problems["nudges"] = f"Paling banyak {MOST_NUDGES} kali, dan sebelum laporan dihapus."
    opens, closes = (_clock_time(values.get(field, "")) for field in ("opens", "closes"))
    for field, at in (("opens", opens), ("closes", closes)):
        if at is None:
            problems[field] = "Pilih jamnya, misalnya 08:00."
    if opens is None or closes is None:
        return Calendar(), problems
    length = timedelta(hours=closes.hour - opens.hour, minutes=closes.minute - opens.minute)
    if length < SHORTEST_DAY:
        problems["closes"] = "Jam tutup harus sedikitnya satu jam sesudah jam buka."
    return Calendar(clocks=days, nudges=nudges, opens=opens, closes=closes), problems


def _number(text: str) -> int:
    """0 for what is none."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 4 else 0


def _clock_time(text: str) -> time | None:
    try:
        return time.fromisoformat(text.strip()) if len(text.strip()) == len("08:00") else None
    except ValueError:
        return None
