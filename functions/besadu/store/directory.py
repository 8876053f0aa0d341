"""`opds`, `officers`, `settings`: agencies, staff, the calendar. Data, not code: agencies get renamed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from google.cloud import firestore

from besadu import clock
from besadu.domain.complaint import Role
from besadu.domain.deadlines import Calendar
from besadu.store.client import PATIENT_RETRY, PATIENT_TIMEOUT, read, speaking_our_errors
from besadu.store.codec import from_document, to_document
from besadu.store.keys import officer_key

T = TypeVar("T")
FRESH_FOR = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Post:
    """Who is reached for an agency: a post and its number, not a person, so that a vacancy stops nothing."""

    title: str = ""
    phone: str = ""  # digits, WhatsApp


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
    head: Post = Post()
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Officer:
    """A staff person. Sign-in says who; this says what."""

    email: str
    name: str
    role: Role
    agency: str = ""
    active: bool = True
    epoch: int = 0  # raising it ends all sessions


class Directory:
    """Reads what changes a few times a year, and remembers it for a minute."""

    def __init__(self, database: firestore.Client) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[datetime, Any]] = {}

    def agencies(self) -> tuple[AgencyRecord, ...]:
        """All active agencies, by name."""
        return self._remember("agencies", self._read_agencies)

    def agency(self, code: str) -> AgencyRecord | None:
        """One agency by its code."""
        return next((agency for agency in self.agencies() if agency.code == code), None)

    def calendar(self, standard: Calendar) -> Calendar:
        """``standard`` with the manager's additions and removals (`settings/calendar`: maps date to name or "")."""
        return self._remember("calendar", lambda: self._read_calendar(standard))

    def officer(self, email: str) -> Officer | None:
        """A staff person by e-mail address; never remembered, because a dismissal must count at once."""
        reference = self._database.collection("officers").document(officer_key(email))
        stored = read(reference, lambda data: from_document(Officer, data), patient=True)
        return stored.value if stored else None

    def save_agency(self, agency: AgencyRecord) -> None:
        """Add or change an agency."""
        self._set("opds", agency.code, to_document(agency))

    def save_officer(self, officer: Officer) -> None:
        """Add or change a staff person."""
        self._set("officers", officer_key(officer.email), to_document(officer))

    def end_sessions(self, officer: Officer) -> None:
        """Sign this person out everywhere."""
        self.save_officer(replace(officer, epoch=officer.epoch + 1))

    def _set(self, collection: str, key: str, document: dict[str, Any]) -> None:
        with speaking_our_errors():
            self._database.collection(collection).document(key).set(
                document,
                timeout=PATIENT_TIMEOUT,
                retry=PATIENT_RETRY,
            )
        self._remembered.clear()

    def _read_agencies(self) -> tuple[AgencyRecord, ...]:
        with speaking_our_errors():
            snapshots = self._database.collection("opds").get(timeout=PATIENT_TIMEOUT, retry=PATIENT_RETRY)
        records = (from_document(AgencyRecord, snapshot.to_dict() or {}) for snapshot in snapshots)
        return tuple(sorted((record for record in records if record.active), key=lambda record: record.name))

    def _read_calendar(self, standard: Calendar) -> Calendar:
        reference = self._database.collection("settings").document("calendar")
        stored = read(reference, dict)
        holidays = dict(standard.holidays)
        for day, name in (stored.value.get("holidays") or {}).items() if stored else ():
            if name:
                holidays[date.fromisoformat(day)] = name
            else:
                holidays.pop(date.fromisoformat(day), None)
        return Calendar(holidays=holidays)

    def _remember(self, what: str, make: Callable[[], T]) -> T:
        with self._lock:
            kept = self._remembered.get(what)
            if kept and abs(clock.now() - kept[0]) < FRESH_FOR:
                return kept[1]  # type: ignore[no-any-return]  # each name holds one type
        made = make()
        with self._lock:
            self._remembered[what] = (clock.now(), made)
        return made
