"""The load generator, a process of its own: ``python -m tests.bench.load URL ACCOUNT SECONDS CLIENTS MOST MANNER``.

``MANNER``: ``fresh``, each a new message of a new citizen; ``repeated``, few bodies again and again, as a provider
does that heard no answer; ``forged``, signed with another secret.

Each client is a thread with one connection that it keeps. Bodies are made and signed before the clock starts. Prints
``{"seconds", "ok", "other"}``: answers of status 200, and those of any other by status.
"""

import collections
import http.client
import itertools
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

from tests.bench.webhooks import signed

TIMEOUT = 30.0
REPEATED = 50  # bodies, each of another citizen


class Load:
    """Clients that send until the time is over or the bodies are used up."""

    def __init__(self, url: str, bodies: list[tuple[bytes, dict[str, str]]], *, again: bool) -> None:
        self._url = urlsplit(url)
        self._bodies, self._next, self._again = bodies, itertools.count(), again
        self.statuses: collections.Counter[int] = collections.Counter()

    def once(self) -> None:
        """Send each body for the first time, uncounted."""
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=TIMEOUT)
        for body, headers in self._bodies:
            connection.request("POST", self._url.path or "/", body, headers)
            connection.getresponse().read()
        connection.close()

    def run(self, *, seconds: float, clients: int) -> float:
        """Send; how long it took until the last answer was there, in seconds."""
        began = time.perf_counter()
        threads = [threading.Thread(target=self._client, args=(began + seconds,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began

    def _client(self, end: float) -> None:
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=TIMEOUT)
        seen: collections.Counter[int] = collections.Counter()
        while time.perf_counter() < end:
            number = next(self._next)
            if number >= len(self._bodies) and not self._again:
                break
            body, headers = self._bodies[number % len(self._bodies)]
            connection.request("POST", self._url.path or "/", body, headers)
            answer = connection.getresponse()
            answer.read()
            seen[answer.status] += 1
        connection.close()
        self.statuses.update(seen)


def main() -> None:
    """Send, and print what came back."""
    url, account, seconds, clients, most, manner = sys.argv[1:]
    secret = "another secret" if manner == "forged" else os.environ["META_APP_SECRET"]
    bodies = list(signed(secret, account, REPEATED if manner == "repeated" else int(most)))
    load = Load(url, bodies, again=manner != "fresh")
    if manner == "repeated":
        load.once()
    took = load.run(seconds=float(seconds), clients=int(clients))
    other = {str(status): count for status, count in load.statuses.items() if status != http.client.OK}
    sys.stdout.write(json.dumps({"seconds": took, "ok": load.statuses[http.client.OK], "other": other}) + "\n")


if __name__ == "__main__":
    main()
