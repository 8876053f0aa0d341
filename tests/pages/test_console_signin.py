import urllib.parse
from dataclasses import replace

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from besadu.pages.console import create_app
from besadu.store.directory import Officer
from besadu_local.stack import Stack
from tests.services.console_case import Cast

EMAIL = "admin@belitung.example"  # somebody whom the platform's provider knows


@pytest.fixture
def client(cast: Cast) -> FlaskClient:
    return create_app(cast.office, cast.media).test_client()


def leave(client: FlaskClient, wanted: str = "/") -> str:
    """Where the provider sends the browser back to, once somebody has said who they are."""
    away = client.get("/masuk/mulai", query_string={"lanjut": wanted})
    assert away.status_code == 303
    asked = requests.post(away.headers["Location"], data={"sub": EMAIL}, allow_redirects=False, timeout=5)
    return asked.headers["Location"]


def come_back(client: FlaskClient, address: str) -> TestResponse:
    parts = urllib.parse.urlsplit(address)
    assert parts.path == "/console/masuk/kembali"
    return client.get(f"/masuk/kembali?{parts.query}")


def known(cast: Cast, *, active: bool = True) -> None:
    cast.office.store.directory.save_officer(Officer(email=EMAIL, name="Sari", role="admin", active=active))


def test_staff_sign_in_and_get_the_page_they_wanted(cast: Cast, client: FlaskClient) -> None:
    known(cast)
    asked = client.get("/arsip?status=diterima")
    assert asked.headers["Location"] == "/console/masuk?lanjut=/arsip%3Fstatus%3Dditerima"
    answer = come_back(client, leave(client, "/arsip?status=diterima"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/arsip?status=diterima")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("besadu="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/")
    assert "Sari" in page.text
    assert "Admin BESADU" in page.text


@pytest.mark.parametrize("active", [None, False])
def test_who_is_no_active_staff_is_told_so_politely(cast: Cast, client: FlaskClient, active: bool | None) -> None:  # noqa: FBT001
    if active is not None:
        known(cast, active=active)
    answer = come_back(client, leave(client))
    assert answer.status_code == 403
    assert "hubungi pengelola BESADU" in answer.text
    assert client.get("/").status_code == 303


def test_an_answer_of_the_provider_is_good_once_and_for_one_browser(cast: Cast, client: FlaskClient) -> None:
    known(cast)
    address = leave(client)
    stranger = create_app(cast.office, cast.media).test_client()
    refused = come_back(stranger, address)
    assert refused.status_code == 403
    assert "coba masuk sekali lagi" in refused.text
    assert come_back(client, address).status_code == 303
    assert come_back(client, address).status_code == 403


def test_a_sign_in_that_takes_too_long_starts_again(cast: Cast, client: FlaskClient) -> None:
    known(cast)
    address = leave(client)
    cast.hands.advance(minutes=11)
    assert come_back(client, address).status_code == 403


def test_a_provider_that_is_gone_is_a_polite_page(cast: Cast) -> None:
    settings = replace(cast.office.settings, oidc_issuer="http://127.0.0.1:1")
    client = create_app(replace(cast.office, settings=settings), cast.media).test_client()
    answer = client.get("/masuk/mulai")
    assert answer.status_code == 503
    assert "Penyedia akun tidak dapat dihubungi" in answer.text
    assert client.get("/masuk").status_code == 200


def test_the_running_door_answers_under_its_own_path(stack: Stack) -> None:
    address = f"{stack.addresses['functions']}/console/"
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/masuk?lanjut=/")
    page = requests.get(f"{stack.addresses['functions']}/console/masuk", timeout=10)
    assert 'href="/console/assets/' in page.text
    assert page.headers["X-Content-Type-Options"] == "nosniff"
