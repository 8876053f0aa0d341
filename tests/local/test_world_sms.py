"""The three SMS gateways keep their providers' contracts, and our SMS channel gets along with them over real HTTP."""

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from besadu.channels import sms, sms_android, sms_infobip, sms_twilio
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Address, Inbound, Outgoing, SendResult
from besadu_local.world.app import running
from besadu_local.world.client import Phone
from besadu_local.world.config import SmsSettings, WorldSettings

RAHMAT = "6281200000011"
OUTBOX_ID = bytes(range(20)).hex()
AGREED = SmsSettings()
MODULES: dict[str, Any] = {"android": sms_android, "infobip": sms_infobip, "twilio": sms_twilio}
GATEWAYS = sorted(MODULES)


@dataclass
class Besadu:
    """The receiving end: keeps what a gateway proves to have sent, and answers as told."""

    url: str = ""
    settings: Settings = field(default_factory=Settings)
    answers: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    heard: list[Inbound] = field(default_factory=list)
    webhooks: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> int:
        path, _, query = path.partition("?")
        gateway = path.rpartition("/")[2]
        webhook = Webhook(
            method="POST",
            path=f"/sms/{gateway}",
            url=f"{self.url}{path}" + (f"?{query}" if query else ""),
            query=query,
            headers=headers,
            raw=raw,
            received_at=datetime.now(UTC),
        )
        with self.arrived:
            self.webhooks += 1
            self.arrived.notify_all()
            if not MODULES[gateway].authentic(webhook, self.settings):
                self.refused.append(gateway)
                return 403
            if self.answers and (status := self.answers.pop(0)) != 200:
                return status
            parsed = MODULES[gateway].parse(webhook, self.settings)
            assert not parsed.unparsed
            self.heard += parsed.messages
            return 200

    def wait(self, wanted: Callable[[Inbound], bool], count: int = 1) -> list[Inbound]:
        with self.arrived:
            found = lambda: [one for one in self.heard if wanted(one)]  # noqa: E731
            assert self.arrived.wait_for(lambda: len(found()) >= count, 10), (self.refused, len(self.heard))
            return found()


@pytest.fixture
def besadu() -> Iterator[Besadu]:
    heard = Besadu()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(heard.take(self.path, dict(self.headers), raw))
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
class World:
    url: str
    settings: Settings

    def phone(self) -> Phone:
        return Phone(self.url, RAHMAT, "Pak Rahmat", channel="sms")

    def send(self, gateway: str, text: str = "BESADU: laporan diterima.", **what: Any) -> SendResult:
        address = Address(channel="sms", account=gateway, phone=what.pop("phone", RAHMAT))
        message = Outgoing(outbox_id=what.pop("outbox_id", OUTBOX_ID), address=address, text=text, **what)
        return sms.send(message, settings=replace(self.settings, sms_gateway=gateway))

    def fail(self, **spec: Any) -> None:
        requests.post(f"{self.url}/control/fail", json=spec, timeout=5).raise_for_status()


@pytest.fixture
def world(tmp_path: Path, besadu: Besadu) -> Iterator[World]:
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
        url = f"http://127.0.0.1:{server.server_port}"
        besadu.settings = Settings(
            besadu_public_url=besadu.url,
            android_sms_url=f"{url}/sms/android/3rdparty/v1",
            android_sms_user=AGREED.android_user,
            android_sms_password=AGREED.android_password,
            android_sms_signing_key=AGREED.android_signing_key,
            infobip_url=f"{url}/sms/infobip",
            infobip_api_key=AGREED.infobip_api_key,
            infobip_webhook_user=AGREED.infobip_webhook_user,
            infobip_webhook_password=AGREED.infobip_webhook_password,
            twilio_url=f"{url}/sms/twilio",
            twilio_account_sid=AGREED.twilio_account_sid,
            twilio_auth_token=AGREED.twilio_auth_token,
            twilio_number=AGREED.twilio_number,
        )
        yield World(url, besadu.settings)
        server.shutdown()
        thread.join()


def is_message(message: Inbound) -> bool:
    return message.kind == "message"


def is_receipt(message: Inbound) -> bool:
    return message.kind == "receipt"


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_text_arrives_with_the_gateways_own_proof(world: World, besadu: Besadu, gateway: str) -> None:
    words = "Lampu mati di Perawas sejak Senin \u2013 gelap = bahaya & é 🙏"
    world.phone().burst([{"text": words, "gateway": gateway}])
    (message,) = besadu.wait(is_message)
    assert (message.text, message.address.account, message.address.phone) == (words, gateway, RAHMAT)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_several_texts_all_arrive_each_with_a_key_of_its_own(world: World, besadu: Besadu, gateway: str) -> None:
    world.phone().burst([{"text": f"bagian {number}", "gateway": gateway} for number in range(5)])
    messages = besadu.wait(is_message, 5)
    assert len({message.provider_id for message in messages}) == 5
    assert besadu.webhooks == (1 if gateway == "infobip" else 5)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_what_is_not_taken_comes_again_with_the_same_key(world: World, besadu: Besadu, gateway: str) -> None:
    besadu.answers += [503, 200]
    (sent,) = world.phone().burst([{"text": "halo", "gateway": gateway}])
    first = besadu.wait(is_message)[0].provider_id
    world.phone().redeliver(sent, 3)
    assert {message.provider_id for message in besadu.wait(is_message, 4)} == {first}
    assert besadu.webhooks == 5
    assert not besadu.refused


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_reply_reaches_the_phone_and_its_receipts_name_our_outbox_message(
    world: World, besadu: Besadu, gateway: str
) -> None:
    result = world.send(gateway, "BESADU: laporan *BSD-26-4839-2057* diterima \u2013 terima kasih")
    assert (result.outcome, result.error_code) == ("sent", "")
    got = world.phone().wait_for(lambda _: True)
    assert got["text"] == "BESADU: laporan BSD-26-4839-2057 diterima - terima kasih"
    receipts = besadu.wait(lambda one: one.receipt is not None and one.receipt.state == "delivered")
    assert receipts[0].receipt is not None
    assert receipts[0].receipt.outbox_id == OUTBOX_ID
    assert receipts[0].receipt.provider_id == result.provider_id


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_text_that_fails_later_is_a_failed_receipt(world: World, besadu: Besadu, gateway: str) -> None:
    world.fail(mode="status")
    assert world.send(gateway).outcome == "sent"
    (failed,) = besadu.wait(lambda one: one.receipt is not None and one.receipt.state == "failed")
    assert failed.receipt is not None
    assert failed.receipt.outbox_id == OUTBOX_ID
    assert failed.receipt.error_code in ("failed", "27", "30005")


def test_a_long_text_on_the_sim_phone_is_reported_part_by_part_under_one_id(world: World, besadu: Besadu) -> None:
    assert world.send("android", "a" * 400).outcome == "sent"
    delivered = besadu.wait(lambda one: one.receipt is not None and one.receipt.state == "delivered", 3)
    assert len({message.provider_id for message in delivered}) == 1


ERRORS = [
    ("android", {"status": 503, "code": "QueueLimitExceeded"}, "slow_down", "QueueLimitExceeded"),
    ("android", {"status": 500}, "retry", "http_500"),
    ("android", {"status": 429, "retry_after": 7}, "slow_down", "http_429"),
    ("android", {"status": 400, "details": "invalid phone number"}, "permanent", "http_400"),
    ("android", {"status": 400, "details": "failed to parse body"}, "bug", "http_400"),
    ("android", {"status": 401}, "unauthorised", "http_401"),
    ("android", {"mode": "html"}, "retry", "http_502"),
    ("android", {"mode": "reset"}, "retry", "no_answer"),
    ("infobip", {"status": 200, "code": "REJECTED_NOT_ENOUGH_CREDITS"}, "unauthorised", "REJECTED_NOT_ENOUGH_CREDITS"),
    ("infobip", {"status": 200, "code": "REJECTED_FLOODING_FILTER"}, "slow_down", "REJECTED_FLOODING_FILTER"),
    ("infobip", {"status": 200, "code": "REJECTED_DESTINATION"}, "permanent", "REJECTED_DESTINATION"),
    ("infobip", {"status": 200, "code": "REJECTED_SYSTEM_ERROR"}, "retry", "REJECTED_SYSTEM_ERROR"),
    ("infobip", {"status": 400, "code": "BAD_REQUEST"}, "bug", "BAD_REQUEST"),
    ("infobip", {"status": 401, "code": "UNAUTHORIZED"}, "unauthorised", "UNAUTHORIZED"),
    ("infobip", {"status": 429, "code": "TOO_MANY_REQUESTS", "retry_after": 9}, "slow_down", "TOO_MANY_REQUESTS"),
    ("infobip", {"status": 500}, "ambiguous", "GENERAL_ERROR"),
    ("infobip", {"status": 503, "retry_after": 3}, "retry", "GENERAL_ERROR"),
    ("infobip", {"mode": "html"}, "ambiguous", "http_502"),
    ("infobip", {"mode": "reset"}, "ambiguous", "no_answer"),
    ("twilio", {"status": 400, "code": 21610}, "permanent", "21610"),
    ("twilio", {"status": 400, "code": 21211}, "permanent", "21211"),
    ("twilio", {"status": 400, "code": 21408}, "unauthorised", "21408"),
    ("twilio", {"status": 400, "code": 21606}, "unauthorised", "21606"),
    ("twilio", {"status": 400, "code": 21617}, "bug", "21617"),
    ("twilio", {"status": 401, "code": 20003}, "unauthorised", "20003"),
    ("twilio", {"status": 429, "code": 20429, "retry_after": 2}, "slow_down", "20429"),
    ("twilio", {"status": 503, "code": 20503}, "retry", "20503"),
    ("twilio", {"status": 500, "code": 99999}, "ambiguous", "99999"),
    ("twilio", {"mode": "html"}, "ambiguous", "http_502"),
    ("twilio", {"mode": "reset"}, "ambiguous", "no_answer"),
]


@pytest.mark.parametrize(("gateway", "spec", "outcome", "code"), ERRORS)
def test_each_error_says_what_to_do_next(
    world: World, gateway: str, spec: dict[str, Any], outcome: str, code: str
) -> None:
    world.fail(place="send", **spec)
    result = world.send(gateway)
    assert (result.outcome, result.error_code) == (outcome, code)
    assert result.retry_after == spec.get("retry_after")
    assert RAHMAT not in result.error_text
    assert not world.phone().inbox()


@pytest.mark.parametrize(
    ("gateway", "change"),
    [
        ("android", {"android_sms_password": "other"}),
        ("infobip", {"infobip_api_key": "other"}),
        ("twilio", {"twilio_auth_token": "other"}),
        ("twilio", {"twilio_number": "+620000000"}),
    ],
)
def test_wrong_credentials_and_senders_stop_and_alert(world: World, gateway: str, change: dict[str, str]) -> None:
    world.settings = replace(world.settings, **change)
    assert world.send(gateway).outcome == "unauthorised"


def test_the_sim_phone_takes_a_message_once_however_often_it_is_sent(world: World) -> None:
    world.fail(mode="reset", accepted=True)
    assert [world.send("android").outcome for _ in range(3)] == ["retry", "sent", "sent"]
    assert len(world.phone().inbox()) == 1


def test_a_receipt_settles_an_attempt_at_twilio_without_an_answer(world: World, besadu: Besadu) -> None:
    world.fail(mode="reset", accepted=True)
    assert world.send("twilio").outcome == "ambiguous"
    receipts = besadu.wait(is_receipt, 2)
    assert {one.receipt.outbox_id for one in receipts if one.receipt} == {OUTBOX_ID}


def test_after_stop_twilio_sends_nothing_until_start(world: World, besadu: Besadu) -> None:
    world.phone().burst([{"text": "stop", "gateway": "twilio"}])
    assert besadu.wait(is_message)[0].note == "opt_out:STOP"
    result = world.send("twilio")
    assert (result.outcome, result.error_code) == ("permanent", "21610")
    world.phone().burst([{"text": "START", "gateway": "twilio"}])
    assert world.send("twilio").outcome == "sent"


def test_a_picture_cannot_be_sent_from_the_sms_screen(world: World) -> None:
    answer = requests.post(
        f"{world.url}/citizen/sms", json={"from": RAHMAT, "sample": "foto-jalan-rusak.jpg"}, timeout=5
    )
    assert answer.status_code == 400
    assert "WhatsApp" in answer.json()["error"]


def test_the_screen_shows_texts_with_their_segments_and_takes_new_ones(world: World, besadu: Besadu) -> None:
    assert world.send("android", "BESADU: " + "a" * 200).outcome == "sent"
    page = requests.get(f"{world.url}/?channel=sms", timeout=5).text
    assert "SMS ke BESADU" in page
    assert "2 SMS · 208/306" in page
    form = {"text": "Lampu mati <b>", "gateway": "infobip"}
    assert requests.post(f"{world.url}/sms/write/{world.phone().id}", data=form, timeout=5).ok
    assert besadu.wait(is_message)[0].address.account == "infobip"
    shown = requests.get(f"{world.url}/sms/screen/{world.phone().id}", timeout=5).text
    assert "Lampu mati &lt;b&gt;" in shown
    assert "1 SMS · 14/160" in shown
    assert requests.get(f"{world.url}/assets/sms.js", timeout=5).ok


def test_a_business_that_writes_from_a_name_is_no_citizen(world: World, besadu: Besadu) -> None:
    requests.post(f"{world.url}/citizen/sms", json={"from": "Telkomsel", "text": "Promo!"}, timeout=5)
    (event,) = besadu.wait(lambda one: one.kind == "event")
    assert (event.note, event.address.phone) == ("sender:name", "")


def test_the_agreed_values_are_those_of_the_development_settings() -> None:
    lines = (Path(__file__).parents[2] / "infra" / "local" / "local.env").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert pairs["ANDROID_SMS_SIGNING_KEY"] == AGREED.android_signing_key
    assert (pairs["TWILIO_ACCOUNT_SID"], pairs["TWILIO_AUTH_TOKEN"], pairs["TWILIO_NUMBER"]) == (
        AGREED.twilio_account_sid,
        AGREED.twilio_auth_token,
        AGREED.twilio_number,
    )
