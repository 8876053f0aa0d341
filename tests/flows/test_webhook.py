"""The door for webhooks over real HTTP: what is signed is kept, the rest touches nothing, and nothing counts twice."""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
import requests
from google.cloud import firestore, tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from besadu import config
from besadu.domain.message import Address
from besadu.store import Store, open_store
from besadu.store.client import connect
from besadu.store.inbox import InboxItem
from besadu.store.keys import inbox_key
from besadu.store.senders import key_of
from besadu_local.settings import QUEUES
from besadu_local.stack import Stack
from besadu_local.world.client import Phone
from tests.factories import NIK, STORY, a_text, an_image


class Citizen:
    """One citizen of their own a test, and Meta in front of them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.account = stack.settings["WHATSAPP_PHONE_NUMBER_ID"]
        self.phone = f"6281{secrets.randbelow(10**9):09d}"
        self.url = f"{stack.addresses['functions']}/intake/whatsapp"
        self.store: Store = open_store(connect(config.load(stack.settings, "portal")))

    def webhook(self, *messages: Any) -> bytes:
        value = {
            "metadata": {"phone_number_id": self.account},
            "contacts": [{"profile": {"name": "Sari"}, "wa_id": self.phone}],
            "messages": list(messages),
        }
        body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
        return json.dumps(body).encode()

    def text(self, text: str, message_id: str = "") -> dict[str, Any]:
        return a_text(text, phone=self.phone, message_id=message_id or f"wamid.{secrets.token_hex(8)}")

    def signature(self, raw: bytes) -> str:
        secret = self.stack.settings["META_APP_SECRET"].encode()
        return f"sha256={hmac.new(secret, raw, hashlib.sha256).hexdigest()}"

    def post(self, raw: bytes, **headers: str) -> requests.Response:
        sent = {"X-Hub-Signature-256": self.signature(raw), "Content-Type": "application/json", **headers}
        return requests.post(self.url, raw, headers=sent, timeout=20)

    def say(self, *texts: str) -> None:
        """One message after the other, each read before the next is written."""
        for text in texts:
            assert self.post(self.webhook(self.text(text))).status_code == 200
            self.stack.clock.advance(15)

    def meet(self) -> None:
        """Write with the simulated phone, so that the Graph API knows this citizen and lets free text through."""
        Phone(self.stack.addresses["phone"], self.phone).say("halo")
        self.eventually(self.head)
        self.stack.clock.advance(15)
        self.eventually(lambda: len(self.sent()) == 1)

    def head(self) -> Any:
        stored = self.store.senders.read(key_of(self.address), patient=True)
        return stored.value if stored else None

    @property
    def address(self) -> Address:
        return Address(channel="whatsapp", account=self.account, phone=self.phone)

    def kept(self, message_id: str) -> InboxItem | None:
        stored = self.store.inbox.read(inbox_key("whatsapp", self.account, message_id))
        return stored.value if stored else None

    def outbox(self) -> list[dict[str, Any]]:
        mine = firestore.FieldFilter("sender_key", "==", key_of(self.address))
        return [item.to_dict() or {} for item in self.store.database.collection("outbox").where(filter=mine).get()]

    def sent(self) -> list[dict[str, Any]]:
        """What the Graph API took for this citizen."""
        url = f"{self.stack.addresses['phone']}/control/sends"
        return [send for send in requests.get(url, timeout=5).json() if send["body"].get("to") == self.phone]

    def eventually(self, holds: Callable[[], object], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not come true in time"
            threading.Event().wait(0.05)


@pytest.fixture
def citizen(stack: Stack) -> Citizen:
    return Citizen(stack)


@pytest.fixture
def queues(stack: Stack) -> Iterator[tasks_v2.CloudTasksClient]:
    channel = grpc.insecure_channel(stack.settings["TASKS_EMULATOR_HOST"])
    yield tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
    channel.close()


def queue_name(stack: Stack, queue: str) -> str:
    project, location = stack.settings["GOOGLE_CLOUD_PROJECT"], stack.settings["TASKS_LOCATION"]
    return f"projects/{project}/locations/{location}/queues/{queue}"


def count(store: Store, collection: str) -> int:
    return int(store.database.collection(collection).count().get()[0][0].value)


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "0" * 64, "sha256=" + "\u00e9" * 64, "SHA256=x"],
)
def test_a_wrong_signature_is_refused_and_touches_nothing(citizen: Citizen, signature: str) -> None:
    before = count(citizen.store, "inbox")
    raw = citizen.webhook(citizen.text(STORY, "wamid.forged"))
    headers: dict[str, Any] = {"X-Hub-Signature-256": signature.encode("latin-1")}
    assert requests.post(citizen.url, raw, headers=headers, timeout=10).status_code == 403
    assert requests.post(citizen.url, raw, timeout=10).status_code == 403
    assert citizen.kept("wamid.forged") is None
    assert citizen.head() is None
    assert count(citizen.store, "inbox") == before


def test_a_signature_of_other_bytes_is_refused(citizen: Citizen) -> None:
    raw = citizen.webhook(citizen.text(STORY))
    answer = citizen.post(raw + b" ", **{"X-Hub-Signature-256": citizen.signature(raw)})
    assert answer.status_code == 403
    assert citizen.head() is None


@pytest.mark.parametrize("body", [b"", b"not json \xff", b"[]", b"null", b'{"entry": 5}', b"[" * 20_000, b'"x"'])
def test_what_is_signed_and_unreadable_is_kept_and_not_asked_for_again(citizen: Citizen, body: bytes) -> None:
    assert citizen.post(body).status_code == 200
    kept = citizen.kept(hashlib.sha256(body).hexdigest())
    assert kept
    assert (kept.state, kept.raw) == ("quarantined", body)


def test_the_same_message_twice_has_one_effect(citizen: Citizen) -> None:
    raw = citizen.webhook(citizen.text(STORY))
    assert [citizen.post(raw).status_code for _ in range(2)] == [200, 200]
    assert citizen.head().sequence == 1
    citizen.stack.clock.advance(15)
    citizen.eventually(citizen.outbox)
    assert len(citizen.outbox()) == 1


def together(work: list[Callable[[], int]]) -> list[int]:
    barrier, answers = threading.Barrier(len(work)), []

    def one(each: Callable[[], int]) -> None:
        barrier.wait()
        answers.append(each())

    threads = [threading.Thread(target=one, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_same_message_eight_times_at_once_has_one_effect(citizen: Citizen) -> None:
    raw = citizen.webhook(citizen.text(STORY))
    assert together([lambda: citizen.post(raw).status_code] * 8) == [200] * 8
    assert citizen.head().sequence == 1
    citizen.stack.clock.advance(15)
    citizen.eventually(citizen.outbox)
    assert len(citizen.outbox()) == 1


def test_an_album_of_ten_photos_at_once_is_one_draft_and_then_one_complaint(citizen: Citizen) -> None:
    citizen.meet()
    photos = [citizen.webhook(an_image(f"90000000{n}", phone=citizen.phone)) for n in range(10)]
    answers = together([lambda raw=raw: citizen.post(raw).status_code for raw in photos])  # type: ignore[misc]
    assert answers == [200] * 10
    draft = citizen.head().draft
    assert len(set(draft.evidence)) == 10
    citizen.stack.clock.advance(15)
    citizen.eventually(lambda: len(citizen.sent()) == 2)
    citizen.say(STORY, f"NIK {NIK}", "YA")
    head = citizen.head()
    assert len(head.tickets) == 1
    complaint = citizen.store.complaints.read(head.ticket)
    assert complaint
    files = [one for line in complaint.value.talk for one in line.evidence]
    assert sorted(files) == sorted(draft.evidence)
    for one in files:
        assert citizen.store.evidence.read(one)


def test_of_a_batch_with_broken_messages_the_good_ones_are_kept(citizen: Citizen) -> None:
    broken: list[Any] = [None, 7, {"id": "wamid.b", "type": "text", "text": None}, {"type": "text"}]
    first, last = citizen.text("Lampu jalan mati total"), citizen.text("di depan SD 5 Perawas")
    assert citizen.post(citizen.webhook(first, *broken, last)).status_code == 200
    assert citizen.head().sequence == 2
    for message in (first, last):
        kept = citizen.kept(message["id"])
        assert kept
        assert kept.text == message["text"]["body"]


def test_null_at_every_level_is_no_error(citizen: Citizen) -> None:
    for body in (
        {"object": "whatsapp_business_account", "entry": [None]},
        {"object": "whatsapp_business_account", "entry": [{"changes": None}]},
        {"object": "whatsapp_business_account", "entry": [{"changes": [None, {"field": "messages", "value": None}]}]},
        {
            "object": "whatsapp_business_account",
            "entry": [{"changes": [{"field": "messages", "value": {"messages": None, "statuses": None}}]}],
        },
    ):
        assert citizen.post(json.dumps(body).encode()).status_code == 200


@pytest.mark.parametrize("text", ["a" * 4096, "Lampu mati 🙏🏽👩‍👩‍👧 di Perawas"])
def test_long_texts_and_emoji_are_kept_whole(citizen: Citizen, text: str) -> None:
    message = citizen.text(text)
    assert citizen.post(citizen.webhook(message)).status_code == 200
    kept = citizen.kept(message["id"])
    assert kept
    assert kept.text == text


def test_a_body_over_the_limit_is_refused_unread(citizen: Citizen) -> None:
    raw = citizen.webhook(citizen.text(STORY)) + b" " * 3_600_000
    assert citizen.post(raw).status_code == 413
    assert citizen.head() is None


def test_the_handshake_needs_the_word_that_was_agreed(citizen: Citizen) -> None:
    right = {"hub.mode": "subscribe", "hub.verify_token": citizen.stack.settings["META_VERIFY_TOKEN"]}
    answer = requests.get(citizen.url, {**right, "hub.challenge": "1158201444"}, timeout=10)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for wrong in (
        {},
        {**right},
        {**right, "hub.verify_token": "x", "hub.challenge": "1"},
        {**right, "hub.mode": "x", "hub.challenge": "1"},
        {**right, "hub.challenge": "<script>"},
    ):
        assert requests.get(citizen.url, wrong, timeout=10).status_code == 403


def test_other_paths_and_methods_are_not_there(citizen: Citizen) -> None:
    base = citizen.url.removesuffix("/whatsapp")
    for path in ("", "/", "/x", "/whatsapp/x", "/Whatsapp", "/../delivery/send"):
        raw = citizen.webhook(citizen.text(STORY))
        headers = {"X-Hub-Signature-256": citizen.signature(raw)}
        assert requests.post(base + path, raw, headers=headers, timeout=10).status_code in (403, 404)
    assert requests.put(citizen.url, b"x", timeout=10).status_code == 405
    assert requests.delete(citizen.url, timeout=10).status_code == 405
    assert citizen.head() is None


@pytest.mark.parametrize("path", ["delivery/send", "reminders/sweep", "reminders/deadline", "attachments/fetch"])
def test_nobody_but_the_invoker_starts_a_task(stack: Stack, path: str) -> None:
    url = f"{stack.addresses['functions']}/{path}"
    for headers in ({}, {"Authorization": "Bearer x"}, {"X-CloudTasks-TaskName": "t", "X-CloudTasks-QueueName": "q"}):
        assert requests.post(url, json={"id": "a" * 40}, headers=headers, timeout=10).status_code == 403
    other = stack.token(f"{stack.settings['BESADU_PUBLIC_URL']}/portal")
    assert requests.post(url, json={}, headers={"Authorization": f"Bearer {other}"}, timeout=10).status_code == 403


def test_when_every_task_is_lost_the_sweep_finds_what_waits_and_running_it_twice_changes_nothing(
    citizen: Citizen, queues: tasks_v2.CloudTasksClient
) -> None:
    stack = citizen.stack
    citizen.meet()
    for queue in QUEUES:
        queues.pause_queue(name=queue_name(stack, queue))
    try:
        citizen.say(STORY, "STATUS")
        for queue in QUEUES:
            queues.purge_queue(name=queue_name(stack, queue))
    finally:
        for queue in QUEUES:
            queues.resume_queue(name=queue_name(stack, queue))
    stack.clock.advance(60)
    assert citizen.head().pending
    assert citizen.head().said
    assert stack.sweep() == 200
    citizen.eventually(lambda: not [item for item in citizen.outbox() if item["due"]])
    # A prompt is written as sent just before it is.
    wanted = len([item for item in citizen.outbox() if item["state"] != "superseded"])
    citizen.eventually(lambda: len(citizen.sent()) == wanted)
    sent = citizen.sent()
    assert [stack.sweep(), stack.sweep()] == [200, 200]
    stack.clock.advance(60)
    assert stack.sweep() == 200
    assert citizen.sent() == sent


def test_no_task_and_no_log_line_holds_the_canaries_of_a_talk(
    citizen: Citizen, queues: tasks_v2.CloudTasksClient
) -> None:
    stack = citizen.stack
    citizen.meet()
    queues.pause_queue(name=queue_name(stack, "outbox-whatsapp"))
    try:
        citizen.say(STORY, f"NIK saya {NIK}, hp {citizen.phone}", "TIDAK ADA", "YA", "STATUS")
        bodies = [
            f"{task.http_request.url} {task.name} {task.http_request.body.decode()}"
            for queue in QUEUES
            for task in queues.list_tasks(
                request={"parent": queue_name(stack, queue), "response_view": tasks_v2.Task.View.FULL}
            )
        ]
    finally:
        queues.resume_queue(name=queue_name(stack, "outbox-whatsapp"))
    assert citizen.head().ticket
    assert bodies
    citizen.eventually(lambda: len(citizen.sent()) >= 3)
    logs = "".join(path.read_text("utf-8", "replace") for path in (stack.state / "logs").glob("*.log"))
    for canary in (NIK, citizen.phone):
        assert canary not in "".join(bodies)
        assert canary not in logs
