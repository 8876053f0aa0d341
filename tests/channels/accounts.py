"""What the tests of Messenger and Instagram share: our accounts, and the simulated world with a door that listens."""

import http.server
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import requests
from werkzeug.serving import BaseWSGIServer

from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Inbound, Parsed
from besadu_local.ports import free_port
from besadu_local.world.app import running
from besadu_local.world.client import Phone
from besadu_local.world.config import WorldSettings

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PAGE = "100000000000002"
INSTAGRAM = "17841400000000003"
SETTINGS = Settings(meta_app_secret="app-secret", facebook_page_id=PAGE, instagram_account_id=INSTAGRAM)
PAYLOADS = Path(__file__).parent.parent / "payloads"


def payloads(channel: str) -> list[Path]:
    return sorted((PAYLOADS / channel).glob("*.json"))


def webhook(raw: bytes, headers: dict[str, str] | None = None, path: str = "/messenger") -> Webhook:
    return Webhook(
        method="POST",
        path=path,
        url=f"https://besadu.example/intake{path}",
        query="",
        headers=headers or {},
        raw=raw,
        received_at=NOW,
    )


@dataclass(frozen=True)
class Reader:
    """Reads a channel's payload files."""

    module: ModuleType
    folder: str

    def parse(self, name: str) -> Parsed:
        return self.raw((PAYLOADS / self.folder / f"{name}.json").read_bytes())

    def raw(self, raw: bytes) -> Parsed:
        parsed: Parsed = self.module.parse(webhook(raw), SETTINGS)
        return parsed

    def only(self, name: str) -> Inbound:
        parsed = self.parse(name)
        assert not parsed.unparsed
        (message,) = parsed.messages
        return message


@dataclass
class World:
    """The simulated providers on a free port, and what they told the door at ``path``."""

    url: str
    settings: Settings
    heard: list[Webhook] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def phone(self, who: str, name: str, channel: str) -> Phone:
        return Phone(self.url, who, name, channel=channel)

    def fail(self, **spec: Any) -> None:
        requests.post(f"{self.url}/control/fail", json=spec, timeout=5).raise_for_status()

    def advance(self, seconds: int) -> None:
        requests.post(f"{self.url}/clock", json={"advance_seconds": seconds}, timeout=5).raise_for_status()

    def wait(self, module: ModuleType, wanted: Callable[[Inbound], bool], count: int = 1) -> list[Inbound]:
        """The first ``count`` wanted messages among those that came, all genuine and understood."""

        def found() -> list[Inbound]:
            assert all(module.authentic(each, self.settings) for each in self.heard)
            parsed = [module.parse(each, self.settings) for each in self.heard]
            assert not [piece for each in parsed for piece in each.unparsed]
            return [message for each in parsed for message in each.messages if wanted(message)]

        with self.arrived:
            assert self.arrived.wait_for(lambda: len(found()) >= count, 10), "the webhook did not come"
            return found()


@contextmanager
def world(state: Path) -> Iterator[World]:
    """A world of its own, with a door that hears its webhooks."""
    origin = f"http://127.0.0.1:{(port := free_port(set()))}"
    settings = Settings(
        meta_app_secret="app-secret",
        meta_access_token="bearer-token, older",
        meta_graph_url=f"{origin}/graph",
        facebook_page_id=PAGE,
        instagram_account_id=INSTAGRAM,
    )
    site = World(origin, settings)

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            with site.arrived:
                site.heard.append(webhook(raw, dict(self.headers), self.path.removeprefix("/intake")))
                site.arrived.notify_all()
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as door, serving(door):
        simulated = WorldSettings(
            state=state,
            public_url=f"http://127.0.0.1:{door.server_port}",
            graph_origin=origin,
            app_secret="app-secret",
            access_token="bearer-token",
            phone_number_id="100000000000001",
            facebook_page_id=PAGE,
            instagram_account_id=INSTAGRAM,
            read_after=0.01,
        )
        with running(simulated, port) as server, serving(server):
            yield site


@contextmanager
def serving(server: socketserver.BaseServer | BaseWSGIServer) -> Iterator[None]:
    """A server that answers in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
