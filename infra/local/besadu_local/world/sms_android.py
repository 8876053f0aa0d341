"""android-sms-gateway: the phone with BESADU's SIM card, and the private server in front of it."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from besadu.channels import gsm
from besadu_local.world.config import SmsSettings
from besadu_local.world.sms_gateways import Text, authorised, broken, planned
from besadu_local.world.tabs import network

OWN_NUMBER = "+6281900000000"
_DEVICE = "ffffffffceb0b1db0000018e937c815b"
_WIB = timezone(timedelta(hours=7))
_E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)

api = Blueprint("sms_android", __name__, url_prefix="/sms/android/3rdparty/v1")


class Android:
    """One phone. It signs with a key of its own, and reports a long text's delivery part by part."""

    name = "android"
    title = "Ponsel dengan SIM sendiri"

    def __init__(self, settings: SmsSettings) -> None:
        self.settings = settings

    def new_id(self) -> str:
        return secrets.token_urlsafe(16)[:21]

    def bundled(self, texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
        return ([text] for text in texts)

    def inbound(self, texts: Sequence[Text]) -> bytes:
        text = texts[0]
        at = _local(text.at)
        payload = {
            # Of the content, as in the app: two equal texts have one.
            "messageId": hashlib.sha256(f"{text.number}{at}{text.words}".encode()).hexdigest()[:8],
            "message": text.words,
            "sender": text.number,
            "recipient": OWN_NUMBER,
            "simNumber": 1,
            "receivedAt": at,
        }
        return _event("sms:received", payload, text.id)

    def headers(self, url: str, body: bytes, now: datetime) -> Mapping[str, str]:  # noqa: ARG002 - only the body is signed
        timestamp = str(int(now.timestamp()))
        digest = hmac.new(self.settings.android_signing_key.encode(), body + timestamp.encode(), hashlib.sha256)
        return {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "me.capcom.smsgateway/1.50",
            "X-Signature": digest.hexdigest(),
            "X-Timestamp": timestamp,
        }

    def news(self, text: Text, *, failed: bool) -> Iterator[bytes]:
        about = {
            "messageId": text.id,
            "phoneNumber": text.number,
            "sender": OWN_NUMBER,
            "recipient": text.number,
            "simNumber": 1,
        }
        at = _local(text.at)
        if failed:
            yield _event("sms:failed", {**about, "failedAt": at, "reason": "RESULT_ERROR_GENERIC_FAILURE"})
            return
        parts = gsm.segments(text.words)
        yield _event("sms:sent", {**about, "sentAt": at, "partsCount": parts})
        for _ in range(parts):
            yield _event("sms:delivered", {**about, "deliveredAt": at})


def _event(event: str, payload: Mapping[str, Any], event_id: str = "") -> bytes:
    body = {
        "deviceId": _DEVICE,
        "event": event,
        "id": event_id or secrets.token_urlsafe(16)[:21],
        "payload": payload,
        "webhookId": "LreFUt-Z3sSq0JufY9uWB",
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _local(at: datetime) -> str:
    return at.astimezone(_WIB).isoformat(timespec="milliseconds")


@api.before_request
def who() -> ResponseReturnValue | None:
    settings: SmsSettings = network("sms").settings
    if authorised("Basic", f"{settings.android_user}:{settings.android_password}"):
        return None
    return _refused("Unauthorized", 401)


@api.post("/messages")
def messages() -> ResponseReturnValue:
    sms = network("sms")
    spec, breaks = planned(sms.store)
    frame: Any = request.get_json(force=True, silent=True)
    if breaks and not spec.get("accepted"):
        return broken(spec, _planned_error(spec))
    if fault := _fault(frame):
        return _refused(fault, 400)
    message_id = str(frame.get("id") or secrets.token_urlsafe(16)[:21])
    if sms.knows(message_id):
        return _refused("message with this id already exists", 409)
    number = frame["phoneNumbers"][0]
    words = frame["textMessage"]["text"]
    text = Text(id=message_id, gateway="android", number=number, words=words, at=sms.clock.now())
    sms.accept(text, frame)
    sms.travel(text, failed=spec.get("mode") == "status")
    if breaks:
        return broken(spec, _planned_error(spec))
    return jsonify(_state(message_id, number, "Pending")), 202


@api.get("/messages/<message_id>")
def state(message_id: str) -> ResponseReturnValue:
    row = network("sms").store.row(
        "select m.state, p.phone from messages m join people p on p.id = m.person where m.id = ?", message_id
    )
    if row is None:
        return _refused("message not found", 404)
    return jsonify(_state(message_id, f"+{row['phone']}", row["state"].title()))


def _state(message_id: str, number: str, state: str) -> dict[str, Any]:
    return {
        "id": message_id,
        "deviceId": _DEVICE,
        "state": state,
        "isHashed": False,
        "isEncrypted": False,
        "recipients": [{"phoneNumber": number, "state": state}],
        "states": {},
    }


def _fault(frame: object) -> str:
    """What the server's rules say against a message; "" when nothing."""
    if not isinstance(frame, dict):
        return "failed to parse body"
    text = frame.get("textMessage")
    numbers = frame.get("phoneNumbers")
    if not isinstance(frame.get("id"), str | None) or len(frame.get("id") or "") > 36:
        return "failed to validate: Key: 'id' Error: Field validation for 'id' failed on the 'max' tag"
    if not isinstance(text, dict) or not isinstance(text.get("text"), str) or not text["text"]:
        return "failed to validate: must specify exactly one of: textMessage, dataMessage, or message"
    if not isinstance(numbers, list) or not numbers:
        return "failed to validate: phoneNumbers is required"
    if not all(isinstance(number, str) and _E164.fullmatch(number) for number in numbers):
        return "failed to use phone in row 1: invalid phone number"
    return ""


def _refused(words: str, status: int) -> ResponseReturnValue:
    return jsonify({"message": words}), status


def _planned_error(spec: Mapping[str, Any]) -> Response:
    code = {"error": spec["code"]} if "code" in spec else {}
    return jsonify({**code, "message": spec.get("details", "planned failure")})
