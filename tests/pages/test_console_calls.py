import re

from besadu.domain.message import Attachment
from besadu.pages.console.calls import spoken
from tests.pages.browser import Browser, Sits, read
from tests.services.console_case import NIK, Cast

FIELDS = {
    "phone": "0812 0000 0001",
    "name": "Pak Anwar",
    "nik": NIK,
    "story": "Lampu jalan mati sudah seminggu",
    "place": "depan SD 5 Perawas",
    "when": "sejak Senin",
    "case_class": "ordinary",
    "reply_by": "whatsapp",
}


def form_id(browser: Browser) -> str:
    field = read(browser.get("/telepon")).select_one("input[name=form_id]")
    assert field
    return str(field["value"])


def test_a_call_is_written_down_and_its_ticket_read_aloud(cast: Cast, sits: Sits) -> None:
    admin = sits("admin")
    answer = admin.post("/telepon", form_id=form_id(admin), **FIELDS)
    assert answer.status_code == 303
    found = re.fullmatch(r"/console/telepon/(BSD-\d\d-(\d{4})-(\d{4}))", answer.headers["Location"])
    assert found
    page = admin.get(f"/telepon/{found[1]}").text
    assert spoken(found[2]) in page
    assert spoken(found[3]) in page
    assert "dikirim lewat WhatsApp" in page
    assert "Perawas, Tanjungpandan" in page
    assert "081200000001" not in page
    assert "6281200000001" not in page
    complaint = admin.get(f"/laporan/{found[1]}").text
    assert "Telepon, dijawab lewat WhatsApp" in complaint
    assert "Lewat telepon; nomor laporan dikirim lewat WhatsApp" in complaint
    assert cast.stored(found[1]).reporter.name == "Pak Anwar"


def test_a_second_press_of_the_button_leads_to_the_same_ticket(sits: Sits) -> None:
    admin = sits("admin")
    fields = {"form_id": form_id(admin), **FIELDS}
    first, second = (admin.post("/telepon", **fields).headers["Location"] for _ in range(2))
    assert first == second
    changed = admin.post("/telepon", **{**fields, "story": "Sampah menumpuk"})
    assert changed.status_code == 422
    assert first[-16:] in changed.text
    field = read(changed).select_one("input[name=form_id]")
    assert field
    again = admin.post("/telepon", **{**fields, "story": "Sampah menumpuk", "form_id": field["value"]})
    assert again.headers["Location"] != first


def test_an_error_keeps_everything_but_the_nik(sits: Sits) -> None:
    admin = sits("admin")
    typed = {**FIELDS, "when": "", "story": f"Lampu mati, NIK {NIK}"}
    answer = admin.post("/telepon", form_id=form_id(admin), **typed)
    assert answer.status_code == 422
    assert NIK not in answer.text
    assert "1902********0001" in answer.text
    page = read(answer)
    assert page.select_one("#nik")["value"] == ""  # type: ignore[index]
    assert page.select_one("#name")["value"] == "Pak Anwar"  # type: ignore[index]
    assert page.select_one("#phone")["value"] == "0812 0000 0001"  # type: ignore[index]
    assert page.select_one("#when[aria-invalid][autofocus]")
    assert page.select_one("#reply_by-whatsapp[checked]")
    assert "Lampu mati, NIK [NIK]" in page.text


def test_a_wrong_nik_is_explained_and_not_repeated(sits: Sits) -> None:
    admin = sits("admin")
    answer = admin.post("/telepon", form_id=form_id(admin), **{**FIELDS, "nik": "1902018147890001"})
    assert answer.status_code == 422
    assert "Tanggal lahir di dalamnya" in answer.text
    assert "1902018147890001" not in answer.text
    assert "********" not in answer.text


def test_sms_is_offered_when_there_is_a_gateway(cast: Cast, sits: Sits) -> None:
    offered = {field["value"] for field in read(sits("admin").get("/telepon")).select("input[name=reply_by]")}
    assert ("sms" in offered) == bool(cast.office.settings.sms_gateway)
    assert {"whatsapp", "none"} <= offered


def test_only_calls_have_a_ticket_to_read_aloud(cast: Cast, sits: Sits) -> None:
    admin = sits("admin")
    for number in (cast.complaint(), "BSD-26-0000-0000", "x"):
        assert admin.get(f"/telepon/{number}").status_code == 404


def test_a_file_that_did_not_come_is_asked_for_again_with_one_click(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    cast.evidence(ticket, b"", "", state="failed", reason="Berkas tidak tersedia.", attachment=Attachment(kind="image"))
    evidence_id = next(iter(cast.office.store.database.collection("evidence").get())).id
    cast.office.store.complaints.reference(ticket).update(
        {"talk": [{"at": cast.hands.now(), "speaker": "citizen", "text": "ini fotonya", "evidence": [evidence_id]}]}
    )
    admin = sits("admin")
    link = read(admin.get(f"/laporan/{ticket}")).find("a", string="Minta kirim ulang")
    assert link
    assert link["href"] == f"/console/laporan/{ticket}?ulang={evidence_id}#form-ask"
    page = read(admin.get(str(link["href"]).removeprefix("/console")))
    assert page.select_one("#form-ask[open]")
    assert not page.select_one("#form-forward[open]")
    field = page.select_one("#ask-question")
    assert field
    assert field.text == "Mohon kirim ulang foto yang tadi: berkasnya tidak dapat kami buka."
    assert not read(sits("leader").get(f"/laporan/{ticket}")).find("a", string="Minta kirim ulang")
