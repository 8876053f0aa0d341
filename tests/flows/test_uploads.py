"""A large file from the words in the chat to its place with the complaint, over the running functions."""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from bs4 import BeautifulSoup

from besadu import config
from besadu.domain.evidence import Evidence
from besadu.domain.message import Address
from besadu.errors import Unavailable
from besadu.media import Media
from besadu.queue import Queue
from besadu.services import arrivals, staff_uploads, uploads
from besadu.services.office import Office
from besadu.store import Store, open_store
from besadu.store.client import connect
from besadu.store.senders import key_of
from besadu_local.stack import Stack
from besadu_local.world.client import Phone
from tests.factories import NIK

STORY = "Lampu jalan di depan SD 5 Perawas mati total sejak Senin, gelap sekali kalau malam"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
PIECE = 4 * 1024 * 1024


@dataclass
class Guest:
    """A citizen with a phone, and with a browser that sends what it is told to."""

    stack: Stack
    number: str = field(default_factory=lambda: f"62812{secrets.randbelow(9 * 10**8):09d}")

    @property
    def store(self) -> Store:
        return open_store(connect(config.load(self.stack.settings, "intake")))

    @property
    def head(self) -> Any:
        account = self.stack.settings["WHATSAPP_PHONE_NUMBER_ID"]
        stored = self.store.senders.read(key_of(Address(channel="whatsapp", account=account, phone=self.number)))
        return stored.value if stored else None

    def says(self, *texts: str) -> None:
        for text in texts:
            before = self.head.sequence if self.head else 0
            Phone(self.stack.addresses["phone"], self.number).say(text)
            eventually(lambda before=before: self.head and self.head.sequence > before)
            self.stack.clock.advance(15)

    def reads(self) -> list[str]:
        return [str(message["text"]) for message in Phone(self.stack.addresses["phone"], self.number).inbox()]

    def link(self) -> str:
        """Asks for a link, and finds it in the chat."""
        known = len(self.reads())
        self.says("kirim file besar")
        eventually(lambda: any("/attachments/kirim/" in text for text in self.reads()[known:]))
        text = next(text for text in reversed(self.reads()) if "/attachments/kirim/" in text)
        return next(word for word in text.split() if "/attachments/kirim/" in word)

    def evidence(self) -> list[Evidence]:
        draft = self.head.draft
        return self.store.evidence.read_all(draft.evidence if draft else ())


@dataclass
class Visitor:
    guest: Guest
    link: str


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        threading.Event().wait(0.05)


def begin(link: str, size: int, mime: str = "video/mp4") -> tuple[str, str]:
    """The upload's id, and where its bytes go."""
    answer = requests.post(f"{link}/mulai", json={"size": size, "type": mime}, timeout=10)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    begun = requests.post(said["url"], headers=said["headers"], timeout=10)
    assert begun.status_code == 201, begun.text
    return said["id"], begun.headers["Location"]


def put(place: str, content: bytes, first: int, size: int) -> requests.Response:
    span = f"bytes {first}-{first + len(content) - 1}/{size}"
    return requests.put(place, content, headers={"Content-Range": span}, timeout=30)


def finish(link: str, upload_id: str, name: str = "video.mp4", mime: str = "video/mp4") -> requests.Response:
    return requests.post(f"{link}/selesai", json={"id": upload_id, "name": name, "type": mime}, timeout=30)


def send(link: str, content: bytes, mime: str = "video/mp4") -> requests.Response:
    upload_id, place = begin(link, len(content), mime)
    assert put(place, content, 0, len(content)).status_code in (200, 201)
    return finish(link, upload_id, mime=mime)


@pytest.fixture
def guest(stack: Stack) -> Guest:
    made = Guest(stack)
    made.says(STORY)
    return made


@pytest.fixture(scope="module")
def visitor(stack: Stack) -> Visitor:
    """A guest with a link, for tests that leave both as they were."""
    made = Guest(stack)
    made.says(STORY)
    return Visitor(made, made.link())


def test_a_film_of_60_megabytes_joins_the_draft_after_a_drop(guest: Guest) -> None:
    link = guest.link()
    size = 60_000_000
    digest = hashlib.sha256()
    upload_id, place = begin(link, size)
    sent, dropped = 0, False
    while sent < size:
        piece = ((MP4 if sent == 0 else b"") + bytes(PIECE))[: min(PIECE, size - sent)]
        answer = put(place, piece, sent, size)
        digest.update(piece)
        sent += len(piece)
        if sent > size / 2 and not dropped:  # the phone forgets how far it was, and asks
            dropped = True
            asked = requests.put(place, headers={"Content-Range": f"bytes */{size}"}, timeout=10)
            assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{sent - 1}")
        assert answer.status_code == (308 if sent < size else 200)
    assert finish(link, upload_id).status_code == 200
    eventually(lambda: [item for item in guest.evidence() if item.state == "stored"])
    (item,) = guest.evidence()
    assert (item.size, item.sha256, item.mime) == (size, digest.hexdigest(), "video/mp4")
    guest.stack.clock.advance(15)
    eventually(lambda: any("sudah kami terima" in text for text in guest.reads()))
    # Finished twice, it is there once.
    assert finish(link, upload_id).status_code == 200
    assert len(guest.evidence()) == 1


def test_a_file_joins_the_complaint_that_came_of_the_draft_and_of_no_other(guest: Guest) -> None:
    link = guest.link()
    guest.says(f"NIK saya {NIK}", "TIDAK ADA", "YA")
    ticket = guest.head.ticket
    assert ticket
    assert send(link, JPEG, "image/jpeg").status_code == 200
    stored = guest.store.complaints.read(ticket)
    assert stored
    (line,) = [line for line in guest.store.complaints.talk(stored.value) if line.evidence]
    (item,) = guest.store.evidence.read_all(line.evidence)
    assert (item.ticket, item.uploaded) == (ticket, True)
    page = BeautifulSoup(requests.get(link, timeout=10).text, "html5lib").get_text(" ", strip=True)
    assert ticket in page
    guest.says("LAPOR sampah menumpuk di pasar sejak kemarin")
    assert requests.get(link, timeout=10).status_code == 410
    assert requests.post(f"{link}/mulai", json={"size": 5, "type": "x"}, timeout=10).status_code == 410


def test_an_upload_opens_no_window_at_the_provider(guest: Guest) -> None:
    link = guest.link()
    before = guest.head.last_inbound_at
    guest.stack.clock.advance(60)
    assert send(link, JPEG, "image/jpeg").status_code == 200
    assert guest.head.last_inbound_at == before


def test_what_is_no_picture_is_locked_away(guest: Guest) -> None:
    assert send(guest.link(), b"<html><script>alert(1)</script></html>", "image/jpeg").status_code == 200
    eventually(lambda: [item for item in guest.evidence() if item.state == "quarantined"])


def test_without_a_script_the_form_takes_small_files(guest: Guest) -> None:
    link = guest.link()
    files = [("files", ("satu.jpg", JPEG, "image/jpeg")), ("files", ("kosong.jpg", b"", "image/jpeg"))]
    page = requests.post(link, files=files, timeout=10)
    said = BeautifulSoup(page.text, "html5lib").get_text(" ", strip=True)
    assert "1 berkas sudah kami terima" in said
    assert "kosong.jpg: Berkas kosong" in said
    assert len(guest.evidence()) == 1
    assert "Pilih berkasnya dahulu" in requests.post(link, timeout=10).text


@pytest.mark.parametrize(
    ("size", "said"), [(0, "kosong"), (-1, "kosong"), ("x", "kosong"), (arrivals.MOST_BYTES + 1, "200 MB")]
)
def test_a_file_of_a_wrong_size_is_not_begun(visitor: Visitor, size: object, said: str) -> None:
    answer = requests.post(f"{visitor.link}/mulai", json={"size": size, "type": "video/mp4"}, timeout=10)
    assert answer.status_code == 422
    assert said in answer.json()["problem"]


def test_the_bucket_takes_neither_more_nor_less_than_was_said(visitor: Visitor) -> None:
    link = visitor.link
    upload_id, place = begin(link, 100)
    assert put(place, bytes(200), 0, 200).status_code == 400
    assert finish(link, upload_id).status_code == 422
    # Nor another type or size than was signed.
    said = requests.post(f"{link}/mulai", json={"size": 100, "type": "video/mp4"}, timeout=10).json()
    larger = {**said["headers"], "x-goog-content-length-range": "1,900000000"}
    assert requests.post(said["url"], headers=larger, timeout=10).status_code == 403


def test_what_has_not_arrived_is_not_taken_in(visitor: Visitor) -> None:
    link = visitor.link
    upload_id, _ = begin(link, 100)
    for wrong in (upload_id, "", "../../evidence/x", "x" * 30, secrets.token_urlsafe(18)):
        answer = finish(link, wrong)
        assert (answer.status_code, "sampai" in answer.json()["problem"]) == (422, True)
    assert visitor.guest.evidence() == []


def test_a_link_ends_with_its_draft(guest: Guest) -> None:
    link = guest.link()
    guest.says("BATAL")
    answer = requests.get(link, timeout=10)
    assert answer.status_code == 410
    assert "Silakan lanjutkan di percakapan" in answer.text


def test_the_page_lets_bytes_go_to_the_bucket_and_nowhere_else(visitor: Visitor) -> None:
    page = requests.get(visitor.link, timeout=10)
    policy = page.headers["Content-Security-Policy"]
    assert f"connect-src 'self' {visitor.guest.stack.settings['STORAGE_EMULATOR_HOST']}" in policy
    assert "default-src 'self'" in policy
    soup = BeautifulSoup(page.text, "html5lib")
    (script,) = soup.find_all("script")
    assert script.get("src")
    assert not script.string
    source = requests.get(requests.compat.urljoin(page.url, script["src"]), timeout=10)  # type: ignore[attr-defined]
    assert source.headers["Content-Type"].startswith("text/javascript")
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_two_files_at_once_both_join(guest: Guest) -> None:
    link = guest.link()
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(send(link, JPEG, "image/jpeg").status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert len(guest.evidence()) == 4


def test_when_the_bucket_is_silent_the_page_says_so_and_nothing_is_lost(guest: Guest) -> None:
    link = guest.link()
    token = urlsplit(link).path.rsplit("/", 1)[-1]
    upload_id, place = begin(link, len(JPEG), "image/jpeg")
    assert put(place, JPEG, 0, len(JPEG)).status_code == 200
    settings = config.load({**guest.stack.settings, "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}, "attachments")
    deaf = Office(settings, guest.store, Queue(settings), guest.stack.clock.now)
    with pytest.raises(Unavailable):
        uploads.finish(deaf, Media(settings), token, upload_id=upload_id, mime="image/jpeg", filename="a.jpg")
    assert guest.evidence() == []
    assert finish(link, upload_id).status_code == 200
    assert len(guest.evidence()) == 1


def test_a_link_that_was_altered_or_is_too_old_is_refused_politely(guest: Guest) -> None:
    link = guest.link()
    token = urlsplit(link).path.rsplit("/", 1)[-1]
    for wrong in (token[:-1], token[:-2] + "xx", token.replace(".", ""), "x", token.swapcase()):
        answer = requests.get(link.replace(token, wrong), timeout=10)
        assert answer.status_code == 410
        assert "KIRIM FILE BESAR" in answer.text
        assert token not in answer.text
    guest.stack.clock.advance(int(uploads.LINK_LIFE.total_seconds()) + 60)
    assert requests.get(link, timeout=10).status_code == 410


def test_a_page_of_staff_uploads_through_the_same_door(guest: Guest) -> None:
    guest.says(f"NIK saya {NIK}", "TIDAK ADA", "YA")
    ticket = guest.head.ticket
    settings = config.load(guest.stack.settings, "console")
    office = Office(settings, guest.store, Queue(settings), guest.stack.clock.now)
    address = staff_uploads.address(office, ticket)
    answer = send(address, JPEG, "image/jpeg")
    assert answer.status_code == 200, answer.text
    kept = answer.json()["file"]
    assert staff_uploads.own(office, ticket, "office", (kept,)) == (kept,)

    def looked_at() -> bool:
        (item,) = guest.store.evidence.read_all((kept,))
        return item.state == "stored"

    eventually(looked_at)
    wrong = send(address, b"<html>", "text/html")
    assert (wrong.status_code, "jenis berkas" in wrong.json()["problem"]) == (422, True)
    guest.stack.clock.advance(int(staff_uploads.PAGE_LIFE.total_seconds()) + 1)
    late = requests.post(f"{address}/mulai", json={"size": 5, "type": "image/jpeg"}, timeout=10)
    assert (late.status_code, late.json()["problem"]) == (410, staff_uploads.DEAD)
