"""Putting the world together: the store, the webhooks' threads, the Graph API, the phone page, the levers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Flask, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from besadu_local.clock import Clock
from besadu_local.world import instagram, mail, messenger, phone, sms, telephone
from besadu_local.world.cdn import cdn
from besadu_local.world.config import WorldSettings
from besadu_local.world.control import control
from besadu_local.world.graph import graph
from besadu_local.world.store import WorldStore
from besadu_local.world.tabs import Network, Tab, World
from besadu_local.world.webhooks import Webhooks

TABS: Mapping[str, Tab] = {  # one line a channel, in the order of the page
    "whatsapp": phone.TAB,
    "facebook": messenger.TAB,
    "instagram": instagram.TAB,
    "sms": sms.TAB,
    "telephone": telephone.TAB,
    "email": mail.TAB,
}
MAX_REQUEST = 110_000_000  # bytes: the API's largest file and a form around it
_CSP = "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; frame-ancestors 'self'"


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open, and writes no line a request: addresses of chats are nobody's business in a log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def create_app(networks: Mapping[str, Network]) -> Flask:
    """The whole world's web application."""
    app = Flask(__name__, static_folder="assets", static_url_path="/assets")
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.config["MAX_FORM_MEMORY_SIZE"] = 2_000_000
    app.extensions["networks"] = networks
    app.extensions["whatsapp"] = networks["whatsapp"]
    app.extensions["tabs"] = TABS
    app.jinja_env.filters.update(rich=phone.rich, date=phone.date_of)
    app.jinja_env.globals["tabs"] = TABS
    for blueprint in (graph, cdn, phone.phone, control, *(one for tab in TABS.values() for one in tab.blueprints)):
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
    world = World(settings=settings, store=store, webhooks=webhooks, clock=Clock(settings.state))
    networks = {name: tab.network(world) for name, tab in TABS.items()}
    server = make_server("127.0.0.1", port, create_app(networks), threaded=True, request_handler=QuietHandler)
    webhooks.start()
    try:
        yield server
    finally:
        server.server_close()
        for network in networks.values():
            network.close()
        webhooks.stop()
        store.close()
