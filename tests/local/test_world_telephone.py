"""Calls of the simulated world against the IVR itself, and the world's own manners."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from besadu.channels import telephone
from besadu.channels.webhook import Webhook
from besadu.domain.complaint import Complaint
from besadu.errors import Unavailable
from besadu.services.office import Office
from besadu.services.telephone import handle
from besadu_local.world import twiml
from besadu_local.world.app import running
from besadu_local.world.calls import Call
from besadu_local.world.client import Phone
from besadu_local.world.config import WorldSettings
from tests.factories import NIK, Hands, an_office, talk_of

ACCOUNT = "AC00000000000000000000000000000001"
SAMPLE = Path(twiml.__file__).parents[1] / "samples" / "rekaman-telepon.mp3"


class Besadu:
    """The door in front of the IVR. ``broken``: answers 503 so many times before it works."""

    def __init__(self) -> None:
        self.url = ""
        self.office: Office | None = None
        self.broken = 0
        self.paths: list[str] = []

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[str, str, int]:
        self.paths.append(path)
        if self.broken:
            self.broken -= 1
            return "try again", "text/plain", 503
        assert self.office
        webhook = Webhook(
            method="POST",
            path=path.removeprefix("/intake"),
            url=self.url + path,
            query="",
            headers=headers,
            raw=raw,
            received_at=self.office.now(),
        )
        return handle(self.office, webhook)


@pytest.fixture
def besadu(firestore_project: str) -> Iterator[Besadu]:
    ours = Besadu()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body, kind, status = ours.take(self.path, dict(self.headers), raw)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        ours.url = f"http://127.0.0.1:{server.server_port}"
        ours.office = an_office(
            firestore_project,
            Hands().now,
            besadu_public_url=ours.url,
            twilio_account_sid=ACCOUNT,
            twilio_auth_token="local-twilio-auth-token",
            sms_gateway="android",
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield ours
        server.shutdown()
        thread.join()


@pytest.fixture
def world(tmp_path: Path, besadu: Besadu) -> Iterator[str]:
    settings = WorldSettings(
        state=tmp_path,
        public_url=besadu.url,
        graph_origin="http://127.0.0.1:9",
        app_secret="app-secret",
        access_token="bearer-token",
        phone_number_id="1",
    )
    with running(settings) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def complaints(besadu: Besadu) -> list[Complaint]:
    assert besadu.office
    store = besadu.office.store
    found = [store.complaints.read(snapshot.id) for snapshot in store.database.collection("complaints").get()]
    return [one.value for one in found if one]


def wait_for(there: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_whole_call_becomes_a_complaint(world: str, besadu: Besadu) -> None:
    call = Phone(world, "6281200000021", "Hasan").call()
    assert call.doing == "gather"
    assert call.press(f"{NIK}#").doing == "record"
    assert "NIK berakhiran 0 0 0 3 sudah kami terima." in " ".join(call.heard)
    call.speak()
    assert call.doing == "over"
    (complaint,) = complaints(besadu)
    assert " ".join(complaint.ticket[-4:]) in " ".join(call.heard)
    assert complaint.reporter.nik
    wait_for(lambda: {"/intake/telephone/recording-status", "/intake/telephone/status"} <= {*besadu.paths})
    assert len(complaints(besadu)) == 1
    assert call.steps == ["answer 200", "nik 200", "recorded 200"]


def test_the_recording_can_be_fetched_with_our_credentials_only(world: str, besadu: Besadu) -> None:
    Phone(world, "6281200000021").call().press("*").speak()
    assert besadu.office
    (complaint,) = complaints(besadu)
    (file,) = besadu.office.store.evidence.read_all(complaint.talk[0].evidence)
    moved = file.attachment.url.replace("http://127.0.0.1:9", world)
    attachment = type(file.attachment)(kind="audio", url=moved)
    settings = type(besadu.office.settings)(
        twilio_url=world, twilio_account_sid=ACCOUNT, twilio_auth_token="local-twilio-auth-token"
    )
    with telephone.fetch_media(attachment, settings=settings) as media:
        assert b"".join(media.chunks) == SAMPLE.read_bytes()
        assert media.mime == "audio/mpeg"
    assert requests.get(f"{moved}.mp3", auth=(ACCOUNT, "guess"), timeout=5).status_code == 401
    missing = type(file.attachment)(kind="audio", url=moved[:-4])
    with pytest.raises(Unavailable), telephone.fetch_media(missing, settings=settings):
        pass


def test_who_is_silent_is_asked_again_and_then_leaves_nothing(world: str, besadu: Besadu) -> None:
    call = Phone(world, "6281200000021").call().press("*")
    assert call.keep_silent().doing == "record"
    assert "Kami belum mendengar" in " ".join(call.heard)
    assert call.keep_silent().doing == "over"
    wait_for(lambda: besadu.paths.count("/intake/telephone/recording-status") == 2)
    assert complaints(besadu) == []


def test_hanging_up_in_mid_speech_keeps_what_was_said_and_before_it_nothing(world: str, besadu: Besadu) -> None:
    Phone(world, "6281200000021").call().press(NIK).hang_up()
    Phone(world, "6281200000021").call().hang_up()
    assert complaints(besadu) == []
    Phone(world, "6281200000021").call().press(NIK).speak(hang_up=True)
    assert len(complaints(besadu)) == 1


def test_three_wrong_numbers_and_waiting_lead_to_the_recording(world: str, besadu: Besadu) -> None:
    call = Call(world, "anonim")
    assert call.press("123#").doing == "gather"
    assert "berjumlah 3" in " ".join(call.heard)
    assert call.press("").doing == "gather"
    assert call.press("9" * 20).doing == "record"
    call.speak()
    (complaint,) = complaints(besadu)
    assert (complaint.reporter.nik, complaint.reporter.address.phone) == (None, "")


def test_a_second_call_can_add_to_the_first(world: str, besadu: Besadu) -> None:
    Phone(world, "6281200000021").call().press(NIK).speak()
    call = Phone(world, "6281200000021").call()
    assert "tekan 1." in " ".join(call.heard)
    call.press("1").speak()
    (complaint,) = complaints(besadu)
    assert besadu.office
    assert len(talk_of(besadu.office, complaint.ticket)) == 2


def test_when_besadu_fails_its_fallback_is_asked(world: str, besadu: Besadu) -> None:
    besadu.broken = 1
    call = Phone(world, "6281200000021").call()
    assert call.steps == ["answer 503", "fallback 200"]
    assert call.doing == "record"
    call.speak()
    assert len(complaints(besadu)) == 1


@pytest.mark.parametrize("number", ["sip:budi@pbx.example", "0719 21234", "+62 812-0000-0031"])
def test_all_sorts_of_telephones_can_call(world: str, besadu: Besadu, number: str) -> None:
    assert Call(world, number).press("*").speak().doing == "over"
    assert len(complaints(besadu)) == 1


def test_an_odd_number_and_a_key_at_the_wrong_time_are_refused_kindly(world: str, besadu: Besadu) -> None:
    odd = requests.post(f"{world}/telephone/calls", json={"from": "rumah"}, timeout=5)
    assert odd.status_code == 400
    assert "Nomor telepon" in odd.json()["error"]
    call = Call(world, "0719 21234")
    with pytest.raises(requests.HTTPError):
        call.speak()
    assert requests.get(f"{world}/telephone/calls/nobody", json={}, timeout=5).status_code == 400
    assert complaints(besadu) == []


def test_the_page_shows_what_is_said_and_works_by_its_forms(world: str, besadu: Besadu) -> None:
    page = requests.get(f"{world}/?channel=telephone", timeout=5)
    assert "Telepon BESADU" in page.text
    person = page.text.partition("/telephone/of/")[2].partition("/")[0]
    act = f"{world}/telephone/of/{person}"
    assert "Selamat datang di BESADU" in requests.post(f"{act}/call", timeout=5).text
    assert "contoh rekaman" in requests.post(f"{act}/press", data={"digits": NIK}, timeout=5).text
    done = requests.post(f"{act}/record", data={"sample": "1"}, timeout=5).text
    assert "Nomor laporannya" in done
    assert "/telephone/media/RE" in done
    assert len(complaints(besadu)) == 1
    assert 'id="keys"' in requests.get(f"{world}/telephone/screen/{person}", timeout=5).text


@pytest.mark.parametrize(
    "document", ["", "<html/>", "<Response><Dial/></Response>", "<Response><Gather><Play/></Gather></Response>"]
)
def test_what_is_no_twiml_ends_the_call(document: str) -> None:
    with pytest.raises(twiml.Broken):
        twiml.read(document)
