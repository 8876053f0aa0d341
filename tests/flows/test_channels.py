"""The same complaint on every channel over real HTTP, and the answer on the citizen's own one."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import functions_framework
import pytest
import requests

from besadu.channels import gsm
from besadu.domain.complaint import Actor, State
from besadu.domain.conversation import Conversation
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem
from besadu.services import answers, casework, handling
from besadu.services.office import Office
from besadu.store.senders import key_of
from besadu_local import seed
from besadu_local.stack import FUNCTIONS, Stack
from besadu_local.world.accounts import identity_of
from besadu_local.world.client import Message, Phone
from tests.factories import ADMIN, STORY, closed_port

SAMPLES = Path(seed.__file__).parents[1] / "samples"
DAY = 24 * 3600
DONE = "Lampu di depan SD 5 sudah diganti dan menyala."
CHANNELS = ["facebook", "instagram", "sms"]


def a_nik() -> str:
    born = f"{secrets.randbelow(28) + 1:02d}0{secrets.randbelow(9) + 1}{60 + secrets.randbelow(39)}"
    return f"190201{born}{1 + secrets.randbelow(9998):04d}"


def eventually(holds: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come true in time"
        threading.Event().wait(0.05)
    return found


class Citizen:
    """One person on one channel, with a NIK that may be known on another."""

    def __init__(self, stack: Stack, channel: Any, *, nik: str = "", gateway: str = "android") -> None:
        self.stack, self.office = stack, seed.office_of(stack)
        self.nik, self.gateway = nik or a_nik(), gateway
        accounts = {"facebook": "FACEBOOK_PAGE_ID", "instagram": "INSTAGRAM_ACCOUNT_ID"}
        if channel in accounts:
            name = f"@w{secrets.token_hex(6)}"
            user = identity_of(name, channel)
            self.address = Address(channel=channel, account=stack.settings[accounts[channel]], user_id=user)
        else:
            name = f"6281{secrets.randbelow(10**9):09d}"
            account = gateway if channel == "sms" else stack.settings["WHATSAPP_PHONE_NUMBER_ID"]
            self.address = Address(channel=channel, account=account, phone=name)
        self.phone = Phone(stack.addresses["phone"], name, "Wati", channel=channel)

    def head(self) -> Conversation:
        stored = self.office.store.senders.read(key_of(self.address), patient=True)
        return stored.value if stored else Conversation(address=self.address)

    def say(self, *texts: str) -> None:
        for text in texts:
            before = self.head().sequence
            if self.address.channel == "sms":
                self.phone.burst([{"text": text, "gateway": self.gateway}])
            else:
                self.phone.say(text)
            eventually(lambda before=before: self.head().sequence > before)
            self.stack.clock.advance(15)

    def hears(self, *words: str) -> Message:
        return self.phone.wait_for(lambda message: all(word.lower() in message["text"].lower() for word in words))

    def complain(self) -> str:
        self.say("Assalamualaikum", "Lampu jalan mati total dan gelap sekali", "di depan SD 5 Perawas sejak Senin")
        self.say(f"NIK saya {self.nik}", "TIDAK ADA", "YA")
        ticket = self.head().ticket
        assert ticket
        self.hears(ticket)
        return ticket


def answered(office: Office, ticket: str, text: str = DONE) -> OutboxItem:
    """The admin hands it on, the agency answers, the admin delivers; the message with the answer."""
    handed_on(office, ticket, text)
    answers.deliver(office, ADMIN, ticket, text=text)
    return next(item for item in office.store.outbox.of_ticket(ticket) if item.kind == "answer")


def handed_on(office: Office, ticket: str, text: str = DONE) -> None:
    """Up to the agency's answer."""
    officer = Actor(role="officer", name="Petugas", agency="DISHUB")
    casework.forward(office, ADMIN, ticket, agency_code="DISHUB")
    handling.accept(office, officer, ticket)
    handling.answer(office, officer, ticket, text=text)


def state_of(office: Office, ticket: str) -> State:
    complaint = office.store.complaints.read(ticket)
    assert complaint
    return complaint.value.state


@pytest.fixture(scope="module")
def office(stack: Stack) -> Office:
    seed.load(stack, demo=False)
    return seed.office_of(stack)


@pytest.mark.parametrize(
    ("channel", "gateway"), [*((one, "android") for one in CHANNELS), ("sms", "infobip"), ("sms", "twilio")]
)
def test_a_complaint_and_its_answer_stay_on_the_citizens_channel(
    stack: Stack, office: Office, channel: str, gateway: str
) -> None:
    citizen = Citizen(stack, channel, gateway=gateway)
    ticket = citizen.complain()
    citizen.say("STATUS")
    citizen.hears(ticket, "verif")
    answered(office, ticket)
    citizen.hears(DONE)
    eventually(lambda: state_of(office, ticket) is State.DELIVERED)  # the channel has said so
    citizen.say("PUAS")
    complaint = office.store.complaints.read(ticket)
    assert complaint
    assert complaint.value.state is State.CLOSED
    texts = [message["text"] for message in citizen.phone.inbox()]
    assert not [text for text in texts if citizen.nik in text]
    if channel == "sms":
        sizes = [gsm.size(text) for text in texts]
        assert {size.alphabet for size in sizes} == {"gsm7"}
        assert sum(size.segments == 1 for size in sizes) * 2 > len(sizes)


def test_a_call_becomes_a_complaint_and_is_answered_by_sms(stack: Stack, office: Office) -> None:
    caller = Citizen(stack, "sms")
    assert caller.phone.call().press(f"{caller.nik}#").speak().doing == "over"
    ticket = eventually(lambda: caller.head().ticket)
    caller.hears(ticket)
    answered(office, ticket)
    caller.hears(DONE)


@pytest.mark.parametrize("channel", ["facebook", "instagram"])
def test_after_two_days_an_answer_goes_with_the_tag_of_a_person(stack: Stack, office: Office, channel: str) -> None:
    citizen = Citizen(stack, channel)
    ticket = citizen.complain()
    stack.clock.advance(2 * DAY)
    answered(office, ticket)
    assert citizen.hears(DONE)["template"] == "HUMAN_AGENT"


def test_after_eight_days_an_answer_goes_by_sms_to_the_same_person_or_an_admin_rings_up(
    stack: Stack, office: Office
) -> None:
    known, unknown = Citizen(stack, "facebook"), Citizen(stack, "facebook")
    by_sms = Citizen(stack, "sms", nik=known.nik)
    by_sms.complain()
    tickets = known.complain(), unknown.complain()
    stack.clock.advance(8 * DAY)
    answered(office, tickets[0])
    answered(office, tickets[1])
    by_sms.hears(tickets[0], DONE)
    eventually(lambda: tickets[1] in [task.ticket for task in office.store.outreach.waiting("calling")])


def test_the_answer_goes_where_the_person_wrote_last_and_their_verdict_there_counts(
    stack: Stack, office: Office
) -> None:
    first = Citizen(stack, "whatsapp")
    ticket = first.complain()
    last = Citizen(stack, "sms", nik=first.nik)
    last.complain()
    answered(office, ticket)
    last.hears(ticket, DONE)
    last.say("PUAS")
    complaint = office.store.complaints.read(ticket)
    assert complaint
    assert complaint.value.state is State.CLOSED


def test_a_chosen_channel_gets_the_answer(stack: Stack, office: Office) -> None:
    chosen = Citizen(stack, "whatsapp")
    chosen.complain()
    chosen.say("jawab di sini")
    later = Citizen(stack, "sms", nik=chosen.nik)
    ticket = later.complain()
    answered(office, ticket)
    chosen.hears(ticket, DONE)


def test_an_opt_out_ends_notices_but_not_answers(stack: Stack, office: Office) -> None:
    citizen = Citizen(stack, "sms")
    ticket = citizen.complain()
    citizen.say("BERHENTI")
    answered(office, ticket)
    citizen.hears(DONE)
    assert not [message for message in citizen.phone.inbox() if "diteruskan ke" in message["text"]]
    citizen.say("MULAI")
    assert not citizen.head().opted_out


def test_a_long_answer_on_instagram_comes_in_pieces_and_in_order(stack: Stack, office: Office) -> None:
    citizen = Citizen(stack, "instagram")
    ticket = citizen.complain()
    text = " ".join(f"kata{number:04d}é" for number in range(200))
    answered(office, ticket, text)
    citizen.hears("kata0199")
    pieces = [message["text"] for message in citizen.phone.inbox() if "kata0" in message["text"]]
    assert max(len(piece.encode()) for piece in pieces) <= 1000
    assert text in " ".join(piece.strip() for piece in pieces)


def test_whom_whatsapp_cannot_reach_gets_the_answer_by_sms(stack: Stack, office: Office) -> None:
    citizen = Citizen(stack, "whatsapp")
    ticket = citizen.complain()
    handed_on(office, ticket)
    eventually(lambda: all(item.due is None for item in office.store.outbox.of_ticket(ticket)))
    failure = {"place": "send", "times": 1, "mode": "error", "status": 400, "code": 131026}
    requests.post(f"{stack.addresses['phone']}/control/fail", json=failure, timeout=5).raise_for_status()
    answers.deliver(office, ADMIN, ticket, text=DONE)
    there = Phone(stack.addresses["phone"], citizen.address.phone, channel="sms")
    assert ticket in there.wait_for(lambda message: DONE in message["text"])["text"]


def test_a_report_of_an_own_exchange_becomes_a_complaint_with_its_sound(stack: Stack, office: Office) -> None:
    caller = Citizen(stack, "sms")
    sound = (SAMPLES / "pesan-suara.ogg").read_bytes()
    report = {"call_id": secrets.token_hex(8), "caller": f"+{caller.address.phone}", "nik": caller.nik}
    report |= {"started_at": stack.clock.now().isoformat(), "audio": base64.b64encode(sound).decode()}
    raw, at = json.dumps({**report, "duration": 4}).encode(), str(int(stack.clock.now().timestamp()))
    key = stack.settings["PBX_SIGNING_KEY"].encode()
    headers = {"X-Timestamp": at, "X-Signature": hmac.new(key, raw + at.encode(), hashlib.sha256).hexdigest()}
    url = f"{stack.addresses['functions']}/intake/telephone/pbx"
    assert requests.post(url, raw, headers=headers, timeout=20).status_code == 200
    ticket = eventually(lambda: caller.head().ticket)
    caller.hears(ticket)
    complaint = office.store.complaints.read(ticket)
    assert complaint
    ids = tuple(one for line in complaint.value.talk for one in line.evidence)
    assert len(ids) == 1
    eventually(lambda: all(file.state == "stored" for file in office.store.evidence.read_all(ids)))


@pytest.mark.parametrize(
    "path",
    [
        *("whatsapp", "messenger", "instagram", "sms/android", "sms/infobip", "sms/twilio"),
        *("telephone/answer", "telephone/pbx"),
    ],
)
def test_a_rejected_signature_asks_no_database(stack: Stack, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    for name, value in stack.process_environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{closed_port()}")
    door = functions_framework.create_app("intake", str(Path(FUNCTIONS) / "intake.py")).test_client()
    answer = door.post(f"/{path}", data=STORY, headers={"X-Hub-Signature-256": "sha256=" + "0" * 64})
    assert answer.status_code == 403
