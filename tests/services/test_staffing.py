from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from besadu.domain.complaint import State
from besadu.errors import BesaduError, InvalidFields, Refused
from besadu.identity import Person, person_of
from besadu.services import agencies, staffing
from besadu.services.agencies import AgencyForm
from besadu.services.office import Office
from besadu.services.staffing import PersonForm
from besadu.store.audit import AuditEntry
from besadu.store.directory import Officer, Post
from besadu.store.keys import officer_key
from tests.factories import Hands, an_agency, an_office, keep_complaint

MANAGER = Officer(email="agus@belitung.example", name="Agus Pratama", role="manager")
OFFICER = Officer(email="hendra@belitung.example", name="Hendra", role="officer", agency="dishub")
BY = person_of(MANAGER)


@pytest.fixture
def office(firestore_project: str) -> Office:
    office = an_office(firestore_project, Hands().now)
    for officer in (MANAGER, OFFICER):
        office.store.directory.save_officer(officer)
    return office


def stored(office: Office, email: str) -> Officer:
    found = office.store.directory.officer(email)
    assert found
    return found


def latest(office: Office) -> AuditEntry:
    return office.store.audit.newest()[0]


def saved(office: Office, before: Officer, **changes: Any) -> Officer:
    """The person after the manager changed the form like this."""
    form = replace(staffing.person_form(before), **changes)
    return staffing.save_person(office, BY, form, key=officer_key(before.email))


def problems_of(office: Office, form: PersonForm, key: str = "") -> dict[str, str]:
    with pytest.raises(InvalidFields) as caught:
        staffing.save_person(office, BY, form, key=key)
    return dict(caught.value.problems)


def agency_problems(office: Office, form: AgencyForm, code: str = "") -> dict[str, str]:
    with pytest.raises(InvalidFields) as caught:
        agencies.save_agency(office, BY, form, code=code)
    return dict(caught.value.problems)


def test_a_new_person_can_sign_in_and_the_audit_says_who_added_them(office: Office) -> None:
    form = PersonForm(email=" Sari@Belitung.example ", name=" Sari  Wulandari", role="admin", agency="dishub")
    staffing.save_person(office, BY, form)
    assert stored(office, "sari@belitung.example") == Officer(
        email="sari@belitung.example", name="Sari Wulandari", role="admin"
    )
    entry = latest(office)
    assert (entry.actor, entry.action, entry.target) == (BY.email, "person_added", "sari@belitung.example")
    assert entry.at == office.now()
    assert entry.note == "surel: sari@belitung.example; nama: Sari Wulandari; peran: admin; aktif: ya"


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"active": False}, 1),
        ({"role": "auditor"}, 1),
        ({"agency": "dpupr"}, 1),
        ({"name": "Hendra Saputra"}, 0),
        ({}, 0),
    ],
)
def test_whoever_loses_a_right_is_signed_out(office: Office, changes: dict[str, Any], ended: int) -> None:
    office.store.directory.save_agency(an_agency("dpupr", name="Dinas PU"))
    assert saved(office, OFFICER, **changes).epoch == ended
    assert stored(office, OFFICER.email).epoch == ended


def test_what_did_not_change_leaves_no_entry(office: Office) -> None:
    saved(office, OFFICER)
    assert office.store.audit.newest() == []


def test_the_audit_says_what_changed(office: Office) -> None:
    saved(office, OFFICER, role="auditor", active=False)
    assert latest(office).note == "peran: officer → auditor; OPD: dishub → -; aktif: ya → tidak"


def test_another_address_is_another_sign_in_and_the_old_one_is_closed(office: Office) -> None:
    saved(office, OFFICER, email="hendra.saputra@belitung.example")
    old, new = stored(office, OFFICER.email), stored(office, "hendra.saputra@belitung.example")
    assert (old.active, old.epoch) == (False, 1)
    assert (new.active, new.agency) == (True, "dishub")


def test_the_last_manager_stays(office: Office) -> None:
    for changes in ({"active": False}, {"role": "leader"}):
        form = replace(staffing.person_form(MANAGER), **changes)
        assert "satu-satunya pengelola" in problems_of(office, form, officer_key(MANAGER.email))["active"]
    saved(office, OFFICER, role="manager")
    assert saved(office, MANAGER, active=False).active is False


def test_two_managers_who_dismiss_each_other_do_not_both_succeed(office: Office) -> None:
    other = saved(office, OFFICER, role="manager")

    def dismiss(pair: tuple[Person, Officer]) -> None:
        form = replace(staffing.person_form(pair[1]), active=False)
        staffing.save_person(office, pair[0], form, key=officer_key(pair[1].email))

    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(dismiss, pair) for pair in ((BY, other), (person_of(other), MANAGER))]
    assert [isinstance(one.exception(), BesaduError) for one in tries].count(True) == 1
    assert [one.role for one in office.store.directory.officers() if one.active] == ["manager"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "sari"}, "email"),
        ({"email": "sari@dinas"}, "email"),
        ({"email": OFFICER.email.upper()}, "email"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"role": ""}, "role"),
        ({"role": "system"}, "role"),
        ({"role": "officer"}, "agency"),
        ({"role": "officer", "agency": "nowhere"}, "agency"),
        ({"role": "officer", "agency": "pln"}, "agency"),
    ],
)
def test_each_field_of_a_person_that_cannot_be_taken_is_named(
    office: Office, changes: dict[str, str], field: str
) -> None:
    office.store.directory.save_agency(an_agency("pln", outside=True))
    form = replace(PersonForm(email="sari@belitung.example", name="Sari", role="admin"), **changes)  # type: ignore[arg-type]
    assert problems_of(office, form).keys() == {field}


def test_signing_out_everywhere_is_on_record(office: Office) -> None:
    staffing.end_sessions(office, BY, email=OFFICER.email.upper())
    assert stored(office, OFFICER.email).epoch == 1
    assert (latest(office).action, latest(office).target) == ("sessions_ended", OFFICER.email)
    with pytest.raises(KeyError):
        staffing.end_sessions(office, BY, email="nobody@belitung.example")


def test_an_agency_is_known_at_once_with_its_numbers_in_one_form(office: Office) -> None:
    assert office.store.directory.agency("DLH") is None
    form = AgencyForm(
        code="DLH",
        name="Dinas Lingkungan Hidup",
        short="DLH",
        topics="sampah\n\n  bau  busuk \nsampah\n",
        contact="(0719) 21234",
        duty_title="Petugas piket",
        duty_phone="0812-9999-0001",
        head_title="Kepala Dinas",
        head_phone="+62 812 9999 0002",
    )
    agencies.save_agency(office, BY, form)
    known = office.store.directory.agency("DLH")
    assert known
    assert known.topics == ("sampah", "bau busuk")
    assert known.duty == Post(title="Petugas piket", phone="6281299990001")
    assert known.head.phone == "6281299990002"
    assert agencies.agency_form(known).duty_phone == "+6281299990001"
    assert "6281299990001" not in latest(office).note


def test_the_code_of_an_agency_stays(office: Office) -> None:
    form = replace(agencies.agency_form(an_agency()), code="OTHER", name="Dinas Perhubungan dan Laut")
    assert agencies.save_agency(office, BY, form, code="dishub").code == "dishub"
    assert set(office.store.directory.all_agencies()) == {"dishub"}
    assert latest(office).note == "nama: Dinas Perhubungan → Dinas Perhubungan dan Laut"


def test_a_changed_number_is_on_record_without_the_number(office: Office) -> None:
    form = replace(agencies.agency_form(an_agency()), duty_phone="081255556666", topics="parkir")
    agencies.save_agency(office, BY, form, code="dishub")
    assert latest(office).note == "kata kunci diganti; nomor penghubung diganti"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "d"}, "code"),
        ({"code": "dinas a/b"}, "code"),
        ({"code": "DISHUB"}, "code"),
        ({"name": ""}, "name"),
        ({"contact": "x" * 121}, "contact"),
        ({"topics": "x" * 121}, "topics"),
        ({"duty_phone": "12"}, "duty_phone"),
        ({"head_phone": "telepon kantor"}, "head_phone"),
        ({"deputy_email": "wakil"}, "deputy_email"),
    ],
)
def test_each_field_of_an_agency_that_cannot_be_taken_is_named(
    office: Office, changes: dict[str, str], field: str
) -> None:
    form = replace(AgencyForm(code="DLH", name="Dinas Lingkungan Hidup"), **changes)  # type: ignore[arg-type]
    assert agency_problems(office, form).keys() == {field}


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.ANSWERED, State.DELIVERED])
def test_an_agency_with_open_complaints_cannot_be_closed(office: Office, state: State) -> None:
    keep_complaint(office, state=state, agency="dishub", due=office.now())
    open_form = agencies.agency_form(an_agency())
    assert "active" in agency_problems(office, replace(open_form, active=False), "dishub")
    assert "outside" in agency_problems(office, replace(open_form, outside=True), "dishub")


def test_a_closed_agency_is_offered_no_more_and_can_be_opened_again(office: Office) -> None:
    form = agencies.agency_form(an_agency())
    agencies.save_agency(office, BY, replace(form, active=False), code="dishub")
    assert office.store.directory.agencies() == ()
    agencies.save_agency(office, BY, form, code="dishub")
    assert [one.code for one in office.store.directory.agencies()] == ["dishub"]


def test_only_a_manager_changes_anything(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    by = replace(BY, role="admin")
    with pytest.raises(Refused):
        staffing.save_person(office, by, PersonForm())
    with pytest.raises(Refused):
        staffing.end_sessions(office, by, email=OFFICER.email)
    with pytest.raises(Refused):
        agencies.save_agency(office, by, AgencyForm())
    saved(office, OFFICER, name="Hendra Saputra")
    logged = capsys.readouterr().err
    assert '"event": "staff_changed"' in logged
    assert "Hendra" not in logged
    assert "hendra" not in logged
