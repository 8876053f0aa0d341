"""SMS going out: who can be reached, what fits, and what the front refuses before any gateway is asked."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import gsm, sms
from besadu.channels.sms_gateway import phone_of
from besadu.domain.message import Address, Attachment, Outgoing, SendResult
from besadu.errors import MediaGone
from tests.channels.sms import SETTINGS

CITIZEN = Address(channel="sms", account="android", phone="6281200000001")
MESSAGE = Outgoing(outbox_id="a" * 40, address=CITIZEN, text="BESADU: laporan diterima.")


@pytest.mark.parametrize(
    "written",
    [
        "081200000001",
        "+6281200000001",
        "6281200000001",
        "006281200000001",
        "+62 812-0000-0001",
        "+62 (0)812 0000 0001",
        "(0812) 0000 0001",
        "0812.0000.0001",
        "81200000001",
        " 0812\u00a00000\u20130001 ",
    ],
)
def test_an_indonesian_mobile_number_is_the_same_however_it_is_written(written: str) -> None:
    assert phone_of(written) == "6281200000001"


@pytest.mark.parametrize(
    ("written", "international", "expected"),
    [
        ("0719123456", False, "62719123456"),
        ("+62719123456", False, "62719123456"),
        ("+60123456789", False, "60123456789"),
        ("60123456789", True, "60123456789"),
        ("+819012345678", False, "819012345678"),
        ("819012345678", True, "819012345678"),
        ("6281200000001", True, "6281200000001"),
        ("0060123456789", False, "60123456789"),
    ],
)
def test_other_numbers_are_read_with_their_country(written: str, expected: str, *, international: bool) -> None:
    assert phone_of(written, international=international) == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Telkomsel",
        "1708",
        "98108",
        "3636",
        "110",
        "anonymous",
        "sip:rt05@x",
        "+",
        "0",
        "0812345",
        "\u0660\u0668",
        "8" * 40,
    ],
)
def test_names_short_codes_and_withheld_numbers_cannot_be_answered(written: str) -> None:
    assert phone_of(written) == ""
    assert phone_of(written, international=True) == ""


@given(written=st.text(max_size=30), international=st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_sender_raises(written: str, *, international: bool) -> None:
    phone = phone_of(written, international=international)
    assert phone == "" or (phone.isdigit() and 7 <= len(phone) <= 16)


def test_a_long_answer_is_split_into_messages_of_four_segments() -> None:
    text = "Jalan di depan pasar \u201cPerawas\u201d sudah kami tambal pada hari Senin. " * 30
    pieces = sms.split(text)
    assert " ".join(pieces) == gsm.plain(text).strip()
    assert [gsm.size(piece).segments for piece in pieces] == [4, 4, 4, 2]
    assert {gsm.size(piece).alphabet for piece in pieces} == {"gsm7"}
    assert sms.split("") == []


@given(text=st.text(max_size=900))
@settings(max_examples=100, deadline=None)
def test_every_piece_fits(text: str) -> None:
    assert all(0 < gsm.segments(piece) <= sms.MAX_SEGMENTS for piece in sms.split(text))


@pytest.mark.parametrize(
    ("change", "outcome", "code"),
    [
        ({"address": replace(CITIZEN, phone="", user_id="Telkomsel")}, "permanent", "no_number"),
        ({"text": "", "media_url": "https://x.example/1.jpg", "media_kind": "image"}, "permanent", "no_media"),
        ({"text": ""}, "bug", "empty_text"),
        ({"text": "\U0001f64f"}, "bug", "empty_text"),
        ({"text": "", "template": "kabar_laporan"}, "bug", "template"),
        ({"text": "a" * 613}, "bug", "text_too_long"),
    ],
)
def test_what_sms_cannot_carry_is_refused_before_any_call(change: dict[str, object], outcome: str, code: str) -> None:
    result = sms.send(replace(MESSAGE, **change), settings=SETTINGS)  # type: ignore[arg-type]
    assert (result.outcome, result.error_code) == (outcome, code)


@pytest.mark.parametrize("gateway", ["", "kannel"])
def test_without_a_gateway_an_operator_is_asked(gateway: str) -> None:
    assert sms.send(MESSAGE, settings=replace(SETTINGS, sms_gateway=gateway)) == SendResult(
        outcome="unauthorised", error_code="no_gateway", error_text="SMS_GATEWAY names no gateway"
    )


@pytest.mark.parametrize("gateway", sorted(sms.GATEWAYS))
def test_a_gateway_that_cannot_be_reached_has_sent_nothing(gateway: str) -> None:
    nowhere = "http://127.0.0.1:9"
    here = replace(SETTINGS, sms_gateway=gateway, android_sms_url=nowhere, infobip_url=nowhere, twilio_url=nowhere)
    assert (sms.send(MESSAGE, settings=here).outcome, sms.send(MESSAGE, settings=here).error_code) == (
        "retry",
        "not_sent",
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://api.twilio.com/x",
        "https://api.twilio.com.evil.example/x",
        "https://evil.example/x?https://api.twilio.com/",
        "https://user@api.twilio.com/x",
        "https://api.twilio.com:8443/x",
        "https://x.api.infobip.com@evil.example/1",
        "http://x.api.infobip.com/1",
        "https://169.254.169.254/computeMetadata/v1/",
        "http://metadata.google.internal/",
    ],
)
def test_files_are_fetched_from_the_gateways_own_hosts_only(url: str) -> None:
    with pytest.raises(MediaGone), sms.fetch_media(Attachment(kind="image", url=url), settings=SETTINGS):
        pass


def test_understanding_needs_no_http_client_no_server_and_no_number_tables() -> None:
    code = (
        "import sys, besadu.channels.sms; from besadu.channels.sms_gateway import phone_of; phone_of('081200000001');"
        "bad = {'requests', 'urllib3', 'flask', 'grpc', 'phonenumbers'} & set(sys.modules);"
        "sys.exit(repr(bad) if bad else 0)"
    )
    functions = Path(sms.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=functions, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
