"""What every webhook keeps, whatever the channel: only the provider gets in, and nothing it sends breaks the door.

A channel is one line in ``CHANNELS``: its module, the settings under which the payload is its own, the settings that
hold its secrets, how the provider proves itself, and a good payload.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu.channels import instagram, messenger, sms_android, sms_infobip, sms_twilio, whatsapp
from besadu.channels.webhook import Webhook
from besadu.config import Settings

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parent.parent / "payloads"
SECRET = "rahasia-penyedia"
SETTINGS = Settings(
    besadu_public_url="https://besadu.example",
    meta_app_secret=SECRET,
    whatsapp_phone_number_id="106540352242922",
    facebook_page_id="100000000000002",
    instagram_account_id="17841400000000003",
    android_sms_signing_key=SECRET,
    infobip_webhook_user="infobip",
    infobip_webhook_password=SECRET,
    twilio_auth_token=SECRET,
    twilio_account_sid="AC00000000000000000000000000000001",
)


def by_meta(webhook: Webhook, secret: str) -> Mapping[str, str]:
    """The header that Meta adds."""
    digest = hmac.new(secret.encode(), webhook.raw, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


def by_android(webhook: Webhook, secret: str) -> Mapping[str, str]:
    """The headers that the SIM phone adds."""
    timestamp = str(int(NOW.timestamp()))
    digest = hmac.new(secret.encode(), webhook.raw + timestamp.encode(), hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": digest}


def by_infobip(webhook: Webhook, secret: str) -> Mapping[str, str]:  # noqa: ARG001 - Infobip signs nothing
    """The user and password that Infobip was given."""
    pair = base64.b64encode(f"{SETTINGS.infobip_webhook_user}:{secret}".encode()).decode()
    return {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}


def by_twilio(webhook: Webhook, secret: str) -> Mapping[str, str]:
    """The header that Twilio adds to a form."""
    pairs = sorted(set(parse_qsl(webhook.raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")))
    content = webhook.url.encode() + "".join(name + value for name, value in pairs).encode("latin-1")
    digest = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha1).digest()).decode()
    return {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": digest}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One channel's webhook. ``good`` is a payload that holds at least one citizen's message."""

    module: ModuleType
    path: str
    secret: str  # the setting's name
    sign: Callable[[Webhook, str], Mapping[str, str]]
    header: str  # the one with the proof, in lower case
    good: Path
    settings: Settings = SETTINGS
    elsewhere: Settings | None = None  # under which the good payload is for somebody else

    def webhook(self, raw: bytes | None = None, headers: Mapping[str, str] | None = None) -> Webhook:
        return Webhook(
            method="POST",
            path=self.path,
            url=f"https://besadu.example/intake{self.path}",
            query="",
            headers=headers or {},
            raw=self.good.read_bytes() if raw is None else raw,
            received_at=NOW,
        )

    def signed(self, raw: bytes | None = None, secret: str = SECRET) -> Webhook:
        webhook = self.webhook(raw)
        return replace(webhook, headers=self.sign(webhook, secret))

    def with_secret(self, value: str) -> Settings:
        return replace(self.settings, **{self.secret: value})

    def folder(self) -> list[Path]:
        return sorted(self.good.parent.glob(f"*{self.good.suffix}"))


CASES: Mapping[str, Case] = {
    "instagram": Case(
        module=instagram,
        path="/instagram",
        secret="meta_app_secret",
        sign=by_meta,
        header="x-hub-signature-256",
        good=PAYLOADS / "instagram" / "text.json",
        elsewhere=replace(SETTINGS, instagram_account_id="1"),
    ),
    "messenger": Case(
        module=messenger,
        path="/messenger",
        secret="meta_app_secret",
        sign=by_meta,
        header="x-hub-signature-256",
        good=PAYLOADS / "messenger" / "text.json",
        elsewhere=replace(SETTINGS, facebook_page_id="1"),
    ),
    "sms_android": Case(
        module=sms_android,
        path="/sms/android",
        secret="android_sms_signing_key",
        sign=by_android,
        header="x-signature",
        good=PAYLOADS / "sms_android" / "received.json",
    ),
    "sms_infobip": Case(
        module=sms_infobip,
        path="/sms/infobip",
        secret="infobip_webhook_password",
        sign=by_infobip,
        header="authorization",
        good=PAYLOADS / "sms_infobip" / "text.json",
    ),
    "sms_twilio": Case(
        module=sms_twilio,
        path="/sms/twilio",
        secret="twilio_auth_token",
        sign=by_twilio,
        header="x-twilio-signature",
        good=PAYLOADS / "sms_twilio" / "text.form",
        elsewhere=replace(SETTINGS, twilio_account_sid="AC1"),
    ),
    "whatsapp": Case(
        module=whatsapp,
        path="/whatsapp",
        secret="meta_app_secret",
        sign=by_meta,
        header="x-hub-signature-256",
        good=PAYLOADS / "whatsapp" / "text.json",
        elsewhere=replace(SETTINGS, whatsapp_phone_number_id="1"),
    ),
}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_the_provider_gets_in_and_its_message_is_read(case: Case) -> None:
    webhook = case.signed()
    assert case.module.authentic(webhook, case.settings)
    parsed = case.module.parse(webhook, case.settings)
    assert "message" in [message.kind for message in parsed.messages]
    assert not parsed.unparsed


def test_the_header_s_name_may_be_written_in_any_case(case: Case) -> None:
    headers = case.signed().headers
    for change in (str.lower, str.upper):
        webhook = case.webhook(headers={change(name): value for name, value in headers.items()})
        assert case.module.authentic(webhook, case.settings)


def test_a_missing_or_altered_proof_is_refused(case: Case) -> None:
    headers = {name.lower(): value for name, value in case.signed().headers.items()}
    given = headers[case.header]
    odd = ["", " ", given[:-1], given + "0", f" {given}", f"{given}\n", f"{given}, {given}", given.swapcase()]
    odd += [given[:-2] + "é", "\udcff" * 3, "\u0661" * 64, "sha256=", "Basic ", "0" * 5000]
    for value in odd:
        webhook = case.webhook(headers={**headers, case.header: value})
        assert not case.module.authentic(webhook, case.settings), value
    without = {name: value for name, value in headers.items() if name != case.header}
    assert not case.module.authentic(case.webhook(headers=without), case.settings)
    assert not case.module.authentic(case.webhook(headers={}), case.settings)


def test_another_secret_is_refused(case: Case) -> None:
    assert not case.module.authentic(case.signed(secret="rahasia-orang-lain"), case.settings)


@pytest.mark.parametrize("empty", ["", " ", ",", " , "])
def test_an_unset_secret_refuses_everything(case: Case, empty: str) -> None:
    for webhook in (case.signed(), case.signed(secret=""), case.webhook()):
        assert not case.module.authentic(webhook, case.with_secret(empty))


def test_during_a_rotation_both_secrets_verify(case: Case) -> None:
    both = case.with_secret("baru, lama")
    assert case.module.authentic(case.signed(secret="baru"), both)
    assert case.module.authentic(case.signed(secret="lama"), both)
    assert not case.module.authentic(case.signed(secret="lebih-lama"), both)


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"7", b"{}", b"\xff\xfe", b"hello", b"a=1&a=2", b"[" * 90_000])
def test_a_body_of_no_known_shape_never_raises_and_holds_no_message(case: Case, raw: bytes) -> None:
    webhook = case.signed(raw)
    parsed = case.module.parse(webhook, case.settings)
    assert [message for message in parsed.messages if message.kind == "message"] == []


def test_the_same_body_twice_has_the_same_keys(case: Case) -> None:
    for path in case.folder():
        raw = path.read_bytes()
        first, second = (case.module.parse(case.signed(raw), case.settings) for _ in range(2))
        keys = [message.provider_id for message in first.messages]
        assert keys == [message.provider_id for message in second.messages]
        assert all(keys)


def test_what_is_for_another_account_is_not_ours(case: Case) -> None:
    if case.elsewhere is None:
        pytest.skip("the provider names no account of ours")
    parsed = case.module.parse(case.signed(), case.elsewhere)
    assert {message.kind for message in parsed.messages} == {"ignored"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def spots(body: object) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value, as its container and key."""
    stack = [body]
    while stack:
        node = stack.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            yield node, key
            stack.append(node[key])  # type: ignore[index]


def read(case: Case, raw: bytes) -> None:
    parsed = case.module.parse(case.signed(raw), case.settings)
    for message in parsed.messages:
        repr(message).encode()
        assert message.provider_id
    for piece in parsed.unparsed:
        assert piece.raw is not None
        assert piece.reason


def test_a_null_at_every_level_never_raises(case: Case) -> None:
    for path in case.folder():
        if path.suffix != ".json":
            continue
        for number in range(len(list(spots(json.loads(path.read_bytes()))))):
            for value in (None, [], {}, "", 0, True, [None], "\ud800", 10**400, -1.5):
                body = json.loads(path.read_bytes())
                node, key = list(spots(body))[number]
                node[key] = value
                read(case, json.dumps(body).encode())


@given(name=st.sampled_from(sorted(CASES)), raw=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise(name: str, raw: bytes) -> None:
    case = CASES[name]
    read(case, raw)
    case.module.authentic(case.webhook(raw, {case.header: raw.decode("latin-1")}), case.settings)


@given(name=st.sampled_from(sorted(CASES)), body=ANYTHING)
@settings(max_examples=300, deadline=None)
def test_no_json_raises(name: str, body: object) -> None:
    read(CASES[name], json.dumps(body).encode())


@given(name=st.sampled_from(sorted(CASES)), data=st.data())
@settings(max_examples=900, deadline=None)
def test_no_payload_with_any_value_replaced_raises(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    path = data.draw(st.sampled_from(case.folder()))
    if path.suffix != ".json":
        read(case, path.read_bytes() + data.draw(st.binary(max_size=20)))
        return
    body = json.loads(path.read_bytes())
    places = list(spots(body))
    if places:
        node, key = data.draw(st.sampled_from(places))
        node[key] = data.draw(ANYTHING)
    read(case, json.dumps(body).encode())
