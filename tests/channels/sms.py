"""Webhooks of the SMS gateways as the tests make them: signed, at one moment, from the payload files."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import strategies as st

from besadu.channels.webhook import Webhook
from besadu.config import Settings

PAYLOADS = Path(__file__).parent.parent / "payloads"
NOW = datetime(2026, 1, 5, 5, 21, tzinfo=UTC)
SETTINGS = Settings(
    besadu_public_url="https://besadu.example.id",
    sms_gateway="android",
    android_sms_url="http://127.0.0.1:9/3rdparty/v1",
    android_sms_user="besadu",
    android_sms_password="local",
    android_sms_signing_key="s3cret",
    infobip_url="https://example.api.infobip.com",
    infobip_api_key="key",
    infobip_webhook_user="infobip",
    infobip_webhook_password="kata:sandi",
    twilio_account_sid="AC" + "1".rjust(32, "0"),
    twilio_auth_token="12345",
    twilio_number="+6281900000000",
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def webhook(gateway: str, raw: bytes, headers: Mapping[str, str] | None = None, query: str = "") -> Webhook:
    path = f"/sms/{gateway}"
    url = f"{SETTINGS.besadu_public_url}/intake{path}" + (f"?{query}" if query else "")
    return Webhook(method="POST", path=path, url=url, query=query, headers=headers or {}, raw=raw, received_at=NOW)


def payloads(gateway: str) -> list[Path]:
    return sorted((PAYLOADS / f"sms_{gateway}").iterdir())


def payload(gateway: str, name: str) -> bytes:
    return next(path for path in payloads(gateway) if path.stem == name).read_bytes()


def android_headers(raw: bytes, key: bytes = b"s3cret", *, age: float = 0) -> dict[str, str]:
    timestamp = str(int((NOW - timedelta(seconds=age)).timestamp()))
    digest = hmac.new(key, raw + timestamp.encode(), hashlib.sha256).hexdigest()
    return {"X-Timestamp": timestamp, "X-Signature": digest}


def twilio_headers(url: str, raw: bytes, token: bytes = b"12345") -> dict[str, str]:
    pairs = sorted(set(parse_qsl(raw.decode(), keep_blank_values=True)))
    signed = url + "".join(name + value for name, value in pairs)
    digest = base64.b64encode(hmac.new(token, signed.encode(), hashlib.sha1).digest()).decode()
    return {"X-Twilio-Signature": digest, "Content-Type": "application/x-www-form-urlencoded"}


def with_one_value_replaced(raw: bytes, data: st.DataObject) -> bytes:
    """The JSON body with any one of its values replaced by anything."""
    body = json.loads(raw)
    spots: list[tuple[Any, Any]] = []
    stack = [body]
    while stack:
        node = stack.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            spots.append((node, key))
            if isinstance(node[key], dict | list):
                stack.append(node[key])
    if spots:
        node, key = data.draw(st.sampled_from(spots))
        node[key] = data.draw(ANYTHING)
    return json.dumps(body).encode()
