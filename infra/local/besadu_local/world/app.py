"""Putting the world together: the store, the webhooks' threads, the Graph API, the phone page, the levers."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from besadu_local.clock import Clock
from besadu_local.world import phone
from besadu_local.world.approved import approved
from besadu_local.world.config import WorldSettings
from besadu_local.world.control import control
from besadu_local.world.graph import graph
from besadu_local.world.store import WorldStore
from besadu_local.world.webhooks import Webhooks
from besadu_local.world.whatsapp import WhatsApp

CHANNELS = (("whatsapp", "WhatsApp"),)  # the page's tabs
MAX_REQUEST = 110_000_000  # bytes: the API's largest file and a form around it
_CSP = "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; frame-ancestors 'self'"


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open, and writes no line a request: addresses of chats are nobody's business in a log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def create_app(whatsapp: WhatsApp) -> Flask:
    """The whole world's web application."""
    app = Flask(__name__, static_folder="assets", static_url_path="/assets")
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.config["MAX_FORM_MEMORY_SIZE"] = 2_000_000
    app.extensions["whatsapp"] = whatsapp
    app.jinja_env.filters.update(rich=phone.rich, date=phone.date_of)
    app.jinja_env.globals["channels"] = CHANNELS
    for blueprint in (graph, phone.phone, control):
        app.register_blueprint(blueprint)

    @app.after_request
    def headers(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", _CSP)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    return app


@contextmanager
def running(settings: WorldSettings, port: int = 0) -> Iterator[BaseWSGIServer]:
    """The world behind a listening server (port 0: any free one); the caller lets it ``serve_forever``."""
    store = WorldStore(settings.state)
    webhooks = Webhooks(store, settings)
    whatsapp = WhatsApp(settings, store, webhooks, Clock(settings.state), approved(settings.public_url))
    server = make_server("127.0.0.1", port, create_app(whatsapp), threaded=True, request_handler=QuietHandler)
    webhooks.start()
    try:
        yield server
    finally:
        server.server_close()
        whatsapp.close()
        webhooks.stop()
        store.close()
