from collections.abc import Iterator
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from besadu.pages.portal import create_app
from besadu.services import casework
from besadu_local.stack import Stack
from tests.services.desk_case import ADMIN, NAME, NIK, PHONE, Case, a_case


@pytest.fixture
def case(stack: Stack) -> Case:
    return a_case(stack, forwarded=False)


@pytest.fixture
def portal(case: Case) -> Iterator[FlaskClient]:
    with create_app(case.office).test_client() as client:
        yield client


def looked_up(portal: FlaskClient, number: str) -> str:
    answer = portal.get("/lacak", query_string={"nomor": number})
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html5lib").get_text(" ", strip=True)


def test_the_front_page_says_what_is_needed(portal: FlaskClient) -> None:
    page = portal.get("/").text
    for said in ("WhatsApp", "NIK", "Gratis", "16.00 WIB", 'action="/portal/lacak"'):
        assert said in page


def test_a_ticket_shows_how_far_it_is_and_nothing_else(portal: FlaskClient, case: Case) -> None:
    case.forward(note="Rahasia internal")
    case.hands.advance(days=1)
    page = looked_up(portal, case.ticket.lower().replace("-", " "))
    assert case.ticket in page
    assert case.agency.name in page
    # 1 working day to accept and 14 to answer, with the holidays of March 2026 in between
    assert "Jawaban instansi paling lambat" in page
    for secret in (NAME, NIK, PHONE, "SD 5", "Air Saga", "Rahasia internal", "Melewati batas waktu"):
        assert secret not in page


def test_a_late_complaint_is_said_to_be_late(portal: FlaskClient, case: Case) -> None:
    case.forward()
    case.hands.advance(days=60)
    assert "Melewati batas waktu" in looked_up(portal, case.ticket)


def test_waiting_for_the_citizen_is_nobodys_delay(portal: FlaskClient, case: Case) -> None:
    casework.ask(case.office, ADMIN, case.ticket, question="Di mana?")
    case.hands.advance(days=60)
    page = looked_up(portal, case.ticket)
    assert "Jawaban Anda ditunggu sampai" in page
    assert "Melewati batas waktu" not in page
    assert "Di mana?" not in page


@pytest.mark.parametrize("number", ["BSD-26-0000-0000", "BSD-26-1234-5678", "halo", "<script>", "x" * 5000, "é"])
def test_an_unknown_number_is_not_found_in_words(portal: FlaskClient, number: str) -> None:
    answer = portal.get("/lacak", query_string={"nomor": number})
    assert answer.status_code == 200
    assert "tidak ditemukan" in answer.text
    assert "<script>" not in answer.text


def test_no_number_is_no_error(portal: FlaskClient) -> None:
    assert "tidak ditemukan" not in looked_up(portal, " ")


def test_nothing_else_is_here(portal: FlaskClient) -> None:
    assert portal.get("/rapor").status_code == 404
    assert portal.post("/lacak").status_code == 405


def test_looking_up_writes_nothing(portal: FlaskClient, case: Case) -> None:
    before = case.stored()
    case.hands.time += timedelta(hours=2)
    looked_up(portal, case.ticket)
    assert case.stored() == before
