"""Calls: Twilio Programmable Voice (TwiML), and an own exchange that reports a finished call in one message.

Source of the shapes: Twilio's voice documentation (request parameters, <Gather>, <Record>, recording status
callbacks), as of November 2026. The report of an own exchange is ours: see ``report``.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Final

from besadu.channels import http, sms, stamped, twilio
from besadu.channels.meta import text_of
from besadu.channels.sms_gateway import basic, phone_of
from besadu.channels.webhook import Webhook
from besadu.config import Settings, secrets_of
from besadu.domain.ivr import STEPS, Gather, HangUp, Prompt, Record, Recording, Script, Signal, Step, mobile
from besadu.domain.message import Attachment, Outgoing, SendResult
from besadu.errors import MediaGone, Unavailable

ROOT: Final = "/telephone/"
PBX: Final = "/telephone/pbx"

# Limits
GATHER_SECONDS: Final = 10  # between two keys; Twilio's own 5 is short for reading 16 digits off a card
RECORD_SECONDS: Final = 180
SILENCE_SECONDS: Final = 5  # after which a recording ends by itself
MAX_MEDIA_BYTES: Final = 20_000_000  # three minutes of MP3 are one
MAX_ID: Final = 80
MAX_URL: Final = 500
LANGUAGE: Final = "id-ID"

# Their words -> ours
_OVER: Final = frozenset({"busy", "canceled", "completed", "failed", "no-answer"})
_KEYS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# A number that is withheld comes as one of these words, spelled on a telephone's keys.
_WITHHELD: Final = frozenset(
    word.translate(_KEYS) for word in ("ANONYMOUS", "BLOCKED", "PRIVATE", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")
)
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)


def authentic(webhook: Webhook, settings: Settings) -> bool:
    """Whether Twilio signed this step's own address and body, or our exchange its report. Never raises."""
    if webhook.path == PBX:
        return stamped.signed(webhook, settings.pbx_signing_key)
    return twilio.signed(webhook, settings.twilio_auth_token)


def parse(webhook: Webhook, settings: Settings) -> Signal | None:
    """What a step tells; None when it is about another account or about no call. Never raises."""
    step = step_of(webhook.path)
    given = {name: text_of(value, MAX_URL) for name, value in twilio.fields(webhook).items()}
    call_id = given.get("CallSid", "")
    # The call's own "", and not a missing one, would make all such calls one.
    if step is None or not 0 < len(call_id) <= MAX_ID:
        return None
    if given.get("AccountSid", settings.twilio_account_sid) != settings.twilio_account_sid:
        return None
    token = next((value for name, value in webhook.headers.items() if name.lower() == "i-twilio-idempotency-token"), "")
    return Signal(
        step=step,
        call_id=call_id,
        caller=caller_of(given.get("From", "")),
        digits=given.get("Digits", "")[:40] if step in ("choice", "nik") else "",
        recording=_recording(given),
        over=given.get("CallStatus") in _OVER,
        repeat_of=f"{step}:{text_of(token, MAX_ID)}" if token else "",
    )


def step_of(path: str) -> Step | None:
    """The step that a path below /intake names."""
    name = path.removeprefix(ROOT)
    return name if path.startswith(ROOT) and name in STEPS else None  # type: ignore[return-value]  # of STEPS


def caller_of(written: str) -> str:
    """A caller's number as E.164 digits; "" when it is withheld, a SIP address or a client's name."""
    number = written.strip()
    return "" if number.removeprefix("+") in _WITHHELD else phone_of(number)


def _recording(given: dict[str, str]) -> Recording | None:
    recording_id, url = given.get("RecordingSid", ""), given.get("RecordingUrl", "")
    if given.get("RecordingStatus", "completed") != "completed" or not url:
        return None
    # `recorded` may come without an id; the last part of the address is the same.
    recording_id = recording_id or url.rstrip("/").rpartition("/")[2]
    if not 0 < len(recording_id) <= MAX_ID:
        return None
    seconds = given.get("RecordingDuration", "")
    return Recording(id=recording_id, url=url, seconds=int(seconds) if _SECONDS.fullmatch(seconds) else None)


def render(script: Script, settings: Settings, say: Callable[[Prompt], str]) -> str:
    """``script`` as TwiML; ``say`` knows the words. Addresses carry no state: that is found by the call's id."""
    root = f"{settings.besadu_public_url.rstrip('/')}/intake{ROOT}"
    verbs = "".join(_verb(verb, root, say) for verb in script)
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'


def _verb(verb: Prompt | Gather | Record | HangUp, root: str, say: Callable[[Prompt], str]) -> str:
    match verb:
        case Prompt():
            return f'<Say language="{LANGUAGE}">{escape(say(verb))}</Say>'
        case Gather():
            # Without actionOnEmptyResult a silent caller would fall through to nothing, and the call would end.
            inner = "".join(_verb(prompt, root, say) for prompt in verb.prompts)
            return (
                f'<Gather input="dtmf" numDigits="{verb.digits}" finishOnKey="#" timeout="{GATHER_SECONDS}"'
                f' action="{escape(root + verb.step)}" method="POST" actionOnEmptyResult="true">{inner}</Gather>'
            )
        case Record():
            # The defaults bite: any key ends a recording, it lasts an hour, and silence is not reported.
            return (
                f'<Record action="{escape(root)}recorded" method="POST" maxLength="{RECORD_SECONDS}"'
                f' timeout="{SILENCE_SECONDS}" finishOnKey="#" playBeep="true" trim="trim-silence"'
                f' recordingStatusCallback="{escape(root)}recording-status" recordingStatusCallbackMethod="POST"'
                f' recordingStatusCallbackEvent="completed absent"/>'
            )
        case HangUp():
            return "<Hangup/>"


def split(text: str) -> list[str]:
    """As SMS does: a caller is answered by SMS."""
    return sms.split(text)


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt to answer a caller by SMS. ``permanent`` when the number takes none: a person must call."""
    if not mobile(message.address):
        return SendResult(outcome="permanent", error_code="no_mobile", error_text="the caller takes no SMS")
    return sms.send(message, settings=settings)


@contextmanager
def fetch_media(attachment: Attachment, *, settings: Settings) -> Iterator[http.Media]:
    """A recording at Twilio, as MP3. Our credentials go to Twilio alone, and to where the settings say it is.

    Raises Unavailable (try again: a recording may not be there at once) or MediaGone, also while chunks are read.
    """
    url = f"{attachment.url}.mp3"
    if "?" in url or "#" in url:
        raise MediaGone("address_not_allowed")
    source = http.allow(url, hosts=_own_host(url), configured=settings.twilio_url)
    headers = basic(settings.twilio_account_sid, next(iter(secrets_of(settings.twilio_auth_token)), b""))
    with http.stream(source, headers=headers, max_bytes=MAX_MEDIA_BYTES, gone=frozenset({400, 410})) as media:
        yield media


def forget_media(attachment: Attachment, *, settings: Settings) -> None:
    """Delete a recording at Twilio (Recordings resource, DELETE). Raises Unavailable or MediaGone."""
    if "?" in attachment.url or "#" in attachment.url:
        raise MediaGone("address_not_allowed")
    url = f"{attachment.url}.json"
    source = http.allow(url, hosts=_own_host(url), configured=settings.twilio_url)
    credentials = basic(settings.twilio_account_sid, next(iter(secrets_of(settings.twilio_auth_token)), b""))
    status = http.delete(source, headers=credentials)
    if status not in (200, 204, 404):
        raise Unavailable(f"recording not deleted: status {status}")


def _own_host(url: str) -> frozenset[str]:
    """The host of ``url`` if it is one of Twilio's (``api.twilio.com``, ``api.sg1.twilio.com``)."""
    match = re.match(r"https://((?:[a-z0-9-]+\.)+twilio\.com)/", url, re.ASCII)
    return frozenset({match[1]}) if match else frozenset()
