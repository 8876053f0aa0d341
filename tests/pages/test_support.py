"""Pages of a complaint with which several agencies have to do: behind the links, and in the console."""

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from besadu.domain import support
from besadu.domain.complaint import State
from besadu.domain.deadlines import date_text
from besadu.domain.support import SupportState
from besadu.pages import console, desk
from besadu.services import evidence, handling, supporting
from besadu_local.stack import Stack
from tests.pages.browser import Browser, Sits
from tests.samples import photo
from tests.services.console_case import Cast, a_cast
from tests.services.desk_case import ADMIN, NAME, NIK, PHONE, Case, a_case


@pytest.fixture
def lead(stack: Stack) -> Case:
    case = a_case(stack)
    handling.accept(case.office, case.officer, case.ticket)
    return case


@pytest.fixture
def app(lead: Case) -> Flask:
    return desk.create_app(lead.office, lead.media)


@pytest.fixture
def phone(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture
def cast(stack: Stack) -> Cast:
    return a_cast(stack)


@pytest.fixture
def sits(cast: Cast) -> Sits:
    made = console.create_app(cast.office, cast.media)
    return lambda role: Browser(made, cast, role)


def read(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html5lib")


def send(phone: FlaskClient, case: Case, step: str, token: str = "", **fields: Any) -> TestResponse:
    return phone.post(f"/t/{token or case.token()}/{step}", data=fields, content_type="multipart/form-data")


def test_who_helps_sees_what_is_wanted_and_two_forms_and_nothing_of_the_citizen(lead: Case, phone: FlaskClient) -> None:
    helper = lead.support(wanted=f"Cek salurannya, tanya {PHONE}.")
    token = helper.token()
    answer = phone.get(f"/t/{token}")
    page = read(answer)
    actions = {str(form["action"]) for form in page.select("form")}
    assert actions == {f"/assignment/t/{token}/{step}" for step in ("contribute", "decline_support")}
    assert "Dinas Lingkungan Hidup diminta mendukung Dinas Pekerjaan Umum" in " ".join(page.text.split())
    assert "Cek salurannya, tanya [telepon]." in answer.text
    for secret in (NAME, NIK, PHONE, PHONE[2:]):
        assert secret not in answer.text
    labels = {label["for"] for label in page.select("label[for]")}
    assert {str(field["id"]) for field in page.select("textarea, input[type=file]")} <= labels


def test_a_part_with_a_photo_reaches_the_leading_agency_who_builds_the_answer_on_it(
    lead: Case, phone: FlaskClient
) -> None:
    helper = lead.support()
    sent = send(
        phone, helper, "contribute", text="Saluran bersih.", files=(io.BytesIO(photo(1)), "a.jpg"), finished="ya"
    )
    assert sent.headers["Location"].endswith("?done=contribute")
    own = support.of(lead.stored().support, helper.agency.code)
    assert own
    assert own.state is SupportState.DONE
    (picture,) = own.contributions[0].evidence
    evidence.fetch(lead.office, lead.media, picture)

    assert "bagian Anda sudah selesai" in phone.get(f"/t/{helper.token()}").text
    page = read(phone.get(f"/t/{lead.token()}"))
    assert "Saluran bersih." in str(page.select_one("#form-answer"))
    assert page.select("#pendukung ~ ul img")
    (box,) = page.select("#form-answer input[name=kept]")
    assert not box.has_attr("checked")
    answered = send(phone, lead, "answer", text="Jalan dan saluran beres.", kept=[str(box["value"])])
    assert answered.status_code == 303
    given = lead.stored().answer
    assert given
    assert (given.evidence, given.text) == ((picture,), "Jalan dan saluran beres.")


def test_a_refused_answer_keeps_the_borrowed_photo_ticked_once(lead: Case, phone: FlaskClient) -> None:
    helper = lead.support()
    send(phone, helper, "contribute", text="Bersih.", files=(io.BytesIO(photo(1)), "a.jpg"), finished="ya")
    own = support.of(lead.stored().support, helper.agency.code)
    assert own
    (picture,) = own.contributions[0].evidence
    evidence.fetch(lead.office, lead.media, picture)
    refused = send(phone, lead, "answer", text=" ", kept=[picture])
    assert refused.status_code == 422
    (box,) = read(refused).select("#form-answer input[name=kept]")
    assert (box["value"], box.has_attr("checked")) == (picture, True)


@pytest.mark.parametrize("step", ["contribute", "decline_support"])
def test_an_empty_form_of_who_helps_is_refused_with_what_was_ticked(lead: Case, phone: FlaskClient, step: str) -> None:
    helper = lead.support()
    refused = send(phone, helper, step, text=" ")
    assert refused.status_code == 422
    page = read(refused)
    assert page.select_one(f"#error-{step}")
    if step == "contribute":
        assert not page.select("input[name=finished][checked]")
    assert all(one.state is SupportState.ASKED for one in lead.stored().support)


def test_who_helps_cannot_answer_in_the_place_of_the_leading_agency(lead: Case, phone: FlaskClient) -> None:
    helper = lead.support()
    answer = send(phone, helper, "answer", text="Kami jawab sendiri.")
    assert answer.status_code == 409
    assert "Kami jawab sendiri." in answer.text
    assert lead.stored().state == State.IN_PROGRESS


def test_who_is_no_longer_asked_keeps_the_words_that_were_being_written(lead: Case, phone: FlaskClient) -> None:
    helper = lead.support()
    token = helper.token()
    supporting.end(lead.office, ADMIN, lead.ticket, agency=helper.agency.code)
    closed = send(phone, helper, "contribute", token=token, text="Sudah kami cek.")
    assert closed.status_code == 410
    assert read(closed).select_one("textarea").text == "Sudah kami cek."  # type: ignore[union-attr]  # else it fails here


def test_two_helping_officers_at_once_one_declines_and_one_contributes_and_one_is_told(lead: Case, app: Flask) -> None:
    helper = lead.support()
    tokens = {"contribute": helper.token(), "decline_support": helper.token(post="deputy")}
    seen, barrier, answers = str(lead.stored().revision), threading.Barrier(2), {}

    def work(step: str) -> None:
        with app.test_client() as client:
            barrier.wait()
            text = f"Tulisan {step}"
            answers[step] = send(client, helper, step, token=tokens[step], text=text, finished="ya", revision=seen)

    threads = [threading.Thread(target=work, args=(step,)) for step in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers.values()) == [303, 409]
    (lost,) = [step for step, answer in answers.items() if answer.status_code == 409]
    assert f"Tulisan {lost}" in answers[lost].text
    assert "pada Senin, 2 Maret 2026" in answers[lost].text


def test_an_admin_asks_at_the_disposisi_and_later_and_takes_it_back(cast: Cast, sits: Sits) -> None:
    ticket = cast.complaint()
    admin, here = sits("admin"), f"/laporan/{ticket}"
    form = {"agency_code": "DISHUB", "note": "", "case_class": "ordinary", "support_1": "DPUPR"}
    refused = admin.post(f"{here}/forward", **form)
    assert refused.status_code == 422
    assert "Yang diminta dari Dinas Pekerjaan Umum belum diisi" in refused.text
    assert read(refused).select_one("#forward-support_1 option[value=DPUPR][selected]")
    assert admin.post(f"{here}/forward", **form, wanted_1="Cek tiangnya.").status_code == 303
    assert "Cek tiangnya." in admin.get(here).text

    assert admin.post(f"{here}/end_support", support_agency="DPUPR").status_code == 303
    assert cast.stored(ticket).support[0].state is SupportState.ENDED
    refused = admin.post(f"{here}/ask_support", support_agency="DPUPR", wanted="")
    assert refused.status_code == 422
    assert read(refused).select_one("#form-ask_support[open] option[value=DPUPR][selected]")
    for ago in (0, 1):  # pressed twice
        revision = str(cast.stored(ticket).revision - ago)
        asked = admin.post(f"{here}/ask_support", support_agency="DPUPR", wanted="Cek lagi.", revision=revision)
        assert asked.status_code == 303
    (one,) = cast.stored(ticket).support
    assert (one.state, one.wanted) == (SupportState.ASKED, "Cek lagi.")


def test_an_account_of_an_agency_that_helps_finds_it_on_its_start_page_and_works_there(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded("DPUPR")
    officer, here = sits("officer"), f"/laporan/{ticket}"
    assert officer.get(here).status_code == 404
    supporting.ask(cast.office, cast.actor("admin"), ticket, agency="DISHUB", wanted="Cek lampunya.")
    row = read(officer.get("/")).select_one(f"#support a[href$='{ticket}']")
    assert row
    promised = cast.stored(ticket).promised
    assert promised
    assert f"batas {date_text(promised)}" in row.text  # when the answer is, and not when it should be accepted
    page = read(officer.get(here))
    assert {str(form["action"]).rpartition("/")[2] for form in page.select("#tindak-lanjut form")} == {
        "contribute",
        "decline_support",
    }
    assert officer.post(f"{here}/opd/contribute", text="Lampu menyala.", finished="ya").status_code == 303
    assert "Lampu menyala." in officer.get(here).text
    start = read(officer.get("/"))
    assert not start.select("#support")
    assert start.select_one(f"#supported a[href$='{ticket}']")
    assert "Lampu menyala." in sits("admin").get(here).text


def test_numbers_that_somebody_wrote_are_for_the_admin_alone(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded("DPUPR")
    supporting.ask(cast.office, cast.actor("admin"), ticket, agency="DISHUB", wanted=f"Hubungi 0{PHONE[2:]}.")
    assert f"Hubungi 0{PHONE[2:]}." in sits("admin").get(f"/laporan/{ticket}").text
    for role in ("officer", "leader", "auditor"):
        page = sits(role).get(f"/laporan/{ticket}").text
        assert "Hubungi [telepon]." in page
        assert PHONE[2:] not in page


def test_an_account_that_declines_comes_back_to_the_start_page(cast: Cast, sits: Sits) -> None:
    ticket = cast.forwarded("DPUPR")
    supporting.ask(cast.office, cast.actor("admin"), ticket, agency="DISHUB", wanted="Cek lampunya.")
    officer, here = sits("officer"), f"/laporan/{ticket}"
    done = officer.post(f"{here}/opd/decline_support", text="Bukan lampu jalan.")
    assert done.headers["Location"].endswith("/?kabar=decline_support")
    assert "sudah diberi tahu" in officer.get("/?kabar=decline_support").text
    assert officer.get(here).status_code == 404
