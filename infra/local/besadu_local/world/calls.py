"""A call to BESADU in the hand of a program: the tests and the story dial, press keys and speak through it."""

from typing import Any

import requests


class Call:
    """A call from ``number`` (also ``anonim`` or a ``sip:`` address). ``heard``: all that was said so far, in order.

    ``doing``: "gather" (keys are awaited), "record" (speak now) or "over".
    """

    def __init__(self, base_url: str, number: str, name: str = "") -> None:
        self._base = f"{base_url.rstrip('/')}/telephone/calls"
        self._session = requests.Session()
        self._session.trust_env = False
        self.id = ""
        self._take("", {"from": number, "name": name})

    def press(self, keys: str = "") -> "Call":
        """Press keys; none: wait until the exchange goes on."""
        return self._take("/press", {"digits": keys})

    def speak(self, *, hang_up: bool = False) -> "Call":
        """Speak a few seconds, then press the finish key or put the receiver down."""
        return self._take("/record", {"hang_up": hang_up})

    def keep_silent(self) -> "Call":
        """Say nothing until the recorder gives up."""
        return self._take("/record", {"silence": True})

    def hang_up(self) -> "Call":
        return self._take("/hangup", {})

    def _take(self, path: str, body: dict[str, Any]) -> "Call":
        place = f"/{self.id}{path}" if self.id else ""
        answer = self._session.post(f"{self._base}{place}", json=body, timeout=60)
        answer.raise_for_status()
        state = answer.json()
        self.id, self.doing, self.heard, self.steps = state["call"], state["doing"], state["heard"], state["steps"]
        return self
