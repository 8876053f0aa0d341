"""Ready replies in the console: kept by the manager, put into an answer by the admin, also without JavaScript."""

from besadu.services import phrases
from tests.pages.browser import Sits, read
from tests.services.console_case import Cast

TEXT = "Terima kasih atas laporan {nomor_tiket}. {nama_opd} menanganinya."


def test_a_manager_adds_changes_and_removes_one_and_it_is_written_down(cast: Cast, sits: Sits) -> None:
    manager = sits("manager")
    assert manager.post("/kelola/balasan/baru", title="Terima kasih", text=TEXT).status_code == 303
    (made,) = phrases.known(cast.office)
    here = f"/kelola/balasan/{made.key}"
    assert TEXT in manager.get(here).text
    assert manager.post(here, title="Ucapan terima kasih", text=TEXT).status_code == 303
    assert [one.title for one in phrases.known(cast.office)] == ["Ucapan terima kasih"]
    assert manager.post(f"{here}/hapus").status_code == 303
    assert phrases.known(cast.office) == ()
    assert manager.get(here).status_code == 404
    actions = [entry.action for entry in cast.office.store.audit.newest()]
    assert {"phrase_added", "phrase_changed", "phrase_removed"} <= set(actions)


def test_an_unknown_variable_is_refused_with_its_name_and_the_text_is_kept(cast: Cast, sits: Sits) -> None:
    answer = sits("manager").post("/kelola/balasan/baru", title="Nama", text="Yth. {nama_pelapor}")
    assert answer.status_code == 422
    page = read(answer)
    area = page.select_one("#text")
    assert area
    assert "Yth. {nama_pelapor}" in area.text
    assert "Variabel {nama_pelapor} tidak dikenal" in page.text
    assert phrases.known(cast.office) == ()


def test_two_ready_replies_do_not_share_a_name(cast: Cast, sits: Sits) -> None:
    manager = sits("manager")
    for status in (303, 422):
        assert manager.post("/kelola/balasan/baru", title="Terima kasih", text="Salam.").status_code == status
    assert len(phrases.known(cast.office)) == 1


def test_an_admin_puts_one_into_the_answer_and_loses_nothing_that_was_typed(cast: Cast, sits: Sits) -> None:
    phrases.save(cast.office, cast.person("manager"), key="", title="Terima kasih", text=TEXT)
    (made,) = phrases.known(cast.office)
    ticket, admin = cast.answered(), sits("admin")
    offered = read(admin.post(f"/laporan/{ticket}/sisipkan", text="Sudah diganti Rabu.", action="deliver"))
    area = offered.select_one("#deliver-text")
    assert area
    assert area.text.strip() == "Sudah diganti Rabu."
    assert offered.select_one(f"#deliver-phrase option[value='{made.key}']")
    page = read(
        admin.post(f"/laporan/{ticket}/sisipkan", text="Sudah diganti Rabu.", action="deliver", phrase=made.key)
    )
    area = page.select_one("#deliver-text")
    assert area
    wanted = f"Terima kasih atas laporan {ticket}. Dinas Perhubungan menanganinya."
    assert area.text.strip() == f"Sudah diganti Rabu.\n\n{wanted}"
    preview = page.select_one("#pratinjau")
    assert preview
    assert wanted in preview.text
    assert cast.stored(ticket).state == "dijawab"
