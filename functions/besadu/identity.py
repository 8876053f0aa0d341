"""Staff identity: sign-in by OpenID Connect, and the signed cookie that carries it from page to page.

The provider says who (OpenID Connect Core 1.0: code flow with PKCE, state and nonce); the directory says what. There
is no server session: the cookie holds who, since when and the epoch; a higher epoch of the officer ends it everywhere.
Sessions run by ``besadu.clock``; a provider's tokens are checked by real time, because its clock is not ours to move.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from itsdangerous import BadData, URLSafeSerializer

from besadu.config import Settings, secrets_of
from besadu.domain.complaint import Actor, Role
from besadu.errors import MissingSetting, Refused, Unavailable
from besadu.frozen import dataclass, replace
from besadu.store.directory import Officer

if TYPE_CHECKING:
    from jwt import PyJWKClient

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SIGN_IN_TIME = timedelta(minutes=10)  # between leaving for the provider and coming back
DISCOVERY_FRESH = timedelta(hours=1)
_TIMEOUT = 5  # seconds
_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)  # never HS, never none


@dataclass(frozen=True, kw_only=True)
class Person:
    """A signed-in staff person, as the directory has them now."""

    email: str
    name: str
    role: Role
    agency: str = ""

    @property
    def actor(self) -> Actor:
        """How a complaint's history names this person."""
        return Actor(role=self.role, name=self.name, agency=self.agency)


def person_of(officer: Officer) -> Person:
    """The person behind a directory entry."""
    return Person(email=officer.email, name=officer.name, role=officer.role, agency=officer.agency)


@dataclass(frozen=True, kw_only=True)
class Session:
    """What the cookie holds. Times in whole seconds since 1970; ``form_key`` must come back with each form."""

    email: str
    epoch: int
    signed_in_at: int
    last_seen: int
    form_key: str


class Sessions:
    """Makes and reads session cookies."""

    def __init__(self, settings: Settings) -> None:
        self._signer = _signer(settings, "session")

    def open(self, officer: Officer, now: datetime) -> Session:
        """A new session, from this moment."""
        second = int(now.timestamp())
        return Session(
            email=officer.email,
            epoch=officer.epoch,
            signed_in_at=second,
            last_seen=second,
            form_key=secrets.token_urlsafe(24),
        )

    def touched(self, session: Session, now: datetime) -> Session:
        """The session after a request: the idle time starts anew."""
        return replace(session, last_seen=int(now.timestamp()))

    def write(self, session: Session) -> str:
        """The cookie's value."""
        return self._signer.dumps(asdict(session))

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session, or None when there is none, it was altered, or it ran out."""
        try:
            session = Session(**self._signer.loads(cookie))
        except (BadData, TypeError):
            return None
        second = now.timestamp()
        idle = second - session.last_seen > IDLE.total_seconds()
        too_long = second - session.signed_in_at > LONGEST.total_seconds()
        return None if idle or too_long else session


def officer_of(session: Session, officer: Officer | None) -> Officer | None:
    """The officer whose session this still is: active, and not signed out everywhere since."""
    if officer is None or not officer.active or officer.epoch != session.epoch:
        return None
    return officer


def form_key_fits(session: Session, given: str) -> bool:
    """Whether a form came from a page of this session."""
    return hmac.compare_digest(session.form_key.encode(), given.encode(errors="replace"))


@dataclass(frozen=True, kw_only=True)
class Departure:
    """Where to send the browser, and the cookie that must come back with it."""

    url: str
    cookie: str


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Who came back from the provider, and the page they wanted."""

    email: str
    wanted: str


class SignIn:
    """The code flow with one provider. What the provider says about itself is remembered for an hour."""

    def __init__(self, settings: Settings, redirect_uri: str) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._signer = _signer(settings, "sign-in")
        self._lock = threading.Lock()
        self._discovered: tuple[datetime, Mapping[str, Any], PyJWKClient] | None = None

    def leave(self, wanted: str, now: datetime) -> Departure:
        """Start a sign-in that ends on the page ``wanted``. Raises Unavailable."""
        provider, _ = self._provider()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = str(provider["authorization_endpoint"])
        joint = "&" if "?" in endpoint else "?"
        return Departure(
            url=f"{endpoint}{joint}{urllib.parse.urlencode(query)}",
            cookie=self._signer.dumps([state, nonce, verifier, wanted, int(now.timestamp())]),
        )

    def arrive(self, cookie: str, answer: Mapping[str, str], now: datetime) -> Arrival:
        """Who came back with the provider's ``answer`` (the query). Raises Refused (one-word reason), Unavailable."""
        try:
            state, nonce, verifier, wanted, left_at = self._signer.loads(cookie)
        except (BadData, TypeError, ValueError):
            raise Refused("cookie") from None
        if not 0 <= now.timestamp() - left_at <= SIGN_IN_TIME.total_seconds():
            raise Refused("expired")
        if not hmac.compare_digest(str(state).encode(), answer.get("state", "").encode(errors="replace")):
            raise Refused("state")
        if "code" not in answer:
            raise Refused("denied")  # the person or the provider said no
        # RFC 9207: a provider that names itself in the answer must be ours.
        if "iss" in answer and answer["iss"] != str(self._provider()[0]["issuer"]):
            raise Refused("issuer")
        claims = self._exchange(answer["code"], str(verifier), str(nonce))
        email = str(claims.get("email") or "").strip().lower()
        if not email:
            raise Refused("no_email")
        if claims.get("email_verified") in (False, "false"):
            raise Refused("email_unverified")
        return Arrival(email=email, wanted=str(wanted))

    def _exchange(self, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """The claims about the person, from the ID token, and from the user-info page when that lacks the e-mail."""
        provider, keys = self._provider()
        tokens = self._redeem(provider, code, verifier)
        claims = self._verified(str(tokens.get("id_token", "")), provider, keys)
        if not hmac.compare_digest(nonce.encode(), str(claims.get("nonce", "")).encode()):
            raise Refused("nonce")
        if not claims.get("email") and provider.get("userinfo_endpoint"):
            bearer = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
            more = _fetch("GET", str(provider["userinfo_endpoint"]), headers=bearer)
            # Core 5.3.2: without this check another person's claims could be put in.
            if more.get("sub") != claims["sub"]:
                raise Refused("userinfo")
            claims = {**more, **claims}
        return claims

    def _redeem(self, provider: Mapping[str, Any], code: str, verifier: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        client = self._settings.oidc_client_id
        secret = next(iter(secrets_of(self._settings.oidc_client_secret)), b"").decode()
        methods = provider.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" not in methods and "client_secret_post" in methods:
            return _fetch(
                "POST", str(provider["token_endpoint"]), data={**form, "client_id": client, "client_secret": secret}
            )
        # RFC 6749 2.3.1: both parts are form-encoded before they go into the header.
        pair = (urllib.parse.quote_plus(client), urllib.parse.quote_plus(secret))
        return _fetch("POST", str(provider["token_endpoint"]), data=form, auth=pair)

    def _verified(self, token: str, provider: Mapping[str, Any], keys: "PyJWKClient") -> dict[str, Any]:
        import jwt

        offered = provider.get("id_token_signing_alg_values_supported") or ["RS256"]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                _key_for(token, keys),
                algorithms=[name for name in _ALGORITHMS if name in offered],
                audience=self._settings.oidc_client_id,
                issuer=str(provider["issuer"]),
                leeway=30,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.PyJWKClientConnectionError as fault:
            raise Unavailable(type(fault).__name__) from None
        except (jwt.InvalidTokenError, jwt.PyJWKError, jwt.PyJWKClientError) as fault:
            raise Refused(type(fault).__name__) from None
        # Core 3.1.3.7: a token made for several parties must name us as the one it was issued to.
        if claims.get("azp", self._settings.oidc_client_id) != self._settings.oidc_client_id:
            raise Refused("azp")
        return claims

    def _provider(self) -> "tuple[Mapping[str, Any], PyJWKClient]":
        with self._lock:
            now = datetime.now(UTC)
            if self._discovered is None or now - self._discovered[0] > DISCOVERY_FRESH:
                from jwt import PyJWKClient

                issuer = self._settings.oidc_issuer.rstrip("/")
                found = _fetch("GET", f"{issuer}/.well-known/openid-configuration")
                # Discovery 4.3: a document of another issuer must not be used.
                if str(found.get("issuer", "")).rstrip("/") != issuer:
                    raise Unavailable("issuer")
                if any(name not in found for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")):
                    raise Unavailable("discovery")
                keys = PyJWKClient(str(found["jwks_uri"]), lifespan=300, timeout=_TIMEOUT)
                self._discovered = (now, found, keys)
            return self._discovered[1], self._discovered[2]


def _key_for(token: str, keys: "PyJWKClient") -> Any:  # noqa: ANN401 - a key of the library's own kinds
    """The key that the token names, or the only one: Core 10.1 asks for a ``kid`` only when there are several keys."""
    import jwt

    name = jwt.get_unverified_header(token).get("kid")
    if name is not None:
        return keys.get_signing_key(name).key
    usable = [key for key in keys.get_jwk_set().keys if key.public_key_use in (None, "sig")]
    if len(usable) != 1:
        raise jwt.PyJWKClientError("the token names no key and there is not exactly one")
    return usable[0].key


def _fetch(method: str, url: str, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401 - arguments of requests
    """A JSON object from the provider. Raises Unavailable, or Refused when it says no."""
    import requests

    try:
        answer = requests.request(method, url, timeout=_TIMEOUT, allow_redirects=False, **more)
        body = answer.json()
    except (requests.RequestException, ValueError) as fault:
        raise Unavailable(type(fault).__name__) from None
    if answer.status_code >= 500 or not isinstance(body, dict):
        raise Unavailable("provider")
    if answer.status_code != 200:
        raise Refused("provider")
    return body


def _signer(settings: Settings, purpose: str) -> URLSafeSerializer:
    keys = secrets_of(settings.session_key)
    if not keys:
        message = "SESSION_KEY not set"
        raise MissingSetting(message)
    # The library signs with the last key and verifies with all of them.
    return URLSafeSerializer(
        list(reversed(keys)), salt=f"console {purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )
