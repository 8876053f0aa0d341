"""Infobip: batches of messages and reports, let in by a user and a password."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import sms_infobip
from besadu.domain.message import Inbound, Parsed
from tests.channels.sms import NOW, SETTINGS, payload, payloads, webhook, with_one_value_replaced


def parse(raw: bytes) -> Parsed:
    return sms_infobip.parse(webhook("infobip", raw), SETTINGS)


def only(name: str) -> Inbound:
    parsed = parse(payload("infobip", name))
    assert not parsed.unparsed
    (message,) = parsed.messages
    return message


REFUSED = {
    "no_sender": "NoSender",
    "no_text": "NoText",
    "report_of_the_future": "UnknownStatus",
    "report_status_null": "UnknownStatus",
    "results_null": "NoResults",
}

STATES = {
    "report_at_the_operator": "sent",
    "report_delivered": "delivered",
    "report_expired": "failed",
    "report_pending": "sent",
    "report_rejected": "failed",
    "report_undeliverable": "failed",
}


@pytest.mark.parametrize("path", payloads("infobip"), ids=lambda path: path.stem)
def test_every_payload_can_be_stored_as_utf_8(path: Path) -> None:
    for message in parse(path.read_bytes()).messages:
        repr(message).encode()
        assert message.provider_id
        assert message.sent_at.tzinfo is UTC


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_kept_with_a_reason(name: str) -> None:
    (piece,) = parse(payload("infobip", name)).unparsed
    assert (piece.channel, piece.account, piece.reason) == ("sms", "infobip", REFUSED[name])


def test_words_time_without_colon_and_number_are_read() -> None:
    message = only("text")
    assert (message.kind, message.text) == ("message", "Lampu jalan mati di Perawas")
    assert message.sent_at == datetime(2026, 1, 5, 5, 20, tzinfo=UTC)
    assert (message.address.account, message.address.sender) == ("infobip", "6281200000001")
    assert only("time_broken").sent_at == NOW


def test_the_keyword_of_a_rented_number_stays_in_the_text() -> None:
    assert only("text_with_keyword").text == "LAPOR Lampu mati"


def test_numbers_without_plus_are_international_and_names_cannot_be_answered() -> None:
    assert only("from_abroad").address.phone == "60123456789"
    assert (only("from_a_name").kind, only("from_a_name").note) == ("event", "sender:name")


def test_every_result_of_a_batch_is_read_and_broken_ones_lose_nobody() -> None:
    assert [message.text for message in parse(payload("infobip", "batch_of_three")).messages] == ["satu", "dua", "tiga"]
    parsed = parse(payload("infobip", "broken_ones_among_good"))
    assert [message.text for message in parsed.messages] == ["baik", "baik juga"]
    assert [piece.reason for piece in parsed.unparsed] == ["NoResult", "NoId", "NoText"]
    mixed = parse(payload("infobip", "message_and_report_together"))
    assert [message.kind for message in mixed.messages] == ["message", "receipt"]


def test_an_mms_is_its_words_and_its_files() -> None:
    message = only("mms")
    assert message.text == "Lubang di jalan"
    assert [(file.kind, file.url) for file in message.attachments] == [
        ("image", "https://example.api.infobip.com/mms/1/content/1")
    ]


@pytest.mark.parametrize("name", STATES)
def test_a_report_is_a_receipt_for_our_outbox_message(name: str) -> None:
    message = only(name)
    assert message.receipt is not None
    assert (message.receipt.state, message.receipt.outbox_id) == (STATES[name], bytes(range(20)).hex())
    assert message.provider_id == f"{message.receipt.provider_id}:{STATES[name]}"


def test_a_failed_report_says_whether_for_good_and_names_no_number() -> None:
    lasting, passing = only("report_undeliverable").receipt, only("report_expired").receipt
    assert lasting is not None
    assert passing is not None
    assert (lasting.error_code, lasting.error_text) == ("27", "Absent Subscriber … (permanent)")
    assert passing.error_text.endswith("(temporary)")


@pytest.mark.parametrize("raw", [b"", b"\xff", b"null", b"[]", b"7", b"{}", b'{"results": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_batch_is_kept(raw: bytes) -> None:
    parsed = parse(raw)
    assert not parsed.messages
    assert len(parsed.unparsed) == 1


@given(raw=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    parse(raw)


@given(path=st.sampled_from(payloads("infobip")), data=st.data())
@settings(max_examples=600, deadline=None)
def test_no_payload_with_any_value_replaced_raises(path: Path, data: st.DataObject) -> None:
    for message in parse(with_one_value_replaced(path.read_bytes(), data)).messages:
        repr(message).encode()


def authentic(header: str, user: str = "infobip", password: str = SETTINGS.infobip_webhook_password) -> bool:
    given = webhook("infobip", b"{}", {"authorization": header} if header else {})
    known = replace(SETTINGS, infobip_webhook_user=user, infobip_webhook_password=password)
    return sms_infobip.authentic(given, known)


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_the_right_user_and_password_are_let_in_also_during_a_rotation() -> None:
    assert authentic(basic("infobip:kata:sandi"))
    assert authentic(basic("infobip:kata:sandi").replace("Basic", "basic"))
    assert authentic(basic("infobip:lama"), password="baru,lama")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic é",
        "Basic \udcff",
        "Bearer " + base64.b64encode(b"infobip:kata:sandi").decode(),
        "infobip:kata:sandi",
        "Basic " + base64.b64encode(b"infobip:kata:sand").decode(),
        "Basic " + base64.b64encode(b"infobi:kata:sandi").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
    ],
)
def test_any_other_authorization_is_refused_and_never_raises(header: str) -> None:
    assert not authentic(header)


def test_an_unset_user_or_password_refuses() -> None:
    assert not authentic(basic(":"), user="", password="")
    assert not authentic(basic("infobip:"), password="")
    assert not authentic(basic(":kata:sandi"), user="")


def test_the_payloads_are_json_objects() -> None:
    assert all(isinstance(json.loads(path.read_bytes()), dict) for path in payloads("infobip"))
