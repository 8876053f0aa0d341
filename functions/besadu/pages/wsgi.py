"""From the functions framework to a Flask app of ours and back."""

from typing import cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response

from besadu.config import Settings


def mount_of(settings: Settings, function: str) -> str:
    """The path under which the world sees this function: what every link begins with, such as ``/console``."""
    return f"{urlsplit(settings.besadu_public_url).path.rstrip('/')}/{function}"


def serve(app: Flask, request: Request, mount: str) -> Response:
    """Let ``app`` answer. The function itself sees ``/x`` where the world sees ``mount`` + ``/x``."""
    environ = dict(request.environ)
    environ["SCRIPT_NAME"] = mount
    environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
    # The class method makes one of its own class, and is annotated with its base.
    return cast("Response", Response.from_app(app.wsgi_app, environ))
