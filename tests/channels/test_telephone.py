import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import exchange, telephone, twilio
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain import ivr
from besadu.domain.message import Address, Attachment, Outgoing
from besadu.errors import MediaGone, Unreadable

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "twilio-token-of-tests"
PBX_KEY = "pbx-key-of-tests"
PAYLOADS = Path(__file__).parents[1] / "payloads" / "telephone"
FORMS = sorted(path.stem for path in PAYLOADS.glob("*.form"))
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
SETTINGS = Settings(
    besadu_public_url="https://besadu.example",
    twilio_account_sid=ACCOUNT,
    twilio_auth_token=TOKEN,
    pbx_signing_key=PBX_KEY,
)


def a_webhook(path: str, raw: bytes, headers: Mapping[str, str] = FORM, query: str = "") -> Webhook:
    url = f"https://besadu.example/intake{path}" + (f"?{query}" if query else "")
    return Webhook(method="POST", path=path, url=url, query=query, headers=headers, raw=raw, received_at=NOW)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.form").read_bytes()


def step(name: str, path: str = "") -> ivr.Signal:
    step_name = path or name.partition("_")[0]
    signal = telephone.parse(a_webhook(f"/telephone/{step_name}", payload(name)), SETTINGS)
    assert signal
    return signal


def signed(webhook: Webhook, token: str = TOKEN) -> Webhook:
    """As Twilio signs a form: the address, then names and values in order."""
    content = webhook.url.encode() + b"".join(name + value for name, value in sorted(set(twilio._pairs(webhook.raw))))
    digest = base64.b64encode(hmac.new(token.encode(), content, hashlib.sha1).digest()).decode()
    return replace(webhook, headers={**webhook.headers, "X-Twilio-Signature": digest})


def test_the_vector_of_twilio_s_own_libraries_verifies() -> None:
    raw = urlencode(
        {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
    ).encode()
    webhook = replace(
        a_webhook("/telephone/answer", raw, {**FORM, "X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}),
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
    )
    assert twilio.signed(webhook, "12345")
    assert not twilio.signed(webhook, "12346")


@pytest.mark.parametrize("name", FORMS)
def test_a_genuine_signature_verifies(name: str) -> None:
    assert telephone.authentic(signed(a_webhook("/telephone/answer", payload(name))), SETTINGS)


def test_a_signature_of_one_step_does_not_open_another() -> None:
    answer = signed(a_webhook("/telephone/answer", payload("answer")))
    elsewhere = replace(
        answer, path="/telephone/recording-status", url="https://besadu.example/intake/telephone/recording-status"
    )
    assert not telephone.authentic(elsewhere, SETTINGS)


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_standard_port_may_or_may_not_be_signed(port: str) -> None:
    plain = a_webhook("/telephone/answer", payload("answer"))
    written = replace(plain, url=plain.url.replace("besadu.example", f"besadu.example{port}"))
    assert telephone.authentic(replace(signed(written), url=plain.url), SETTINGS)
    assert telephone.authentic(replace(signed(plain), url=written.url), SETTINGS)


def test_repeated_and_blank_parameters_and_any_letters_are_signed() -> None:
    for raw in (b"A=&B=2&B=1&B=2&a=x", b"N=caf%C3%A9+%F0%9F%99%8F", b"N=%ff%fe", b"x", b"=&=&a"):
        assert telephone.authentic(signed(a_webhook("/telephone/answer", raw)), SETTINGS)


def test_an_altered_added_or_moved_parameter_is_refused() -> None:
    genuine = signed(a_webhook("/telephone/nik", payload("nik")))
    for altered in (genuine.raw + b"&Digits=1", genuine.raw.replace(b"CallSid=CA", b"CallSid=CB"), b""):
        assert not telephone.authentic(replace(genuine, raw=altered), SETTINGS)


def test_a_body_that_is_no_form_is_bound_by_its_hash() -> None:
    raw = b'{"a": 1}'
    query = f"bodySHA256={hashlib.sha256(raw).hexdigest()}"
    webhook = a_webhook("/telephone/status", raw, {"Content-Type": "application/json"}, query)
    digest = base64.b64encode(hmac.new(TOKEN.encode(), webhook.url.encode(), hashlib.sha1).digest()).decode()
    good = replace(webhook, headers={**webhook.headers, "x-twilio-signature": digest})
    assert telephone.authentic(good, SETTINGS)
    assert not telephone.authentic(replace(good, raw=b'{"a": 2}'), SETTINGS)


def test_both_tokens_verify_during_a_rotation_and_an_unset_one_refuses() -> None:
    webhook = a_webhook("/telephone/answer", payload("answer"))
    for token in ("new", "old"):
        assert telephone.authentic(signed(webhook, token), replace(SETTINGS, twilio_auth_token="new, old"))
    for unset in ("", " ", ","):
        assert not telephone.authentic(signed(webhook, ""), replace(SETTINGS, twilio_auth_token=unset))


@pytest.mark.parametrize("header", ["", "=", "é" * 28, "\udcff", "A" * 28, "x" * 100_000])
def test_an_odd_signature_is_refused_and_never_raises(header: str) -> None:
    webhook = a_webhook("/telephone/answer", payload("answer"), {**FORM, "X-Twilio-Signature": header})
    assert not telephone.authentic(webhook, SETTINGS)
    assert not telephone.authentic(replace(webhook, headers={}), SETTINGS)
    assert not telephone.authentic(replace(webhook, url="https://[broken"), SETTINGS)


def stamped(raw: bytes, key: str = PBX_KEY, at: int = int(NOW.timestamp()), kind: str = "application/json") -> Webhook:
    digest = hmac.new(key.encode(), raw + str(at).encode(), hashlib.sha256).hexdigest()
    return a_webhook("/telephone/pbx", raw, {"Content-Type": kind, "X-Timestamp": str(at), "X-Signature": digest})


def test_an_exchange_signs_body_and_time_for_five_minutes() -> None:
    raw = (PAYLOADS / "pbx.json").read_bytes()
    now = int(NOW.timestamp())
    for age in (-300, 0, 300):
        assert telephone.authentic(stamped(raw, at=now - age), SETTINGS)
    for age in (-301, 301):
        assert not telephone.authentic(stamped(raw, at=now - age), SETTINGS)
    assert not telephone.authentic(stamped(raw, key="other"), SETTINGS)
    assert not telephone.authentic(stamped(raw, key=""), replace(SETTINGS, pbx_signing_key=""))
    assert not telephone.authentic(replace(stamped(raw), raw=raw + b" "), SETTINGS)
    assert not telephone.authentic(signed(a_webhook("/telephone/pbx", raw)), SETTINGS)


@pytest.mark.parametrize(
    ("name", "caller"),
    [
        ("answer", "6281200000001"),
        ("answer_landline", "62719212345"),
        ("answer_withheld", ""),
        ("answer_anonymous_word", ""),
        ("answer_sip", ""),
        ("answer_without_number", ""),
    ],
)
def test_the_caller_is_a_number_or_nobody(name: str, caller: str) -> None:
    assert step(name).caller == caller


@pytest.mark.parametrize(
    "written",
    [
        "+7378742833",
        "+2562533",
        "+8656966",
        "+86282452253",
        "client:budi",
        "+",
        "++62",
        "sip:+6281200000001@x",
        "9" * 500,
        "+62812\udc80",
        "\uff11\uff12\uff13",
        "Restricted",
    ],
)
def test_a_hostile_or_withheld_number_is_nobody(written: str) -> None:
    assert telephone.caller_of(written) == ""


def test_what_a_step_says_is_understood() -> None:
    assert (step("nik").digits, step("nik_star").digits, step("nik_missing").digits) == ("1902014507900003", "*", "")
    assert step("recorded").recording == ivr.Recording(
        id="RE00000000000000000000000000000001",
        url=f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE00000000000000000000000000000001",
        seconds=42,
    )
    assert step("recorded_without_sid").recording == step("recorded").recording
    assert step("recorded").digits == ""
    assert step("recording_status_absent", "recording-status").recording is None
    completed = step("recording_status_completed", "recording-status")
    assert (completed.caller, completed.recording and completed.recording.seconds) == ("", 41)
    assert [step(name).over for name in ("status_completed", "status_no_answer", "status_ringing")] == [
        *(True, True, False)
    ]


def test_another_account_s_call_and_no_call_at_all_are_not_ours() -> None:
    for name in ("other_account", "no_call"):
        assert telephone.parse(a_webhook("/telephone/answer", payload(name)), SETTINGS) is None
    assert telephone.parse(a_webhook("/telephone/elsewhere", payload("answer")), SETTINGS) is None


def test_nothing_that_identifies_a_caller_is_shown_when_a_signal_is_printed() -> None:
    assert "812" not in repr(step("answer"))
    assert "1902" not in repr(step("nik"))


@given(raw=st.binary(max_size=200), name=st.sampled_from(sorted(ivr.STEPS)))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(raw: bytes, name: str) -> None:
    telephone.parse(a_webhook(f"/telephone/{name}", raw), SETTINGS)


@given(
    form=st.dictionaries(
        st.sampled_from(
            ["CallSid", "From", "Digits", "RecordingUrl", "RecordingSid", "RecordingDuration", "CallStatus"]
        ),
        st.text(max_size=40),
    ),
    name=st.sampled_from(sorted(ivr.STEPS)),
)
@settings(max_examples=300, deadline=None)
def test_no_form_raises(form: dict[str, str], name: str) -> None:
    webhook = a_webhook(f"/telephone/{name}", urlencode(form, errors="replace").encode())
    signal = telephone.parse(signed(webhook), SETTINGS)
    repr(signal).encode()


def rendered(script: ivr.Script) -> ET.Element:
    words = telephone.render(script, SETTINGS, lambda prompt: f'{prompt.key} & <"sulit">')
    return ET.fromstring(words)  # noqa: S314 - our own words


def test_twiml_is_well_formed_whatever_is_said() -> None:
    response = rendered(ivr.STORY)
    assert [verb.tag for verb in response] == ["Say", "Record", "Say", "Record", "Say", "Hangup"]
    assert response[0].text == 'ask_story & <"sulit">'
    assert response[0].attrib == {"language": "id-ID"}


def test_a_recording_names_its_steps_and_none_of_the_defaults_that_bite() -> None:
    record = rendered(ivr.STORY)[1].attrib
    assert record["action"] == "https://besadu.example/intake/telephone/recorded"
    assert record["recordingStatusCallback"] == "https://besadu.example/intake/telephone/recording-status"
    assert record["recordingStatusCallbackEvent"] == "completed absent"
    assert (record["finishOnKey"], record["maxLength"], record["timeout"]) == ("#", "180", "5")


def test_keys_are_gathered_also_when_none_is_pressed_and_without_state_in_the_address() -> None:
    gather = rendered((ivr.Gather("nik", 16, (ivr.Prompt("ask_nik"),)),))[0]
    assert gather.attrib["action"] == "https://besadu.example/intake/telephone/nik"
    assert (gather.attrib["numDigits"], gather.attrib["finishOnKey"], gather.attrib["timeout"]) == ("16", "#", "10")
    assert gather.attrib["actionOnEmptyResult"] == "true"
    assert [verb.tag for verb in gather] == ["Say"]


def report(name: str, **changes: object) -> exchange.Report:
    body = {**json.loads((PAYLOADS / f"{name}.json").read_bytes()), **changes}
    return exchange.parse(stamped(json.dumps(body).encode()))


def test_a_report_is_the_same_as_json_and_as_multipart() -> None:
    raw = (PAYLOADS / "pbx.multipart").read_bytes()
    multipart = exchange.parse(stamped(raw, kind="multipart/form-data; boundary=besaduboundary"))
    assert multipart == report("pbx")
    assert (multipart.caller, multipart.seconds, multipart.audio[:4]) == ("6281200000002", 41, b"OggS")
    assert multipart.started_at == datetime(2026, 3, 2, 1, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"\xff", b"[]", b"null", b"{}", b"[" * 100_000),
        b'{"call_id": ""}',
        b'{"call_id": {}}',
        b'{"call_id": "1", "audio": "%%%"}',
        b'{"call_id": "1", "audio": 7}',
    ],
)
def test_what_is_no_report_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        exchange.parse(stamped(raw))


def test_a_report_with_odd_fields_is_still_one() -> None:
    odd = report("pbx", caller=None, nik=7, started_at="9999-12-31T00:00:00+00:00", duration="x", audio=None)
    assert (odd.caller, odd.nik, odd.started_at, odd.seconds, odd.audio) == ("", "7", NOW, None, b"")


def test_too_much_sound_is_said_to_be_too_much() -> None:
    report("pbx", audio=base64.b64encode(b"x" * exchange.MAX_AUDIO).decode())
    with pytest.raises(exchange.TooLong):
        report("pbx", audio=base64.b64encode(b"x" * (exchange.MAX_AUDIO + 1)).decode())


@given(raw=st.binary(max_size=300), kind=st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_report_raises_anything_else(raw: bytes, kind: str) -> None:
    for content_type in ("application/json", f"multipart/form-data; {kind}", "multipart/form-data; boundary=b"):
        try:
            exchange.parse(stamped(b"--b\r\n" + raw, kind=content_type))
        except (Unreadable, exchange.TooLong):
            continue


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com/x",
        "https://api.twilio.com.evil.example/x",
        "https://twilio.com@evil.example/x",
        "https://evil.example/api.twilio.com/x",
        "http://169.254.169.254/x",
        "https://api.twilio.com:8443/x",
        "https://api.twilio.com/x?y=",
        "",
    ],
)
def test_a_recording_elsewhere_is_not_fetched_and_our_token_not_shown(url: str) -> None:
    with (
        pytest.raises(MediaGone),
        telephone.fetch_media(Attachment(kind="audio", url=url), settings=replace(SETTINGS, twilio_url="https://t")),
    ):
        pass


def test_a_caller_who_takes_no_sms_must_be_called() -> None:
    for phone in ("62719212345", "", "4915112345678"):
        message = Outgoing(
            outbox_id="1", address=Address(channel="telephone", account=ACCOUNT, phone=phone, user_id="x"), text="Halo"
        )
        assert telephone.send(message, settings=SETTINGS).outcome == "permanent"


def test_understanding_calls_needs_no_http_client_and_no_server() -> None:
    code = (
        "import sys, besadu.channels.telephone, besadu.channels.exchange; "
        "bad = {'requests', 'urllib3', 'flask', 'grpc', 'email.parser', 'phonenumbers'} & set(sys.modules);"
        " sys.exit(repr(bad) if bad else 0)"
    )
    functions = Path(telephone.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=functions, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
