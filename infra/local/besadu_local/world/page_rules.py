"""What the Graph API refuses to send from a page, and with which error (Meta: Send API, error codes; November 2026)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from besadu_local.world.graph_rules import GraphError

WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
MAX_QUICK_REPLIES = 13
MAX_TITLE = 20
RETIRED = ("ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE")  # since 27 April 2026

_FRAME = {"recipient", "messaging_type", "message", "tag", "notification_type"}
_MESSAGE = {"text", "attachment", "quick_replies", "metadata", "reply_to"}
_ATTACHMENTS = ("audio", "file", "image", "video")


class PageError(GraphError):
    """An error object as the Send API of pages shows it: no details beside the message."""

    def body(self, trace: str) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.details}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": trace,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}


def recipient(frame: object) -> str:
    """The id of the person whom a frame is for. Raises PageError."""
    found = _object(_object(frame, "body").get("recipient"), "recipient").get("id")
    if not isinstance(found, str) or not re.fullmatch(r"[0-9]{1,30}", found, re.ASCII):
        raise PageError(100, "Parameter error: recipient.id must be a valid ID string", subcode=2018001)
    return found


def check_shape(frame: Mapping[str, Any], *, too_long: str) -> None:
    """Raises PageError for a frame that the API does not understand; ``too_long``: the limit that its text is over."""
    _only(frame, _FRAME, "body")
    message = _object(frame.get("message"), "message")
    _only(message, _MESSAGE, "message")
    text, attachment = message.get("text"), message.get("attachment")
    if (text is None) == (attachment is None):
        raise PageError(100, "Must provide exactly one of message.text and message.attachment")
    if text is not None:
        if not isinstance(text, str) or not text.strip():
            raise PageError(100, "Param message[text] must be a non-empty UTF-8 string")
        if too_long:
            raise PageError(100, f"Length of param message[text] must be less than or equal to {too_long}")
    else:
        _attachment(_object(attachment, "message[attachment]"))
    metadata = message.get("metadata", "")
    if not isinstance(metadata, str) or len(metadata) > 1000:
        raise PageError(100, "Param message[metadata] must be a string of at most 1000 characters")
    _quick_replies(message)


def check_window(frame: Mapping[str, Any], *, last: datetime | None, now: datetime, subcode: int) -> None:
    """Raises PageError for what comes too late after the person's ``last`` message, or under a tag that is no more."""
    kind, tag = frame.get("messaging_type", "RESPONSE"), frame.get("tag")
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
        raise PageError(100, "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
    if (kind == "MESSAGE_TAG") != (tag is not None):
        raise PageError(100, "Param tag is required with, and only with, messaging_type MESSAGE_TAG")
    if tag in RETIRED:
        raise PageError(100, f"Invalid parameter: the message tag {tag} is deprecated")
    if tag not in (None, "HUMAN_AGENT"):
        raise PageError(100, "Param tag must be one of {HUMAN_AGENT}")
    if last is None or now - last > (HUMAN_AGENT_WINDOW if tag else WINDOW):
        raise PageError(10, "This message is sent outside of allowed window.", subcode=subcode)


def _attachment(part: Mapping[str, Any]) -> None:
    if part.get("type") not in _ATTACHMENTS:
        raise PageError(100, f"Param message[attachment][type] must be one of {_ATTACHMENTS}")
    payload = _object(part.get("payload"), "message[attachment][payload]")
    _only(payload, {"url", "is_reusable"}, "message[attachment][payload]")
    if not re.match(r"https?://", str(payload.get("url", ""))):
        raise PageError(100, "Param message[attachment][payload][url] should represent a valid URL")


def _quick_replies(message: Mapping[str, Any]) -> None:
    replies = message.get("quick_replies")
    if replies is None:
        return
    if not isinstance(replies, list) or not 1 <= len(replies) <= MAX_QUICK_REPLIES:
        raise PageError(100, f"Param message[quick_replies] must have between 1 and {MAX_QUICK_REPLIES} elements")
    for reply in (_object(each, "quick_reply") for each in replies):
        _only(reply, {"content_type", "title", "payload", "image_url"}, "quick_reply")
        title, payload = reply.get("title"), reply.get("payload")
        if reply.get("content_type") != "text" or not isinstance(title, str) or not 0 < len(title) <= MAX_TITLE:
            raise PageError(100, "Param quick_reply[title] must be a non-empty string of at most 20 characters")
        if not isinstance(payload, str) or not 0 < len(payload) <= 1000:
            raise PageError(100, "Param quick_reply[payload] must be a non-empty string of at most 1000 characters")


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PageError(100, f"The parameter {name} is required")
    return value


def _only(part: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(set(part) - known)
    if unknown:
        raise PageError(100, f"Invalid keys {unknown[0]!r} were found in param {name!r}.")
