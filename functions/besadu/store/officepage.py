"""`settings/office`: all that every function has to know of the office, in one document: one read of a cold process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import cached_property
from typing import Any, Literal

from besadu.domain.deadlines import CLOCKS, CLOSES, NUDGES, OPENS, Calendar
from besadu.store.codec import from_document

PostChannel = Literal["whatsapp", "sms", "email"]
POST_CHANNELS: tuple[PostChannel, ...] = ("whatsapp", "sms", "email")


@dataclass(frozen=True, kw_only=True)
class Post:
    """Who is reached: a post and its addresses, not a person, so that a vacancy stops nothing."""

    title: str = ""
    phone: str = ""  # digits; WhatsApp and SMS
    email: str = ""
    channels: tuple[PostChannel, ...] = POST_CHANNELS  # the order that the post chose


@dataclass(frozen=True, kw_only=True)
class AgencyRecord:
    """An OPD, or with ``outside`` a body that the regency can only refer to."""

    code: str
    name: str
    short: str = ""
    topics: tuple[str, ...] = ()  # words and phrases that citizens use
    outside: bool = False
    contact: str = ""
    duty: Post = Post()
    deputy: Post = Post()
    head: Post = Post()
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class OfficePage:
    """The document as read. Agencies are turned into records when somebody asks: intake never does."""

    # Year -> date -> name: all days off of a year, as the manager keeps them. Empty: as shipped.
    years: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    decrees: Mapping[str, str] = field(default_factory=dict)  # year -> the decree; a year without one is an estimate
    clocks: Mapping[str, int] = field(default_factory=dict)  # what differs from the defaults
    nudges: tuple[int, ...] = NUDGES  # days on which a draft is brought to mind
    opens: str = f"{OPENS:%H:%M}"
    closes: str = f"{CLOSES:%H:%M}"
    admin: Post = Post()  # who verifies and reviews
    secretary: Post = Post()  # the Sekda
    leaders: tuple[Post, ...] = ()  # who reads the weekly digest
    agencies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def serving(self) -> tuple[AgencyRecord, ...]:
        """All active agencies, by name."""
        found = [from_document(AgencyRecord, record) for record in self.agencies.values()]
        return tuple(sorted((record for record in found if record.active), key=lambda record: record.name))

    @cached_property
    def calendar(self) -> Calendar:
        """Without the shipped days: see ``years``."""
        days = {date.fromisoformat(day): name for year in self.years.values() for day, name in year.items()}
        return Calendar(
            holidays=days,
            clocks={**CLOCKS, **self.clocks},
            nudges=self.nudges,
            opens=time.fromisoformat(self.opens),
            closes=time.fromisoformat(self.closes),
        )
