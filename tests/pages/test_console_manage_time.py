import pytest
from flask import Flask

from besadu.services import times
from tests.pages.browser import Browser, Sits, read
from tests.services.console_case import Cast


@pytest.fixture
def manager(app: Flask, cast: Cast) -> Browser:
    return Browser(app, cast, "manager")


def test_the_overview_says_that_a_year_is_an_estimate_and_leads_to_it(manager: Browser) -> None:
    page = read(manager.get("/kelola"))
    assert "Hari libur 2026 belum ditetapkan." in page.text
    assert page.select_one('a[href="/console/kelola/kalender?tahun=2026"]')


def test_a_day_off_is_added_removed_and_written_down(cast: Cast, manager: Browser) -> None:
    answer = manager.post("/kelola/kalender/tambah", tahun="2026", day="2026-03-05", name="Hari Jadi")
    assert answer.headers["Location"] == "/console/kelola/kalender?tahun=2026&kabar=kalender"
    page = read(manager.get("/kelola/kalender?tahun=2026&kabar=kalender"))
    assert page.select_one('time[datetime="2026-03-05"]')
    assert "dihitung ulang sepuluh menit setelah perubahan terakhir" in page.text
    cast.hands.advance(minutes=1)
    manager.post("/kelola/kalender/hapus", tahun="2026", day="2026-03-05")
    assert not read(manager.get("/kelola/kalender?tahun=2026")).select_one('time[datetime="2026-03-05"]')
    log = read(manager.get("/kelola/catatan")).text
    assert "Kalender diubah" in log
    assert "tidak lagi libur: 2026-03-05" in log


def test_a_year_is_proposed_and_decreed(manager: Browser) -> None:
    assert "Belum ada hari libur" in manager.get("/kelola/kalender?tahun=2028").text
    manager.post("/kelola/kalender/usulan", tahun="2028")
    assert read(manager.get("/kelola/kalender?tahun=2028")).select_one('time[datetime="2028-08-17"]')
    manager.post("/kelola/kalender/tetapkan", tahun="2028", decree="SKB 3 Menteri 1/2027")
    assert "ditetapkan: SKB 3 Menteri 1/2027" in manager.get("/kelola/kalender?tahun=2028").text


def test_forms_that_cannot_be_taken_keep_what_was_typed(cast: Cast, manager: Browser) -> None:
    answer = manager.post("/kelola/kalender/tambah", tahun="2026", day="", name="Hari Jadi")
    assert answer.status_code == 422
    page = read(answer)
    assert page.select_one("#name")["value"] == "Hari Jadi"  # type: ignore[index]
    assert page.select_one("#day[aria-invalid]")

    typed = {**times.form(cast.office), "verify": "tiga", "accept": "2", "opens": "07:30"}
    answer = manager.post("/kelola/tenggat", **typed)
    assert answer.status_code == 422
    page = read(answer)
    assert page.select_one("#verify[aria-invalid]")["value"] == "tiga"  # type: ignore[index]
    assert page.select_one("#accept")["value"] == "2"  # type: ignore[index]
    assert page.select_one("#opens")["value"] == "07:30"  # type: ignore[index]

    answer = manager.post(
        "/kelola/pos", admin_title="Meja pengaduan", admin_phone="12", admin_channels="sms,email,whatsapp"
    )
    assert answer.status_code == 422
    page = read(answer)
    assert page.select_one("#admin_phone[aria-invalid]")["value"] == "12"  # type: ignore[index]
    assert page.select_one("#admin_title")["value"] == "Meja pengaduan"  # type: ignore[index]
    assert page.select_one("#admin_channels option[selected]")["value"] == "sms,email,whatsapp"  # type: ignore[index]


def test_times_and_posts_are_saved(cast: Cast, manager: Browser) -> None:
    answer = manager.post("/kelola/tenggat", **{**times.form(cast.office), "answer_ordinary": "10", "closes": "15:00"})
    assert answer.headers["Location"] == "/console/kelola/tenggat?kabar=tenggat"
    page = read(manager.get("/kelola/tenggat"))
    assert page.select_one("#answer_ordinary")["value"] == "10"  # type: ignore[index]
    assert page.select_one("#closes")["value"] == "15:00"  # type: ignore[index]
    manager.post("/kelola/pos", leader1_title="Bupati", leader1_email="bupati@belitung.go.id")
    assert read(manager.get("/kelola/pos")).select_one("#leader1_title")["value"] == "Bupati"  # type: ignore[index]


@pytest.mark.parametrize("path", ["/kelola/kalender", "/kelola/tenggat", "/kelola/pos"])
def test_nobody_else_sees_these_pages(sits: Sits, path: str) -> None:
    assert [sits(role).get(path).status_code for role in ("manager", "admin", "leader", "officer", "auditor")] == [
        200,
        403,
        403,
        403,
        403,
    ]
