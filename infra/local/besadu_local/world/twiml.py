"""TwiML as Twilio's voice reads it: the verbs that a call is made of, and nothing that Twilio would not do."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET


class Broken(Exception):
    """Twilio would end the call with an error (12100, document parse failure)."""


@dataclass(frozen=True)
class Say:
    """A voice reads ``text``."""

    text: str


@dataclass(frozen=True)
class Gather:
    """Keys are awaited; what is said meanwhile is in ``said``."""

    action: str
    said: tuple[str, ...]
    digits: int
    finish: str
    when_empty: bool  # whether the action is also called when no key was pressed


@dataclass(frozen=True)
class Record:
    """The caller is recorded. ``events`` are those of which ``callback`` is told."""

    action: str
    callback: str
    events: tuple[str, ...]
    finish: str


@dataclass(frozen=True)
class Hangup:
    """The call ends."""


Verb = Say | Gather | Record | Hangup


def read(document: str) -> list[Verb]:
    """The verbs of a document. Raises Broken for what is no TwiML, or has verbs that this exchange does not know."""
    try:
        response = ET.fromstring(document)  # noqa: S314 - BESADU's own answer
    except ET.ParseError as fault:
        raise Broken(str(fault)) from None
    if response.tag != "Response":
        raise Broken(response.tag)
    return [*map(_verb, response)]


def _verb(part: ET.Element) -> Verb:
    given = part.attrib
    match part.tag:
        case "Say":
            return Say((part.text or "").strip())
        case "Gather":
            digits, finish = int(given.get("numDigits", "1000")), given.get("finishOnKey", "#")
            when_empty = given.get("actionOnEmptyResult") == "true"
            return Gather(given.get("action", ""), tuple(_said(part)), digits, finish, when_empty)
        case "Record":
            events = tuple(given.get("recordingStatusCallbackEvent", "completed").split())
            callback, finish = given.get("recordingStatusCallback", ""), given.get("finishOnKey", "1234567890*#")
            return Record(given.get("action", ""), callback, events, finish)
        case "Hangup":
            return Hangup()
    raise Broken(part.tag)


def _said(part: ET.Element) -> Iterator[str]:
    for inner in part:
        if inner.tag != "Say":
            raise Broken(f"{inner.tag} inside Gather")
        yield (inner.text or "").strip()
