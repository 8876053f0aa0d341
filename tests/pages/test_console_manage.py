from dataclasses import replace

import pytest

from besadu.store.keys import officer_key
from tests.pages.browser import Sits, read
from tests.services.console_case import Cast


def key_of(role: str) -> str:
    return officer_key(f"{role}@office.example")


def test_the_overview_leads_to_everybody_and_every_agency(cast: Cast, sits: Sits) -> None:
    cast.office.store.directory.save_officer(replace(cast.staff["leader"], active=False))
    page = read(sits("manager").get("/kelola"))
    person = page.select_one(f'a[href="/console/kelola/petugas/{key_of("leader")}"]')
    assert person
    assert "tidak aktif" in person.text
    roads = page.select_one('a[href="/console/kelola/instansi/DPUPR"]')
    assert roads
    assert "nomor belum ada" in roads.text
    power = page.select_one('a[href="/console/kelola/instansi/PLN"]')
    assert power
    assert "di luar kabupaten" in power.text


def test_a_person_is_added_and_can_work_at_once(cast: Cast, sits: Sits) -> None:
    manager = sits("manager")
    fields = {"email": "baru@office.example", "name": "Petugas Baru", "role": "officer", "agency": "DPUPR"}
    answer = manager.post("/kelola/petugas", active="ya", **fields)
    assert answer.headers["Location"] == "/console/kelola?kabar=petugas"
    assert "Data petugas disimpan." in manager.get("/kelola?kabar=petugas").text
    officer = cast.office.store.directory.officer("baru@office.example")
    assert officer
    cast.staff["new"] = officer
    assert sits("new").get("/").status_code == 200


def test_a_form_that_cannot_be_taken_keeps_what_was_typed(sits: Sits) -> None:
    answer = sits("manager").post("/kelola/petugas", email="baru", name="Petugas Baru", role="officer")
    assert answer.status_code == 422
    page = read(answer)
    assert page.select_one("#email[aria-invalid]")["value"] == "baru"  # type: ignore[index]
    assert page.select_one("#name")["value"] == "Petugas Baru"  # type: ignore[index]
    assert page.select_one("#role option[selected]")["value"] == "officer"  # type: ignore[index]
    assert page.select_one("#agency[aria-invalid]")
    assert not page.select_one("#active[checked]")
    assert "Ada 2 isian yang perlu diperbaiki." in page.text

    answer = sits("manager").post("/kelola/instansi", code="DLH", name="", topics="sampah\r\nbau", outside="ya")
    assert answer.status_code == 422
    page = read(answer)
    assert page.select_one("#topics").text == "sampah\nbau"  # type: ignore[union-attr]
    assert page.select_one("#outside[checked]")
    assert "Nama instansi belum diisi." in page.text


def test_whoever_loses_their_role_is_out_at_once(sits: Sits) -> None:
    admin, manager = sits("admin"), sits("manager")
    path = f"/kelola/petugas/{key_of('admin')}"
    assert "Si admin" in manager.get(path).text
    fields = {"email": "admin@office.example", "name": "Si admin", "role": "auditor", "active": "ya"}
    assert manager.post(path, **fields).status_code == 303
    assert admin.get("/").status_code == 303


def test_the_last_manager_cannot_leave(cast: Cast, sits: Sits) -> None:
    fields = {"email": "manager@office.example", "name": "Si manager", "role": "manager"}
    answer = sits("manager").post(f"/kelola/petugas/{key_of('manager')}", **fields)
    assert answer.status_code == 422
    assert "satu-satunya pengelola" in answer.text
    assert sits("manager").get("/").status_code == 200
    assert cast.office.store.audit.newest() == []


def test_an_agency_is_changed_under_its_code(cast: Cast, sits: Sits) -> None:
    manager = sits("manager")
    page = read(manager.get("/kelola/instansi/DISHUB"))
    assert not page.select_one("#code")
    assert page.select_one("#duty_phone")["value"] == "+6281299990000"  # type: ignore[index]
    fields = {"code": "X", "name": "Dishub Belitung", "topics": "rambu", "duty_phone": "0812 5555 6666"}
    assert manager.post("/kelola/instansi/DISHUB", active="ya", **fields).status_code == 303
    agency = cast.office.store.directory.agency("DISHUB")
    assert agency
    assert (agency.name, agency.topics, agency.duty.phone) == ("Dishub Belitung", ("rambu",), "6281255556666")


def test_the_auditor_reads_what_was_changed(sits: Sits) -> None:
    auditor = sits("auditor")
    assert "Belum ada perubahan." in auditor.get("/kelola/catatan").text
    sits("manager").post("/kelola/keluarkan", email="admin@office.example")
    text = auditor.get("/kelola/catatan").text
    assert "Petugas dikeluarkan dari semua perangkat" in text
    assert "manager@office.example" in text
    assert 'href="/console/kelola/catatan"' in auditor.get("/").text


@pytest.mark.parametrize("path", ["/kelola/petugas/none", "/kelola/instansi/NONE"])
def test_what_is_not_there_is_not_found(sits: Sits, path: str) -> None:
    assert sits("manager").get(path).status_code == 404
    assert sits("manager").post(path, name="x").status_code == 404
