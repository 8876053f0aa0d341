import io
from datetime import date
from typing import Any

import pytest

from besadu.domain.complaint import State
from besadu.domain.message import Attachment
from besadu.services import casework, handling
from tests.pages.browser import Sits, read
from tests.services.console_case import NAME, NIK, PHONE, Cast

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 4


def test_a_complaint_goes_from_the_admin_to_the_agency_and_back_to_the_citizen(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin, officer = sits("admin"), sits("officer")
    here = f"/laporan/{ticket}"

    assert officer.get(here).status_code == 404
    sent = admin.post(f"{here}/forward", agency_code="DISHUB", note="Segera.", case_class="ordinary")
    assert sent.headers["Location"] == f"/console{here}?kabar=forward"
    assert "Laporan didisposisikan" in admin.get(f"{here}?kabar=forward").text

    assert officer.post(f"{here}/opd/accept").status_code == 303
    photo = (io.BytesIO(JPEG), "foto.jpg")
    answered = officer.post(f"{here}/opd/answer", text="Lampu sudah diganti.", files=photo)
    assert answered.status_code == 303

    page = admin.get(here)
    assert "Lampu sudah diganti." in page.text
    assert "Yang diterima pelapor" in page.text
    assert admin.post(f"{here}/deliver", text="Lampu sudah diganti hari ini.").status_code == 303

    stored = cast.stored(ticket)
    assert stored.state == State.SENDING
    assert [entry.action for entry in stored.history] == ["receive", "forward", "accept", "answer", "deliver"]
    assert stored.answer
    assert len(stored.answer.evidence) == 1
    assert (stored.answer.text, stored.answer.original) == ("Lampu sudah diganti hari ini.", "Lampu sudah diganti.")
    assert "Naskah asli dari OPD" in admin.get(here).text


def test_the_page_shows_what_an_admin_decides_by(cast: Cast, sits: Sits) -> None:
    other = cast.complaint()
    page = read(sits("admin").get(f"/laporan/{cast.complaint()}"))
    assert [mark.text for mark in page.select("mark")] == ["Lampu jalan"]
    choice = page.find("a", string="Pilih")
    assert choice
    assert choice["href"] == "?opd=DISHUB#form-forward"
    assert page.find("button", string=f"Gabungkan ke {other}")
    assert page.find("span", string="riwayat utuh")
    assert page.find("time")


def test_one_click_chooses_a_suggested_agency_or_fills_in_a_referral(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    page = read(sits("admin").get(f"/laporan/{ticket}?opd=DISHUB"))
    assert [option["value"] for option in page.select("#forward-agency_code option[selected]")] == ["DISHUB"]
    page = read(sits("admin").get(f"/laporan/{ticket}?rujuk=PLN"))
    body, contact = page.select_one("#refer-body"), page.select_one("#refer-contact")
    assert body
    assert contact
    assert (body["value"], contact["value"]) == ("PT PLN (Persero)", "telepon 123")


def test_a_known_body_brings_its_contact_along(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    assert sits("admin").post(f"/laporan/{ticket}/refer", body="PT PLN (Persero)", contact="").status_code == 303
    told = cast.office.store.outbox.of_ticket(ticket)
    assert "telepon 123" in told[-1].text


@pytest.mark.parametrize(
    ("action", "fields", "field", "says"),
    [
        (
            "forward",
            {"agency_code": "", "note": "tulisan saya", "case_class": "ordinary"},
            "agency_code",
            "Pilih instansi",
        ),
        (
            "forward",
            {"agency_code": "PLN", "note": "tulisan saya", "case_class": "ordinary"},
            "agency_code",
            "gunakan Rujuk",
        ),
        ("reject", {"reason": " ", "advice": "tulisan saya"}, "reason", "Alasan penolakan belum diisi."),
        ("refer", {"body": "", "contact": "tulisan saya"}, "body", "Instansi tujuan belum diisi."),
        ("ask", {"question": "tulisan saya" * 400}, "question", "terlalu panjang"),
        ("merge", {"into": "tulisan saya"}, "into", "tidak ditemukan"),
        ("classify", {"title": "tulisan saya", "case_class": "x"}, "title", "Pilih klasifikasi"),
        ("note", {"text": ""}, "text", "Catatan belum diisi."),
    ],
)
def test_a_form_error_stands_at_its_field_and_keeps_what_was_typed(
    cast: Cast, sits: Sits, action: str, fields: dict[str, str], field: str, says: str
) -> None:
    ticket = cast.complaint()
    answer = sits("admin").post(f"/laporan/{ticket}/{action}", **fields)
    assert answer.status_code == 422
    page = read(answer)
    control = page.select_one(f"#{action}-{field}")
    assert control
    assert control["aria-invalid"] == "true"
    problem = page.select_one(f"#{control['aria-describedby']}")
    assert problem
    assert says in problem.text
    if any("tulisan saya" in value for value in fields.values()):
        assert "tulisan saya" in str(page.select_one(f"#form-{action}"))
    assert page.select_one(f"#form-{action}[open]")
    assert len(cast.stored(ticket).history) == 1


def test_who_comes_too_late_learns_who_did_what_and_keeps_the_words(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin = sits("admin")
    casework.reject(cast.office, cast.actor("admin"), ticket, reason="bukan layanan publik")
    answer = admin.post(f"/laporan/{ticket}/ask", question="Di sebelah mana tepatnya?", revision="1")
    assert answer.status_code == 409
    assert "“Tidak layak” oleh Si admin" in answer.text
    assert "Di sebelah mana tepatnya?" in answer.text


def test_a_form_sent_twice_is_taken_once(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin = sits("admin")
    fields = {"agency_code": "DISHUB", "note": "", "case_class": "ordinary", "revision": "1"}
    for _ in range(2):
        assert admin.post(f"/laporan/{ticket}/forward", **fields).status_code == 303
    assert [entry.action for entry in cast.stored(ticket).history] == ["receive", "forward"]


def test_a_note_sent_twice_is_written_once_and_another_one_is_written(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin = sits("admin")
    for text in ("sudah ditelepon", "sudah ditelepon", "belum diangkat"):
        assert admin.post(f"/laporan/{ticket}/note", text=text, revision="1").status_code == 303
    assert [entry.note for entry in cast.stored(ticket).history[1:]] == ["sudah ditelepon", "belum diangkat"]


def test_a_ticket_to_merge_into_may_be_typed_as_people_type(cast: Cast, sits: Sits) -> None:
    leading, ticket = cast.complaint(), cast.complaint()
    typed = leading.lower().replace("-", " ")
    assert sits("admin").post(f"/laporan/{ticket}/merge", into=typed).status_code == 303
    assert cast.stored(ticket).merged_into == leading
    assert leading in sits("admin").get(f"/laporan/{ticket}").text


@pytest.mark.parametrize("odd", [".", "..", "__x__", "a" * 1600, "é"])
def test_odd_file_addresses_are_not_found(cast: Cast, sits: Sits, odd: str) -> None:
    assert sits("admin").get(f"/laporan/{cast.complaint()}/bukti/{odd}").status_code == 404


def test_the_preview_follows_what_is_typed_with_and_without_scripts(cast: Cast, sits: Sits) -> None:
    ticket = cast.answered()
    admin = sits("admin")
    path = f"/laporan/{ticket}/pratinjau"
    whole = read(admin.post(path, text="Sudah kami ganti semua."))
    preview = whole.select_one("#pratinjau")
    assert preview
    assert "Sudah kami ganti semua." in preview.text
    assert "lewat WhatsApp" in preview.text
    assert [chip.text for chip in preview.select(".chip")] == ["PUAS", "BELUM"]
    assert "dibayar 1 SMS · tanpa tombol" in " ".join(preview.text.split())
    typed = whole.select_one("#deliver-text")
    assert typed
    assert typed.text.strip() == "Sudah kami ganti semua."
    part = admin.post(path, headers={"HX-Request": "true"}, text="Sudah.")
    assert part.text.lstrip().startswith('<div class="notice" id="pratinjau">')
    assert cast.stored(ticket).state == State.ANSWERED


def test_a_nik_is_shown_once_after_a_reason_and_never_by_address(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin = sits("admin")
    assert NIK not in admin.get(f"/laporan/{ticket}").text
    refused = admin.post(f"/laporan/{ticket}/nik", reason="")
    assert refused.status_code == 422
    assert "Alasan membuka NIK belum diisi." in refused.text
    answer = admin.post(f"/laporan/{ticket}/nik", reason="Cocokkan data")
    assert answer.status_code == 200
    assert NIK in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    after = admin.get(f"/laporan/{ticket}").text
    assert NIK not in after
    assert "NIK dibuka" in after


def test_only_the_admin_sees_a_telephone_number(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    assert f"+{PHONE}" in sits("admin").get(f"/laporan/{ticket}").text
    for role in ("leader", "auditor", "manager"):
        text = sits(role).get(f"/laporan/{ticket}").text
        assert PHONE[2:] not in text
        assert NAME in text


def test_who_only_reads_gets_no_buttons(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    for role, forms in (("auditor", []), ("manager", []), ("leader", ["form-forward", "form-take_over", "form-note"])):
        page = read(sits(role).get(f"/laporan/{ticket}"))
        assert [form["id"] for form in page.select("#langkah > details")] == forms


def test_what_a_citizen_wrote_can_never_run(cast: Cast, sits: Sits) -> None:
    story = "<script>alert(1)</script> lampu jalan <img src=x onerror=alert(1)>"
    ticket = cast.complaint(story=story, title="<b>judul</b>", when="</textarea><script>1</script>")
    page = read(sits("admin").get(f"/laporan/{ticket}"))
    ours = [str(script["src"]).rpartition("/")[2] for script in page.select("script")]
    assert ours == ["htmx.min.js", "upload.js"]
    assert not page.select("img[src=x]")
    assert story in page.text
    assert not page.select("[onerror], [style], style")


def test_a_file_that_is_not_there_says_why(cast: Cast, sits: Sits) -> None:
    ids = [
        cast.evidence("", JPEG, "image/jpeg", state=state, reason=reason, attachment=Attachment(kind="image"))
        for state, reason in (("pending", ""), ("failed", "Sudah tidak tersedia."), ("quarantined", "Jenis salah."))
    ]
    talk = tuple(cast.stored(cast.complaint()).talk)
    ticket = cast.complaint(talk=(talk[0].__class__(**{**talk[0].__dict__, "evidence": tuple(ids)}),))
    admin = sits("admin")
    text = admin.get(f"/laporan/{ticket}").text
    for words in (
        "sedang diambil",
        "gagal diambil. Sudah tidak tersedia.",
        "dikarantina, tidak dapat dibuka. Jenis salah.",
    ):
        assert words in text
    assert [admin.get(f"/laporan/{ticket}/bukti/{file}").status_code for file in ids] == [200, 404, 404]


def test_files_of_another_complaint_or_agency_are_not_found(cast: Cast, sits: Sits) -> None:
    mine, other = cast.forwarded(), cast.forwarded("DPUPR")
    file = cast.evidence(other, JPEG, "image/jpeg")
    assert sits("officer").get(f"/laporan/{mine}/bukti/{file}").status_code == 404
    assert sits("officer").get(f"/laporan/{other}/bukti/{file}").status_code == 404
    assert sits("officer").get(f"/laporan/{other}").status_code == 404
    assert sits("admin").get(f"/laporan/{mine}/bukti/{file}").status_code == 404


@pytest.mark.parametrize("number", ["BSD-26-0000-0000", "bsd", "BSD-26-1234-5678%2f..", "..", "BSD2612345678"])
def test_an_unknown_ticket_is_not_found(sits: Sits, number: str) -> None:
    for role in ("admin", "officer"):
        assert sits(role).get(f"/laporan/{number}").status_code == 404
    assert sits("admin").post(f"/laporan/{number}/note", text="x").status_code == 404


def test_messages_show_how_far_they_got(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    store = cast.office.store.outbox
    seen: dict[str, Any] = {}
    for state, words in (
        ("sent", "✓ terkirim"),
        ("delivered", "✓✓ sampai"),
        ("read", "✓✓ dibaca"),
        ("failed", "gagal"),
    ):
        (item,) = store.of_ticket(ticket, kinds=("agency",))
        stored = store.read(item.id)
        assert stored
        store.replace(stored, item.__class__(**{**item.__dict__, "state": state, "error_text": "nomor tidak aktif"}))
        seen[words] = sits("admin").get(f"/laporan/{ticket}").text
        assert words in seen[words]
    assert "nomor tidak aktif" in seen["gagal"]
    assert "nomor tidak aktif" not in seen["✓ terkirim"]
    assert "Pesan gagal terkirim" in sits("admin").get("/").text


def test_short_news_are_shown_when_asked_for(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    usual = sits("admin").get(f"/laporan/{ticket}").text
    assert "Kepada pejabat penghubung OPD" in usual
    assert "Kepada pelapor" not in usual
    assert "Tampilkan juga kabar singkat" in usual
    everything = sits("admin").get(f"/laporan/{ticket}?pesan=semua").text
    assert "Kepada pelapor" in everything
    assert "Tampilkan juga kabar singkat" not in everything


def test_a_broken_history_is_said_loudly(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    reference = cast.office.store.complaints.reference(ticket)
    history = reference.get().to_dict()["history"]
    history[1]["note"] = "Dinas Lain"
    reference.update({"history": history})
    text = sits("auditor").get(f"/laporan/{ticket}").text
    assert "Riwayat laporan ini tidak utuh." in text
    assert "riwayat utuh" not in text


def test_an_officer_returns_a_complaint_and_no_longer_sees_it(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    officer = sits("officer")
    assert officer.post(f"/laporan/{ticket}/opd/return", text="").status_code == 422
    gone = officer.post(f"/laporan/{ticket}/opd/return", text="Bukan urusan kami.")
    assert gone.headers["Location"] == "/console/?kabar=return"
    assert "dikembalikan kepada admin" in officer.get("/?kabar=return").text
    assert officer.get(f"/laporan/{ticket}").status_code == 404


def test_an_officers_wrong_file_keeps_the_words(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    answer = sits("officer").post(
        f"/laporan/{ticket}/opd/answer", text="Sudah selesai.", files=(io.BytesIO(b"MZ\x90program"), "a.exe")
    )
    assert answer.status_code == 422
    assert "Sudah selesai." in answer.text
    assert "jenis berkas tidak dapat diterima" in answer.text
    assert cast.stored(ticket).state == State.ASSIGNED


def test_an_officer_may_send_photos_beyond_the_limit_of_other_forms(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    officer = sits("officer")
    # Put together here: the test client would leave a file open that it makes for a body of this size.
    fields = {"form_key": officer.key, "text": "Sudah selesai."}
    parts = [f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    head = '--X\r\nContent-Disposition: form-data; name="files"; filename="besar.jpg"\r\n\r\n'
    body = "".join([*parts, head]).encode() + JPEG + bytes(2_000_000) + b"\r\n--X--\r\n"
    answer = officer.client.post(
        f"/laporan/{ticket}/opd/answer", data=body, content_type="multipart/form-data; boundary=X"
    )
    assert answer.status_code == 303


def test_after_two_returns_the_page_says_so_and_only_the_leader_hands_it_on(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    officer = cast.actor("officer")
    handling.hand_back(cast.office, officer, ticket, reason="Bukan kami.", right_agency="DPUPR")
    page = read(sits("admin").get(f"/laporan/{ticket}"))
    assert "menyarankan Dinas Pekerjaan Umum" in page.text
    assert [one["value"] for one in page.select("#forward-agency_code option[selected]")] == ["DPUPR"]
    casework.forward(cast.office, cast.actor("admin"), ticket, agency_code="DISHUB")
    handling.hand_back(cast.office, officer, ticket, reason="Tetap bukan kami.")
    page = read(sits("admin").get(f"/laporan/{ticket}"))
    assert "Sudah 2 kali dikembalikan OPD" in page.text
    assert not page.select("#form-forward")
    leader = sits("leader")
    assert ticket in str(read(leader.get("/")).select_one("#leader"))
    assert leader.post(f"/laporan/{ticket}/forward", agency_code="DISHUB", note="", case_class="ordinary").location
    assert cast.stored(ticket).decided
    assert not read(sits("officer").get(f"/laporan/{ticket}")).select("#form-return")


def test_a_request_for_more_time_waits_on_the_start_page_and_is_decided_with_one_button(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    officer = cast.actor("officer")
    handling.accept(cast.office, officer, ticket)
    for day in ("2026-03-30", "2026-03-31"):
        handling.extend(cast.office, officer, ticket, reason="Menunggu kabel.", day=date.fromisoformat(day))
    admin = sits("admin")
    assert ticket in str(read(admin.get("/")).select_one("#extensions"))
    assert "meminta waktu sampai Selasa, 31 Maret 2026" in admin.get(f"/laporan/{ticket}").text
    for _ in range(2):  # pressed twice
        assert admin.post(f"/laporan/{ticket}/grant_extension", revision="4").status_code == 303
    assert cast.stored(ticket).extensions == 2
    assert "2 kali" in admin.get(f"/laporan/{ticket}").text


def test_a_promise_is_passed_on_as_such(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    handling.answer(cast.office, cast.actor("officer"), ticket, text="Masuk anggaran Mei.", day=date(2026, 5, 4))
    admin = sits("admin")
    page = read(admin.get(f"/laporan/{ticket}"))
    assert not page.select("#form-deliver")
    assert "dijadwalkan paling lambat Senin, 4 Mei 2026" in str(page.select_one("#pratinjau"))
    assert admin.post(f"/laporan/{ticket}/promise", text="Masuk anggaran Mei.").status_code == 303
    assert cast.stored(ticket).state == State.IN_PROGRESS
    assert "Dijanjikan" in admin.get(f"/laporan/{ticket}").text


def test_an_admin_ends_the_links_of_an_agency(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    admin = sits("admin")
    refused = admin.post(f"/laporan/{ticket}/revoke_links", reason="", link="DISHUB:duty")
    assert refused.status_code == 422
    assert read(refused).select_one("input[name=link][value='DISHUB:duty'][checked]")
    assert admin.post(f"/laporan/{ticket}/revoke_links", reason="Tersebar.", link="DPUPR").status_code == 422
    sent = len(cast.office.store.outbox.of_ticket(ticket))
    end = {"reason": "Tautan tersebar.", "link": "DISHUB:duty"}
    assert admin.post(f"/laporan/{ticket}/revoke_links", **end).status_code == 303
    assert len(cast.office.store.outbox.of_ticket(ticket)) == sent
    again = {"reason": "Kirim yang baru.", "link": "DISHUB"}
    assert admin.post(f"/laporan/{ticket}/revoke_links", **again, send="ya").status_code == 303
    assert len(cast.office.store.outbox.of_ticket(ticket)) == sent + 1
    notes = [entry.note for entry in cast.stored(ticket).history[-2:]]
    assert notes == [
        "Petugas piket Dishub Dinas Perhubungan: Tautan tersebar.",
        "semua tautan Dinas Perhubungan: Kirim yang baru.",
    ]
