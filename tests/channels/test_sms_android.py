"""The SIM phone: what it reports is understood, once, and only what it signed itself within five minutes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import sms_android
from besadu.domain.message import Inbound, Parsed
from tests.channels.sms import (
    NOW,
    SETTINGS,
    android_headers,
    payload,
    payloads,
    webhook,
    with_one_value_replaced,
)

SENT_AT = datetime(2026, 1, 5, 5, 20, tzinfo=UTC)
OUTBOX_ID = bytes(range(20)).hex()


def parse(raw: bytes) -> Parsed:
    return sms_android.parse(webhook("android", raw), SETTINGS)


def only(name: str) -> Inbound:
    parsed = parse(payload("android", name))
    assert not parsed.unparsed
    (message,) = parsed.messages
    return message


KINDS = {
    "app_started": ("event", "app_started"),
    "cancelled": ("receipt", ""),
    "data_received": ("event", "unsupported:data"),
    "event_of_the_future": ("ignored", "unknown_event"),
    "mms_downloaded": ("message", ""),
    "mms_received": ("event", "unsupported:mms"),
    "no_event": ("ignored", "unknown_event"),
    "ping": ("ignored", "ping"),
    "received": ("message", ""),
    "received_empty_text": ("message", ""),
    "received_from_operator": ("event", "sender:name"),
    "received_from_short_code": ("event", "sender:number"),
    "sent": ("receipt", ""),
}

REFUSED = {
    "received_null_payload": "NoPayload",
    "received_null_sender": "NoSender",
    "received_null_text": "NoText",
    "received_without_time_and_id": "NoId",
    "sent_without_id": "NoId",
}


@pytest.mark.parametrize("path", payloads("android"), ids=lambda path: path.stem)
def test_every_payload_can_be_stored_as_utf_8(path: Path) -> None:
    for message in parse(path.read_bytes()).messages:
        repr(message).encode()
        assert message.provider_id
        assert message.sent_at.tzinfo is UTC


@pytest.mark.parametrize("name", KINDS)
def test_each_situation_has_its_kind(name: str) -> None:
    message = only(name)
    assert (message.kind, message.note) == KINDS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_kept_with_a_reason(name: str) -> None:
    (piece,) = parse(payload("android", name)).unparsed
    assert (piece.channel, piece.account, piece.reason) == ("sms", "android", REFUSED[name])
    assert isinstance(json.loads(piece.raw), dict)


def test_words_time_and_number_are_read() -> None:
    message = only("received")
    assert message.text == "Lampu jalan mati di Perawas sejak Senin"
    assert message.sent_at == SENT_AT
    assert (message.address.account, message.address.sender) == ("android", "6281200000001")


@pytest.mark.parametrize("name", ["received_by_old_app", "received_national_number", "received_without_sim"])
def test_old_apps_and_national_numbers_lead_to_the_same_citizen(name: str) -> None:
    assert only(name).address == only("received").address


def test_a_number_from_abroad_is_kept_as_it_is() -> None:
    assert only("received_from_abroad").address.phone == "60123456789"


def test_what_nobody_can_answer_has_no_number_but_its_words() -> None:
    message = only("received_from_operator")
    assert (message.address.phone, message.address.user_id) == ("", "Telkomsel")
    assert message.text.startswith("Masa aktif")


def an_mms(*parts: object) -> Inbound:
    body = json.loads(payload("android", "mms_downloaded"))
    body["payload"]["attachments"] = list(parts)
    (message,) = parse(json.dumps(body).encode()).messages
    return message


def test_an_mms_is_its_words_and_brings_its_files_along() -> None:
    layout = {"contentType": "application/smil", "data": "PHNtaWwvPg=="}
    message = an_mms(layout, {"contentType": "image/jpeg", "data": "/9j/"})
    assert (message.text, message.address.phone, message.sent_at) == (
        "Foto",
        "6281200000001",
        datetime(2026, 1, 5, 5, 20, tzinfo=UTC),
    )
    (file,) = message.attachments
    assert (file.kind, file.mime, file.content) == ("image", "image/jpeg", b"\xff\xd8\xff")
    assert an_mms(layout).provider_id == message.provider_id


@pytest.mark.parametrize(
    "part",
    [
        {"contentType": "image/jpeg"},
        {"contentType": "image/jpeg", "data": None},
        {"contentType": "image/jpeg", "data": "%%%"},
        {"contentType": "image/jpeg", "data": "/9j"},
        {"contentType": "image/jpeg", "data": "A" * 1_200_004},
        {},
        None,
    ],
)
def test_a_file_of_an_mms_that_cannot_be_read_is_there_without_content(part: object) -> None:
    (file,) = an_mms(part).attachments
    assert file.content == b""


def test_a_repeated_webhook_and_a_later_export_are_the_same_message() -> None:
    first = only("received").provider_id
    assert only("received_again_same_event").provider_id == first
    assert only("received_exported_again").provider_id == first


def test_two_texts_with_one_message_id_are_two_messages() -> None:
    assert only("received").provider_id != only("received_other_text_same_message_id").provider_id


@pytest.mark.parametrize("name", ["received_time_missing", "received_time_broken"])
def test_without_a_time_the_event_is_the_key_and_nothing_is_lost(name: str) -> None:
    message = only(name)
    assert (message.provider_id, message.sent_at) == ("event:Ey6ECgOkVVFjz3CL48B8C", NOW)


def test_a_long_text_arrives_whole_and_broken_emoji_are_replaced() -> None:
    assert len(only("received_long_joined").text) == 640
    assert only("received_lone_surrogate").text == "rusak \ufffd sekali"


@pytest.mark.parametrize("name", ["sent", "delivered", "failed"])
def test_a_state_is_a_receipt_for_our_outbox_message(name: str) -> None:
    message = only(name)
    assert message.receipt is not None
    assert (message.receipt.state, message.receipt.outbox_id) == (name, OUTBOX_ID)
    assert message.provider_id == f"{message.receipt.provider_id}:{name}"
    assert message.address.phone == "6281200000001"


def test_a_failure_tells_the_reason_without_the_number() -> None:
    receipt = only("failed").receipt
    assert receipt is not None
    assert (receipt.error_code, receipt.error_text) == ("failed", "RESULT_ERROR_NO_SERVICE while sending to …")
    assert only("cancelled").receipt == replace(receipt, error_code="cancelled", error_text="")


def test_an_invitation_keeps_its_suffix_and_the_phones_own_messages_keep_their_id() -> None:
    invitation, own = only("delivered_of_an_invitation").receipt, only("delivered_of_the_phones_own_message").receipt
    assert invitation is not None
    assert own is not None
    assert invitation.outbox_id == f"{OUTBOX_ID}.undangan"
    assert own.outbox_id == "PyDmBQZZXYmyxMwED8Fzy"


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"hello", b"null", b"[]", b'{"event": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_kept_as_it_came(raw: bytes) -> None:
    parsed = parse(raw)
    assert not parsed.messages
    assert [piece.raw for piece in parsed.unparsed] == [raw]


@given(raw=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    parse(raw)


@given(path=st.sampled_from(payloads("android")), data=st.data())
@settings(max_examples=600, deadline=None)
def test_no_payload_with_any_value_replaced_raises(path: Path, data: st.DataObject) -> None:
    for message in parse(with_one_value_replaced(path.read_bytes(), data)).messages:
        repr(message).encode()


GENUINE = rb'{"event":"system:ping","text":"caf\u00e9 \/ \ud83d\ude4f"}'


def authentic(headers: dict[str, str], key: str = "s3cret", raw: bytes = GENUINE) -> bool:
    return sms_android.authentic(webhook("android", raw, headers), replace(SETTINGS, android_sms_signing_key=key))


def test_a_genuine_signature_verifies_over_body_and_timestamp_only() -> None:
    assert authentic(android_headers(GENUINE))
    assert not authentic(android_headers(GENUINE), raw=json.dumps(json.loads(GENUINE)).encode())
    assert not authentic({**android_headers(GENUINE), "X-Timestamp": str(int(NOW.timestamp()) - 1)})


@pytest.mark.parametrize(("age", "good"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_a_signature_is_good_for_five_minutes_either_way(age: float, *, good: bool) -> None:
    assert authentic(android_headers(GENUINE, age=age)) is good


def test_during_a_rotation_both_keys_verify_and_no_key_refuses() -> None:
    for key in (b"new", b"old"):
        assert authentic(android_headers(GENUINE, key), "new, old")
    assert not authentic(android_headers(GENUINE, b"older"), "new,old")
    for empty in ("", " ", ","):
        assert not authentic(android_headers(GENUINE, b""), empty)


@pytest.mark.parametrize(
    "change",
    [
        {"X-Signature": ""},
        {"X-Signature": "é" * 64},
        {"X-Signature": "\udcff" * 64},
        {"X-Signature": "0" * 64},
        {"X-Timestamp": ""},
        {"X-Timestamp": "1e9"},
        {"X-Timestamp": "\u0661" * 10},
        {"X-Timestamp": "9" * 30},
        {"X-Timestamp": "-1"},
    ],
)
def test_odd_headers_are_refused_and_never_raise(change: dict[str, str]) -> None:
    assert not authentic({**android_headers(GENUINE), **change})
    assert not authentic({})
