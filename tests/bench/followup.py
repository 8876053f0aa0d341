"""Months of follow-up in minutes: the product's services on the real database emulator, with a clock that jumps.

People are late, ask, return and fall silent; tasks are lost, run twice, and all deleted at times; holidays, times and
office hours change on the way. After each jump the ledger holds what happened against what should have.
"""

import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from google.cloud.firestore_v1.base_query import FieldFilter

from besadu import clock
from besadu.domain.complaint import Complaint, first_broken_entry
from besadu.domain.deadlines import WIB
from besadu.domain.outbox import OutboxItem
from besadu.identity import Person
from besadu.queue import Queue
from besadu.services import followup, notices, reached, reminding, times, timetable
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import PATIENT_TIMEOUT, connect
from besadu.store.codec import from_document, to_document
from besadu_local import emulator
from tests.bench.followup_ledger import Broken, Ledger, changed
from tests.bench.followup_people import People, agencies
from tests.bench.followup_tasks import Tasks, Weather
from tests.factories import some_settings

BEGINS: Final = datetime(2026, 2, 2, 0, 0, tzinfo=WIB)  # Nyepi, Lebaran and their joint leave lie ahead
DAYS: Final = 120
MANAGER: Final = Person(email="agus@belitung.example", name="Agus", role="manager")
WEATHERS: Final = (
    Weather("some lost, some twice", lost=0.3, twice=0.2),
    Weather("every task lost", lost=1.0, twice=0.0),
    Weather("every task twice", lost=0.0, twice=1.0),
)
POSTS: Final = {
    "admin_email": "meja@belitung.example",
    "secretary_phone": "0812 0000 0001",
    "leader1_phone": "0812 0000 0002",
}
MISSED: Final = 0.15  # of the sweeps; never two in a row
AND_THEN: Final = {
    "ask_support",
    "contribute",
    "extend",
    "progress",
    "take_over",
}  # leave the state, and something else is done later
DELETED: Final = 0.01  # of the moments: every task is deleted


def followup_of_120_days(*, complaints: int = 200, seed: int = 0, days: int = DAYS) -> dict[str, Any]:
    """The figure; ``seed`` 0 draws one. Raises Broken at the first reminder that is missing, double, early or late."""
    seed = seed or secrets.randbelow(10**6) + 1
    tell(f"seed {seed}, {complaints} complaints")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="besadu-bench-") as folder, emulator.alone(Path(folder)) as host:
        os.environ["FIRESTORE_EMULATOR_HOST"] = host
        world = World(seed)
        clock.use(world.now)
        world.play(complaints, days)
    return {
        "figure": "followup_of_120_days",
        "target": "every reminder once, none missed, none after the answer, one message a day and post",
        "seed": seed,
        "complaints": complaints,
        "days": days,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "acts": world.people.done,
        "tasks": {"made": world.tasks.made, "lost": world.tasks.lost},
        "sweeps": world.sweeps,
        **dict(sorted(world.ledger.counts.items())),
    }


class World:
    """The office, its people, its tasks and the books about them, at one moment."""

    def __init__(self, seed: int) -> None:
        self._time = BEGINS.astimezone(UTC)
        self._dice = random.Random(seed)  # noqa: S311 - a simulation that can be repeated
        self.tasks = Tasks(self._dice, self.now)
        self._project = f"bench-{secrets.token_hex(4)}"
        # Each function remembers the office's page by itself.
        self._reminders, self._console, self._desk = (self._office() for _ in range(3))
        self.people = People(self._dice, self._console, self._desk)
        self.ledger = Ledger()
        self.sweeps, self._missed, self._looked = 0, False, self._time
        self._posts: dict[str, str] = {}
        self._settle_office()

    def now(self) -> datetime:
        return self._time

    def play(self, complaints: int, days: int) -> None:
        """Everything, from the first complaint on."""
        self.people.arrivals(complaints, self._time, days)
        for number in range(days):
            today = (BEGINS + timedelta(days=number)).date()
            self.tasks.weather = WEATHERS[number * len(WEATHERS) // days]
            if number % 10 == 0:
                tell(f"{today}: {self.tasks.weather.name}; {self.people.done} acts, {self.ledger.counts['told']} told")
            for at in self._moments(today):
                self._time = at
                self._moment()
            self.ledger.check(self.now(), self._console.calendar())
        self._check_histories()

    def _moments(self, today: date) -> Iterator[datetime]:
        """The times of a day at which anything happens; after the manager's change also when all of it is moved."""
        calendar = self._console.calendar()
        opens, closes = calendar.opening(today), calendar.end_of(today)
        if not calendar.is_working_day(today):
            yield from (opens, closes)
            return
        yield from (opens + timedelta(minutes=minute) for minute in (0, 1, 2, 5, 6, 7, 8))
        self.ledger.check(self.now(), calendar)
        yield from (opens + timedelta(hours=hour) for hour in range(1, 5))
        if change := self._change_of(today):
            change()
            yield from (self.now() + timedelta(minutes=minute) for minute in (1, 5))
            while self._reminders.store.orders.read():
                yield max(self.now() + timedelta(minutes=1), opens + timedelta(hours=4, minutes=12))
            self.ledger.refresh(self._find(FieldFilter("open", "==", value=True)))
            yield from (self.now() + timedelta(minutes=minute) for minute in (1, 1))
        yield from (at for at in (opens + timedelta(hours=hour) for hour in (5, 6)) if self.now() < at < closes)
        yield from (closes + timedelta(minutes=minute) for minute in (0, 1, 2))

    def _moment(self) -> None:
        self.people.act()
        self._enter()
        if self._dice.random() < DELETED:
            self.tasks.forget_all()
        for path, body in self.tasks.due():
            self._run(path, body)
        self._enter()
        self._deliver()
        if not self._missed and self._dice.random() < MISSED:
            self._missed = True
            return
        self._missed, self.sweeps = False, self.sweeps + 1
        followup.sweep(self._reminders)
        self._enter()
        self._deliver()

    def _run(self, path: str, body: dict[str, str]) -> None:
        if path == "deadline":
            done = followup.look(self._reminders, body["ticket"])
        else:
            done = reminding.tell(self._reminders, body["post"])
        self.ledger.counts[f"task {path}: {done if path == 'deadline' else done.split()[0]}"] += 1

    def _enter(self) -> None:
        """What has changed goes into the books, and people make up their minds about it."""
        found = self._find(FieldFilter("updated_at", ">=", self._looked))
        for complaint in changed(found, self.ledger.complaints):
            before = self.ledger.complaints.get(complaint.ticket)
            self.ledger.enter(complaint, self._console.calendar())
            moved_on = before is None or (before.state, before.disposition) != (complaint.state, complaint.disposition)
            if moved_on or complaint.history[-1].action in AND_THEN:
                self.people.plan(complaint)
        self._looked = self._time

    def _find(self, where: FieldFilter) -> list[Complaint]:
        query = self._reminders.store.database.collection("complaints").where(filter=where)
        return [from_document(Complaint, snapshot.to_dict() or {}) for snapshot in query.stream()]

    def _deliver(self) -> None:
        """Every message that is due arrives, and those to posts go into the books."""
        store = self._reminders.store
        while waiting := store.outbox.due(self._time):
            commit = store.commit()
            for stored in waiting:
                item = stored.value
                if item.template.startswith(("pengingat", "ringkasan")):
                    self.ledger.told(item, self._post_of(item), self._console.calendar())
                reference = store.outbox.reference(item.id)
                commit.replace(reference, to_document(replace(item, state="sent", due=None)), stored.version)
            commit.run(timeout=PATIENT_TIMEOUT)

    def _post_of(self, item: OutboxItem) -> str:
        return self._posts[item.address.phone or item.address.user_id]

    def _check_histories(self) -> None:
        for complaint in self.ledger.complaints.values():
            if first_broken_entry(complaint.history) is not None:
                raise Broken(f"{complaint.ticket}: its history does not hold")

    def _change_of(self, today: date) -> Callable[[], None] | None:
        return {
            date(2026, 2, 25): lambda: self._day_off(date(2026, 3, 5)),
            date(2026, 3, 11): lambda: self._times(answer_ordinary="10", opens="07:30", closes="14:30"),
            date(2026, 3, 30): lambda: self._working_day(date(2026, 4, 3)),
            date(2026, 4, 9): lambda: self._times(answer_ordinary="20", opens="08:00", closes="16:00"),
            date(2026, 4, 22): self._mistake,
            date(2026, 5, 11): lambda: [self._day_off(date(2026, 5, day)) for day in (12, 13, 20)] and None,
        }.get(today)

    def _day_off(self, day: date) -> None:
        timetable.add_day(self._console, MANAGER, day=day.isoformat(), name="Libur daerah")

    def _working_day(self, day: date) -> None:
        timetable.remove_day(self._console, MANAGER, day=day.isoformat())

    def _mistake(self) -> None:
        self._day_off(date(2026, 4, 28))
        self._working_day(date(2026, 4, 28))

    def _times(self, **typed: str) -> None:
        times.save(self._console, MANAGER, {**times.form(self._console), **typed})

    def _office(self) -> Office:
        settings = some_settings(self._project)
        queue = Queue(settings)
        queue.client = self.tasks  # type: ignore[assignment]  # stands where Cloud Tasks does
        return Office(settings, open_store(connect(settings)), queue, self.now)

    def _settle_office(self) -> None:
        for agency in agencies():
            self._console.store.directory.save_agency(agency)
        reached.save(self._console, MANAGER, {**reached.form(self._console), **POSTS})
        for office in (self._reminders, self._desk):
            office.store.directory.forget()
        names = ["admin", "secretary", "leader"]
        names += [f"{post}:{agency.code}" for agency in agencies() for post in ("duty", "deputy", "head")]
        for name in names:
            for post in reminding.posts_of(self._reminders, name):
                self._posts |= {address.phone or address.user_id: name for address in notices.addresses(post)}


def tell(line: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{line}\n")
