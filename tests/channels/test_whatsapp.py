"""WhatsApp: what Meta sends is understood, message by message, and nothing it sends can break the door."""

import hashlib
import hmac
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import CHANNELS, meta, whatsapp
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain.message import Inbound, Parsed

ACCOUNT = "106540352242922"
NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PAYLOADS = sorted((Path(__file__).parent.parent / "payloads" / "whatsapp").glob("*.json"))


def parse_raw(raw: bytes) -> Parsed:
    webhook = Webhook(
        method="POST",
        path="/whatsapp",
        url="https://besadu.example/intake/whatsapp",
        query="",
        headers={},
        raw=raw,
        received_at=NOW,
    )
    return whatsapp.parse(webhook, Settings(whatsapp_phone_number_id=ACCOUNT))


def parse(name: str) -> Parsed:
    path = next(path for path in PAYLOADS if path.stem == name)
    return parse_raw(path.read_bytes())


def only(name: str) -> Inbound:
    parsed = parse(name)
    assert not parsed.unparsed
    (message,) = parsed.messages
    return message


def signed(raw: bytes, secret: bytes = b"s3cret") -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret, raw, hashlib.sha256).hexdigest()}


KINDS = {
    "account_banned": ("event", "field:account_update"),
    "account_errors": ("event", "error:131056"),
    "call_permission": ("ignored", "call_permission_reply"),
    "contact_card": ("message", ""),
    "edit": ("edit", ""),
    "for_another_number": ("ignored", "other_account"),
    "in_a_group": ("ignored", "group"),
    "number_changed": ("event", "system:user_changed_number"),
    "order": ("ignored", "order"),
    "page_event": ("ignored", "object:page"),
    "reaction": ("ignored", "reaction"),
    "reaction_removed": ("ignored", "reaction"),
    "revoke": ("revoke", ""),
    "security_code_changed": ("event", "system:customer_identity_changed"),
    "staff_wrote_in_the_app": ("ignored", "field:smb_message_echoes"),
    "status_delivered": ("receipt", ""),
    "status_deleted": ("ignored", "status:deleted"),
    "template_rejected": ("event", "field:message_template_status_update"),
    "text": ("message", ""),
    "unsupported_file_too_big": ("event", "unsupported:131052"),
    "unsupported_kind": ("event", "unsupported:131051"),
}

REFUSED = {
    "entry_missing": "NoEntries",
    "image_null": "NoContent",
    "interactive_unknown": "UnknownInteractive",
    "kind_of_the_future": "UnknownType",
    "location_impossible": "NoPlace",
    "no_sender_at_all": "NoSender",
    "text_null_body": "NoText",
}

WORDS = {
    "document_with_path_as_name": ("surat", ""),
    "edit": ("jalan depan SMP", ""),
    "form_reply": ("Sent", '{"desa":"Lesung Batang"}'),
    "image_with_caption": ("Lubang di Jalan Sriwijaya", ""),
    "image_without_caption": ("", ""),
    "list_choice": ("Aik Ketekok", "desa-01"),
    "number_changed": ("", "6281200000002"),
    "reply_button": ("Puas", "PUAS"),
    "template_button": ("Buka", "BUKA"),
    "text_from_an_ad": ("Mau lapor", ""),
    "text_lone_surrogate": ("rusak \ufffd sekali\ufffd", ""),
}

FILES = {
    "image_with_caption": ("image", "1003383421387256", "image/jpeg", False),
    "sticker": ("sticker", "6003383421387256", "image/webp", False),
    "video": ("video", "2003383421387256", "video/mp4", False),
    "voice_note": ("audio", "3003383421387256", "audio/ogg; codecs=opus", True),
    "voice_of_the_old_form": ("audio", "4003383421387256", "audio/ogg", True),
}


def test_the_registry_knows_whatsapp_by_its_name() -> None:
    assert CHANNELS["whatsapp"] is whatsapp
    assert list(CHANNELS) == sorted(CHANNELS)


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_payload_can_be_stored_as_utf_8(path: Path) -> None:
    parsed = parse_raw(path.read_bytes())
    repr(parsed).encode()
    for message in parsed.messages:
        message.text.encode()
        assert message.provider_id
        assert message.sent_at.tzinfo is UTC
        assert message.note == "" or message.kind in ("event", "ignored")


@pytest.mark.parametrize("name", KINDS)
def test_each_situation_has_its_kind(name: str) -> None:
    message = only(name)
    assert (message.kind, message.note) == KINDS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_kept_with_a_reason(name: str) -> None:
    parsed = parse(name)
    assert not parsed.messages
    (piece,) = parsed.unparsed
    assert piece.reason == REFUSED[name]
    assert isinstance(json.loads(piece.raw), dict)


@pytest.mark.parametrize("name", WORDS)
def test_captions_titles_and_payloads_become_text_and_payload(name: str) -> None:
    message = only(name)
    assert (message.text, message.payload) == WORDS[name]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_an_attachment_with_its_media_id(name: str) -> None:
    (file,) = only(name).attachments
    assert (file.kind, file.media_id, file.mime, file.voice) == FILES[name]


def test_a_place_is_an_attachment_with_degrees_and_zero_is_a_place() -> None:
    (place,) = only("location_with_name").attachments
    assert (place.kind, place.latitude, place.longitude) == ("location", -2.7469, 107.6336)
    assert place.label == "Pasar Tanjungpandan, Jl. Gegedek"
    (zero,) = only("location_at_zero").attachments
    assert (zero.latitude, zero.longitude) == (0.0, 0.0)


def test_contact_cards_keep_names_even_when_one_has_none() -> None:
    cards = only("contact_card").attachments
    assert [(card.kind, card.label) for card in cards] == [("contact", "Pak RT 05"), ("contact", "")]


def test_an_album_is_four_messages_of_one_person() -> None:
    parsed = parse("album_in_one_webhook")
    assert [message.attachments[0].media_id for message in parsed.messages] == ["2000", "2001", "2002", "2003"]
    assert len({message.provider_id for message in parsed.messages}) == 4


def test_broken_messages_do_not_lose_their_neighbours() -> None:
    parsed = parse("broken_ones_among_good")
    assert [message.text for message in parsed.messages] == ["baik pertama", "baik kedua", "entri ketiga"]
    assert [piece.reason for piece in parsed.unparsed] == ["NoMessage", "NoContent", "NoValue"]
    assert parsed.unparsed[1].provider_id.startswith("wamid.")


def test_names_are_joined_to_the_person_who_wrote() -> None:
    parsed = parse("two_people_in_one_batch")
    assert [(message.name, message.text) for message in parsed.messages] == [
        ("Siti Aminah", "dari Siti"),
        ("Budi", "dari Budi"),
    ]
    assert only("contacts_null").name == ""


def test_a_citizen_without_a_number_is_reached_by_user_id() -> None:
    for name in ("username_without_number", "user_id_in_place_of_number"):
        address = only(name).address
        assert (address.phone, address.user_id) == ("", "ID.4091827364550192")
        assert address.sender == address.user_id
    assert only("sender_only_in_contacts").address.phone == "6281200000001"
    assert only("text").address.sender == "6281200000001"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text_time_in_milliseconds", datetime(2026, 1, 5, 5, 20, tzinfo=UTC)),
        ("text_time_as_number", datetime(2026, 1, 5, 5, 20, tzinfo=UTC)),
        ("text_time_broken", NOW),
    ],
)
def test_times_are_read_in_every_form_and_a_broken_one_loses_nothing(name: str, expected: datetime) -> None:
    assert only(name).sent_at == expected


@pytest.mark.parametrize(
    ("name", "state"), [("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("played", "read")]
)
def test_a_status_is_a_receipt_for_our_outbox_message(name: str, state: str) -> None:
    message = only(f"status_{name}")
    assert message.receipt is not None
    assert (message.receipt.state, message.receipt.outbox_id) == (state, "ob_4f2c")
    assert message.provider_id == f"{message.receipt.provider_id}:{name}"


def test_a_failed_status_carries_the_code_and_no_number() -> None:
    receipt = only("status_failed_window_closed").receipt
    assert receipt is not None
    assert (receipt.state, receipt.error_code) == ("failed", "131047")
    assert "24 hours" in receipt.error_text
    assert "812" not in receipt.error_text


def test_a_status_of_a_username_user_has_the_user_id() -> None:
    assert only("status_of_username").address.user_id == "ID.4091827364550192"


def test_a_message_beside_a_status_is_read_too() -> None:
    assert [message.kind for message in parse("message_and_status_together").messages] == ["message", "receipt"]


def test_a_reply_and_an_edit_name_the_message_they_are_about() -> None:
    assert only("text_quoting_another").target_id.startswith("wamid.")
    assert only("edit").target_id == only("revoke").target_id
    assert only("text_forwarded").target_id == ""


def test_a_notice_has_the_same_key_when_it_comes_again() -> None:
    assert only("account_banned").provider_id == only("account_banned").provider_id
    assert only("account_banned").provider_id != only("template_rejected").provider_id


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"hello",
        b"null",
        b"[]",
        b"7",
        b'{"entry": NaN}',
        b'{"entry": {}}',
        b"[" * 100_000,
        b'{"entry":' * 50_000,
        b'{"entry": [' + b"9" * 5000 + b"]}",
        b'{"entry": ["\xed\xa0\x80"]}',
    ],
    ids=lambda raw: raw[:12].decode("latin-1"),
)
def test_a_body_that_is_no_webhook_is_kept_as_it_came(raw: bytes) -> None:
    parsed = parse_raw(raw)
    assert not parsed.messages
    assert [piece.raw for piece in parsed.unparsed] == [raw]


def test_a_message_nested_just_within_the_parser_s_depth_is_kept() -> None:
    deep = "[" * 700 + "]" * 700
    value = f'{{"messages":[{{"id":"wamid.1","from":"6281200000001","type":"text","text":{deep}}}]}}'
    raw = f'{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"value":{value}}}]}}]}}'.encode()
    parsed = parse_raw(raw)
    assert len(parsed.unparsed) == 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(raw=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    parse_raw(raw)


@given(path=st.sampled_from(PAYLOADS), data=st.data())
@settings(max_examples=600, deadline=None)
def test_no_payload_with_any_value_replaced_raises(path: Path, data: st.DataObject) -> None:
    body = json.loads(path.read_bytes())
    node, spots = body, []
    stack = [node]
    while stack:
        node = stack.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            spots.append((node, key))
            if isinstance(node[key], dict | list):
                stack.append(node[key])
    if spots:
        node, key = data.draw(st.sampled_from(spots))
        node[key] = data.draw(ANYTHING)
    raw = json.dumps(body).encode()
    parsed = parse_raw(raw)
    for message in parsed.messages:
        repr(message).encode()


GENUINE = rb'{"text":"caf\u00e9 \/ \ud83d\ude4f"}'


def test_a_genuine_signature_verifies_over_the_raw_bytes_only() -> None:
    assert meta.verify(GENUINE, signed(GENUINE), "s3cret")
    again = json.dumps(json.loads(GENUINE), ensure_ascii=False).encode()
    assert not meta.verify(again, signed(GENUINE), "s3cret")


def test_the_vector_of_rfc_4231_case_2_verifies() -> None:
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    headers = {"x-hub-signature-256": f"sha256={known}"}
    assert meta.verify(b"what do ya want for nothing?", headers, "Jefe")


def test_during_a_rotation_both_secrets_verify() -> None:
    for secret in (b"new", b"old"):
        assert meta.verify(GENUINE, signed(GENUINE, secret), "new, old")
    assert not meta.verify(GENUINE, signed(GENUINE, b"older"), "new,old")


@pytest.mark.parametrize("bit", range(0, len(GENUINE) * 8, 7))
def test_one_flipped_bit_is_refused(bit: int) -> None:
    altered = bytearray(GENUINE)
    altered[bit // 8] ^= 1 << (bit % 8)
    assert not meta.verify(bytes(altered), signed(GENUINE), "s3cret")


GOOD = signed(GENUINE)["X-Hub-Signature-256"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        GOOD[7:],
        GOOD.upper(),
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace("sha256", "sha1"),
        GOOD[:-1] + "\u0661",
        "sha256=" + "é" * 64,
        "\udcff",
        f"{GOOD}, {GOOD}",
    ],
)
def test_an_odd_signature_header_is_refused_and_never_raises(header: str) -> None:
    assert not meta.verify(GENUINE, {"X-Hub-Signature-256": header}, "s3cret")


def test_no_header_and_no_secret_refuse() -> None:
    assert not meta.verify(GENUINE, {}, "s3cret")
    assert not meta.verify(GENUINE, {"X-Hub-Signature": "sha1=0"}, "s3cret")
    for empty in ("", " ", ",", " , "):
        assert not meta.verify(GENUINE, signed(GENUINE, b""), empty)


HELLO = {"hub.mode": "subscribe", "hub.verify_token": "tok", "hub.challenge": "1158201444"}


def test_the_handshake_answers_the_challenge() -> None:
    assert meta.handshake(HELLO, "tok") == "1158201444"
    assert meta.handshake(HELLO, "newer,tok") == "1158201444"


@pytest.mark.parametrize(
    ("change", "token"),
    [
        ({}, ""),
        ({}, "other"),
        ({"hub.mode": "unsubscribe"}, "tok"),
        ({"hub.verify_token": ""}, ""),
        ({"hub.verify_token": "\udcff"}, "tok"),
        ({"hub.challenge": "<script>"}, "tok"),
        ({"hub.challenge": ""}, "tok"),
        ({"hub.challenge": "\u0661\u0662"}, "tok"),
    ],
)
def test_any_other_handshake_is_refused(change: dict[str, str], token: str) -> None:
    assert meta.handshake({**HELLO, **change}, token) is None


def test_understanding_needs_no_http_client_and_no_server() -> None:
    code = (
        "import sys, besadu.channels; "
        "bad = {'requests', 'urllib3', 'flask', 'grpc'} & set(sys.modules); sys.exit(repr(bad) if bad else 0)"
    )
    functions = Path(whatsapp.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=functions, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
