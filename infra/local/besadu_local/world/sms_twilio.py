"""Twilio's messaging: signed forms in, Messages.json, and status callbacks to the address that came with a message."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from besadu.channels import gsm
from besadu_local.world.config import SmsSettings
from besadu_local.world.sms_gateways import Text, authorised, broken, planned
from besadu_local.world.store import person_id
from besadu_local.world.tabs import network

_E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_OPT_OUT = {"STOP": "STOP", "UNSUBSCRIBE": "STOP", "START": "START", "HELP": "HELP"}

api = Blueprint("sms_twilio", __name__, url_prefix="/sms/twilio")


class Twilio:
    """One account with one number and Advanced Opt-Out."""

    name = "twilio"
    title = "Twilio"

    def __init__(self, settings: SmsSettings) -> None:
        self.settings = settings

    def new_id(self) -> str:
        return f"SM{secrets.token_hex(16)}"

    def bundled(self, texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
        return ([text] for text in texts)

    def inbound(self, texts: Sequence[Text]) -> bytes:
        text = texts[0]
        word = _OPT_OUT.get(text.words.strip().upper(), "")
        fields = {
            "ToCountry": "ID",
            "ToState": "",
            "SmsMessageSid": text.id,
            "NumMedia": "0",
            "ToCity": "",
            "SmsSid": text.id,
            "SmsStatus": "received",
            "Body": text.words,
            "FromCountry": "ID",
            "To": self.settings.twilio_number,
            "NumSegments": str(gsm.segments(text.words)),
            "MessageSid": text.id,
            "AccountSid": self.settings.twilio_account_sid,
            "From": text.number,
            "ApiVersion": "2010-04-01",
            **({"OptOutType": word} if word else {}),
        }
        return urlencode(fields).encode()

    def headers(self, url: str, body: bytes, now: datetime) -> Mapping[str, str]:  # noqa: ARG002 - no time is signed
        pairs = sorted(set(parse_qsl(body.decode(), keep_blank_values=True)))
        signed = url + "".join(name + value for name, value in pairs)
        digest = hmac.new(self.settings.twilio_auth_token.encode(), signed.encode(), hashlib.sha1).digest()
        return {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        }

    def news(self, text: Text, *, failed: bool) -> Iterator[bytes]:
        for status in ("sent", "undelivered") if failed else ("sent", "delivered"):
            fields = {
                "SmsSid": text.id,
                "SmsStatus": status,
                "MessageStatus": status,
                "To": text.number,
                "MessageSid": text.id,
                "AccountSid": self.settings.twilio_account_sid,
                "From": self.settings.twilio_number,
                "ApiVersion": "2010-04-01",
                **({"ErrorCode": "30005"} if status == "undelivered" else {}),
            }
            yield urlencode(fields).encode()


@api.before_request
def who() -> ResponseReturnValue | None:
    settings: SmsSettings = network("sms").settings
    if authorised("Basic", f"{settings.twilio_account_sid}:{settings.twilio_auth_token}"):
        return None
    return _error(20003, "Authenticate", 401)


@api.post("/2010-04-01/Accounts/<account>/Messages.json")
def messages(account: str) -> ResponseReturnValue:
    sms = network("sms")
    spec, breaks = planned(sms.store)
    if breaks and not spec.get("accepted"):
        return broken(spec, _planned_error(spec))
    form = request.form
    if account != sms.settings.twilio_account_sid:
        return _error(20404, "The requested resource was not found", 404)
    if fault := _fault(form, sms):
        return _error(*fault, 400)
    words = form["Body"]
    text = Text(id=f"SM{secrets.token_hex(16)}", gateway="twilio", number=form["To"], words=words, at=sms.clock.now())
    sms.accept(text, dict(form))
    if form.get("StatusCallback"):
        sms.travel(text, failed=spec.get("mode") == "status", callback=form["StatusCallback"])
    if breaks:
        return broken(spec, _planned_error(spec))
    return jsonify(_resource(text, form, account)), 201


def _resource(text: Text, form: Mapping[str, str], account: str) -> dict[str, Any]:
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.words,
        "date_created": format_datetime(text.at),
        "date_sent": None,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": form.get("From"),
        "num_media": "0",
        "num_segments": str(gsm.segments(text.words)),
        "sid": text.id,
        "status": "queued",
        "to": text.number,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{text.id}.json",
    }


def _fault(form: Mapping[str, str], sms: Any) -> tuple[int, str] | None:  # noqa: ANN401 - the network
    """What Twilio would say against a message."""
    to, body = form.get("To", ""), form.get("Body", "")
    rules = (
        (not to, 21604, "A 'To' phone number is required."),
        (not _E164.fullmatch(to), 21211, f"Invalid 'To' Phone Number: {to}"),
        (not body, 21602, "Message body is required."),
        (len(body) > 1600, 21617, "The concatenated message body exceeds the 1600 character limit."),
        (form.get("From") != sms.settings.twilio_number, 21606, "The 'From' phone number is not message-capable."),
        (_opted_out(to, sms), 21610, "Attempt to send to unsubscribed recipient"),
    )
    return next(((code, words) for broken_rule, code, words in rules if broken_rule), None)


def _opted_out(number: str, sms: Any) -> bool:  # noqa: ANN401 - the network
    """Whether the last word of the kind that the phone sent by Twilio was STOP."""
    rows = sms.store.rows(
        "select text from messages where person = ? and direction = 'to_besadu' and extra like '%twilio%' order by seq",
        person_id(number.removeprefix("+"), "sms"),
    )
    words = [_OPT_OUT.get(row["text"].strip().upper()) for row in rows]
    return next((word for word in reversed(words) if word in ("STOP", "START")), "") == "STOP"


def _error(code: int, words: str, status: int) -> ResponseReturnValue:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return jsonify({"code": code, "message": words, "more_info": more, "status": status}), status


def _planned_error(spec: Mapping[str, Any]) -> Response:
    status, words = int(spec.get("status", 500)), str(spec.get("details", "planned failure"))
    return jsonify({"code": int(spec.get("code", 20500)), "message": words, "status": status})
