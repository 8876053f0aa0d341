import re
from dataclasses import replace

import pytest
from flask import Flask

from besadu.domain.complaint import State
from besadu.errors import Conflict, Refused, Unavailable
from besadu.identity import Sessions
from besadu.pages.console import create_app
from besadu.pages.console.access import rules
from besadu.pages.shell import new_app
from besadu.services import casework
from tests.pages.browser import Sits, read
from tests.services.console_case import NAME, NIK, PHONE, ROLES, Cast


def test_every_view_admits_its_roles_and_nobody_else(app: Flask, cast: Cast, sits: Sits) -> None:
    declared = rules(app)
    ticket = cast.forwarded()
    values = {
        "number": ticket,
        "evidence_id": "none",
        "key": "0" * 64,
        "step": "x",
        "version": "v",
        "name": "icon.svg",
    } | {"token": "x"}
    walked = 0
    for rule in app.url_map.iter_rules():
        path = rule.build(values)[1]  # type: ignore[index]
        methods = (rule.methods or set()) & {"GET", "POST"}
        for method in sorted(methods):
            for role in ("", *ROLES):
                browser = sits(role)
                answer = browser.get(path) if method == "GET" else browser.post(path)
                case = (method, path, role or "nobody", answer.status_code)
                walked += 1
                if not declared[rule.endpoint]:
                    assert rule.endpoint in {"asset", "sign_in_page", "leave", "come_back"}, case
                elif not role:
                    assert answer.status_code == (303 if method == "GET" else 403), case
                    if method == "GET":
                        assert answer.headers["Location"].startswith("/console/masuk?lanjut="), case
                elif role in declared[rule.endpoint]:
                    assert answer.status_code != 403, case
                else:
                    assert answer.status_code == 403, case
    assert walked > 150


def test_a_view_without_roles_stops_the_start(app: Flask) -> None:
    app.view_functions["open_door"] = lambda: "in"
    with pytest.raises(LookupError, match="open_door"):
        rules(app)


def test_forms_from_elsewhere_are_refused(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    path, fields = f"/laporan/{ticket}/reject", {"reason": "bukan layanan publik", "advice": ""}
    admin = sits("admin")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert admin.post(path, headers=headers, **fields).status_code == 403
    admin.key = ""
    assert admin.post(path, **fields).status_code == 403
    admin.key = sits("admin").key
    assert admin.post(path, **fields).status_code == 403
    assert cast.stored(ticket).state == State.RECEIVED


def test_our_own_form_is_taken_with_what_browsers_send(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    headers = {"Origin": cast.office.settings.besadu_public_url, "Sec-Fetch-Site": "same-origin"}
    answer = sits("admin").post(f"/laporan/{ticket}/note", headers=headers, text="dicek")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/laporan/{ticket}?kabar=note"


@pytest.mark.parametrize("path", ["/", "/masuk", "/nowhere", "/kelola", "/arsip?sebelum=x", "/laporan/x"])
def test_every_answer_forbids_scripts_frames_and_keeping(sits: Sits, path: str) -> None:
    headers = sits("admin").get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_over_https_the_cookie_is_bound_to_the_host(cast: Cast) -> None:
    settings = replace(cast.office.settings, besadu_public_url="https://besadu.example")
    app = create_app(replace(cast.office, settings=settings), cast.media)
    client = app.test_client()
    sessions = Sessions(settings)
    session = sessions.open(cast.staff["admin"], cast.hands.now())
    client.set_cookie("__Host-besadu", sessions.write(session), domain="besadu.example", secure=True)
    cast.hands.advance(minutes=2)
    answer = client.get("/", base_url="https://besadu.example")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-besadu=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_a_session_goes_on_while_somebody_works_and_ends_in_silence(cast: Cast, sits: Sits) -> None:
    admin = sits("admin")
    for _ in range(3):
        cast.hands.advance(minutes=25)
        assert admin.get("/").status_code == 200
    cast.hands.advance(minutes=31)
    assert admin.get("/").status_code == 303


def test_who_is_signed_out_everywhere_or_dismissed_is_out_at_once(cast: Cast, sits: Sits) -> None:
    admin, leader, manager = sits("admin"), sits("leader"), sits("manager")
    assert manager.post("/kelola/keluarkan", email="Admin@Office.example").status_code == 303
    assert admin.get("/").status_code == 303
    assert leader.get("/").status_code == 200
    cast.office.store.directory.save_officer(replace(cast.staff["leader"], active=False))
    assert leader.get("/").status_code == 303
    assert manager.post("/kelola/keluarkan", email="nobody@office.example").status_code == 422


def test_signing_out_takes_the_cookie_and_what_the_browser_kept(sits: Sits) -> None:
    admin = sits("admin")
    answer = admin.post("/keluar")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/masuk?kabar=keluar")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert admin.get("/").status_code == 303


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/masuk", "evil", "/a\r\nb", "/" + "x" * 400],
)
def test_nobody_is_sent_elsewhere_after_signing_in(sits: Sits, wanted: str) -> None:
    page = read(sits("").get("/masuk", query_string={"lanjut": wanted}))
    link = page.select_one("a.primary")
    assert link
    assert link["href"] == "/console/masuk/mulai?lanjut=/"


def test_assets_are_kept_for_good_under_a_path_that_changes(sits: Sits) -> None:
    page = read(sits("").get("/masuk"))
    sheet = page.select_one("link[rel=stylesheet]")
    assert sheet
    address = str(sheet["href"]).removeprefix("/console")
    assert re.fullmatch(r"/assets/[0-9a-f]{12}/besadu\.css", address)
    answer = sits("").get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert sits("").get("/assets/old/besadu.css").headers["Cache-Control"] == "no-cache"
    assert sits("").get("/assets/old/besadu.py").status_code == 404


def test_a_body_beyond_the_limit_is_refused(cast: Cast, sits: Sits) -> None:
    answer = sits("admin").post(f"/laporan/{cast.complaint()}/note", text="x" * 1_100_000)
    assert answer.status_code == 413
    assert "Terlalu besar" in answer.text


def test_the_start_page_names_who_is_late_and_by_how_much(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    cast.hands.advance(days=7)
    page = read(sits("admin").get("/"))
    row = page.select_one(f'a[href="/console/laporan/{ticket}"]')
    assert row
    assert "terlambat 2 hari kerja" in row.text
    assert "Perawas" in row.text


def test_the_archive_leads_on_to_older_complaints(cast: Cast, sits: Sits) -> None:
    for _ in range(51):
        cast.hands.advance(minutes=1)
        cast.complaint()
    admin = sits("admin")
    page = read(admin.get("/arsip"))
    assert len(page.select("a.row")) == 50
    older = page.find("a", string="Yang lebih lama")
    assert older
    page = read(admin.get(str(older["href"]).removeprefix("/console")))
    assert len(page.select("a.row")) == 1
    assert not page.find("a", string="Yang lebih lama")


def test_a_ticket_is_found_by_its_number_and_its_absence_is_said(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    answer = sits("leader").get("/cari", query_string={"nomor": ticket.lower().replace("-", " ")})
    assert answer.headers["Location"] == f"/console/laporan/{ticket}"
    answer = sits("officer").get("/cari", query_string={"nomor": ticket})
    assert answer.status_code == 404


def test_a_citizen_in_need_of_a_person_is_answered(cast: Cast, sits: Sits) -> None:
    key = cast.conversation()
    admin = sits("admin")
    assert f"/console/percakapan/{key}" in admin.get("/").text
    page = admin.get(f"/percakapan/{key}")
    assert "mau bicara dengan petugas" in page.text
    empty = admin.post(f"/percakapan/{key}/kirim", text=" ")
    assert empty.status_code == 422
    assert "Pesan belum diisi." in empty.text
    assert admin.post(f"/percakapan/{key}/kirim", text="Selamat pagi").status_code == 303
    assert f"/console/percakapan/{key}" not in admin.get("/").text


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (Unavailable("ServiceUnavailable"), 503, "data belum dapat dibaca"),
        (Conflict("x"), 409, "baru saja diubah orang lain"),
        (Refused("x"), 403, "bukan kewenangan Anda"),
        (ValueError(f"about {PHONE}"), 500, "sudah tercatat"),
    ],
)
def test_what_goes_wrong_is_said_politely_and_logged_without_values(
    cast: Cast, capsys: pytest.CaptureFixture[str], fault: Exception, code: int, says: str
) -> None:
    app = new_app("console", cast.office.settings, function="console")

    @app.get("/fails")
    def fails() -> str:
        raise fault

    answer = app.test_client().get("/fails")
    assert answer.status_code == code
    assert says in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert PHONE not in answer.text + capsys.readouterr().err


def test_files_and_pages_never_show_a_citizens_data_to_an_officer(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded()
    casework.note(cast.office, cast.actor("admin"), ticket, text=f"Pelapor {NAME}, {PHONE}")
    officer = sits("officer")
    for path in ("/", "/arsip", f"/laporan/{ticket}"):
        text = officer.get(path).text
        assert ticket in text
        for secret in (NAME, NIK, PHONE, PHONE[2:], "1902********0001"):
            assert secret not in text


def test_times_are_those_of_the_office(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    assert "Senin, 2 Maret 2026 pukul 09.00 WIB" in sits("auditor").get(f"/laporan/{ticket}").text
