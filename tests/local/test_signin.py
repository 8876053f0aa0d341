import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from besadu_local.stack import Stack
from besadu_local.staff import STAFF, Person

ROLES = {"admin", "officer", "leader", "auditor", "manager"}


def test_there_is_somebody_of_every_role() -> None:
    assert {person.role for person in STAFF} == ROLES


@pytest.mark.parametrize("person", STAFF, ids=lambda person: person.role)
def test_one_click_signs_in_with_code_pkce_state_and_nonce(small_stack: Stack, person: Person) -> None:
    issuer, client = small_stack.settings["OIDC_ISSUER"], small_stack.settings["OIDC_CLIENT_ID"]
    about = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).json()
    verifier, redirect = secrets.token_urlsafe(32), "http://127.0.0.1:1/console/callback"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": redirect,
        "scope": "openid email profile",
        "state": "s",
        "nonce": secrets.token_urlsafe(),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = requests.get(about["authorization_endpoint"], params=asked, timeout=5)
    assert person.email in page.text
    clicked = requests.post(
        about["authorization_endpoint"], params=asked, data={"sub": person.email}, allow_redirects=False, timeout=5
    )
    back = parse_qs(urlsplit(clicked.headers["Location"]).query)
    assert back["state"] == ["s"]
    exchange = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": redirect}
    secret = (client, small_stack.settings["OIDC_CLIENT_SECRET"])
    tokens = requests.post(
        about["token_endpoint"], data={**exchange, "code_verifier": verifier}, auth=secret, timeout=5
    ).json()
    key = jwt.PyJWKClient(about["jwks_uri"]).get_signing_keys()[0].key
    claims = jwt.decode(tokens["id_token"], key, algorithms=["RS256"], audience=client, issuer=issuer)
    assert (claims["email"], claims["nonce"]) == (person.email, asked["nonce"])
