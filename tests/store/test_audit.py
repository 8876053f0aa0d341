"""The audit in a database of its own: before each change its entry, and no entry for what was refused."""

import socket
from dataclasses import replace

import pytest
from google.cloud import firestore

from besadu.errors import Unavailable
from besadu.identity import Person
from besadu.services import staffing, upkeep
from besadu.services.office import Office
from besadu.services.staffing import PersonForm
from besadu.store import open_store
from besadu.store.audit import COLLECTION
from besadu.store.client import Commit, connect_audit
from besadu.store.directory import Officer
from tests.factories import Hands, an_office, some_settings

MANAGER = Person(email="sari@belitung.example", name="Sari", role="manager")
FORM = PersonForm(email="budi@belitung.example", name="Budi", role="admin")


@pytest.fixture
def office(firestore_project: str) -> Office:
    """With the audit where it is in production: beside the database of all, not in it."""
    office = an_office(firestore_project, Hands().now)
    settings = replace(some_settings(firestore_project), audit_database="besadu-audit")
    return replace(office, store=open_store(office.store.database, connect_audit(settings)))


def entries_in(database: firestore.Client) -> int:
    return len(list(database.collection(COLLECTION).stream()))


def test_who_may_read_the_documents_finds_no_audit_among_them(office: Office) -> None:
    staffing.save_person(office, MANAGER, FORM)
    (entry,) = upkeep.log_of_changes(office)
    assert (entry.actor, entry.action, entry.target) == (MANAGER.email, "person_added", FORM.email)
    assert entries_in(office.store.database) == 0


def test_the_entry_of_a_change_that_was_refused_is_taken_back_and_both_stay(office: Office) -> None:
    directory = office.store.directory

    def overtaken(commit: Commit) -> str:
        known = next((one for one in directory.staff().values() if one.value.email == FORM.email), None)
        if known is None:
            directory.save_officer(Officer(email=FORM.email, name="B", role="admin"))
        directory.stage_officer(commit, Officer(email=FORM.email, name="Budi", role="admin"), known)
        action = "person_changed" if known else "person_added"
        upkeep.stage_audit(office, commit, MANAGER, action, FORM.email, "")
        return action

    assert upkeep.tried(office, overtaken) == "person_changed"
    assert [entry.action for entry in upkeep.log_of_changes(office)] == ["person_changed"]
    database = connect_audit(replace(some_settings(office.store.database.project), audit_database="besadu-audit"))
    assert entries_in(database) == 3


def test_without_the_audit_nothing_is_changed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening: whoever calls is refused
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{taken.getsockname()[1]}")
        gone = firestore.Client(project=office.store.database.project, database="besadu-audit")
        monkeypatch.setattr("besadu.store.audit.PATIENT_TIMEOUT", 0.3)
        broken = replace(office, store=open_store(office.store.database, gone))
        with pytest.raises(Unavailable):
            staffing.save_person(broken, MANAGER, FORM)
    assert FORM.email not in {one.email for one in office.store.directory.officers()}


def test_a_change_leaves_the_store_of_other_functions_without_an_audit(office: Office) -> None:
    staffing.save_person(office, MANAGER, FORM)
    assert open_store(office.store.database).audit.newest() == []


def test_the_entry_stays_when_the_change_stood_and_only_its_answer_was_lost(office: Office) -> None:
    """The repeated commit is refused by what the first one wrote, and there is nothing left to change."""
    directory, officer = office.store.directory, Officer(email=FORM.email, name="Budi", role="admin")

    def attempt(commit: Commit) -> None:
        if any(one.value == officer for one in directory.staff().values()):
            return
        directory.stage_officer(commit, officer, None)
        upkeep.stage_audit(office, commit, MANAGER, "person_added", FORM.email, "")
        directory.save_officer(officer)

    upkeep.tried(office, attempt)
    assert [entry.action for entry in upkeep.log_of_changes(office)] == ["person_added"]
