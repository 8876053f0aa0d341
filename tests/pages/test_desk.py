import io
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from besadu import links
from besadu.domain.complaint import State
from besadu.domain.evidence import Evidence, object_name
from besadu.domain.message import Attachment
from besadu.pages.desk import create_app
from besadu.services import casework, evidence, handling, inspection, staff_uploads
from besadu_local.stack import Stack
from tests.samples import photo as a_photo
from tests.services.desk_case import ADMIN, CITIZEN, JPEG, NAME, NIK, PHONE, Case, a_case

OGG = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(range(256)) * 20


@pytest.fixture
def case(stack: Stack) -> Case:
    return a_case(stack)


@pytest.fixture
def desk(case: Case) -> Iterator[FlaskClient]:
    with create_app(case.office, case.media).test_client() as client:
        yield client


def read(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html5lib")


def send(desk: FlaskClient, case: Case, step: str, token: str = "", **fields: Any) -> TestResponse:
    return desk.post(f"/t/{token or case.token()}/{step}", data=fields, content_type="multipart/form-data")


def photo(body: bytes = JPEG, name: str = "foto.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(body), name


def citizens_file(case: Case, body: bytes, mime: str, **changes: Any) -> str:
    """A stored file of the citizen's; its id."""
    evidence_id = f"{case.ticket.replace('-', '')}-{mime.partition('/')[0]}"
    name = object_name(evidence_id)
    case.media.store(name, iter([body]), mime=mime, limit=len(body))
    fields: dict[str, Any] = {
        "id": evidence_id,
        "ticket": case.ticket,
        "sender_key": "s",
        "attachment": Attachment(kind="image", filename=f"KTP {NAME}.jpg"),
        "created_at": case.hands.now(),
        "state": "stored",
        "object_name": name,
        "mime": mime,
        "size": len(body),
    }
    commit = case.office.store.commit()
    case.office.store.evidence.stage(commit, Evidence(**fields | changes))
    commit.run()
    return evidence_id


def test_the_page_is_small_and_safe_and_says_nothing_about_the_citizen(desk: FlaskClient, case: Case) -> None:
    answer = desk.get(f"/t/{case.token()}")
    assert answer.status_code == 200
    assert len(answer.data) < 30_000
    for secret in (NAME, NIK, PHONE, PHONE[2:], "1902********0001"):
        assert secret not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    page = read(answer)
    assert page.h1
    assert page.h1.text == "Jalan rusak di depan SD 5"
    assert "openstreetmap.org/?mlat=-2.74120&mlon=107.63170" in str(page.select_one("a[rel~=noreferrer]")).replace(
        "&amp;", "&"
    )
    assert "Sisa 1 hari kerja" in answer.text
    assert [str(script["src"]).rpartition("/")[2] for script in page.select("script")] == ["upload.js"]
    assert not page.select("style, [style], [onclick]")


def test_every_field_has_a_label_and_every_form_leads_to_its_own_link(desk: FlaskClient, case: Case) -> None:
    token = case.token()
    page = read(desk.get(f"/t/{token}"))
    labels = {label["for"] for label in page.select("label[for]")}
    for field in page.select("textarea, input[type=file]"):
        assert field["id"] in labels
    actions = {str(form["action"]) for form in page.select("form")}
    assert actions == {f"/assignment/t/{token}/{step}" for step in ("accept", "return", "ask", "answer", "note")}


@pytest.mark.parametrize("path", ["", "/bukti/abc"])
def test_a_dead_link_is_refused_politely(desk: FlaskClient, case: Case, path: str) -> None:
    old = case.token()
    handling.hand_back(case.office, case.officer, case.ticket, reason="Bukan kami")
    case.forward()
    for token, said in (
        ("x.y.z", "tidak berlaku"),
        (case.token()[:-3], "tidak berlaku"),
        (case.token(issued_at=case.hands.now() - links.LIFE), "kedaluwarsa"),
        (case.token(agency="lain"), "tautan ini tidak berlaku lagi"),
        (old, "diteruskan ulang"),
    ):
        answer = desk.get(f"/t/{token}{path}")
        assert answer.status_code == 410
        assert said in answer.text
        assert case.ticket not in answer.text
    assert send(desk, case, "accept", token=old).status_code == 410


def test_accepting_twice_is_accepting_once(desk: FlaskClient, case: Case) -> None:
    answers = [send(desk, case, "accept") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"].endswith("?done=accept")
    assert case.stored().state == State.IN_PROGRESS
    assert sum(entry.action == "accept" for entry in case.stored().history) == 1


def test_an_answer_with_photos_reaches_the_admin_and_the_page_says_what_is_next(desk: FlaskClient, case: Case) -> None:
    text = "Lubang sudah ditambal pada 3 Maret."
    for _ in range(2):  # sent twice: the second changes nothing
        answer = send(desk, case, "answer", text=text, files=[photo(a_photo(1)), photo(a_photo(2), "b.jpg")])
        assert answer.status_code == 303
    complaint = case.stored()
    assert complaint.state == State.ANSWERED
    assert complaint.answer
    assert (complaint.answer.text, complaint.answer.by, len(complaint.answer.evidence)) == (
        text,
        "Petugas piket DPUPR",
        2,
    )
    page = desk.get(f"/t/{case.token()}?done=answer").text
    assert "Jawaban Anda sudah sampai di meja admin" in page
    assert "Yang terjadi sekarang" in page
    assert text in page
    for one in complaint.answer.evidence:
        evidence.fetch(case.office, case.media, one)
    page = read(desk.get(f"/t/{case.token()}"))
    assert len(page.select(".files img[loading=lazy][width][height]")) == 2


def test_a_form_error_keeps_what_was_typed_and_the_files_that_were_fine(desk: FlaskClient, case: Case) -> None:
    answer = send(desk, case, "answer", text="Sudah <b>ditambal</b>", files=[photo(), photo(b"<svg/>", "x.svg")])
    assert answer.status_code == 422
    page = read(answer)
    assert "x.svg: jenis berkas tidak dapat diterima" in page.text
    field = page.select_one("#text-answer")
    assert field
    assert field.text == "Sudah <b>ditambal</b>"
    assert field["aria-invalid"] == "true"
    kept = [str(box["value"]) for box in page.select("input[name=kept]")]
    assert len(kept) == 1
    assert case.stored().state == State.ASSIGNED
    waiting = desk.get(f"/t/{case.token()}/bukti/{kept[0]}")  # the link beside its box, while nobody has looked at it
    assert (waiting.status_code, "sedang diperiksa" in waiting.text) == (200, True)

    assert send(desk, case, "answer", text="Sudah ditambal", kept=kept).status_code == 303
    complaint = case.stored()
    assert complaint.answer
    assert complaint.answer.evidence == tuple(kept)


def test_a_file_that_its_page_has_uploaded_is_named_by_the_form(desk: FlaskClient, case: Case) -> None:
    page = read(desk.get(f"/t/{case.token()}"))
    for field, name in (("files", "kept"), ("before", "kept_before")):
        (chosen,) = page.select(f"input[name={field}]")
        assert (chosen["data-kept"], chosen["data-most"]) == (name, "200000000")
        assert "/attachments/unggah/" in str(chosen["data-upload"])
    before, after = (
        staff_uploads.keep(
            case.office,
            case.media,
            ticket=case.ticket,
            agency=case.agency.code,
            stream=io.BytesIO(JPEG + bytes([number])),
            filename="a.jpg",
        )
        for number in range(2)
    )
    assert send(desk, case, "answer", text="Selesai.", kept=[after], kept_before=[before]).status_code == 303
    answer = case.stored().answer
    assert answer
    assert (answer.evidence, answer.before) == ((before, after), (before,))


def test_foreign_files_cannot_be_slipped_into_an_answer(desk: FlaskClient, case: Case, stack: Stack) -> None:
    other = a_case(stack, beside=case)
    theirs = staff_uploads.keep(
        other.office,
        other.media,
        ticket=other.ticket,
        agency=other.agency.code,
        stream=io.BytesIO(JPEG),
        filename="a.jpg",
    )
    citizens = citizens_file(case, JPEG, "image/jpeg")
    send(desk, case, "answer", text="Selesai.", kept=[theirs, citizens, "x"])
    complaint = case.stored()
    assert complaint.answer
    assert complaint.answer.evidence == ()


def test_too_many_files_are_refused(desk: FlaskClient, case: Case) -> None:
    answer = send(desk, case, "answer", text="Selesai.", files=[photo(JPEG + bytes([n])) for n in range(6)])
    assert answer.status_code == 422
    assert "Paling banyak 5 berkas" in answer.text
    assert len(read(answer).select("input[name=kept]")) == 5


@pytest.mark.parametrize("step", ["answer", "ask", "return", "note"])
def test_an_empty_form_is_refused(desk: FlaskClient, case: Case, step: str) -> None:
    answer = send(desk, case, step, text=" \r\n ")
    assert answer.status_code == 422
    assert "belum diisi" in answer.text
    assert case.stored().state == State.ASSIGNED


def test_a_question_and_a_return_change_the_state(desk: FlaskClient, case: Case) -> None:
    assert send(desk, case, "return", text="Bukan kewenangan kami").status_code == 303
    assert case.stored().state == State.RETURNED
    assert "meja admin BESADU" in desk.get(f"/t/{case.token()}?done=return").text
    case.forward()
    assert send(desk, case, "ask", text="Di RT berapa?").status_code == 303
    assert case.stored().state == State.ASKED
    assert "Menunggu jawaban pelapor" in desk.get(f"/t/{case.token()}").text


def test_who_comes_too_late_reads_what_happened_and_keeps_the_words(desk: FlaskClient, case: Case) -> None:
    handling.answer(case.office, case.officer, case.ticket, text="Sudah selesai.")
    answer = send(desk, case, "answer", text="Jawaban saya yang lain", files=[photo()])
    assert answer.status_code == 409
    assert "sudah dijawab oleh Petugas Uji" in answer.text
    assert "Jawaban saya yang lain" in answer.text


def test_other_sites_cannot_send_the_forms(desk: FlaskClient, case: Case) -> None:
    address = f"/t/{case.token()}/accept"
    for headers in (
        {"Origin": "https://jahat.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert desk.post(address, headers=headers).status_code == 403
    assert case.stored().state == State.ASSIGNED
    own = case.office.settings.besadu_public_url
    assert desk.post(address, headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize("path", ["/", "/t/", "/laporan", "/t/x/y/z", "/assets/1/nothing"])
def test_nothing_else_is_here(desk: FlaskClient, path: str) -> None:
    assert desk.get(path).status_code == 404


def test_an_unknown_step_is_not_found(desk: FlaskClient, case: Case) -> None:
    assert send(desk, case, "deliver", text="x").status_code == 404
    assert send(desk, case, "bukti", text="x").status_code == 404


def test_a_body_over_the_limit_is_refused(desk: FlaskClient, case: Case) -> None:
    answer = desk.post(
        f"/t/{case.token()}/answer",
        input_stream=io.BytesIO(b"--x"),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": "31000001"},
    )
    assert answer.status_code == 413
    assert "30 MB" in answer.text


def test_evidence_plays_in_ranges_and_can_never_be_a_page(desk: FlaskClient, case: Case) -> None:
    lasting = f"/t/{case.token()}/bukti/{citizens_file(case, OGG, 'audio/ogg')}"
    address = desk.get(lasting).headers["Location"].removeprefix("/assignment")
    whole = desk.get(address)
    assert (whole.status_code, whole.data) == (200, OGG)
    headers = whole.headers
    assert headers["Content-Type"] == "audio/ogg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Content-Disposition"].startswith("inline; filename=")
    for asked, status, body in (
        ("bytes=0-9", 206, OGG[:10]),
        ("bytes=10-", 206, OGG[10:]),
        ("bytes=-5", 206, OGG[-5:]),
        ("bytes=0-999999", 206, OGG),
        ("bytes=0-1,4-5", 200, OGG),
        ("nonsense", 200, OGG),
    ):
        part = desk.get(address, headers={"Range": asked})
        assert (part.status_code, part.data) == (status, body)
    part = desk.get(address, headers={"Range": "bytes=10-19"})
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(OGG)}"
    assert desk.get(address, headers={"Range": "bytes=999999-"}).status_code == 416
    assert desk.head(address).headers["Content-Length"] == str(len(OGG))


def test_evidence_of_another_complaint_is_not_found(desk: FlaskClient, case: Case, stack: Stack) -> None:
    theirs = citizens_file(a_case(stack, beside=case), OGG, "audio/ogg")
    assert desk.get(f"/t/{case.token()}/bukti/{theirs}").status_code == 404


def test_a_file_that_is_not_there_yet_or_refused_says_so(desk: FlaskClient, case: Case) -> None:
    evidence_id = citizens_file(case, JPEG, "image/jpeg", state="quarantined", reason=inspection.EMPTY)
    casework.ask(case.office, ADMIN, case.ticket, question="Ada fotonya?")
    line = case.stored().talk[0]
    with_file = {"talk": [{"at": line.at, "speaker": "citizen", "text": "ini", "key": "k", "evidence": [evidence_id]}]}
    case.office.store.complaints.reference(case.ticket).update(with_file)
    page = desk.get(f"/t/{case.token()}").text
    assert inspection.EMPTY in page
    assert NAME not in page
    assert CITIZEN.name in page
    assert not re.search(r"<img[^>]*bukti", page)
    assert desk.get(f"/t/{case.token()}/bukti/{evidence_id}").status_code == 404


def test_a_digest_leads_to_all_that_waits_with_a_link_each(case: Case, desk: FlaskClient) -> None:
    code = case.agency.code
    token = links.issue_list(case.office.settings, links.ListLink(agency=code, issued_at=case.hands.now()))
    page = read(desk.get(f"/daftar/{token}"))
    (row,) = page.select("a.row")
    assert case.ticket in row.text
    assert PHONE not in page.text
    opened = desk.get(str(row["href"]).removeprefix("/assignment"))
    assert opened.status_code == 200
    send(desk, case, "answer", text="Sudah ditambal.")
    assert "Tidak ada laporan yang menunggu" in desk.get(f"/daftar/{token}").text


def test_a_list_that_is_altered_or_old_is_closed(case: Case, desk: FlaskClient) -> None:
    token = links.issue_list(case.office.settings, links.ListLink(agency="DPUPR", issued_at=case.hands.now()))
    assert desk.get(f"/daftar/{token}x").status_code == 410
    assert desk.get(f"/daftar/{case.token()}").status_code == 410
    case.hands.advance(days=8)
    assert desk.get(f"/daftar/{token}").status_code == 410


def test_a_photo_of_before_is_marked_so_and_both_go_with_the_answer(desk: FlaskClient, case: Case) -> None:
    before, after = photo(), photo(JPEG + b"2", "b.jpg")
    assert send(desk, case, "answer", text="Selesai.", how="selesai", before=before, files=after).status_code == 303
    answer = case.stored().answer
    assert answer
    assert len(answer.evidence) == 2
    assert answer.before == answer.evidence[:1]


def test_a_refused_answer_keeps_the_choice_the_day_and_both_kinds_of_photos(desk: FlaskClient, case: Case) -> None:
    before, after = photo(), photo(JPEG + b"2", "b.jpg")
    refused = send(desk, case, "answer", text="Nanti.", how="jadwal", day="2026-03-02", before=before, files=after)
    assert refused.status_code == 422
    page = read(refused)
    assert "hari yang akan datang" in page.text
    assert page.select_one("input[name=how][value=jadwal][checked]")
    assert page.select_one("#day-answer")["value"] == "2026-03-02"  # type: ignore[index]  # else the test fails here
    kept = {name: [str(box["value"]) for box in page.select(f"input[name={name}]")] for name in ("kept", "kept_before")}
    assert [len(ids) for ids in kept.values()] == [1, 1]
    sent = send(desk, case, "answer", text="Nanti.", how="jadwal", day="2026-05-04", **kept)
    assert sent.status_code == 303
    answer = case.stored().answer
    assert answer
    assert answer.scheduled_for
    assert answer.before == tuple(kept["kept_before"])


@pytest.mark.parametrize(("how", "day"), [("selesai", "2026-05-04"), ("jadwal", ""), ("selesai", "besok")])
def test_a_day_that_contradicts_the_answer_is_explained(desk: FlaskClient, case: Case, how: str, day: str) -> None:
    refused = send(desk, case, "answer", text="Selesai.", how=how, day=day)
    assert refused.status_code == 422
    assert read(refused).select_one("#error-answer")
    assert case.stored().state == State.ASSIGNED


def test_more_time_is_taken_once_when_two_ask_at_once_and_the_other_keeps_the_words(
    desk: FlaskClient, case: Case
) -> None:
    send(desk, case, "accept")
    seen = case.stored().revision
    deputy = case.token(post="deputy")
    first = send(desk, case, "extend", text="Menunggu aspal.", day="2026-03-30", revision=str(seen))
    second = send(desk, case, "extend", token=deputy, text="Cuaca buruk.", day="2026-03-31", revision=str(seen))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "sudah diberi tambahan waktu oleh Petugas piket DPUPR pada Senin, 2 Maret 2026" in second.text
    assert "Cuaca buruk." in second.text
    assert case.stored().extensions == 1
    again = send(desk, case, "extend", text="Menunggu aspal.", day="2026-03-30", revision=str(seen))
    assert again.status_code == 303
    assert case.stored().extensions == 1


def test_the_history_says_whose_link_was_opened(desk: FlaskClient, case: Case) -> None:
    desk.get(f"/t/{case.token()}")
    desk.get(f"/t/{case.token(post='deputy')}")
    opened = [entry.actor for entry in case.stored().history if entry.action == "open_link"]
    assert opened == ["Petugas piket DPUPR", f"Wakil penghubung {case.agency.name}"]


def test_progress_is_told_when_it_is_ticked(desk: FlaskClient, case: Case) -> None:
    send(desk, case, "accept")
    assert send(desk, case, "progress", text="Sudah kami cek.").status_code == 303
    assert case.stored().progress_told == 0
    assert send(desk, case, "progress", text="Menunggu material.", tell="ya").status_code == 303
    assert case.stored().progress_told == 1
    refused = send(desk, case, "progress", text="Lagi.", tell="ya")
    assert refused.status_code == 422
    assert read(refused).select_one("#form-progress input[name=tell][checked]")


def test_a_return_names_the_right_agency(desk: FlaskClient, case: Case, stack: Stack) -> None:
    other = a_case(stack, beside=case).agency.code
    case.office.store.directory.forget()
    page = read(desk.get(f"/t/{case.token()}"))
    assert page.select_one(f"#agency-return option[value={other}]")
    assert not page.select_one(f"#agency-return option[value={case.agency.code}]")
    assert send(desk, case, "return", text="Bukan kami.", agency=other).status_code == 303
    assert case.stored().suggested_agency == other


def test_a_link_that_died_while_somebody_wrote_does_not_cost_the_words(desk: FlaskClient, case: Case) -> None:
    old = case.token()
    case.hands.advance(seconds=1)
    casework.revoke_links(
        case.office, ADMIN, case.ticket, agency=case.agency.code, post="", reason="Tersebar.", send=False
    )
    answer = send(desk, case, "answer", token=old, text="Sudah <b>ditambal</b> kemarin")
    assert answer.status_code == 410
    assert "sudah dicabut" in answer.text
    words = read(answer).select_one("textarea")
    assert words
    assert words.text == "Sudah <b>ditambal</b> kemarin"


def test_two_officers_at_once_one_answer_wins_and_the_other_is_told_by_whom_and_when(case: Case) -> None:
    app, barrier, answers = create_app(case.office, case.media), threading.Barrier(2), {}
    tokens = {"duty": case.token(), "deputy": case.token(post="deputy")}

    def work(post: str) -> None:
        with app.test_client() as client:
            barrier.wait()
            answers[post] = send(client, case, "answer", token=tokens[post], text=f"Jawaban dari {post}")

    threads = [threading.Thread(target=work, args=(post,)) for post in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers.values()) == [303, 409]
    (lost,) = [post for post, answer in answers.items() if answer.status_code == 409]
    stored = case.stored()
    assert stored.answer
    assert lost not in stored.answer.text
    assert f"sudah dijawab oleh {stored.answer.by} pada Senin, 2 Maret 2026 pukul 09.00 WIB" in answers[lost].text
    assert f"Jawaban dari {lost}" in answers[lost].text
