"""What a provider tells us becomes the state of a conversation: once, completely, and without a NIK in the clear."""

import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from besadu import texts, vault
from besadu.domain import ticket as tickets
from besadu.domain.complaint import State
from besadu.domain.conversation import MOST_RECENT
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem
from besadu.errors import Unavailable
from besadu.queue import Queue
from besadu.services import intake
from besadu.services.intake import LONGEST_WAIT, QUIET
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import AlreadyThere, connect
from besadu.store.inbox import InboxItem
from besadu.store.keys import inbox_key
from tests.channels.sms import payload as sms_payload
from tests.channels.sms import webhook as sms_webhook
from tests.factories import (
    ACCOUNT,
    NIK,
    PHONE,
    STORY,
    Hands,
    a_document,
    a_status,
    a_text,
    an_image,
    an_office,
    closed_port,
    complaint_of,
    file_complaint,
    head_of,
    hear,
    item_of,
    keep_head,
    keep_item,
    say,
    some_settings,
    talk_of,
    webhook,
)


def every(office: Office, collection: str) -> list[dict[str, Any]]:
    return [snapshot.to_dict() or {} for snapshot in office.store.database.collection(collection).get()]


def inbox_of(office: Office, message_id: str) -> InboxItem:
    stored = office.store.inbox.read(inbox_key("whatsapp", ACCOUNT, message_id))
    assert stored
    return stored.value


def test_a_whole_talk_becomes_a_complaint_with_a_sealed_nik(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    complaint = complaint_of(office, ticket)
    assert complaint.state is State.RECEIVED
    assert complaint.story == STORY
    assert complaint.place.village == "Perawas"
    assert complaint.reporter.nik
    assert complaint.reporter.nik.masked == "1902********0003"
    assert vault.open_sealed(office.settings, complaint.reporter.nik.sealed) == NIK.encode()
    assert complaint.reporter.nik.indexes == vault.indexes(office.settings.nik_index_key, NIK)
    head = head_of(office).value
    assert (head.draft, head.pending, head.tickets) == (None, None, (ticket,))
    assert head.said
    assert (head.said.kind, head.said.ticket, ticket in head.said.text) == ("notice", ticket, True)
    assert complaint.history[0].told == (head.said.id,)


def test_a_reply_that_nobody_has_claimed_is_kept_when_the_citizen_writes_again(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    told = head_of(office).value.said
    say(office, "STATUS")
    status = head_of(office).value.said
    assert told
    assert status
    assert ticket in status.text
    assert item_of(office, told.id) == told
    hands.advance(seconds=1)
    keep_item(office, id=status.id, kind="prompt", state="sent", due=None)  # its task was in time
    say(office, "STATUS")
    assert item_of(office, status.id).state == "sent"


def test_a_reply_claimed_while_the_citizen_writes_stops_neither(office: Office, hands: Hands) -> None:
    file_complaint(office, hands)
    for _ in range(12):
        before = head_of(office).value
        said = before.said
        assert said

        def claim(said: OutboxItem = said) -> None:
            with suppress(AlreadyThere):  # the citizen's next message was faster, and has put it into the outbox
                keep_item(office, id=said.id, kind="prompt", state="sent", due=None)

        works = (claim, lambda: say(office, "STATUS"))
        together(2, lambda number, works=works: works[number]())
        assert head_of(office).value.sequence == before.sequence + 1
        assert item_of(office, said.id).state in {"sent", "pending"}
        hands.advance(minutes=1)


def test_the_same_message_twice_has_one_effect(office: Office) -> None:
    raw = webhook(a_text(STORY, message_id="wamid.same"))
    hear(office, raw)
    before = head_of(office)
    hear(office, raw)
    assert head_of(office) == before
    assert len(every(office, "inbox")) == 1


def test_a_message_that_comes_again_after_many_others_has_one_effect(office: Office, hands: Hands) -> None:
    raw = webhook(a_text(STORY, message_id="wamid.same"))
    hear(office, raw)
    for number in range(MOST_RECENT):
        hands.advance(seconds=30)
        say(office, f"masih gelap {number}")
    before = head_of(office)
    assert not before.value.knows(inbox_key("whatsapp", ACCOUNT, "wamid.same"))
    hear(office, raw)
    assert head_of(office) == before


def together(count: int, work: Any) -> None:
    """``work(number)`` in as many threads, all at once; what one raises is raised here."""
    barrier, faults = threading.Barrier(count), []

    def one(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def test_the_same_message_eight_times_at_once_has_one_effect(office: Office) -> None:
    raw = webhook(a_text(STORY, message_id="wamid.same"))
    together(8, lambda _number: hear(office, raw))
    assert head_of(office).value.sequence == 1
    assert len(every(office, "inbox")) == 1


def test_ten_photos_at_once_become_one_draft_and_one_prompt(office: Office) -> None:
    together(10, lambda number: hear(office, webhook(an_image(str(4000 + number)))))
    draft = head_of(office).value.draft
    assert draft
    assert len(set(draft.evidence)) == 10
    assert len(every(office, "evidence")) == 10
    assert head_of(office).value.pending
    assert every(office, "outbox") == []


def test_an_album_and_a_story_become_one_complaint_with_ten_files(office: Office, hands: Hands) -> None:
    photos = [an_image(str(5000 + number), at=hands.now()) for number in range(10)]
    hear(office, webhook(*photos))
    hands.advance(minutes=1)
    for text in (STORY, f"NIK {NIK}", "YA"):
        say(office, text)
        hands.advance(minutes=1)
    (complaint,) = office.store.complaints.newest()
    whole = complaint_of(office, complaint.ticket)
    assert len([one for line in whole.talk for one in line.evidence]) == 10


def test_a_burst_gets_one_prompt_worded_from_all_of_it(office: Office, hands: Hands) -> None:
    say(office, "Lampu jalan mati total")
    first = head_of(office).value.pending
    hands.advance(seconds=1)
    say(office, "di depan SD 5 Perawas sejak Senin")
    second = head_of(office).value.pending
    assert first
    assert second
    assert first.outbox_id == second.outbox_id
    assert second.due == hands.now() + QUIET
    assert "NIK" in second.text
    assert every(office, "outbox") == []


def test_a_burst_without_end_is_answered_after_a_while(office: Office, hands: Hands) -> None:
    began = hands.now()
    for number in range(8):
        say(office, f"lampu mati nomor {number}")
        pending = head_of(office).value.pending
        assert pending
        assert pending.due <= began + LONGEST_WAIT
        hands.advance(seconds=1)


def test_one_message_that_nobody_understands_does_not_lose_its_neighbours(office: Office) -> None:
    broken: list[Any] = [None, 5, {"id": "wamid.odd", "type": "text", "from": PHONE, "text": {"body": None}}]
    hear(office, webhook(a_text("Lampu jalan mati", message_id="w1"), *broken, a_text(STORY)))
    assert head_of(office).value.sequence == 2
    assert sorted(item.get("state", "processed") for item in every(office, "inbox")) == [
        "processed",
        "processed",
        "quarantined",
        "quarantined",
    ]


def test_what_is_no_json_is_kept_as_it_came_and_quarantined(office: Office) -> None:
    hear(office, b"\xff{not json")
    hear(office, b"\xff{not json")
    (item,) = every(office, "inbox")
    assert (item["state"], item["raw"]) == ("quarantined", b"\xff{not json")


def test_a_large_body_is_packed_and_can_be_read_again(office: Office) -> None:
    raw = webhook(a_text("Lampu jalan mati", message_id="w1")) + b" " * 900_000
    hear(office, raw)
    item = inbox_of(office, "w1")
    assert item.raw_packed
    assert zlib.decompress(item.raw) == raw


@pytest.mark.parametrize("text", ["a" * 4096, "🙏" * 2000, "😀👩‍👩‍👧", "e\u0301 \u202e lapor", "\u0000", "*_~`"])
def test_any_text_is_kept_whole(office: Office, text: str) -> None:
    hear(office, webhook(a_text(text, message_id="w1")))
    assert inbox_of(office, "w1").text == text.replace("\u0000", "\ufffd")


def test_a_batch_keeps_its_body_once(office: Office) -> None:
    raw = webhook(*(a_text(f"lampu mati {number}", message_id=f"w{number}") for number in range(5)))
    hear(office, raw)
    kept = [item for item in every(office, "inbox") if item["raw"]]
    assert [item["raw"] for item in kept] == [raw]
    assert {item.get("raw_with", "") for item in every(office, "inbox")} == {"", inbox_key("whatsapp", ACCOUNT, "w0")}


def _places_of(value: Any, wanted: str, path: str = "") -> list[str]:
    """Where a text or its bytes stand in a document."""
    if isinstance(value, dict):
        return [hit for name, part in value.items() for hit in _places_of(part, wanted, f"{path}.{name}")]
    if isinstance(value, list):
        return [hit for part in value for hit in _places_of(part, wanted, path)]
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return [path] if wanted in text else []


@pytest.mark.parametrize(
    "message",
    [
        a_text(f"NIK saya {NIK}"),
        a_text(f"{NIK[:4]} {NIK[4:8]} {NIK[8:12]} {NIK[12:]} itu NIK saya"),
        a_text(f"Lampu mati di Perawas, nik {NIK} sejak Senin"),
        a_document(f"KTP {NIK}.pdf"),
        {**an_image("1"), "image": {"id": "1", "mime_type": "image/jpeg", "caption": f"nik {NIK}"}},
        {
            **{key: value for key, value in a_text("x").items() if key != "text"},
            "type": "location",
            "location": {"latitude": -2.7, "longitude": 107.6, "name": f"rumah {NIK}"},
        },
        {
            **{key: value for key, value in a_text("x").items() if key != "text"},
            "type": "contacts",
            "contacts": [{"name": {"formatted_name": f"Sari {NIK}"}}],
        },
        {
            **{key: value for key, value in a_text("x").items() if key != "text"},
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": NIK, "title": NIK}},
        },
        {**a_text("x"), "type": "of_the_future", "text": {"body": NIK}},
    ],
)
def test_a_nik_stands_nowhere_in_the_clear_and_the_sealed_body_opens_again(
    office: Office, message: dict[str, Any]
) -> None:
    raw = webhook(message, name=f"Sari {NIK}")
    hear(office, raw)
    for collection in ("inbox", "senders", "outbox", "evidence"):
        for document in every(office, collection):
            assert _places_of(document, NIK) == []
            assert _places_of(document, NIK[6:]) == []
    (item,) = every(office, "inbox")
    assert item["raw_sealed"]
    opened = vault.open_sealed(office.settings, item["raw"])
    assert NIK[12:] in opened.decode()
    if "state" not in item:  # processed, which is its default
        assert opened == raw


def test_a_nik_in_a_later_message_of_a_batch_seals_the_body_that_the_first_one_keeps(office: Office) -> None:
    hear(office, webhook(a_text("Lampu jalan mati", message_id="w1"), a_text(f"nik {NIK}")))
    item = inbox_of(office, "w1")
    assert item.raw_sealed
    assert NIK.encode() not in item.raw


def test_a_nik_with_a_digit_left_out_is_hidden_too(office: Office, hands: Hands) -> None:
    say(office, STORY)
    hands.advance(minutes=1)
    hear(office, webhook(a_text(NIK[:15], message_id="w9")))
    item = inbox_of(office, "w9")
    assert NIK[:15] not in item.text
    assert item.raw_sealed


def test_a_harmless_body_is_kept_as_it_came(office: Office) -> None:
    raw = webhook(a_text("Lampu jalan mati", message_id="w1"))
    hear(office, raw)
    item = inbox_of(office, "w1")
    assert (item.raw, item.raw_sealed) == (raw, False)


def test_canaries_of_a_whole_talk_are_found_nowhere_but_where_they_belong(
    office: Office, hands: Hands, capsys: pytest.CaptureFixture[str]
) -> None:
    ticket = file_complaint(office, hands)
    say(office, f"Tambahan: nomor saya yang lain juga {PHONE}, nik {NIK}", "STATUS", "terima kasih")
    for collection in ("inbox", "senders", "outbox", "evidence", "complaints"):
        for document in every(office, collection):
            assert _places_of(document, NIK) == []
    complaint = office.store.complaints.reference(ticket).get().to_dict() or {}
    assert set(_places_of(complaint, PHONE)) == {".reporter.address.phone", ".talk.text"}
    for item in every(office, "outbox"):
        assert set(_places_of(item, PHONE)) <= {".address.phone"}
    logged = capsys.readouterr().err
    assert NIK not in logged
    assert PHONE not in logged


def test_what_was_held_goes_out_when_the_citizen_writes(office: Office, hands: Hands) -> None:
    item = keep_item(office, state="held", due=None, kind="answer")
    keep_head(office, held=(item.id,), last_inbound_at=hands.now() - timedelta(days=2))
    say(office, "BUKA")
    after = item_of(office, item.id)
    assert (after.state, after.due) == ("pending", hands.now())
    assert head_of(office).value.held == ()


def test_a_message_of_a_kind_that_whatsapp_cannot_carry_is_answered(office: Office) -> None:
    odd = {key: value for key, value in a_text("x", message_id="w1").items() if key != "text"}
    hear(office, webhook({**odd, "type": "unsupported", "errors": [{"code": 131051}]}))
    pending = head_of(office).value.pending
    assert pending
    assert texts.say("got_unsupported") in pending.text


def test_an_addition_joins_the_open_complaint(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands)
    say(office, "Tambahan: kabelnya juga putus")
    assert talk_of(office, ticket)[-1].text == "Tambahan: kabelnya juga putus"


def test_a_citizen_without_a_phone_number_is_heard_too(office: Office) -> None:
    message = a_text(STORY)
    del message["from"]
    raw = json.loads(webhook({**message, "from_user_id": "ID.123456"}))
    raw["entry"][0]["changes"][0]["value"]["contacts"] = [{"profile": {"name": "S"}, "user_id": "ID.123456"}]
    hear(office, json.dumps(raw).encode())
    head = head_of(office, Address(channel="whatsapp", account=ACCOUNT, user_id="ID.123456")).value
    assert head.draft
    assert head.address.phone == ""


def test_a_ticket_that_is_taken_is_drawn_again(office: Office, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = file_complaint(office, hands, phone="6281200000009")
    drawn = iter([taken, taken, "BSD-26-1234-5675"])
    monkeypatch.setattr(tickets, "new", lambda _now: next(drawn))
    assert file_complaint(office, hands) == "BSD-26-1234-5675"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(max_examples=25, deadline=None)
@given(json_values)
def test_no_shape_of_a_message_breaks_the_door(emulator: str, value: Any) -> None:
    assert emulator
    office = an_office_for_shapes()
    hear(office, webhook(value, {**a_text("x"), "text": value}))


_SHAPES: list[Office] = []


def an_office_for_shapes() -> Office:
    if not _SHAPES:
        _SHAPES.append(an_office("test-shapes", Hands().now))
    return _SHAPES[0]


@pytest.fixture(params=["nobody listens", "nobody answers"])
def gone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office whose database is a dead port, or a socket that never answers."""
    listener = socket.create_server(("127.0.0.1", 0)) if request.param == "nobody answers" else None
    port = listener.getsockname()[1] if listener else closed_port()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    settings = some_settings("gone")
    yield Office(settings, open_store(connect(settings)), Queue(settings), Hands().now)
    if listener:
        listener.close()


@pytest.mark.parametrize(
    "raw",
    [
        webhook(a_text(STORY)),
        webhook(*(a_text(STORY) for _ in range(5))),
        webhook(statuses=(a_status("abc123", "delivered"),)),
        webhook(statuses=(a_status("", "delivered"),)),
        b"not json",
    ],
    ids=["a message", "five messages", "a receipt", "a receipt without our id", "something unreadable"],
)
def test_when_the_database_is_gone_the_provider_is_asked_again_within_three_seconds(gone: Office, raw: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        hear(gone, raw)
    assert time.monotonic() - began <= 3.0


def test_a_file_that_an_mms_brings_lies_with_its_own_document_alone(office: Office) -> None:
    message = sms_webhook("android", sms_payload("android", "mms_downloaded"))
    for _ in range(2):  # the app repeats
        intake.receive(office, message)
    (item,) = every(office, "evidence")
    assert (item["channel"], item["attachment"]["content"]) == ("sms", b"\xff\xd8\xff")
    (kept,) = every(office, "inbox")
    assert [file.get("content", b"") for file in kept["attachments"]] == [b""]
    (head,) = every(office, "senders")
    assert b"\xff\xd8\xff" not in repr(head).encode()
