"""The first manager is let in by the operators' script; every other by a manager."""

import os
import subprocess

import pytest

from besadu.config import Settings
from besadu.store import Store, open_store
from besadu.store.client import connect, connect_audit
from tests.infra.terraform import INFRA


@pytest.fixture
def store(firestore_project: str) -> Store:
    settings = Settings(google_cloud_project=firestore_project)
    return open_store(connect(settings), connect_audit(settings))


def invite(project: str, email: str) -> str:
    command = [str(INFRA / "first-manager"), project, email, "Sari Wulandari"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=dict(os.environ))
    return done.stdout


def test_the_first_manager_may_sign_in_and_it_is_written_down(store: Store, firestore_project: str) -> None:
    assert "sari@belitung.example may sign in" in invite(firestore_project, "Sari@Belitung.example")
    officer = store.directory.officer("sari@belitung.example")
    assert officer is not None
    assert (officer.role, officer.active, officer.name) == ("manager", True, "Sari Wulandari")
    assert [entry.target for entry in store.audit.newest()] == ["sari@belitung.example"]


def test_a_second_is_refused(store: Store, firestore_project: str) -> None:
    invite(firestore_project, "sari@belitung.example")
    assert "there is a manager already" in invite(firestore_project, "other@belitung.example")
    assert store.directory.officer("other@belitung.example") is None


def test_what_is_no_address_is_refused(store: Store, firestore_project: str) -> None:
    assert "no e-mail address" in invite(firestore_project, "sari")
    assert store.directory.officers() == ()
