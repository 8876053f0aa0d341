import base64
import hashlib
import io
import json
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from besadu import links
from besadu.domain.conversation import Conversation
from besadu.domain.evidence import LEASE, Evidence, incoming_name, object_name, quarantine_name
from besadu.domain.message import Address, Attachment
from besadu.media import Media
from besadu.services import evidence, inspection, staff_uploads
from besadu.services.office import Office
from besadu.store.senders import key_of
from besadu_local.stack import Stack
from tests.services.desk_case import JPEG, Hands, office_at

MP3 = b"ID3\x04\x00" + bytes(900)
OGG = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(4000)


@dataclass
class Provider:
    """A Graph API that has one file and can be told to fail."""

    url: str = ""
    body: bytes = JPEG
    lookup: int = 200  # status of the look-up by id
    download: int = 200
    fetched: int = 0
    deletion: int = 204
    deleted: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None  # called with each request


@pytest.fixture
def provider() -> Iterator[Provider]:
    here = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.paths.append(self.path)
            here.before()
            if self.path.startswith(("/file", "/2010-04-01/")):
                here.fetched += 1
                self._say(here.download, here.body, "image/jpeg")
            elif here.lookup == 200:
                said = {"url": f"{here.url}/file", "file_size": len(here.body)}
                self._say(200, json.dumps(said).encode(), "application/json")
            else:
                self._say(here.lookup, b'{"error": {"code": 100}}', "application/json")

        def do_DELETE(self) -> None:
            here.deleted.append(self.path)
            self._say(here.deletion, b"", "application/json")

        def _say(self, status: int, body: bytes, mime: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Desk:
    office: Office
    media: Media
    hands: Hands

    def a_file(self, **changes: Any) -> Evidence:
        address = Address(channel="whatsapp", account="100", phone=f"62812{secrets.randbelow(10**8):08}")
        now = self.hands.now()
        item = Evidence(
            id=f"{secrets.token_hex(12)}-0",
            ticket="",
            sender_key=key_of(address),
            attachment=Attachment(kind="image", media_id="1234567890", mime="image/jpeg"),
            created_at=now,
            due=now,
        )
        item = replace(item, **changes)
        commit = self.office.store.commit()
        self.office.store.senders.stage(commit, key_of(address), Conversation(address=address), None)
        self.office.store.evidence.stage(commit, item)
        commit.run()
        return item

    def fetch(self, item: Evidence) -> str:
        return evidence.fetch(self.office, self.media, item.id)

    def read(self, item: Evidence) -> Evidence:
        stored = self.office.store.evidence.read(item.id)
        assert stored
        return stored.value


@pytest.fixture
def desk(stack: Stack, provider: Provider) -> Desk:
    hands = Hands()
    office = office_at(
        stack,
        "attachments",
        hands.now,
        meta_graph_url=provider.url,
        twilio_url=provider.url,
        twilio_account_sid="AC1",
        twilio_auth_token="t",
    )
    return Desk(office, Media(office.settings), hands)


def test_a_photo_reaches_the_bucket_once(desk: Desk, provider: Provider) -> None:
    item = desk.a_file()
    assert [desk.fetch(item), desk.fetch(item)] == ["stored", "stored"]
    kept = desk.read(item)
    assert (kept.state, kept.mime, kept.size, kept.due) == ("stored", "image/jpeg", len(JPEG), None)
    assert kept.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert b"".join(desk.media.open(kept.object_name)) == JPEG
    assert provider.fetched == 1


def test_the_type_comes_from_the_bytes_and_a_voice_note_stays_sound(desk: Desk, provider: Provider) -> None:
    provider.body = OGG
    item = desk.a_file(attachment=Attachment(kind="audio", media_id="1", mime="audio/mpeg"))
    assert desk.fetch(item) == "stored"
    assert desk.read(item).mime == "audio/ogg"
    provider.body = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + bytes(99)
    item = desk.a_file(attachment=Attachment(kind="audio", media_id="1"))
    desk.fetch(item)
    assert desk.read(item).mime == "audio/mp4"


@pytest.mark.parametrize("digest", [hashlib.sha256(JPEG).hexdigest(), base64.b64encode(hashlib.sha256(JPEG).digest())])
def test_a_checksum_that_fits_is_fine(desk: Desk, digest: str | bytes) -> None:
    given = digest if isinstance(digest, str) else digest.decode()
    assert desk.fetch(desk.a_file(attachment=Attachment(kind="image", media_id="1", sha256=given))) == "stored"


def test_a_checksum_that_does_not_fit_is_tried_again_and_keeps_nothing(desk: Desk) -> None:
    item = desk.a_file(attachment=Attachment(kind="image", media_id="1", sha256="0" * 64))
    assert desk.fetch(item) == "later"
    assert desk.read(item).state == "pending"
    assert desk.media.size(object_name(item.id)) is None


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<svg onload=alert(1)>", "gambar SVG"),
        (b"MZ\x90\x00" + bytes(500), "program Windows"),
        (b"PK\x03\x04" + bytes(60), "arsip ZIP"),
    ],
)
def test_a_wrong_type_is_locked_away_for_good(desk: Desk, provider: Provider, body: bytes, what: str) -> None:
    provider.body = body
    item = desk.a_file()
    assert [desk.fetch(item), desk.fetch(item)] == ["quarantined", "quarantined"]
    kept = desk.read(item)
    assert what in kept.reason
    assert (kept.mime, kept.object_name) == ("", quarantine_name(item.id))
    assert b"".join(desk.media.open(kept.object_name)) == body
    assert desk.media.size(object_name(item.id)) is None
    assert desk.media.size(incoming_name(item.id)) is None


def test_an_empty_file_is_locked_away(desk: Desk, provider: Provider) -> None:
    provider.body = b""
    assert desk.fetch(item := desk.a_file()) == "quarantined"
    assert desk.read(item).reason == inspection.EMPTY


def test_what_is_gone_at_the_provider_fails_with_a_reason(desk: Desk, provider: Provider) -> None:
    provider.lookup = 404
    assert desk.fetch(item := desk.a_file()) == "failed"
    assert (desk.read(item).reason, desk.read(item).due) == (evidence.GONE, None)


def test_trouble_at_the_provider_is_tried_again_less_and_less_often_and_then_given_up(
    desk: Desk, provider: Provider
) -> None:
    provider.lookup = 500
    item = desk.a_file()
    pauses = []
    for _ in range(evidence.MOST_ATTEMPTS - 1):
        assert desk.fetch(item) == "later"
        due = desk.read(item).due
        assert due
        pauses.append((due - desk.hands.now()).total_seconds())
        assert desk.fetch(item) == "later"  # too early: changes nothing
        desk.hands.time = due
    assert pauses == list(evidence.BACK_OFF)
    assert desk.fetch(item) == "failed"
    assert desk.read(item).reason == evidence.GAVE_UP


def test_a_second_try_succeeds(desk: Desk, provider: Provider) -> None:
    provider.download = 404  # an address that ran out; the next look-up gives a new one
    item = desk.a_file()
    assert desk.fetch(item) == "later"
    provider.download = 200
    desk.hands.advance(minutes=1)
    assert desk.fetch(item) == "stored"


def test_a_file_that_another_worker_has_is_left_alone_until_its_lease_runs_out(desk: Desk, provider: Provider) -> None:
    item = desk.a_file(state="fetching", due=desk.hands.now() + LEASE, attempts=1)
    assert desk.fetch(item) == "busy"
    assert provider.paths == []
    desk.hands.advance(minutes=11)
    assert desk.fetch(item) == "stored"
    assert desk.read(item).attempts == 2


def test_a_crash_after_the_upload_costs_nothing(desk: Desk, provider: Provider) -> None:
    item = desk.a_file(state="fetching", due=desk.hands.now() - timedelta(minutes=1), attempts=1)
    desk.media.store(incoming_name(item.id), iter([JPEG]), limit=len(JPEG))
    assert desk.fetch(item) == "stored"
    assert desk.read(item).sha256 == hashlib.sha256(JPEG).hexdigest()
    assert provider.paths == []  # not fetched again


@pytest.mark.parametrize(("again", "counted"), [(False, ("pending", 0)), (True, ("fetching", 1))])
def test_only_an_attempt_that_may_not_be_the_first_is_claimed(
    desk: Desk, provider: Provider, *, again: bool, counted: tuple[str, int]
) -> None:
    item = desk.a_file()
    seen: list[tuple[str, int]] = []
    provider.before = lambda: seen.append((desk.read(item).state, desk.read(item).attempts))
    provider.lookup = 500
    assert evidence.fetch(desk.office, desk.media, item.id, again=again) == "later"
    assert seen == [counted]
    desk.hands.advance(minutes=1)
    assert desk.fetch(item) == "later"
    assert seen[-1] == ("fetching", 2)


def test_a_result_wins_over_a_claim_made_meanwhile(desk: Desk, provider: Provider) -> None:
    item = desk.a_file()

    def claimed_by_another() -> None:
        stored = desk.office.store.evidence.read(item.id)
        assert stored
        if stored.value.state == "pending":
            desk.office.store.evidence.replace(stored, replace(item, state="fetching", attempts=1))

    provider.before = claimed_by_another
    assert desk.fetch(item) == "stored"
    assert desk.read(item).state == "stored"


def test_an_upload_is_looked_at_where_it_lies_and_moved(desk: Desk, provider: Provider) -> None:
    item = desk.a_file(uploaded=True, origin="agency", attachment=Attachment(kind="image", mime="image/png"))
    desk.media.store(incoming_name(item.id), iter([JPEG]), limit=len(JPEG))
    assert desk.fetch(item) == "stored"
    kept = desk.read(item)
    assert (kept.mime, kept.size, kept.sha256) == ("image/jpeg", len(JPEG), hashlib.sha256(JPEG).hexdigest())
    assert desk.media.size(incoming_name(item.id)) is None
    assert desk.fetch(desk.a_file(uploaded=True)) == "failed"  # nothing lies there
    assert provider.paths == []


def test_a_file_that_came_in_its_message_is_kept_and_its_document_grows_small_again(
    desk: Desk, provider: Provider
) -> None:
    item = desk.a_file(channel="sms", attachment=Attachment(kind="image", content=JPEG))
    assert desk.fetch(item) == "stored"
    kept = desk.read(item)
    assert (kept.sha256, kept.attachment.content) == (hashlib.sha256(JPEG).hexdigest(), b"")
    assert b"".join(desk.media.open(kept.object_name)) == JPEG
    without = desk.a_file(channel="sms", attachment=Attachment(kind="image"))
    assert desk.fetch(without) == "failed"
    assert desk.read(without).reason == evidence.GONE
    assert provider.paths == []


def test_a_file_that_kills_its_worker_is_given_up(desk: Desk, provider: Provider) -> None:
    item = desk.a_file(state="fetching", due=desk.hands.now(), attempts=evidence.MOST_ATTEMPTS)
    assert desk.fetch(item) == "failed"
    assert provider.paths == []


def test_two_workers_at_once_store_it_once(desk: Desk) -> None:
    item = desk.a_file()
    outcomes: list[str] = []
    workers = [threading.Thread(target=lambda: outcomes.append(desk.fetch(item))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(outcomes) <= {"stored", "busy"}
    assert desk.read(item).attempts == 1


def a_recording(desk: Desk, provider: Provider) -> Evidence:
    provider.body = MP3
    sound = Attachment(kind="audio", media_id="RE1", url=f"{provider.url}/2010-04-01/Accounts/AC1/Recordings/RE1")
    return desk.a_file(channel="telephone", attachment=sound)


def test_a_recording_does_not_stay_abroad_once_we_have_it(desk: Desk, provider: Provider) -> None:
    item = a_recording(desk, provider)
    assert desk.fetch(item) == "stored"
    assert provider.deleted == ["/2010-04-01/Accounts/AC1/Recordings/RE1.json"]
    assert (desk.read(item).left_behind, desk.read(item).due) == (False, None)
    desk.fetch(item)
    assert len(provider.deleted) == 1


def test_a_recording_that_could_not_be_deleted_is_tried_again(desk: Desk, provider: Provider) -> None:
    provider.deletion = 500
    item = a_recording(desk, provider)
    assert desk.fetch(item) == "stored"
    assert (desk.read(item).left_behind, desk.fetch(item), len(provider.deleted)) == (True, "stored", 1)
    provider.deletion = 204
    desk.hands.advance(hours=1)
    assert desk.fetch(item) == "stored"
    assert (desk.read(item).left_behind, desk.read(item).due, len(provider.deleted)) == (False, None, 2)
    assert b"".join(desk.media.open(desk.read(item).object_name)) == MP3


def test_a_recording_that_we_do_not_have_yet_is_not_deleted(desk: Desk, provider: Provider) -> None:
    provider.download = 503
    assert desk.fetch(a_recording(desk, provider)) == "later"
    assert provider.deleted == []


def test_an_unknown_file_is_nothing_to_do(desk: Desk) -> None:
    assert evidence.fetch(desk.office, desk.media, "nobody-0") == "unknown"


def asked(stack: Stack, path: str, body: bytes | None = None, *, token: str = "") -> tuple[int, bytes]:
    """What the running door `attachments` says."""
    request = urllib.request.Request(f"{stack.addresses['functions']}/attachments{path}", data=body)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def test_only_our_own_tasks_reach_the_door(stack: Stack) -> None:
    address = f"{stack.addresses['functions']}/attachments"
    token, foreign = stack.token(address), stack.token("https://elsewhere.example")
    body = b'{"id": "nobody-0"}'
    assert asked(stack, "/fetch", body)[0] == 403
    assert asked(stack, "/fetch", body, token=foreign)[0] == 403
    assert asked(stack, "/fetch", body, token=token) == (200, b"unknown")
    for broken in (b"", b"[]", b"{}", b'{"id": 7}', b'{"id": "../x"}', b'{"id": "' + b"x" * 20_000 + b'"}'):
        assert asked(stack, "/fetch", broken, token=token)[0] in (400, 413)
    assert asked(stack, "/fetch")[0] == 404
    assert asked(stack, "/", body)[0] == 404


def test_a_provider_gets_an_agencys_picture_by_a_link_that_expires(stack: Stack) -> None:
    project = stack.settings["GOOGLE_CLOUD_PROJECT"]
    office = office_at(stack, "assignment", stack.clock.now, google_cloud_project=project)
    media = Media(office.settings)
    photo = JPEG + secrets.token_bytes(8)
    kept = staff_uploads.keep(office, media, ticket="T", agency="a", stream=io.BytesIO(photo), filename="a.jpg")
    evidence.fetch(office, media, kept)
    citizens = Desk(office, media, Hands()).a_file(state="stored")

    def link(evidence_id: str, days: int) -> str:
        url = links.picture_url(office.settings, evidence_id, office.now() + timedelta(days=days))
        return url.partition("/attachments")[2]

    assert asked(stack, link(kept, 1)) == (200, photo)
    assert asked(stack, link(kept, -1))[0] == 403
    assert asked(stack, link(kept, 1)[:-2])[0] == 403
    assert asked(stack, link(citizens.id, 1))[0] == 403
