"""Infobip: batches in, reports back, and the send API with its statuses."""

import base64
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from besadu.channels import gsm
from besadu_local.world.config import SmsSettings
from besadu_local.world.sms_gateways import Text, authorised, broken, planned
from besadu_local.world.tabs import network

OWN_NUMBER = "6281900000001"
_SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|[0-9]{3,15}", re.ASCII)
_STATUSES = {
    "DELIVERED": (3, 5, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
    "PENDING": (1, 26, "PENDING_ACCEPTED", "Pending Accepted"),
    "REJECTED": (5, 51, "REJECTED_DESTINATION", "Destination not valid"),
    "UNDELIVERABLE": (2, 9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"),
}
_NO_ERROR = {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error"}
_ABSENT = {
    "groupId": 1,
    "groupName": "HANDSET_ERRORS",
    "id": 27,
    "name": "EC_ABSENT_SUBSCRIBER",
    "description": "Absent Subscriber",
}

api = Blueprint("sms_infobip", __name__, url_prefix="/sms/infobip")


class Infobip:
    """Signs nothing: the webhook's profile has a user and a password."""

    name = "infobip"
    title = "Infobip"

    def __init__(self, settings: SmsSettings) -> None:
        self.settings = settings

    def new_id(self) -> str:
        return str(secrets.randbelow(9 * 10**17) + 10**17)

    def bundled(self, texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
        return iter([texts])

    def inbound(self, texts: Sequence[Text]) -> bytes:
        results = [
            {
                "messageId": text.id,
                "from": text.number.removeprefix("+"),
                "to": OWN_NUMBER,
                "text": text.words,
                "cleanText": text.words,
                "keyword": None,
                "receivedAt": _time(text.at),
                "smsCount": gsm.segments(text.words),
                "price": {"pricePerMessage": 0, "currency": "EUR"},
                "callbackData": None,
            }
            for text in texts
        ]
        return _json({"results": results, "messageCount": len(results), "pendingMessageCount": 0})

    def headers(self, url: str, body: bytes, now: datetime) -> Mapping[str, str]:  # noqa: ARG002 - nothing is signed
        pair = f"{self.settings.infobip_webhook_user}:{self.settings.infobip_webhook_password}"
        packed = base64.b64encode(pair.encode()).decode()
        return {"Content-Type": "application/json;charset=UTF-8", "Authorization": f"Basic {packed}"}

    def news(self, text: Text, *, failed: bool) -> Iterator[bytes]:
        report = {
            "bulkId": f"B{text.id}",
            "messageId": text.id,
            "to": text.number.removeprefix("+"),
            "sentAt": _time(text.at),
            "doneAt": _time(text.at),
            "smsCount": gsm.segments(text.words),
            "status": _status("UNDELIVERABLE" if failed else "DELIVERED"),
            "error": {**(_ABSENT if failed else _NO_ERROR), "permanent": failed},
        }
        yield _json({"results": [report]})


def _status(group: str) -> dict[str, Any]:
    group_id, number, name, words = _STATUSES[group]
    return {"groupId": group_id, "groupName": group, "id": number, "name": name, "description": words}


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


@api.before_request
def who() -> ResponseReturnValue | None:
    if authorised("App", network("sms").settings.infobip_api_key):
        return None
    return _error("UNAUTHORIZED", "Invalid login details"), 401


@api.post("/sms/3/messages")
def messages() -> ResponseReturnValue:
    sms = network("sms")
    spec, breaks = planned(sms.store)
    frame: Any = request.get_json(force=True, silent=True)
    if breaks and not spec.get("accepted"):
        return broken(spec, _planned_error(spec))
    if not _well_formed(frame):
        return _error("BAD_REQUEST", "Bad Request"), 400
    answers = [_one(sms, message, to, spec) for message in frame["messages"] for to in message["destinations"]]
    if breaks:
        return broken(spec, _planned_error(spec))
    return jsonify({"bulkId": secrets.token_hex(10), "messages": answers})


def _one(sms: Any, message: Mapping[str, Any], to: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - the network
    number = to["to"].removeprefix("+")
    message_id = str(to.get("messageId") or secrets.token_hex(10))
    if not re.fullmatch(r"[1-9][0-9]{7,14}", number, re.ASCII):
        return {"messageId": message_id, "destination": number, "status": _status("REJECTED")}
    text = Text(
        # A second message may have the same id of ours: Infobip does not mind.
        id=message_id if not sms.knows(message_id) else secrets.token_hex(10),
        gateway="infobip",
        number=f"+{number}",
        words=message["content"]["text"],
        at=sms.clock.now(),
    )
    sms.accept(text, dict(message))
    sms.travel(text, failed=spec.get("mode") == "status")
    return {"messageId": message_id, "destination": number, "status": _status("PENDING")}


def _well_formed(frame: object) -> bool:
    messages = frame.get("messages") if isinstance(frame, dict) else None
    return bool(messages) and isinstance(messages, list) and all(map(_is_message, messages))


def _is_message(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("content"), dict):
        return False
    to, text, sender = message.get("destinations"), message["content"].get("text"), message.get("sender")
    good_to = isinstance(to, list) and all(isinstance(one, dict) and isinstance(one.get("to"), str) for one in to)
    good_sender = isinstance(sender, str) and bool(_SENDER.fullmatch(sender))
    return bool(to) and good_to and good_sender and isinstance(text, str) and bool(text)


def _error(code: str, words: str) -> Response:
    return jsonify({"requestError": {"serviceException": {"messageId": code, "text": words}}})


def _planned_error(spec: Mapping[str, Any]) -> Response:
    """With status 200 a refusal of the message, named by ``code``; else an error of the call."""
    code, words = str(spec.get("code", "GENERAL_ERROR")), str(spec.get("details", "planned failure"))
    if int(spec.get("status", 500)) != 200:
        return _error(code, words)
    status = {"groupId": 5, "groupName": "REJECTED", "id": 12, "name": code, "description": words}
    return jsonify({"messages": [{"messageId": "1", "status": status}]})
