"""Who may call which page: every view declares its roles, and one guard before each request holds everybody to them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from besadu import identity, logs
from besadu.domain.complaint import Role
from besadu.identity import Person, Session, Sessions
from besadu.pages import shell
from besadu.services.office import Office

View = TypeVar("View", bound=Callable[..., Any])
Answer = str | tuple[str, int] | AnyResponse

ANYBODY: Final[frozenset[Role]] = frozenset()
STAFF: Final[tuple[Role, ...]] = ("admin", "officer", "leader", "auditor", "manager")
RENEW_AFTER: Final = timedelta(minutes=1)  # a new cookie with each request would be a waste
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def may(*roles: Role, most_body: int = 0) -> Callable[[View], View]:
    """Only staff with one of these roles may call the view; ``most_body`` bytes where the usual limit is too small."""
    return _ruled(frozenset(roles), most_body)


def anybody(view: View) -> View:
    """Also who is not signed in may call the view. It must not change anything but the caller's own sign-in."""
    return _ruled(ANYBODY)(view)


def rules(app: Flask) -> Mapping[str, frozenset[Role]]:
    """Endpoint -> roles, of all views. Raises LookupError when a view declares none."""
    found = {name: getattr(view, "roles", None) for name, view in app.view_functions.items()}
    missing = sorted(name for name, roles in found.items() if roles is None)
    if missing:
        message = f"views without roles: {', '.join(missing)}"
        raise LookupError(message)
    return {name: roles for name, roles in found.items() if roles is not None}


class Door:
    """The guard: reads the session's cookie, finds the person, refuses who may not, and forms from elsewhere."""

    def __init__(self, office: Office) -> None:
        self._office = office
        parts = urlsplit(office.settings.besadu_public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.https = parts.scheme == "https"
        # The prefix makes browsers insist on Secure, no domain and the root path.
        self.cookie = "__Host-besadu" if self.https else "besadu"
        self.sessions = Sessions(office.settings)

    def guard(self, app: Flask, mount: str) -> None:
        """Stand before and behind every view of ``app``."""
        declared = rules(app)

        @app.before_request
        def _() -> Answer | None:
            roles = declared.get(request.endpoint or "", ANYBODY)
            if not roles:
                return None
            if not self._recognise():
                return self._send_away(mount)
            if g.person.role not in roles:
                return shell.trouble(403)
            if most_body := getattr(app.view_functions[request.endpoint or ""], "most_body", 0):
                request.max_content_length = most_body
            if request.method not in _SAFE and not self._from_our_page():
                logs.warning("foreign_form", endpoint=request.endpoint)
                return shell.trouble(
                    403, "Formulir ini sudah kedaluwarsa. Muat ulang halamannya, lalu kirim sekali lagi."
                )
            return None

        @app.after_request
        def _(response: Response) -> Response:
            session = g.get("session")
            if session and self._office.now().timestamp() - session.last_seen > RENEW_AFTER.total_seconds():
                self.admit(response, self.sessions.touched(session, self._office.now()))
            return response

        @app.context_processor
        def _() -> dict[str, object]:
            session = g.get("session")
            return {"person": g.get("person"), "form_key": session.form_key if session else ""}

    def admit(self, response: AnyResponse, session: Session) -> None:
        """Give the browser this session."""
        self.set_cookie(response, self.cookie, self.sessions.write(session))

    def set_cookie(self, response: AnyResponse, name: str, value: str, *, seconds: int | None = None) -> None:
        """A cookie that scripts cannot read and other sites cannot send along with a form."""
        response.set_cookie(name, value, max_age=seconds, httponly=True, secure=self.https, samesite="Lax", path="/")

    def forget(self, response: AnyResponse, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(name, httponly=True, secure=self.https, samesite="Lax", path="/")

    def _recognise(self) -> bool:
        session = self.sessions.read(request.cookies.get(self.cookie, ""), self._office.now())
        if session is None:
            return False
        officer = identity.officer_of(session, self._office.store.directory.officer(session.email))
        if officer is None:
            return False
        g.session, g.person = session, identity.person_of(officer)
        return True

    def _send_away(self, mount: str) -> Answer:
        if request.method not in _SAFE:
            advice = "Waktu masuk Anda sudah habis. Tekan tombol kembali untuk menyalin tulisan Anda, lalu masuk lagi."
            return shell.trouble(403, advice, "Silakan masuk kembali")
        wanted = request.full_path.rstrip("?")
        return redirect(f"{mount}/masuk?lanjut={quote(wanted, safe='/')}", 303)

    def _from_our_page(self) -> bool:
        """Fetch metadata and Origin where the browser sends them (all do today), and in any case the session's key."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return False
        if request.headers.get("Origin", self._origin) != self._origin:
            return False
        given = request.headers.get("X-Form-Key") or request.form.get("form_key", "")
        return identity.form_key_fits(g.session, given)


def person() -> Person:
    """Who is signed in, in a view that asks for a role."""
    found: Person = g.person
    return found


def _ruled(roles: frozenset[Role], most_body: int = 0) -> Callable[[View], View]:
    def declare(view: View) -> View:
        view.roles = roles  # type: ignore[attr-defined]  # read by rules()
        view.most_body = most_body  # type: ignore[attr-defined]  # read by the guard
        return view

    return declare
