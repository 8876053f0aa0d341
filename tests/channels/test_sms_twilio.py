"""Twilio: signed forms in; Twilio's own published signatures verify, and nothing else does."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import sms_twilio
from besadu.channels.webhook import Webhook
from besadu.domain.message import Attachment, Inbound, Parsed
from besadu.errors import MediaGone
from tests.channels.sms import ANYTHING, NOW, SETTINGS, payload, payloads, twilio_headers, webhook

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
JSON = {"Content-Type": "application/json"}
OUTBOX_ID = bytes(range(20)).hex()


def parse(raw: bytes, headers: dict[str, str] = FORM, query: str = "") -> Parsed:
    return sms_twilio.parse(webhook("twilio", raw, headers, query), SETTINGS)


def only(name: str, query: str = "") -> Inbound:
    parsed = parse(payload("twilio", name), query=query)
    assert not parsed.unparsed
    (message,) = parsed.messages
    return message


KINDS = {
    "from_a_name": ("event", "sender:name"),
    "from_a_short_code": ("event", "sender:number"),
    "from_whatsapp": ("ignored", "other_channel"),
    "new_parameter": ("message", ""),
    "of_another_account": ("ignored", "other_account"),
    "opt_out_help": ("message", "opt_out:HELP"),
    "opt_out_stop": ("message", "opt_out:STOP"),
    "status_queued": ("ignored", "status:queued"),
    "status_sent": ("receipt", ""),
    "text": ("message", ""),
    "text_blank": ("message", ""),
}

WORDS = {
    "text": "Lampu jalan mati di Perawas",
    "text_blank": "",
    "text_long_in_base64": "Jalan berlubang di depan pasar Perawas sejak Senin pagi. " * 4,
    "text_repeated_parameter": "Lampu jalan mati di Perawas",
    "text_that_looks_like_base64": "A" * 64,
    "text_with_emoji": "Lampu mati 🙏 & gelap = bahaya",
}

STATES = {
    "canceled": "failed",
    "delivered": "delivered",
    "failed": "failed",
    "read": "read",
    "sent": "sent",
    "undelivered": "failed",
}


@pytest.mark.parametrize("path", payloads("twilio"), ids=lambda path: path.stem)
def test_every_payload_can_be_stored_as_utf_8(path: Path) -> None:
    for message in parse(path.read_bytes()).messages:
        repr(message).encode()
        assert message.provider_id
        assert message.sent_at == NOW


@pytest.mark.parametrize("name", KINDS)
def test_each_situation_has_its_kind(name: str) -> None:
    message = only(name)
    assert (message.kind, message.note) == KINDS[name]


@pytest.mark.parametrize(
    ("name", "reason"), [("no_id", "NoId"), ("no_sender", "NoSender"), ("status_of_the_future", "UnknownStatus")]
)
def test_what_is_not_understood_is_kept_with_a_reason(name: str, reason: str) -> None:
    (piece,) = parse(payload("twilio", name)).unparsed
    assert (piece.channel, piece.account, piece.reason) == ("sms", "twilio", reason)


@pytest.mark.parametrize("name", WORDS)
def test_the_words_are_read_also_from_base64(name: str) -> None:
    assert only(name).text == WORDS[name]


def test_the_sender_and_the_id_are_read() -> None:
    message = only("text")
    assert (message.address.account, message.address.sender) == ("twilio", "6281200000001")
    assert message.provider_id == "SM" + "1".rjust(32, "0")


def test_pictures_are_attachments_with_an_address() -> None:
    assert [(file.kind, file.mime, file.url[-4:]) for file in only("picture").attachments] == [
        ("image", "image/jpeg", "/ME1"),
        ("audio", "audio/amr", "/ME2"),
    ]


@pytest.mark.parametrize("name", STATES)
def test_a_status_is_a_receipt_for_the_message_that_the_address_names(name: str) -> None:
    message = only(f"status_{name}", f"outbox_id={OUTBOX_ID}.undangan")
    assert message.receipt is not None
    assert (message.receipt.state, message.receipt.outbox_id) == (STATES[name], f"{OUTBOX_ID}.undangan")
    assert message.provider_id == f"{message.receipt.provider_id}:{STATES[name]}"


@pytest.mark.parametrize("query", ["", "outbox_id=", "outbox_id=..%2Fx", "outbox_id=%FF", "a&&=", "outbox_id=__x__"])
def test_an_odd_address_names_no_outbox_message(query: str) -> None:
    receipt = only("status_sent", query).receipt
    assert receipt is not None
    assert receipt.outbox_id == ""


def test_a_failed_status_carries_the_code_and_no_number() -> None:
    receipt = only("status_failed").receipt
    assert receipt is not None
    assert (receipt.error_code, receipt.error_text) == ("30005", "Unknown destination handset …")


def test_a_json_body_is_read_as_parameters() -> None:
    fields = dict(parse_qsl(payload("twilio", "text").decode(), keep_blank_values=True))
    (message,) = parse(json.dumps(fields).encode(), JSON).messages
    assert message.text == only("text").text


def test_the_answer_is_empty_twiml() -> None:
    assert sms_twilio.answer(webhook("twilio", b"")) == ("<Response/>", "text/xml")


@given(raw=st.binary(max_size=200), kind=st.sampled_from([FORM, JSON, {}]), query=st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise(raw: bytes, kind: dict[str, str], query: str) -> None:
    parse(raw, kind, query)


@given(path=st.sampled_from(payloads("twilio")), data=st.data())
@settings(max_examples=400, deadline=None)
def test_no_form_with_any_value_replaced_raises(path: Path, data: st.DataObject) -> None:
    fields = dict(parse_qsl(path.read_text(), keep_blank_values=True))
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
    for message in parse(urlencode(fields).encode()).messages:
        repr(message).encode()


@given(value=ANYTHING)
@settings(max_examples=300, deadline=None)
def test_no_json_raises(value: object) -> None:
    parse(json.dumps(value).encode(), JSON)
    parse(json.dumps({"MessageSid": value, "From": value, "Body": value, "MediaUrl0": value}).encode(), JSON)


# The vectors that Twilio publishes with its own validators (token 12345)
ADDRESS = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMETERS = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
BODY = b'{"property": "value", "boolean": true}'
BODY_ADDRESS = f"{ADDRESS}&bodySHA256={hashlib.sha256(BODY).hexdigest()}"


def authentic(
    url: str, raw: bytes, signature: str, kind: dict[str, str] = FORM, token: str = SETTINGS.twilio_auth_token
) -> bool:
    query = url.partition("?")[2]
    given = replace(webhook("twilio", raw, {**kind, "X-Twilio-Signature": signature}), url=url, query=query)
    return sms_twilio.authentic(given, replace(SETTINGS, twilio_auth_token=token))


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (ADDRESS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (ADDRESS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (ADDRESS.replace(".com", ".com:443"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (ADDRESS.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (ADDRESS.replace("https", "http").replace(".com", ".com:1234"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_twilios_vectors_verify_with_and_without_the_standard_port(url: str, signature: str) -> None:
    raw = urlencode(PARAMETERS).encode()
    assert authentic(url, raw, signature)
    assert authentic(url, raw, signature, token="newer,12345")
    assert not authentic(url.replace("foo=1", "foo=2"), raw, signature)
    assert not authentic(url, raw + b"&More=1", signature)
    assert not authentic(url, raw, signature, token="54321")
    assert not authentic(url, raw, signature, token="")


def test_repeated_parameters_are_sorted_and_count_once() -> None:
    signature = "IK+Dwps556ElfBT0I3Rgjkr1wJU="
    once, twice = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234", b"&Digits=1234&Digits=5678"
    assert authentic(ADDRESS, once, signature)
    assert authentic(ADDRESS, once + twice, signature)
    assert not authentic(ADDRESS, b"Sid=CA123&SidAccount=AC123&Digits=5678", signature)


def test_a_json_body_is_bound_by_its_hash_in_the_address() -> None:
    signature = "a9nBmqA0ju/hNViExpshrM61xv4="
    assert authentic(BODY_ADDRESS, BODY, signature, JSON)
    assert not authentic(BODY_ADDRESS, BODY + b" ", signature, JSON)
    # A body whose hash the address does not hold is signed by nobody.
    plain = twilio_headers(ADDRESS, b"")["X-Twilio-Signature"]
    assert not authentic(ADDRESS, BODY, plain, JSON)


@pytest.mark.parametrize("name", [path.stem for path in payloads("twilio")])
def test_blank_and_unicode_parameters_are_signed_too(name: str) -> None:
    raw = payload("twilio", name)
    given = webhook("twilio", raw)
    signed: Webhook = replace(given, headers=twilio_headers(given.url, raw))
    assert sms_twilio.authentic(signed, SETTINGS)
    assert not sms_twilio.authentic(replace(signed, raw=raw.replace(b"ApiVersion", b"apiVersion")), SETTINGS)


@pytest.mark.parametrize("signature", ["", "=", "é" * 28, "\udcff", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "a" * 5000])
def test_an_odd_signature_is_refused_and_never_raises(signature: str) -> None:
    assert not authentic(ADDRESS, urlencode(PARAMETERS).encode(), signature)
    assert not sms_twilio.authentic(webhook("twilio", b"\xff=%FF", FORM), SETTINGS)


@pytest.fixture
def storage() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Twilio's files: the API asks for credentials and points elsewhere; the second address would refuse any."""
    asked: list[tuple[str, str]] = []

    class Files(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            target = {"/ME1": "/file", "/ME2": "https://evil.example/file"}.get(self.path)
            self.send_response(307 if target else 200 if self.path == "/file" else 404)
            if target:
                self.send_header("Location", target)
            self.send_header("Content-Type", "image/jpeg")
            self.end_headers()
            self.wfile.write(b"" if target else b"\xff\xd8 picture")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_with_credentials_at_twilio_and_without_them_elsewhere(
    storage: tuple[str, list[tuple[str, str]]],
) -> None:
    url, asked = storage
    known = replace(SETTINGS, twilio_url=url)
    with sms_twilio.fetch_media(Attachment(kind="image", url=f"{url}/ME1"), settings=known) as media:
        assert (b"".join(media.chunks), media.mime) == (b"\xff\xd8 picture", "image/jpeg")
    assert [path for path, _ in asked] == ["/ME1", "/file"]
    assert asked[0][1].startswith("Basic ")
    assert asked[1][1] == ""


@pytest.mark.parametrize("path", ["/ME2", "/gone"])
def test_a_file_that_is_gone_or_lies_with_strangers_is_not_fetched(
    storage: tuple[str, list[tuple[str, str]]], path: str
) -> None:
    url, _ = storage
    file = Attachment(kind="image", url=f"{url}{path}")
    with pytest.raises(MediaGone), sms_twilio.fetch_media(file, settings=replace(SETTINGS, twilio_url=url)):
        pass
