import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from besadu.config import Settings, load
from besadu.errors import MissingSetting, Refused, Unavailable
from besadu.identity import Departure, Session, Sessions, SignIn, form_key_fits, officer_of, person_of
from besadu.store.directory import Officer
from besadu_local.stack import Stack

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OFFICER = Officer(email="admin@office.example", name="Si Admin", role="admin", epoch=4)
KEY, OTHER_KEY = "k" * 40, "o" * 40
BACK = "http://127.0.0.1:1/console/masuk/kembali"


class Provider:
    """A sign-in provider that says what a test wants, also what no honest one would."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.claims: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.discovery: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.signs_with: Any = self.key
        self.userinfo: dict[str, Any] = {}
        self.jwks_keys = 1
        self.seen: dict[str, str] = {}
        self.issuer = ""

    def app(self) -> Flask:
        app = Flask("provider")

        @app.get("/.well-known/openid-configuration")
        def discovery() -> Any:
            found = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/me",
                "jwks_uri": f"{self.issuer}/keys",
            }
            return jsonify(found | self.discovery)

        @app.get("/keys")
        def keys() -> Any:
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return jsonify({"keys": [{**key, "kid": f"k{number}", "use": "sig"} for number in range(self.jwks_keys)]})

        @app.post("/token")
        def token() -> Any:
            self.seen = {**request.form, "authorization": request.headers.get("Authorization", "")}
            signed = jwt.encode(self.claims, self.signs_with, self.algorithm, headers=self.headers)
            return jsonify({"id_token": signed, "access_token": "a"})

        @app.get("/me")
        def me() -> Any:
            return jsonify(self.userinfo)

        return app


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


def settings(provider: Provider) -> Settings:
    rotating = "s+/ %,the-one-before"  # only the new one may be sent
    return Settings(oidc_issuer=provider.issuer, oidc_client_id="console", oidc_client_secret=rotating, session_key=KEY)


def sent(departure: Departure) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(departure.url).query))


def came_back(provider: Provider, **claims: Any) -> str:
    """The e-mail of who signs in with an ID token of these claims on top of honest ones; None leaves a claim out."""
    sign_in = SignIn(settings(provider), BACK)
    departure = sign_in.leave("/arsip", NOW)
    real = int(time.time())
    honest = {
        "iss": provider.issuer,
        "aud": "console",
        "sub": "1",
        "iat": real,
        "exp": real + 300,
        "nonce": sent(departure)["nonce"],
        "email": "Admin@Office.example",
        "email_verified": True,
    }
    provider.claims = {name: value for name, value in (honest | claims).items() if value is not None}
    answer = {"state": sent(departure)["state"], "code": "c"}
    arrival = sign_in.arrive(departure.cookie, answer, NOW + timedelta(seconds=30))
    assert arrival.wanted == "/arsip"
    return arrival.email


def test_somebody_signs_in_at_the_platforms_provider(stack: Stack) -> None:
    sign_in = SignIn(load(stack.settings, "console"), BACK)
    departure = sign_in.leave("/arsip", NOW)
    asked = requests.post(departure.url, data={"sub": "admin@belitung.example"}, allow_redirects=False, timeout=5)
    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked.headers["Location"]).query))
    arrival = sign_in.arrive(departure.cookie, answer, NOW)
    assert (arrival.email, arrival.wanted) == ("admin@belitung.example", "/arsip")
    with pytest.raises(Refused):  # the code is good once
        sign_in.arrive(departure.cookie, answer, NOW)


def test_the_request_carries_state_nonce_and_a_pkce_challenge(provider: Provider) -> None:
    query = sent(SignIn(settings(provider), BACK).leave("/", NOW))
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert query["redirect_uri"] == BACK
    assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3


def test_the_e_mail_is_compared_without_case_and_the_secret_is_encoded(provider: Provider) -> None:
    assert came_back(provider) == "admin@office.example"
    assert provider.seen["authorization"].startswith("Basic ")
    assert len(provider.seen["code_verifier"]) >= 43
    provider.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert came_back(provider) == "admin@office.example"
    assert (provider.seen["authorization"], provider.seen["client_secret"]) == ("", "s+/ %")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"azp": "another"},
        {"email_verified": False},
        {"email_verified": "false"},
    ],
)
def test_a_token_that_is_not_for_us_is_refused(provider: Provider, claims: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        came_back(provider, **claims)


def test_a_token_of_another_key_or_algorithm_is_refused(provider: Provider) -> None:
    for algorithm, key in (
        ("RS256", rsa.generate_private_key(65537, 2048)),
        ("none", None),
        ("HS256", "a secret that an attacker knows, and long enough"),
        ("PS256", provider.key),  # honest, but not what the provider said it signs with
    ):
        provider.algorithm, provider.signs_with = algorithm, key
        with pytest.raises(Refused):
            came_back(provider)


def test_a_token_without_key_id_is_accepted_only_when_there_is_one_key(provider: Provider) -> None:
    assert came_back(provider)
    provider.jwks_keys = 2
    with pytest.raises(Refused):
        came_back(provider)
    provider.headers = {"kid": "k1"}
    assert came_back(provider)
    provider.headers = {"kid": "unknown"}
    with pytest.raises(Refused):
        came_back(provider)


def test_the_user_info_page_may_bring_the_e_mail_but_not_another_persons(provider: Provider) -> None:
    provider.userinfo = {"sub": "1", "email": "leader@office.example"}
    assert came_back(provider, email=None) == "leader@office.example"
    provider.userinfo = {"sub": "2", "email": "leader@office.example"}
    with pytest.raises(Refused):
        came_back(provider, email=None)
    provider.userinfo = {"sub": "1"}
    with pytest.raises(Refused, match="no_email"):
        came_back(provider, email=None)


def test_who_comes_back_must_have_left_from_here_a_short_while_ago(provider: Provider) -> None:
    sign_in = SignIn(settings(provider), BACK)
    first, second = sign_in.leave("/", NOW), sign_in.leave("/", NOW)
    good = {"state": sent(first)["state"], "code": "c"}
    for cookie, answer, now, reason in (
        ("", good, NOW, "cookie"),
        (first.cookie + "x", good, NOW, "cookie"),
        (second.cookie, good, NOW, "state"),
        (first.cookie, {"code": "c"}, NOW, "state"),
        (first.cookie, {"state": "é", "code": "c"}, NOW, "state"),
        (first.cookie, {"state": good["state"], "error": "access_denied"}, NOW, "denied"),
        (first.cookie, good | {"iss": "https://evil.example"}, NOW, "issuer"),
        (first.cookie, good, NOW + timedelta(minutes=11), "expired"),
        (first.cookie, good, NOW - timedelta(minutes=1), "expired"),
    ):
        with pytest.raises(Refused, match=f"^{reason}$"):
            sign_in.arrive(cookie, answer, now)


def test_a_provider_that_is_gone_or_names_another_issuer_cannot_be_used(provider: Provider) -> None:
    provider.discovery = {"issuer": "https://evil.example"}
    with pytest.raises(Unavailable):
        SignIn(settings(provider), BACK).leave("/", NOW)
    gone = Settings(oidc_issuer="http://127.0.0.1:1", oidc_client_id="c", oidc_client_secret="s", session_key=KEY)
    with pytest.raises(Unavailable):
        SignIn(gone, BACK).leave("/", NOW)


def a_session(now: datetime = NOW, key: str = KEY) -> tuple[Sessions, Session, str]:
    sessions = Sessions(Settings(session_key=key))
    session = sessions.open(OFFICER, now)
    return sessions, session, sessions.write(session)


def test_a_session_ends_after_half_an_hour_of_silence() -> None:
    sessions, session, cookie = a_session()
    assert sessions.read(cookie, NOW + timedelta(minutes=30)) == session
    assert sessions.read(cookie, NOW + timedelta(minutes=31)) is None
    later = NOW + timedelta(minutes=29)
    touched = sessions.write(sessions.touched(session, later))
    assert sessions.read(touched, NOW + timedelta(minutes=45))


def test_a_session_ends_after_twelve_hours_in_any_case() -> None:
    sessions, session, _ = a_session()
    touched = sessions.touched(session, NOW + timedelta(hours=12))
    assert sessions.read(sessions.write(touched), NOW + timedelta(hours=12))
    assert sessions.read(sessions.write(touched), NOW + timedelta(hours=12, seconds=1)) is None


def test_an_altered_cookie_is_no_session() -> None:
    sessions, _, cookie = a_session()
    for bad in ("", "x", cookie[:-1], cookie[1:], cookie.replace(".", "", 1), "é", a_session(key=OTHER_KEY)[2]):
        assert sessions.read(bad, NOW) is None


def test_a_sign_in_cookie_is_no_session_cookie(provider: Provider) -> None:
    departure = SignIn(settings(provider), BACK).leave("/", NOW)
    assert a_session()[0].read(departure.cookie, NOW) is None


def test_during_a_rotation_both_keys_verify_and_the_first_signs() -> None:
    _, session, old = a_session(key=OTHER_KEY)
    both = Sessions(Settings(session_key=f"{KEY},{OTHER_KEY}"))
    assert both.read(old, NOW) == session
    assert a_session()[0].read(both.write(session), NOW) == session
    assert a_session(key=OTHER_KEY)[0].read(both.write(session), NOW) is None


def test_no_key_no_session() -> None:
    with pytest.raises(MissingSetting):
        Sessions(Settings())


def test_who_was_signed_out_everywhere_or_dismissed_has_no_session_any_more() -> None:
    _, session, _ = a_session()
    assert officer_of(session, OFFICER) == OFFICER
    assert officer_of(session, None) is None
    for changed in ({"active": False}, {"epoch": 5}):
        officer = Officer(**{**OFFICER.__dict__, **changed})
        assert officer_of(session, officer) is None


def test_a_form_key_is_of_one_session() -> None:
    _, session, _ = a_session()
    assert form_key_fits(session, session.form_key)
    for bad in ("", "é", a_session()[1].form_key):
        assert not form_key_fits(session, bad)


def test_a_person_acts_with_name_role_and_agency() -> None:
    actor = person_of(Officer(email="d@o.example", name="Dishub", role="officer", agency="DISHUB")).actor
    assert (actor.name, actor.role, actor.agency) == ("Dishub", "officer", "DISHUB")
