"""Cloud Scheduler's part: calls the sweep, every few seconds and at once when somebody has moved the clock."""

import threading
import time
import urllib.error
import urllib.request

from besadu_local.clock import Clock
from besadu_local.tokens import Signer

PATH = "/reminders/sweep"
_LOOK = 0.2  # seconds between looks at the clock


def call_sweep(public_url: str, signer: Signer, account: str) -> int:
    """One call as Cloud Scheduler makes it; the HTTP status, 0 when nobody answered."""
    url = f"{public_url}{PATH}"
    token = signer.token(email=account, audience=f"{public_url}/reminders")
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "Google-Cloud-Scheduler", "Content-Length": "0"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, b"", headers), timeout=120) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


class Scheduler:
    """A thread that calls; ``every`` in seconds of real time."""

    def __init__(self, *, public_url: str, signer: Signer, account: str, clock: Clock, every: float) -> None:
        self._public_url, self._signer, self._account = public_url, signer, account
        self._clock, self._every = clock, every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin; the first call comes after one interval."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further call."""
        self._stopped.set()

    def _loop(self) -> None:
        offset, called = self._clock.offset(), time.monotonic()
        while not self._stopped.wait(_LOOK):
            now, ahead = time.monotonic(), self._clock.offset()
            if ahead == offset and now - called < self._every:
                continue
            offset, called = ahead, now
            call_sweep(self._public_url, self._signer, self._account)
