"""What every use case works with: the store, the queue, the settings and the calendar, put together once by a door."""

import tomllib
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from importlib import resources

from besadu import clock
from besadu.config import Settings
from besadu.domain import ladder
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import Calendar
from besadu.domain.outbox import OutboxItem
from besadu.frozen import dataclass
from besadu.queue import Deadline, Queue
from besadu.store import Store


@dataclass(frozen=True)
class Office:
    """One door's tools."""

    settings: Settings
    store: Store
    queue: Queue
    now: Callable[[], datetime] = clock.now

    def calendar(self) -> Calendar:
        """Working days, holidays and the time that each clock allows, as the office has set them."""
        return self.store.directory.calendar(standard_calendar)

    def send(self, *items: OutboxItem) -> None:
        """Hurry these messages on their way. Best effort: the sweep finds what gets no task."""
        for item in items:
            if item.due:  # else it waits for the one before it
                self.queue.send(item.id, item.due, channel=item.address.channel)

    def remind(self, complaint: Complaint) -> None:
        """Let the next step of this complaint's ladder be taken in time. Best effort, as above."""
        planned = ladder.upcoming(complaint, self.calendar())
        if planned and complaint.remind_at:
            step, _ = planned
            deadline = Deadline(
                ticket=complaint.ticket, clock=complaint.clock, revision=complaint.clock_revision, step=step.name
            )
            self.queue.remind(deadline, complaint.remind_at)


@cache
def standard_calendar() -> Calendar:
    """National holidays and joint leave as shipped; the manager's changes come on top."""
    text = resources.files("besadu").joinpath("holidays.id.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    days = {**tables["national"], **tables["joint_leave"]}
    return Calendar(holidays={date.fromisoformat(day): str(name) for day, name in days.items()})
