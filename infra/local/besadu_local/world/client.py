"""A citizen's or an officer's phone in the hand of a program: the tests and the story write and read through it."""

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from besadu_local.world import accounts
from besadu_local.world.calls import Call
from besadu_local.world.store import person_id
from besadu_local.world.whatsapp import identity_of

Message = dict[str, Any]
ACCOUNTS = ("facebook", "instagram")  # where a person is an account; elsewhere a telephone number


class Phone:
    """One phone: a number (``6281…``, ``0812…``), or an ``@username`` that shows no number.

    With ``channel`` "facebook" or "instagram" an account there: its id, or any ``@name``.
    """

    def __init__(self, base_url: str, number: str, name: str = "", *, channel: str = "whatsapp") -> None:
        self._base, self._number, self._name, self._channel = base_url.rstrip("/"), number, name, channel
        self._session = requests.Session()
        self._session.trust_env = False
        if channel in ACCOUNTS:
            address = accounts.identity_of(number, channel)
        else:
            phone, user_id = identity_of(number)
            address = phone or user_id
        self.id = person_id(address, channel)

    def say(self, text: str, *, reply_to: str = "") -> str:
        """Send a text; returns its message id."""
        return self._send({"text": text, "reply_to": reply_to})[0]

    def burst(self, items: Sequence[Mapping[str, Any]]) -> list[str]:
        """Several messages that travel at the same time; items as in POST /citizen/whatsapp."""
        return self._send({"burst": list(items)})

    def photo(self, file: str | Path | bytes, caption: str = "") -> str:
        return self._send({"file": _file(file, "image/jpeg", caption=caption)})[0]

    def album(self, files: Sequence[str | Path | bytes]) -> list[str]:
        return self.burst([{"file": _file(file, "image/jpeg")} for file in files])

    def voice(self, file: str | Path | bytes) -> str:
        return self._send({"file": {**_file(file, "audio/ogg; codecs=opus"), "voice": True}})[0]

    def document(self, file: str | Path | bytes, mime: str, caption: str = "") -> str:
        return self._send({"file": _file(file, mime, caption=caption)})[0]

    def location(self, latitude: float, longitude: float, name: str = "") -> str:
        place = {"latitude": latitude, "longitude": longitude, **({"name": name} if name else {})}
        return self._send({"location": place})[0]

    def press(self, message: Message, title: str) -> str:
        """Press a button under a message that came."""
        for button in message["buttons"]:
            word = button.get("button", {}).get("title") or button.get("quick_reply", {}).get("text")
            if word == title:
                return self._send({**button, "reply_to": message["id"]})[0]
        message_text = f"no such button: {title}"
        raise LookupError(message_text)

    def call(self) -> Call:
        """Dial BESADU's number from this one."""
        return Call(self._base, self._number, self._name)

    def redeliver(self, message_id: str, times: int = 1) -> None:
        """Let a message's webhook arrive again, ``times`` over and all at once."""
        self._post("/control/redeliver", {"message": message_id, "times": times})

    def inbox(self, *, after: int = 0) -> list[Message]:
        """What came, oldest first: id, seq, at, kind, text, state, template, link, buttons, mime, sha256."""
        return self._get(f"/citizen/{self._channel}/{self.id}/messages?after={after}")  # type: ignore[no-any-return]

    def wait_for(self, wanted: Callable[[Message], bool], *, after: int = 0, timeout: float = 20.0) -> Message:
        """The first message (behind sequence number ``after``) that is ``wanted``. Raises TimeoutError."""
        end = time.monotonic() + timeout
        while True:
            found = next((message for message in self.inbox(after=after) if wanted(message)), None)
            if found is not None:
                return found
            if time.monotonic() > end:
                message = f"the awaited message did not come within {timeout:g} s"
                raise TimeoutError(message)
            time.sleep(0.05)

    def clock_advance(self, seconds: int) -> str:
        """Move everybody's clock forward; returns the new time, ISO 8601."""
        return str(self._post("/clock", {"advance_seconds": seconds})["now"])

    def _send(self, message: Mapping[str, Any]) -> list[str]:
        return list(
            self._post(f"/citizen/{self._channel}", {"from": self._number, "name": self._name, **message})["ids"]
        )

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the JSON holds
        answer = self._session.post(f"{self._base}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _get(self, path: str) -> Any:  # noqa: ANN401 - whatever the JSON holds
        answer = self._session.get(f"{self._base}{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()


def _file(file: str | Path | bytes, mime: str, *, caption: str = "") -> dict[str, Any]:
    content = file if isinstance(file, bytes) else Path(file).read_bytes()
    name = "" if isinstance(file, bytes) else Path(file).name
    return {"base64": base64.b64encode(content).decode(), "mime": mime, "filename": name, "caption": caption}
