"""The simulated world keeps the providers' contracts, and our WhatsApp channel gets along with it over real HTTP."""

import base64
import hashlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from besadu.channels import meta, whatsapp
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Address, Attachment, Inbound, Outgoing, SendResult
from besadu.errors import MediaGone, Unavailable
from besadu_local.world.app import running
from besadu_local.world.approved import approved
from besadu_local.world.client import Phone
from besadu_local.world.config import WorldSettings
from besadu_local.world.phone import SAMPLES

ACCOUNT = "106540352242922"
SITI = "6281200000001"


def _webhook(raw: bytes, now: datetime) -> Webhook:
    url = "https://besadu.example/intake/whatsapp"
    return Webhook(method="POST", path="/whatsapp", url=url, query="", headers={}, raw=raw, received_at=now)


@dataclass
class Besadu:
    """The receiving end of webhooks: keeps what is signed, and answers as told."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def inbound(self) -> list[Inbound]:
        now = datetime.now(UTC)
        ours = Settings(whatsapp_phone_number_id=ACCOUNT)
        parsed = [whatsapp.parse(_webhook(body, now), ours) for body in self.bodies]
        assert not [piece for each in parsed for piece in each.unparsed]
        return [message for each in parsed for message in each.messages]

    def wait(self, wanted: Callable[[Inbound], bool], count: int = 1) -> list[Inbound]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: sum(map(wanted, self.inbound())) >= count, 10), "webhook did not come"
            return [message for message in self.inbound() if wanted(message)]


@pytest.fixture
def besadu() -> Iterator[Besadu]:
    heard = Besadu()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.path == "/intake/whatsapp" and meta.verify(raw, dict(self.headers), "app-secret")
            status = (heard.answers.pop(0) if heard.answers else 200) if good else 403
            with heard.arrived:
                if status == 200:
                    heard.bodies.append(raw)
                heard.arrived.notify_all()
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    heard.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield heard
    server.shutdown()
    server.server_close()


@dataclass
class Running:
    url: str
    settings: Settings

    def phone(self, number: str = SITI, name: str = "Siti Aminah") -> Phone:
        return Phone(self.url, number, name)

    def fail(self, **spec: Any) -> None:
        requests.post(f"{self.url}/control/fail", json=spec, timeout=5).raise_for_status()

    def sends(self) -> list[dict[str, Any]]:
        return requests.get(f"{self.url}/control/sends", timeout=5).json()

    def send(self, phone: str = SITI, **what: Any) -> SendResult:
        identity = {"phone" if phone.isdigit() else "user_id": phone}
        address = Address(channel="whatsapp", account=ACCOUNT, **identity)
        return whatsapp.send(Outgoing(outbox_id="ob-1", address=address, **what), settings=self.settings)


@pytest.fixture
def start(tmp_path: Path, besadu: Besadu) -> Callable[[], Any]:
    """Starts the world on the same state, as often as a test likes."""
    return lambda: _start(tmp_path, besadu)


class _start:  # noqa: N801 - reads as the verb it is
    def __init__(self, state: Path, besadu: Besadu) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._origin = f"http://127.0.0.1:{self._port}"
        self._world = running(
            WorldSettings(
                state=state,
                public_url=besadu.url,
                graph_origin=self._origin,
                app_secret="app-secret",
                access_token="bearer-token",
                phone_number_id=ACCOUNT,
                read_after=0.01,
            ),
            self._port,
        )

    def __enter__(self) -> Running:
        self._server = self._world.__enter__()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        settings = Settings(
            meta_access_token="bearer-token, older",
            meta_graph_url=f"{self._origin}/graph",
            whatsapp_phone_number_id=ACCOUNT,
        )
        return Running(self._origin, settings)

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._world.__exit__(None, None, None)


@pytest.fixture
def world(start: Callable[[], Any]) -> Iterator[Running]:
    with start() as up:
        yield up


def is_message(message: Inbound) -> bool:
    return message.kind == "message"


def test_a_citizen_s_text_arrives_as_a_signed_webhook(world: Running, besadu: Besadu) -> None:
    sent = world.phone().say("Jalan rusak é 🙏 a/b")
    (message,) = besadu.wait(is_message)
    assert (message.provider_id, message.text, message.name) == (sent, "Jalan rusak é 🙏 a/b", "Siti Aminah")
    assert message.address.phone == SITI
    assert rb"\u00e9" in besadu.bodies[0]
    assert rb"a\/b" in besadu.bodies[0]


def test_a_citizen_with_a_username_has_no_number(world: Running, besadu: Besadu) -> None:
    phone = world.phone("@melati", "Melati")
    phone.say("halo")
    (message,) = besadu.wait(is_message)
    assert message.address.phone == ""
    assert SITI.encode() not in besadu.bodies[0]
    assert world.send(message.address.user_id, text="Selamat datang").outcome == "sent"
    assert phone.wait_for(lambda got: got["text"] == "Selamat datang")


def test_every_kind_of_message_is_understood(world: Running, besadu: Besadu) -> None:
    phone = world.phone()
    phone.photo(SAMPLES / "foto-jalan-rusak.jpg", "lubang")
    phone.voice(SAMPLES / "pesan-suara.ogg")
    phone.location(-2.7411, 107.6339, "Pasar")
    phone.document(b"%PDF-1.4", "application/pdf")
    messages = besadu.wait(is_message, 4)
    kinds = {message.attachments[0].kind: message for message in messages}
    assert set(kinds) == {"image", "audio", "location", "document"}
    assert kinds["image"].text == "lubang"
    assert kinds["audio"].attachments[0].voice
    assert kinds["location"].attachments[0].label == "Pasar"


def test_an_album_travels_as_messages_of_their_own(world: Running, besadu: Besadu) -> None:
    ids = world.phone().album([SAMPLES / "foto-jalan-rusak.jpg"] * 10)
    messages = besadu.wait(is_message, 10)
    assert {message.provider_id for message in messages} == set(ids)


def test_a_webhook_can_arrive_again_and_again(world: Running, besadu: Besadu) -> None:
    phone = world.phone()
    sent = phone.say("halo")
    phone.redeliver(sent, 3)
    assert {message.provider_id for message in besadu.wait(is_message, 4)} == {sent}
    assert len(set(besadu.bodies)) == 1


def test_the_messages_of_one_person_come_in_order(world: Running, besadu: Besadu) -> None:
    besadu.answers += [503]
    phone = world.phone()
    for number in range(5):
        phone.say(f"pesan {number}")
    assert [message.text for message in besadu.wait(is_message, 5)] == [f"pesan {number}" for number in range(5)]


def test_a_webhook_that_is_not_taken_comes_again_even_after_a_restart(start: Callable[[], Any], besadu: Besadu) -> None:
    besadu.answers += [503] * 50
    with start() as up:
        up.phone().say("jangan hilang")
        while requests.get(f"{up.url}/control/webhooks", timeout=5).json()["trouble"] == []:
            time.sleep(0.01)
    assert not besadu.bodies
    besadu.answers.clear()
    with start():
        assert besadu.wait(is_message)[0].text == "jangan hilang"


def test_a_reply_is_recorded_shown_and_its_receipts_come_back(world: Running, besadu: Besadu) -> None:
    phone = world.phone()
    phone.say("halo")
    result = world.send(text="Selamat pagi")
    assert result.outcome == "sent"
    shown = phone.wait_for(lambda message: message["text"] == "Selamat pagi")
    assert shown["id"] == result.provider_id
    receipts = [message.receipt for message in besadu.wait(lambda message: message.kind == "receipt", 3)]
    assert [receipt.state for receipt in receipts if receipt] == ["sent", "delivered", "read"]
    assert {(receipt.provider_id, receipt.outbox_id) for receipt in receipts if receipt} == {
        (result.provider_id, "ob-1")
    }
    (recorded,) = world.sends()
    assert recorded["body"]["text"] == {"body": "Selamat pagi", "preview_url": False}


def test_a_message_is_read_when_somebody_looks_if_reading_is_not_automatic(world: Running, besadu: Besadu) -> None:
    requests.post(f"{world.url}/control/settings", json={"auto_read": False}, timeout=5).raise_for_status()
    phone = world.phone()
    phone.say("halo")
    world.send(text="Selamat pagi")
    besadu.wait(lambda message: message.receipt is not None and message.receipt.state == "delivered")
    assert phone.inbox()[0]["state"] == "delivered"
    requests.get(f"{world.url}/screen/{phone.id}", timeout=5).raise_for_status()
    besadu.wait(lambda message: message.receipt is not None and message.receipt.state == "read")


def test_after_a_day_only_a_template_goes_through(world: Running) -> None:
    phone = world.phone()
    phone.say("halo")
    assert world.send(text="masih terbuka").outcome == "sent"
    phone.clock_advance(86_400)
    late = world.send(text="terlambat")
    assert (late.outcome, late.error_code) == ("window_closed", "131047")
    assert world.send(template="jawaban_tersedia", template_values=("BSD-2026-1",)).outcome == "sent"
    shown = phone.wait_for(lambda message: message["template"] == "jawaban_tersedia")
    assert "BSD-2026-1" in shown["text"]
    phone.press(shown, "BUKA")
    assert world.send(text="terbuka lagi").outcome == "sent"


def test_a_pressed_button_is_a_reply_to_its_message(world: Running, besadu: Besadu) -> None:
    phone = world.phone()
    phone.say("halo")
    world.send(text="Apakah sesuai? PUAS atau BELUM", buttons=("PUAS", "BELUM"))
    shown = phone.wait_for(lambda message: bool(message["buttons"]))
    phone.press(shown, "PUAS")
    (pressed,) = besadu.wait(lambda message: message.text == "PUAS")
    assert (pressed.payload, pressed.target_id) == ("PUAS", shown["id"])


def test_a_duty_post_appears_with_its_link(world: Running) -> None:
    values = ("Dinas PUPR", "BSD-2026-1", "Jalan\nrusak", "Senin")
    result = world.send("6281200000077", template="disposisi_baru", template_values=values, link_suffix="token")
    assert result.outcome == "sent"
    (message,) = world.phone("6281200000077").inbox()
    assert message["link"].endswith("/assignment/t/token")
    assert "Dinas PUPR" in message["text"]
    page = requests.get(world.url, timeout=5).text
    assert "Telepon petugas" in page


def test_each_of_our_templates_is_approved_with_as_many_values_and_the_same_button() -> None:
    known = approved("https://besadu.example")
    assert set(whatsapp.TEMPLATES) == set(known)
    for name, ours in whatsapp.TEMPLATES.items():
        theirs = known[name]
        assert (ours.name, ours.language, ours.values) == (name, theirs.language, theirs.values)
        assert (ours.button == "url") == bool(theirs.url)
        assert ours.button.startswith("quick_reply:") == bool(theirs.quick_reply)


@pytest.mark.parametrize("message", [
    {"text": ""},
    {"text": "x" * 4097},
    {"text": "ya?", "buttons": ("a", "b", "c", "d")},
    {"text": "ya?", "buttons": ("x" * 21,)},
    {"template": "tidak_ada"},
    {"template": "kabar_laporan", "template_values": ("satu",)},
    {"template": "disposisi_baru", "template_values": ("a", "b", "c", "d")},
    {"media_url": "https://x.example/a.jpg", "media_kind": "image", "text": "x" * 1025},
    {"media_url": "https://x.example/a.jpg"},
])  # fmt: skip
def test_what_cannot_be_sent_is_our_bug_and_never_leaves(world: Running, message: dict[str, Any]) -> None:
    world.phone().say("halo")
    assert world.send(**message).outcome == "bug"
    assert world.sends() == []


def test_too_long_a_text_for_buttons_goes_without_them(world: Running) -> None:
    world.phone().say("halo")
    assert world.send(text="x" * 2000, buttons=("PUAS",)).outcome == "sent"
    assert world.sends()[0]["kind"] == "text"


GOOD = {"messaging_product": "whatsapp", "to": SITI, "type": "text", "text": {"body": "halo"}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"surprise": 1}, 100),
        ({"messaging_product": None}, 100),
        ({"to": "siti"}, 131009),
        ({"to": None}, 100),
        ({"type": "hologram"}, 100),
        ({"text": {"body": ""}}, 100),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"text": {"body": "a", "font": "big"}}, 100),
        ({"type": "template", "text": None}, 100),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
    ],
)
def test_the_graph_api_is_as_strict_as_the_real_one(world: Running, change: dict[str, Any], code: int) -> None:
    world.phone().say("halo")
    body = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    answer = requests.post(
        f"{world.url}/graph/v26.0/{ACCOUNT}/messages",
        json=body,
        headers={"Authorization": "Bearer bearer-token"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert world.sends() == []


def test_a_wrong_bearer_is_refused(world: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Basic bearer-token"}):
        answer = requests.post(f"{world.url}/graph/{ACCOUNT}/messages", json=GOOD, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)
    stranger = Settings(**{**world.settings.__dict__, "meta_access_token": "other"})
    sent = whatsapp.send(
        Outgoing(outbox_id="o", address=Address(channel="whatsapp", account=ACCOUNT, phone=SITI), text="a"),
        settings=stranger,
    )
    assert sent.outcome == "unauthorised"


@pytest.mark.parametrize(
    ("spec", "outcome", "code"),
    [
        ({"status": 500, "code": 131000}, "retry", "131000"),
        ({"status": 500, "code": 1}, "ambiguous", "1"),
        ({"status": 503, "code": 131016, "retry_after": 7}, "retry", "131016"),
        ({"status": 429, "code": 130429, "retry_after": 7}, "slow_down", "130429"),
        ({"status": 400, "code": 131056}, "slow_down", "131056"),
        ({"status": 400, "code": 131026}, "permanent", "131026"),
        ({"status": 400, "code": 999999}, "permanent", "999999"),
        ({"status": 400, "code": 100}, "bug", "100"),
        ({"status": 404, "code": 132001}, "bug", "132001"),
        ({"status": 401, "code": 190}, "unauthorised", "190"),
        ({"status": 403, "code": 131031}, "unauthorised", "131031"),
        ({"status": 200, "code": 131026}, "permanent", "131026"),
        ({"mode": "html", "status": 502}, "ambiguous", "http_502"),
        ({"mode": "html", "status": 200}, "ambiguous", "http_200"),
        ({"mode": "html", "status": 429}, "slow_down", "http_429"),
        ({"mode": "reset"}, "ambiguous", "no_answer"),
    ],
)
def test_every_failure_says_what_to_do_next(world: Running, spec: dict[str, Any], outcome: str, code: str) -> None:
    world.phone().say("halo")
    world.fail(times=1, **spec)
    result = world.send(text="halo")
    assert (result.outcome, result.error_code) == (outcome, code)
    assert result.retry_after == spec.get("retry_after")
    assert world.sends() == []
    assert world.send(text="halo").outcome == "sent"


def test_no_connection_is_a_retry_and_a_silent_provider_is_ambiguous(
    world: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.phone().say("halo")
    nobody = Settings(**{**world.settings.__dict__, "meta_graph_url": "http://127.0.0.1:1/graph"})
    address = Address(channel="whatsapp", account=ACCOUNT, phone=SITI)
    assert whatsapp.send(Outgoing(outbox_id="o", address=address, text="a"), settings=nobody).outcome == "retry"
    monkeypatch.setattr("besadu.channels.http.TIMEOUTS", (1.0, 0.2))
    world.fail(mode="timeout", seconds=0.5, accepted=True)
    assert world.send(text="halo").outcome == "ambiguous"
    assert len(world.sends()) == 1


def test_a_message_can_fail_after_it_was_taken(world: Running, besadu: Besadu) -> None:
    world.phone().say("halo")
    world.fail(mode="status", code=131047)
    assert world.send(text="halo").outcome == "sent"
    (failed,) = besadu.wait(lambda message: message.kind == "receipt")
    assert failed.receipt is not None
    assert (failed.receipt.state, failed.receipt.error_code, failed.receipt.outbox_id) == ("failed", "131047", "ob-1")


def test_a_picture_by_link_is_fetched_and_shown(world: Running) -> None:
    phone = world.phone()
    phone.say("halo")
    link = f"{world.url}/samples/foto-selesai.jpg"
    assert world.send(media_url=link, media_kind="image", text="Sudah diperbaiki").outcome == "sent"
    shown = phone.wait_for(lambda message: bool(message["mime"]))
    assert shown["sha256"] == hashlib.sha256((SAMPLES / "foto-selesai.jpg").read_bytes()).hexdigest()


def photographed(world: Running, besadu: Besadu) -> Attachment:
    world.phone().photo(SAMPLES / "foto-jalan-rusak.jpg")
    return besadu.wait(is_message)[0].attachments[0]


def fetch(world: Running, attachment: Attachment) -> bytes:
    with whatsapp.fetch_media(attachment, settings=world.settings) as media:
        return b"".join(media.chunks)


def test_a_photo_comes_whole_through_a_five_minute_address(world: Running, besadu: Besadu) -> None:
    attachment = photographed(world, besadu)
    original = (SAMPLES / "foto-jalan-rusak.jpg").read_bytes()
    with whatsapp.fetch_media(attachment, settings=world.settings) as media:
        assert (media.mime, media.size) == ("image/jpeg", len(original))
        assert b"".join(media.chunks) == original
    assert attachment.sha256 == hashlib.sha256(original).hexdigest()
    by_url = Attachment(kind="image", url=attachment.url)
    assert fetch(world, by_url) == original
    assert requests.get(attachment.url, timeout=5).status_code == 401
    world.phone().clock_advance(301)
    with pytest.raises(MediaGone):
        fetch(world, by_url)
    assert fetch(world, attachment) == original


def test_a_file_that_is_gone_is_not_asked_for_again(world: Running) -> None:
    with pytest.raises(MediaGone):
        fetch(world, Attachment(kind="image", media_id="123456"))
    with pytest.raises(MediaGone):
        fetch(world, Attachment(kind="image", media_id="../control/sends"))


@pytest.mark.parametrize("place", ["media", "download"])
@pytest.mark.parametrize("spec", [{"status": 500}, {"status": 429, "code": 4}, {"mode": "html"}, {"mode": "reset"}])
def test_a_passing_trouble_with_a_file_is_tried_again(
    world: Running, besadu: Besadu, place: str, spec: dict[str, Any]
) -> None:
    attachment = photographed(world, besadu)
    world.fail(place=place, **spec)
    with pytest.raises(Unavailable):
        fetch(world, attachment)
    assert fetch(world, attachment)


def test_too_big_a_file_is_cut_off(world: Running, besadu: Besadu, monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = photographed(world, besadu)
    monkeypatch.setattr(whatsapp, "MAX_MEDIA_BYTES", 1000)
    with pytest.raises(MediaGone, match="too_big"):
        fetch(world, attachment)
    with pytest.raises(MediaGone, match="too_big"):
        fetch(world, Attachment(kind="image", url=attachment.url))


FORBIDDEN = [
    "http://lookaside.fbsbx.com/a",
    "https://lookaside.fbsbx.com.evil.example/a",
    "https://evil.example/lookaside.fbsbx.com",
    "https://lookaside.fbsbx.com@evil.example/a",
    "https://evil.example@lookaside.fbsbx.com/a",
    "https://lookaside.fbsbx.com:8443/a",
    "https://evil.example\\@lookaside.fbsbx.com/a",
    "https://lookaside.fbsbx.com\t/a",
    "https://lookaside.fbsbx.com /a",
    "https://xlookaside.fbsbx.com/a",
    "https://lookaside.fbsbx.com./a",
    "https://169.254.169.254/computeMetadata/v1/",
    "http://169.254.169.254/computeMetadata/v1/",
    "https://metadata.google.internal/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::1]/",
    "https://127.0.0.1/",
    "https://0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://localhost/",
    "http://127.0.0.1:1/graph",
    "file:///etc/passwd",
    "ftp://lookaside.fbsbx.com/a",
    "gopher://lookaside.fbsbx.com/a",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "//lookaside.fbsbx.com/a",
    "lookaside.fbsbx.com/a",
    "https:///a",
    "https://",
    "https://lookaside.fbsbx.com:99999/a",
    "https://lookaside.fbsbx.com:x/a",
    "https://lookaside.fbsbx.c\u043em/a",
    "https://lookaside\u3002fbsbx.com/a",
    "https://[lookaside.fbsbx.com/a",
    "https://graph.facebook.com%2eevil.example/a",
    "https://graph.facebook.com%00.evil.example/a",
    "https://graph.facebook.com\r\nHost: evil.example/",
    "https://*.facebook.com/a",
]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_hostile_address_is_never_connected_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    settings = Settings(meta_graph_url="https://graph.facebook.com/v26.0", meta_access_token="t")
    with pytest.raises(MediaGone), whatsapp.fetch_media(Attachment(kind="image", url=url), settings=settings):
        pass


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_listed_host_with_a_private_address_is_refused(private: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("157.240.1.1", 443)), (0, 0, 6, "", (private, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    settings = Settings(meta_graph_url="http://127.0.0.1:1/graph", meta_access_token="t")
    url = "https://lookaside.fbsbx.com/a"
    with pytest.raises(MediaGone), whatsapp.fetch_media(Attachment(kind="image", url=url), settings=settings):
        pass


def test_the_page_shows_a_chat_and_writes_without_scripts(world: Running, besadu: Besadu) -> None:
    home = requests.get(world.url, timeout=5)
    assert "Siti Aminah" in home.text
    phone = world.phone()
    answer = requests.post(f"{world.url}/chat/{phone.id}", data={"text": "<b>halo</b>"}, timeout=5)
    assert answer.status_code == 200
    assert "&lt;b&gt;halo&lt;/b&gt;" in answer.text
    assert besadu.wait(is_message)[0].text == "<b>halo</b>"
    files = {"file": ("x.jpg", (SAMPLES / "foto-jalan-rusak.jpg").read_bytes(), "image/jpeg")}
    requests.post(f"{world.url}/chat/{phone.id}", data={"text": "fotonya"}, files=files, timeout=5).raise_for_status()
    for form in ({"sample": "pesan-suara.ogg"}, {"kind": "location", "spot": "Badau|-2.8|107.7"}):
        requests.post(f"{world.url}/chat/{phone.id}", data=form, timeout=5).raise_for_status()
    kinds = [message.attachments[0].kind for message in besadu.wait(lambda message: bool(message.attachments), 3)]
    assert kinds == ["image", "audio", "location"]
    assert requests.post(f"{world.url}/chat/{phone.id}", data={"text": " "}, timeout=5).status_code == 400


def test_a_new_phone_is_taken_by_number_or_name_and_nonsense_is_explained(world: Running) -> None:
    for address in ("0812 0000 0009", "+62 812-0000-0008", "@rahma"):
        page = requests.post(f"{world.url}/people", data={"address": address, "name": "Rahma"}, timeout=5)
        assert "Rahma" in page.text
        assert "6281200000009" not in page.url
    page = requests.post(f"{world.url}/people", data={"address": "siapa"}, timeout=5)
    assert page.status_code == 400
    assert "tidak dikenali" in page.text


def test_the_clock_moves_by_json_and_by_form(world: Running) -> None:
    before = datetime.fromisoformat(requests.get(f"{world.url}/clock", timeout=5).json()["now"])
    after = datetime.fromisoformat(world.phone().clock_advance(3600))
    assert 3600 <= (after - before).total_seconds() < 3660
    form = requests.post(f"{world.url}/clock", data={"advance_working_days": "3"}, timeout=5).json()
    assert form["advanced_seconds"] in (3 * 86_400, 4 * 86_400, 5 * 86_400)
    refused = requests.post(f"{world.url}/clock", json={"advance_seconds": -5}, timeout=5)
    assert refused.status_code == 400


def test_what_was_said_is_there_after_a_restart_and_gone_after_a_reset(start: Callable[[], Any]) -> None:
    with start() as up:
        up.phone().say("halo")
        assert up.send(text="Selamat pagi").outcome == "sent"
    with start() as up:
        assert [message["text"] for message in up.phone().inbox()] == ["Selamat pagi"]
        requests.post(f"{up.url}/control/reset", timeout=5).raise_for_status()
        assert up.phone().inbox() == []
        assert up.sends() == []


def test_an_upload_is_served_in_a_sandbox_and_only_harmless_types_inline(world: Running) -> None:
    evil = base64.b64encode(b"<script>alert(1)</script>").decode()
    file = {"base64": evil, "mime": "text/html", "filename": "x.html"}
    sent = {"from": SITI, "file": file}
    requests.post(f"{world.url}/citizen/whatsapp", json=sent, timeout=5).raise_for_status()
    page = requests.get(f"{world.url}/screen/{world.phone().id}", timeout=5).text
    path = page.split('class="file" href="')[1].split('"')[0]
    answer = requests.get(f"{world.url}{path}", timeout=5)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_about_citizens_is_written_to_the_log(
    world: Running, besadu: Besadu, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    besadu.answers += [500]
    phone = world.phone()
    phone.say("NIK saya 1902014107900001")
    world.send(text="Terima kasih")
    besadu.wait(is_message)
    requests.get(f"{world.url}/?p={phone.id}", timeout=5).raise_for_status()
    out, err = capfd.readouterr()
    everything = caplog.text + out + err
    assert "webhook" in caplog.text
    for secret in (SITI, "1902014107900001", "Terima kasih", "Siti"):
        assert secret not in everything


def test_a_body_that_is_no_json_is_refused_by_the_graph_api(world: Running) -> None:
    headers = {"Authorization": "Bearer bearer-token"}
    for body in (b"", b"{", b"[]", json.dumps("x").encode()):
        answer = requests.post(f"{world.url}/graph/{ACCOUNT}/messages", data=body, headers=headers, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == 100
