"""Telephone calls seen from outside: an exchange like Twilio's between citizens' telephones and BESADU's IVR."""

import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import requests

from besadu_local.world import twiml
from besadu_local.world.sms_twilio import Twilio
from besadu_local.world.store import Row, person_id
from besadu_local.world.tabs import Impossible, Upload, World
from besadu_local.world.webhooks import Route

WITHHELD = "anonim"
_WITHHELD_NUMBER = "+266696687"  # ANONYMOUS on the keys of a telephone
PATIENCE = 15.0  # seconds that a caller hears silence before the fallback is tried
READY_AFTER = 0.3  # seconds until the status of a recording is told
APPLICATION_ERROR = "We're sorry, an application error has occurred. Goodbye."  # what Twilio says, in its own words


@dataclass
class Line:
    """A call under way. ``doing``: keys are awaited, the caller is recorded, or it is over."""

    id: str
    person: Row
    queue: list[twiml.Verb] = field(default_factory=list)
    doing: Literal["gather", "record", "over"] = "over"
    at: twiml.Gather | twiml.Record | None = None
    heard: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)  # what was asked of BESADU, "nik 200"
    ended: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)  # one key at a time, as on a telephone


class Voice:
    """The exchange. Calls live in memory: none survives a restart in reality either."""

    def __init__(self, world: World) -> None:
        self.settings, self.store, self.webhooks, self.clock = (
            world.settings,
            world.store,
            world.webhooks,
            world.clock,
        )
        self._twilio = Twilio(world.settings.sms)
        self._lines: dict[str, Line] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        for row in self.store.rows("select distinct route from webhooks where state = 'pending'"):
            self._route(row["route"])

    # What every network has

    def person(self, address: str, name: str = "") -> Row:
        """The telephone with this number (also a landline), a ``sip:`` address, or ``anonim`` without a number."""
        number = number_of(address)
        identity = person_id(number, "telephone")
        phone = number if number.isdigit() else ""
        row = {"id": identity, "address": number, "phone": phone, "user_id": "", "name": name, "role": "citizen"}
        with self.store.together():
            self.store.insert("people", {**row, "channel": "telephone"})
            if name:
                self.store.run("update people set name = ? where id = ?", name, identity)
            return self.store.rows("select * from people where id = ?", identity)[0]

    def say(  # every network has it
        self,
        person: Row,  # noqa: ARG002 - ... but nothing can be written into a telephone
        items: Sequence[Mapping[str, Any] | Upload],  # noqa: ARG002 - (same)
        *,
        reply_to: str = "",  # noqa: ARG002 - (same)
    ) -> list[str]:
        """A telephone carries no messages."""
        raise Impossible("Telepon tidak membawa tulisan. Tekan Telepon untuk menghubungi BESADU.")

    def looked(self, identity: str) -> None:
        """Nothing to read."""

    def close(self) -> None:
        """Hang up everywhere."""
        self._session.close()

    # A caller's hand

    def line(self, call_id: str) -> Line:
        """Raises Impossible when there is no such call."""
        if call_id not in self._lines:
            raise Impossible("Panggilan itu sudah tidak ada.")
        return self._lines[call_id]

    def line_of(self, identity: str) -> Line | None:
        """The newest call of this telephone."""
        return next((line for line in reversed(self._lines.values()) if line.person["id"] == identity), None)

    def call(self, person: Row) -> Line:
        """Dial BESADU's number."""
        line = Line(id=f"CA{secrets.token_hex(16)}", person=person)
        self._lines[line.id] = line
        with line.lock:
            self._keep(line, "to_besadu", "call", "Menelepon BESADU")
            self._ask(line, self.settings.door("telephone/answer"), {"CallStatus": "ringing"})
        return line

    def press(self, call_id: str, keys: str) -> Line:
        """Press these keys; none means that the caller waits until the exchange goes on."""
        line = self.line(call_id)
        with line.lock:
            if line.doing != "gather" or not isinstance(line.at, twiml.Gather):
                raise Impossible("Tombol tidak ditunggu sekarang.")
            gather, (digits, _, _) = line.at, re.sub(r"[^0-9*#]", "", keys).partition(line.at.finish or "\0")
            digits = digits[: gather.digits]
            self._keep(line, "to_besadu", "digits", digits or "(tidak menekan apa-apa)")
            if digits or gather.when_empty:
                self._ask(line, gather.action, {"Digits": digits, "CallStatus": "in-progress"})
            else:
                self._go_on(line)
        return line

    def record(self, call_id: str, content: bytes, mime: str, *, hang_up: bool = False) -> Line:
        """Speak; no bytes means silence. ``hang_up`` ends the call instead of pressing the finish key."""
        line = self.line(call_id)
        with line.lock:
            if line.doing != "record" or not isinstance(line.at, twiml.Record):
                raise Impossible("BESADU sedang tidak merekam.")
            record, recording_id = line.at, f"RE{secrets.token_hex(16)}"
            seconds = str(max(1, len(content) // 3000)) if content else "0"  # 24 kbit/s
            made = {"RecordingSid": recording_id, "RecordingUrl": self._url_of(recording_id)}
            if content:
                self.store.keep_file(recording_id, content, mime, "")
                self._keep(line, "to_besadu", "audio", "", media=recording_id)
            event = "completed" if content else "absent"
            if event in record.events and record.callback:
                told = {**made, "RecordingStatus": event, "RecordingDuration": seconds, "RecordingSource": "RecordVerb"}
                self._tell(line, record.callback, told, after=READY_AFTER)
            if hang_up:
                said = {"Digits": "hangup", "CallStatus": "completed", "RecordingDuration": seconds}
                self._ask(line, record.action, {**made, **said}, listening=False)
                self._over(line)
            elif content:
                said = {"Digits": record.finish[:1], "CallStatus": "in-progress", "RecordingDuration": seconds}
                self._ask(line, record.action, {**made, **said})
            else:
                self._go_on(line)
        return line

    def hang_up(self, call_id: str) -> Line:
        """Put the receiver down."""
        line = self.line(call_id)
        with line.lock:
            if line.doing == "record":
                return self.record(call_id, b"", "", hang_up=True)
            self._over(line)
        return line

    def recording(self, recording_id: str) -> Row | None:
        """A recording's file, once it is there."""
        return self.store.row("select * from media where id = ?", recording_id)

    def delete(self, recording_id: str) -> None:
        """BESADU has it and wants it gone."""
        self.store.set_flag(f"deleted:{recording_id}", value=True)

    def deleted(self, recording_id: str) -> bool:
        """Whether BESADU deleted it."""
        return bool(self.store.flag(f"deleted:{recording_id}", default=False))

    # The exchange

    def _ask(self, line: Line, url: str, fields: Mapping[str, str], *, listening: bool = True) -> None:
        """Ask BESADU what comes next, and do it; on trouble ask its fallback."""
        verbs = self._verbs(line, url, fields)
        if verbs is None and listening:
            trouble = {"ErrorCode": "11200", "ErrorUrl": url, "CallStatus": "in-progress"}
            verbs = self._verbs(line, self.settings.door("telephone/fallback"), trouble)
        if not listening:
            return
        if verbs is None:
            self._hear(line, APPLICATION_ERROR)
            self._over(line)
            return
        line.queue = verbs
        self._go_on(line)

    def _verbs(self, line: Line, url: str, fields: Mapping[str, str]) -> list[twiml.Verb] | None:
        """BESADU's answer; None for none, or none that can be read."""
        body = self._form(line, fields)
        try:
            headers = self._twilio.headers(url, body, self.clock.now())
            with self._session.post(url, data=body, headers=dict(headers), timeout=PATIENCE) as answer:
                line.steps.append(f"{url.rpartition('/')[2]} {answer.status_code}")
                return twiml.read(answer.text) if answer.status_code == 200 else None
        except (requests.RequestException, twiml.Broken) as fault:
            line.steps.append(f"{url.rpartition('/')[2]} {type(fault).__name__}")
            return None

    def _go_on(self, line: Line) -> None:
        """Play what comes, up to where the caller has to do something."""
        while line.queue:
            verb = line.queue.pop(0)
            match verb:
                case twiml.Say():
                    self._hear(line, verb.text)
                case twiml.Gather():
                    for text in verb.said:
                        self._hear(line, text)
                    line.doing, line.at = "gather", verb
                    return
                case twiml.Record():
                    self._hear(line, "(bip)")
                    line.doing, line.at = "record", verb
                    return
                case twiml.Hangup():
                    break
        self._over(line)

    def _over(self, line: Line) -> None:
        if line.ended:
            return
        line.doing, line.at, line.queue, line.ended = "over", None, [], True
        self._keep(line, "from_besadu", "call", "Panggilan selesai")
        self._tell(line, self.settings.door("telephone/status"), {"CallStatus": "completed", "CallDuration": "60"})

    def _hear(self, line: Line, text: str) -> None:
        line.heard.append(text)
        self._keep(line, "from_besadu", "voice", text)

    def _form(self, line: Line, fields: Mapping[str, str]) -> bytes:
        """The body of a step. A recording's status names no caller, unlike everything else."""
        caller = caller_of(line.person)
        base = {
            "CallSid": line.id,
            "AccountSid": self.settings.sms.twilio_account_sid,
            "ApiVersion": "2010-04-01",
        }
        if "RecordingStatus" not in fields:
            base |= {
                "From": caller,
                "Caller": caller,
                "To": self.settings.sms.twilio_number,
                "Called": self.settings.sms.twilio_number,
                "Direction": "inbound",
                "ForwardedFrom": "",
                "FromCity": "",
            }
        return urlencode({**base, **fields}).encode()

    def _tell(self, line: Line, url: str, fields: Mapping[str, str], *, after: float = 0.0) -> None:
        """A callback that nobody waits for."""
        route = f"telephone {url}"
        self._route(route)
        self.webhooks.put(
            self._form(line, fields), lane=secrets.token_hex(8), message=line.id, after=after, route=route
        )

    def _route(self, name: str) -> None:
        kind, _, url = name.partition(" ")
        if kind == "telephone":
            self.webhooks.routes[name] = Route(url, lambda body: self._twilio.headers(url, body, self.clock.now()))

    def _url_of(self, recording_id: str) -> str:
        account = self.settings.sms.twilio_account_sid
        return f"{self.settings.graph_origin}/telephone/twilio/2010-04-01/Accounts/{account}/Recordings/{recording_id}"

    def _keep(self, line: Line, direction: str, kind: str, text: str, *, media: str = "") -> None:
        """A line of the screen."""
        at = self.clock.now()
        row = {
            "id": f"{line.id}-{secrets.token_hex(8)}",
            "person": line.person["id"],
            "direction": direction,
            "at": at.isoformat(),
            "kind": kind,
            "text": text,
            "media": media,
            "state": "delivered",
        }
        with self.store.together():
            self.store.insert("messages", row)
            self.store.run("update people set seen = ? where id = ?", at.timestamp(), line.person["id"])


def caller_of(person: Row) -> str:
    """The ``From`` of this telephone's calls."""
    if person["address"] == WITHHELD:
        return _WITHHELD_NUMBER
    return f"+{person['phone']}" if person["phone"] else str(person["address"])


def number_of(address: str) -> str:
    """What somebody typed as digits, a ``sip:`` address or ``anonim``."""
    typed = address.strip()
    if typed.lower() in (WITHHELD, "anonymous") or re.fullmatch(r"sip:[\w.+-]{1,40}@[\w.-]{1,60}", typed, re.ASCII):
        return WITHHELD if typed.lower() == "anonymous" else typed.lower()
    digits = re.sub(r"[ ().-]", "", typed).removeprefix("+")
    if digits.startswith("0"):
        digits = f"62{digits[1:]}"
    if not re.fullmatch(r"[1-9][0-9]{6,14}", digits, re.ASCII):
        raise Impossible("Nomor telepon tidak dikenali. Tulis seperti 0812 0000 0001 atau 0719 21234, atau anonim.")
    return digits
