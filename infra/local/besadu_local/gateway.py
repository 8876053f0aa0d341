"""All functions behind one address, in one gunicorn process, each the app that functions-framework makes of it.

Two things of Google's stand in front: the router, which takes the function's name off the path, and Cloud Run's invoker
check, which lets nobody but the invoker's account into the private functions.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import functions_framework
import jwt
from gunicorn.app.base import BaseApplication
from werkzeug import Request, Response

from besadu import clock as product_clock
from besadu_local.clock import Clock
from besadu_local.ports import HOST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DOORS = ("intake", "attachments", "assignment", "delivery", "reminders", "console", "portal")
PRIVATE = frozenset({"delivery", "reminders"})
READY = "ready.json"  # in the state folder; there once everything is up, its content is what /healthz answers
_THREADS = 8


class DoorFailed(Exception):
    """A function could not be loaded; says which and why."""


class InvokerCheck:
    """Cloud Run's IAM check: an identity token of the one account that has run.invoker, made out to this function."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._base, self._account = settings["FUNCTIONS_URL"], settings["INVOKER_ACCOUNT"]
        self._issuer = settings["INVOKER_ISSUER"]
        self._keys = jwt.PyJWKClient(settings["INVOKER_JWKS_URL"], timeout=5)

    def admits(self, request: Request, door: str) -> bool:
        """Whether the bearer may call ``door``."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return False
        audiences = [f"{self._base}/{door}", f"{self._base}{request.path}"]
        try:
            key = self._keys.get_signing_key_from_jwt(token).key
            claims = jwt.decode(token, key, algorithms=["RS256"], audience=audiences, issuer=self._issuer)
        except jwt.PyJWTError:
            return False
        return claims.get("email") == self._account and claims.get("email_verified") is True


class Router:
    """The WSGI application: ``/<function>/<path>`` reaches the function as ``/<path>``, as it does in production."""

    def __init__(self, doors: Mapping[str, "WSGIApplication"], check: InvokerCheck, ready: Path) -> None:
        self._doors, self._check, self._ready = doors, check, ready

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """WSGI."""
        path = str(environ.get("PATH_INFO", ""))
        if path == "/healthz":
            return self._health()(environ, start_response)
        door, _, rest = path.removeprefix("/").partition("/")
        app = self._doors.get(door)
        if app is None:
            return Response("There is no such function.\n", 404)(environ, start_response)
        if door in PRIVATE and not self._check.admits(Request(environ), door):
            return Response("The caller may not invoke this function.\n", 403)(environ, start_response)
        environ["PATH_INFO"] = f"/{rest}"
        for name in ("RAW_URI", "REQUEST_URI"):
            if name in environ:
                environ[name] = "/" + str(environ[name]).removeprefix(f"/{door}").removeprefix("/")
        return app(environ, start_response)

    def _health(self) -> Response:
        try:
            return Response(self._ready.read_bytes(), 200, mimetype="application/json")
        except FileNotFoundError:
            return Response('{"ready": false}', 503, mimetype="application/json")


def load_doors(folder: Path) -> dict[str, "WSGIApplication"]:
    """An app for each door that has a file in ``folder``. Raises DoorFailed."""
    doors: dict[str, WSGIApplication] = {}
    for door in DOORS:
        source = folder / f"{door}.py"
        if not source.is_file():
            continue
        try:
            doors[door] = functions_framework.create_app(target=door, source=str(source))
        except Exception as error:  # whatever a module may raise when it is imported
            message = f"the function {door} cannot start: {type(error).__name__}: {error}"
            raise DoorFailed(message) from error
    return doors


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told by code instead of by its command line."""

    def __init__(self, port: int, folder: Path, state: Path) -> None:
        self._port, self._folder, self._state = port, folder, state
        super().__init__()

    def load_config(self) -> None:
        """One worker, so that all functions share one interpreter; threads, as in production."""
        options: dict[str, Any] = {
            "bind": f"{HOST}:{self._port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": _THREADS,
            "graceful_timeout": 2,
            "control_socket_disable": True,  # it would stand in the user's home, one for all platforms
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Router:
        """In the worker: gRPC does not survive a fork."""
        product_clock.use(Clock(self._state).now)
        try:
            doors = load_doors(self._folder)
        except DoorFailed as error:
            print(f"besadu: {error}", file=sys.stderr, flush=True)
            raise
        return Router(doors, InvokerCheck(os.environ), self._state / READY)


def main() -> None:
    """``python -m besadu_local.gateway``; the settings come from the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    Server(options.port, options.functions.resolve(), options.state).run()


if __name__ == "__main__":
    main()
