"""`opds`, `officers`, `settings/office`: agencies, staff, the office's time. Data, not code: agencies get renamed."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from google.cloud import firestore

from besadu import clock
from besadu.domain.complaint import Role
from besadu.domain.deadlines import Calendar
from besadu.errors import Conflict
from besadu.frozen import dataclass, replace
from besadu.store.client import (
    PATIENT_RETRY,
    PATIENT_TIMEOUT,
    AlreadyThere,
    Commit,
    Stored,
    find,
    read,
    speaking_our_errors,
)
from besadu.store.codec import from_document, to_document
from besadu.store.keys import officer_key
from besadu.store.officepage import AgencyRecord, OfficePage, Post

T = TypeVar("T")
__all__ = ["AgencyRecord", "Directory", "OfficePage", "Officer", "Post"]

MOST_TRIES = 5
MOST = 2000  # staff or agencies; far more than a regency has
FRESH_FOR = timedelta(minutes=1)


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
        page = self.page()
        return page.serving if page.agencies else self._remember("agencies", self._read_agencies)

    def agency(self, code: str) -> AgencyRecord | None:
        """One agency by its code."""
        return next((agency for agency in self.agencies() if agency.code == code), None)

    def all_agencies(self) -> Mapping[str, Stored[AgencyRecord]]:
        """Every agency by its code, also those that are no longer active; never remembered: for changing them."""
        return {stored.value.code: stored for stored in find(self._all("opds"), _agency)}

    def page(self) -> OfficePage:
        """What every function has to know of the office: one read a minute, whatever of it is asked for."""
        return self._remember("page", self._read_page)

    def page_to_change(self) -> Stored[OfficePage] | None:
        """The page as it stands now, for changing it; None before its first change."""
        return read(self._page(), _office_page, patient=True)

    def calendar(self, standard: Callable[[], Calendar]) -> Calendar:
        """The office's time; the days off are the ``standard`` ones until the manager has changed any."""
        page = self.page()
        return page.calendar if page.years else replace(page.calendar, holidays=standard().holidays)

    def officer(self, email: str) -> Officer | None:
        """A staff person by e-mail address; never remembered, because a dismissal must count at once."""
        reference = self._database.collection("officers").document(officer_key(email))
        stored = read(reference, lambda data: from_document(Officer, data), patient=True)
        return stored.value if stored else None

    def officers(self) -> tuple[Officer, ...]:
        """All staff, by name; never remembered, as above."""
        with speaking_our_errors():
            snapshots = self._database.collection("officers").get(timeout=PATIENT_TIMEOUT, retry=PATIENT_RETRY)
        found = (from_document(Officer, snapshot.to_dict() or {}) for snapshot in snapshots)
        return tuple(sorted(found, key=lambda officer: officer.name))

    def staff(self) -> Mapping[str, Stored[Officer]]:
        """All staff by document id: for a change that depends on who else there is."""
        return {officer_key(stored.value.email): stored for stored in find(self._all("officers"), _officer)}

    def stage_officer(self, commit: Commit, officer: Officer, before: Stored[Officer] | None) -> None:
        """Let ``commit`` write a staff person who must still be as read, or with None must be new."""
        _stage(commit, self._database.collection("officers").document(officer_key(officer.email)), officer, before)

    def stage_agency(self, commit: Commit, agency: AgencyRecord, before: Stored[AgencyRecord] | None) -> None:
        """Let ``commit`` write an agency that must still be as read, or with None is new. ``forget`` afterwards."""
        _stage(commit, self._database.collection("opds").document(agency.code), agency, before)
        page = self.page_to_change()
        # The first change makes the page of all that were there before it.
        known = (
            page.value.agencies
            if page and page.value.agencies
            else {code: to_document(one.value) for code, one in self.all_agencies().items()}
        )
        agencies = {**known, agency.code: to_document(agency)}
        self.stage_page(commit, replace(page.value if page else OfficePage(), agencies=agencies), page)

    def stage_page(self, commit: Commit, page: OfficePage, before: Stored[OfficePage] | None) -> None:
        """Let ``commit`` write the page, which must still be as read, or be new. ``forget`` afterwards."""
        _stage(commit, self._page(), page, before)

    def forget(self) -> None:
        """Read anew what is remembered."""
        with self._lock:
            self._remembered.clear()

    def save_agency(self, agency: AgencyRecord) -> None:
        """Add or change an agency. Raises Conflict when somebody else is changing agencies all the time."""
        for _ in range(MOST_TRIES):
            before = read(self._database.collection("opds").document(agency.code), _agency, patient=True)
            commit = Commit(self._database)
            self.stage_agency(commit, agency, before)
            try:
                commit.run(timeout=PATIENT_TIMEOUT)
            except (AlreadyThere, Conflict):
                continue
            self.forget()
            return
        raise Conflict(agency.code)

    def save_officer(self, officer: Officer) -> None:
        """Add or change a staff person."""
        self._set("officers", officer_key(officer.email), to_document(officer))

    def end_sessions(self, officer: Officer) -> None:
        """Sign this person out everywhere."""
        self.save_officer(replace(officer, epoch=officer.epoch + 1))

    def _all(self, collection: str) -> firestore.Query:
        return self._database.collection(collection).order_by("name").limit(MOST)

    def _set(self, collection: str, key: str, document: dict[str, Any]) -> None:
        with speaking_our_errors():
            self._database.collection(collection).document(key).set(
                document,
                timeout=PATIENT_TIMEOUT,
                retry=PATIENT_RETRY,
            )
        self.forget()

    def _page(self) -> firestore.DocumentReference:
        return self._database.collection("settings").document("office")

    def _read_page(self) -> OfficePage:
        stored = read(self._page(), _office_page)
        return stored.value if stored else OfficePage()

    def _read_agencies(self) -> tuple[AgencyRecord, ...]:
        """From ``opds`` until the first change has put them on the page."""
        found = [stored.value for stored in self.all_agencies().values()]
        return tuple(sorted((record for record in found if record.active), key=lambda record: record.name))

    def _remember(self, what: str, make: Callable[[], T]) -> T:
        with self._lock:
            kept = self._remembered.get(what)
            if kept and abs(clock.now() - kept[0]) < FRESH_FOR:
                return kept[1]  # type: ignore[no-any-return]  # each name holds one type
        made = make()
        with self._lock:
            self._remembered[what] = (clock.now(), made)
        return made


def _agency(data: dict[str, Any]) -> AgencyRecord:
    return from_document(AgencyRecord, data)


def _office_page(data: dict[str, Any]) -> OfficePage:
    return from_document(OfficePage, data)


def _officer(data: dict[str, Any]) -> Officer:
    return from_document(Officer, data)


def _stage(commit: Commit, reference: firestore.DocumentReference, value: object, before: Stored[Any] | None) -> None:
    if before is None:
        commit.create(reference, to_document(value))
    else:
        commit.replace(reference, to_document(value), before.version)
