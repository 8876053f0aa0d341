"""What bringing and showing evidence costs, and whether bucket and database agree after many kills.

The platform's bucket and database are used; the provider is a server of our own that has any file one asks for.
"""

import json
import os
import random
import secrets
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from besadu import config
from besadu.domain.complaint import TalkLine
from besadu.domain.evidence import Evidence, rendition_name
from besadu.domain.message import Attachment
from besadu.media import Media
from besadu.pages.console import create_app
from besadu.queue import Queue
from besadu.services import evidence, tidying
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect
from besadu_local.stack import Stack
from tests.pages.browser import Browser, read
from tests.samples import photo
from tests.services.console_case import a_cast

MB = 1_000_000
FILM, MOST_MEMORY = 64 * MB, 24 * MB
PHOTOS = 30
KILLS, FILES, AT_ONCE = 200, 120, 2


def _film() -> Iterator[bytes]:
    """64 MB that say they are an MP4, a piece at a time."""
    head = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 0, b"isom", b"mp42")
    rest = FILM - len(head)
    yield head + struct.pack(">I4s", rest, b"mdat")
    piece = secrets.token_bytes(256_000)
    rest -= 8
    while rest:
        yield piece[: min(rest, len(piece))]
        rest -= min(rest, len(piece))


class _Provider(BaseHTTPRequestHandler):
    """A Graph API: /ID says where the file is, /file/film and /file/NUMBER are files."""

    photos: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        """Look up or download."""
        name = self.path.partition("?")[0].strip("/")
        if not name.startswith("file/"):
            host, port = self.server.server_address[:2]
            body = json.dumps({"url": f"http://{host!s}:{port}/file/{name}"}).encode()
            self._say(len(body), iter((body,)))
        elif name == "file/film":
            self._say(FILM, _film())
        else:
            seed = name.removeprefix("file/")
            body = self.photos.setdefault(seed, photo(int(seed) % 7 + 1, size=(640, 480)) + seed.encode())
            self._say(len(body), iter((body,)))

    def _say(self, length: int, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(piece)
        except OSError:  # who asked was killed
            return

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@dataclass(frozen=True)
class _Place:
    stack: Stack
    environ: dict[str, str]
    office: Office
    media: Media

    def a_file(self, media_id: str) -> str:
        """A file to be brought now; its id."""
        now = datetime.now(UTC)
        item = Evidence(
            id=secrets.token_hex(12),
            ticket="",
            sender_key="s",
            attachment=Attachment(kind="image", media_id=media_id),
            created_at=now,
            due=now,
        )
        commit = self.office.store.commit()
        self.office.store.evidence.stage(commit, item)
        commit.run()
        return item.id

    def worker(self, *arguments: str, **more: Any) -> "subprocess.Popen[bytes]":
        """Start a process that brings files."""
        command = [sys.executable, "-m", "tests.bench.fetcher", *arguments]
        return subprocess.Popen(command, env=self.environ, **more)


@contextmanager
def _place() -> Iterator[_Place]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    ours = {
        "GOOGLE_CLOUD_PROJECT": f"bench-{secrets.token_hex(4)}",
        "META_GRAPH_URL": f"http://127.0.0.1:{server.server_port}",
    }
    with tempfile.TemporaryDirectory(prefix="besadu-bench-") as name, Stack(Path(name), environ=ours) as stack:
        environ = {**os.environ, **stack.process_environ(), **stack.settings}
        os.environ |= {key: environ[key] for key in ("FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")}
        settings = config.load(environ, "attachments")
        office = Office(settings, open_store(connect(settings)), Queue(settings))
        yield _Place(stack, environ, office, Media(settings))
    server.shutdown()
    server.server_close()


def memory_of_a_film() -> dict[str, Any]:
    """Peak memory over idle while 64 MB go from the provider to the bucket."""
    with _place() as place:
        worker = place.worker("one", place.a_file("1"), place.a_file("film"), stdout=subprocess.PIPE)
        found = json.loads(worker.communicate()[0])
    return {
        "figure": "memory_of_a_film",
        "peak_over_idle": found["peak"] - found["idle"],
        "target": f"<= {MOST_MEMORY}",
        **found,
    }


def bytes_of_an_evidence_page() -> dict[str, Any]:
    """What a browser loads of a complaint with 30 photos until it sees them all, and how much lies behind them."""
    with _place() as place:
        cast = a_cast(place.stack)
        ids, originals = [], 0
        for seed in range(PHOTOS):
            body = photo(seed + 1, size=(4000, 3000), quality=92, exif=True)
            originals += len(body)
            evidence_id = cast.evidence("", body, "", state="pending", object_name="", uploaded=True, size=0)
            cast.media.store(f"incoming/{evidence_id}", iter((body,)), limit=len(body))
            evidence.fetch(cast.office, cast.media, evidence_id)
            ids.append(evidence_id)
        line = TalkLine(at=cast.hands.now(), speaker="citizen", text="Buktinya", key="m", evidence=tuple(ids))
        ticket = cast.complaint(talk=(line,))
        browser = Browser(create_app(cast.office, cast.media), cast, "admin")
        page = browser.get(f"/laporan/{ticket}")
        pictures = [str(image["src"]) for image in read(page).select("#bukti img")]
        sizes = [len(browser.get(picture.removeprefix("/console")).data) for picture in pictures]
    return {
        "figure": "bytes_of_an_evidence_page",
        "thumbnails": sum(sizes),
        "page": len(page.data),
        "pictures": len(sizes),
        "originals_behind_them": originals,
        "share": round(sum(sizes) / originals, 4),
    }


def files_after_kills() -> dict[str, Any]:
    """200 workers are killed at random; then the sweep runs once. Lost files and objects without a file: none."""
    chance = random.Random(20261127)  # noqa: S311 - the same kills in each run
    with _place() as place:
        ids = [place.a_file(str(number)) for number in range(FILES)]
        for done in range(0, KILLS, AT_ONCE):
            # Each begins a lease later than the one before, so that nobody waits for the dead.
            workers = [place.worker("all", str(done * 660), stderr=subprocess.DEVNULL) for _ in range(AT_ONCE)]
            for worker in workers:
                time.sleep(chance.uniform(0.5, 1.4))
                worker.kill()
                worker.wait()
        last = place.worker("all", str((KILLS + 99) * 660), stderr=subprocess.DEVNULL)
        last.wait()
        later = replace(place.office, now=lambda: datetime.now(UTC) + timedelta(days=365))
        tidied = tidying.tidy(later, place.media)
        return {"figure": "files_after_kills", "kills": KILLS, "tidied": tidied, **_agreement(place, ids)}


def _agreement(place: _Place, ids: list[str]) -> dict[str, Any]:
    items = place.office.store.evidence.read_all(ids)
    named = {item.object_name for item in items}
    named |= {rendition_name(item.object_name, part.name) for item in items for part in item.renditions}
    lying = {found.name for prefix in ("incoming/", "evidence/", "quarantine/") for found in place.media.named(prefix)}
    states = {state: sum(item.state == state for item in items) for state in {item.state for item in items}}
    return {
        "files": states,
        "lost": sum(item.state != "stored" for item in items) + len(named - lying),
        "orphans": len(lying - named),
        "without_renditions": sum(not item.renditions for item in items),
        "target": "lost 0, orphans 0",
    }
