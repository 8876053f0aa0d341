"""Who may run a task: the invoker account, with a token for this very function, and nobody else."""

import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from besadu import invoker
from besadu.config import Settings
from besadu.errors import Refused, Unavailable
from besadu_local.tokens import Signer
from tests.factories import closed_port, some_settings

ISSUER = "https://issuer.test.example"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("keys") / "google.pem", ISSUER)


@pytest.fixture(scope="module")
def settings(signer: Signer) -> Iterator[Settings]:
    class Keys(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(signer.jwks()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/certs"
    yield some_settings("invoker", invoker_issuer=ISSUER, invoker_jwks_url=url)
    server.shutdown()
    server.server_close()


def claims(settings: Settings, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": ISSUER,
        "aud": f"{settings.functions_url}/delivery",
        "email": settings.invoker_account,
        "email_verified": True,
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def bearer(signer: Signer, content: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {jwt.encode(content, signer._key, 'RS256', headers={'kid': 'local'})}"}


def test_the_invoker_is_let_in(signer: Signer, settings: Settings) -> None:
    invoker.verify(bearer(signer, claims(settings)), settings, "delivery")
    token = signer.token(email=settings.invoker_account, audience=f"{settings.functions_url}/delivery")
    invoker.verify({"Authorization": f"bearer {token}"}, settings, "delivery")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://127.0.0.1:9/reminders"},
        {"aud": "http://127.0.0.1:9"},
        {"aud": None},
        {"iss": "https://accounts.google.com"},
        {"iss": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"email": "somebody@test.example"},
        {"email": None},
        {"email": ""},
        {"email_verified": False},
        {"email_verified": None},
    ],
)
def test_a_token_for_something_or_somebody_else_is_refused(
    signer: Signer, settings: Settings, changes: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        invoker.verify(bearer(signer, claims(settings, **changes)), settings, "delivery")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic aW52b2tlcjp4"},
        {"Authorization": "Bearer \u00e9"},
        {"X-CloudTasks-TaskName": "task", "X-CloudTasks-QueueName": "outbox"},
    ],
)
def test_a_caller_without_a_token_is_refused(settings: Settings, headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        invoker.verify(headers, settings, "delivery")


def test_a_token_signed_by_somebody_else_is_refused(settings: Settings, tmp_path: Path) -> None:
    stranger = Signer(tmp_path / "stranger.pem", ISSUER)
    with pytest.raises(Refused):
        invoker.verify(bearer(stranger, claims(settings)), settings, "delivery")


def test_a_token_without_a_signature_or_signed_with_the_public_key_is_refused(
    signer: Signer, settings: Settings
) -> None:
    unsigned = jwt.encode(claims(settings), "", "none", headers={"kid": "local"})
    public = signer._key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # By hand: the library refuses to make what an attacker would.
    head, body, _ = unsigned.split(".")
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"local","typ":"JWT"}').decode()
    digest = hmac.new(public, f"{head}.{body}".encode(), "sha256").digest()
    mixed_up = f"{head}.{body}.{jwt.utils.base64url_encode(digest).decode()}"
    for token in (unsigned, mixed_up):
        with pytest.raises(Refused):
            invoker.verify({"Authorization": f"Bearer {token}"}, settings, "delivery")


def test_when_the_issuers_keys_cannot_be_had_the_caller_may_try_again(signer: Signer, settings: Settings) -> None:
    away = replace(settings, invoker_jwks_url=f"http://127.0.0.1:{closed_port()}/certs")
    with pytest.raises(Unavailable):
        invoker.verify(bearer(signer, claims(settings)), away, "delivery")
