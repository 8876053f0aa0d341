"""Small makers of what most tests begin with: settings, an office on its own database, a complaint, a webhook."""

import atexit
import hashlib
import hmac
import json
import secrets
import shutil
import socket
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.complaint import Actor, Complaint, Place, Reporter, State, TalkLine
from besadu.domain.conversation import Conversation
from besadu.domain.deadlines import Calendar
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem
from besadu.queue import Queue
from besadu.services.intake import receive
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import Stored, connect
from besadu.store.complaints import Decision
from besadu.store.directory import AgencyRecord, Post
from besadu.store.senders import key_of
from besadu_local.keys import private_key, public_line

ACCOUNT = "100000000000001"
APP_SECRET = "meta-app-secret-of-tests"
PHONE = "6281200000001"
DUTY_PHONE = "6281299990000"
NIK = "1902014507900003"  # synthetic: a woman born 5 July 1990
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # a Monday, 09:00 in Belitung
NO_HOLIDAYS = Calendar()
ADDRESS = Address(channel="whatsapp", account=ACCOUNT, phone=PHONE)

ADMIN = Actor(role="admin", name="Admin Uji")
OFFICER = Actor(role="officer", name="Petugas Uji", agency="dishub")
LEADER = Actor(role="leader", name="Sekda Uji")
CITIZEN = Actor(role="citizen", name="Pelapor")
SYSTEM = Actor(role="system", name="Sistem")

STORY = "Lampu jalan mati di depan SD 5 Perawas sejak Senin, gelap sekali dan berbahaya untuk anak sekolah"


class Hands:
    """A clock that a test moves."""

    def __init__(self, time: datetime = START) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time

    def advance(self, **more: float) -> None:
        self.time += timedelta(**more)


@cache
def nik_keys() -> tuple[str, str]:
    """``(NIK_PUBLIC_KEY, NIK_DECRYPT_KEY)``: one line of base64, and the path of a PEM file."""
    folder = Path(tempfile.mkdtemp(prefix="besadu-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    key = private_key(folder / "nik.pem", 2048)
    return public_line(key), str(folder / "nik.pem")


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def some_settings(project: str, **changes: str) -> Settings:
    """Settings that every use case can work with; nobody answers where tasks would go, and nothing may depend on it."""
    public, private = nik_keys()
    base = Settings(
        besadu_public_url="http://127.0.0.1:9",
        functions_url="http://127.0.0.1:9",
        google_cloud_project=project,
        invoker_account="invoker@test.example",
        meta_app_secret=APP_SECRET,
        meta_verify_token="verify-token-of-tests",
        meta_access_token="access-token-of-tests",
        whatsapp_phone_number_id=ACCOUNT,
        nik_public_key=public,
        nik_decrypt_key=private,
        nik_index_key="index-key-of-tests-0123456789abcdef",
        session_key="session-key-of-tests-0123456789abcdef",
        link_key="link-key-of-tests-0123456789abcdef",
        tasks_emulator_host=f"127.0.0.1:{closed_port()}",
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # strings by name


def an_office(project: str, now: Any, **changes: str) -> Office:
    """All tools on the database of ``project``; ``now`` is a callable. With one agency, ``dishub``."""
    settings = some_settings(project, **changes)
    office = Office(settings, open_store(connect(settings)), Queue(settings), now)
    office.store.directory.save_agency(an_agency())
    return office


def an_agency(code: str = "dishub", **changes: Any) -> AgencyRecord:
    """An agency with a duty post and a head who can be reached."""
    base = AgencyRecord(
        code=code,
        name="Dinas Perhubungan",
        short="Dishub",
        duty=Post(title="Petugas piket", phone=DUTY_PHONE),
        head=Post(title="Kepala Dinas", phone="6281299990001"),
    )
    return replace(base, **changes)


def a_complaint(state: State = State.RECEIVED, **changes: Any) -> Complaint:
    """A complaint of one citizen as it stands in ``state``; not stored."""
    base = Complaint(
        ticket="BSD-26-4839-2050",
        state=state,
        reporter=Reporter(address=ADDRESS, name="Sari", sender_key=key_of(ADDRESS)),
        story=STORY,
        title="Lampu jalan mati",
        when="sejak Senin",
        place=Place(text="depan SD 5", village="Perawas"),
        created_at=START,
        updated_at=START,
        more_talk=False,
    )
    return replace(base, **changes)


def keep_complaint(office: Office, complaint: Complaint | None = None, **changes: Any) -> Complaint:
    """A complaint in the database, with the first entry of its history."""
    made = complaint or a_complaint(created_at=office.now(), updated_at=office.now(), **changes)
    commit = office.store.commit()
    decision = office.store.complaints.stage(commit, None, Decision(after=made, action="receive", actor=CITIZEN))
    commit.run()
    return decision.after


def keep_head(office: Office, head: Conversation | None = None, **changes: Any) -> Stored[Conversation]:
    """The head of a conversation in the database; its citizen has just written, unless said otherwise."""
    made = head or replace(Conversation(address=ADDRESS, last_inbound_at=office.now()), **changes)
    commit = office.store.commit()
    office.store.senders.stage(commit, key_of(made.address), made, None)
    commit.run()
    return head_of(office, made.address)


def head_of(office: Office, address: Address = ADDRESS) -> Stored[Conversation]:
    stored = office.store.senders.read(key_of(address), patient=True)
    assert stored
    return stored


def complaint_of(office: Office, ticket: str) -> Complaint:
    stored = office.store.complaints.read(ticket)
    assert stored
    return stored.value


def talk_of(office: Office, ticket: str) -> tuple[TalkLine, ...]:
    return office.store.complaints.talk(complaint_of(office, ticket))


def item_of(office: Office, outbox_id: str) -> OutboxItem:
    stored = office.store.outbox.read(outbox_id)
    assert stored
    return stored.value


def keep_item(office: Office, **changes: Any) -> OutboxItem:
    """A message to the citizen in the outbox, due now."""
    now = office.now()
    base = OutboxItem(
        id=secrets.token_hex(20),
        kind="notice",
        address=ADDRESS,
        created_at=now,
        due=now,
        sender_key=key_of(ADDRESS),
        ticket="BSD-26-4839-2050",
        text="Laporan Bapak/Ibu sudah kami teruskan.",
        template="kabar_laporan",
        template_values=("BSD-26-4839-2050", "diteruskan"),
    )
    item = replace(base, **changes)
    commit = office.store.commit()
    office.store.outbox.stage(commit, item)
    commit.run()
    return item


# Webhooks as Meta sends them


def a_text(text: str, *, message_id: str = "", phone: str = PHONE, at: datetime = START) -> dict[str, Any]:
    """One message of a webhook."""
    return {
        "from": phone,
        "id": message_id or f"wamid.{secrets.token_hex(12)}",
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
    }


def an_image(media_id: str, *, caption: str = "", phone: str = PHONE, at: datetime = START) -> dict[str, Any]:
    image = {"id": media_id, "mime_type": "image/jpeg", **({"caption": caption} if caption else {})}
    base = a_text("", phone=phone, at=at)
    del base["text"]
    return {**base, "type": "image", "image": image}


def a_document(filename: str, *, phone: str = PHONE) -> dict[str, Any]:
    base = a_text("", phone=phone)
    del base["text"]
    document = {"id": "4711", "mime_type": "application/pdf", "filename": filename}
    return {**base, "type": "document", "document": document}


def a_status(outbox_id: str, state: str, *, provider_id: str = "wamid.out", code: int = 0) -> dict[str, Any]:
    """One receipt of a webhook; ``outbox_id`` "" as from a provider that does not hand it back."""
    return {
        "id": provider_id,
        "status": state,
        "timestamp": str(int(START.timestamp())),
        "recipient_id": PHONE,
        **({"biz_opaque_callback_data": outbox_id} if outbox_id else {}),
        **({"errors": [{"code": code, "title": "failed"}]} if code else {}),
    }


def webhook(*messages: Any, statuses: tuple[Any, ...] = (), phone: str = PHONE, name: str = "Sari") -> bytes:
    """The body of one webhook."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "62719000000", "phone_number_id": ACCOUNT},
    }
    if messages:
        value |= {"contacts": [{"profile": {"name": name}, "wa_id": phone}], "messages": list(messages)}
    if statuses:
        value["statuses"] = list(statuses)
    changes = [{"value": value, "field": "messages"}]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()


def signed(raw: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """The headers with which Meta sends this body."""
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


def hear(office: Office, raw: bytes) -> None:
    """The verified body of one webhook of WhatsApp comes in. Raises Unavailable."""
    webhook = Webhook(
        method="POST",
        path="/whatsapp",
        url=f"{office.settings.besadu_public_url}/intake/whatsapp",
        query="",
        headers={},
        raw=raw,
        received_at=office.now(),
    )
    receive(office, webhook)


def say(office: Office, *texts: str, phone: str = PHONE) -> None:
    """The citizen writes these, one webhook each."""
    for text in texts:
        hear(office, webhook(a_text(text, phone=phone, at=office.now()), phone=phone))


def arrive(office: Office, ticket: str, state: str = "delivered") -> None:
    """The channel says that the complaint's answer has arrived."""
    hear(office, webhook(statuses=(a_status(complaint_of(office, ticket).delivered_by, state),)))


def file_complaint(office: Office, hands: Hands, *, nik: str = NIK, phone: str = PHONE) -> str:
    """A whole talk from the first word to the ticket, which it returns."""
    for text in (STORY, f"NIK saya {nik}", "TIDAK ADA", "YA"):
        say(office, text, phone=phone)
        hands.advance(minutes=1)
    ticket = head_of(office, Address(channel="whatsapp", account=ACCOUNT, phone=phone)).value.ticket
    assert ticket
    return ticket
