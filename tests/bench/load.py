"""The load generator, a process of its own: ``python -m tests.bench.load URL ACCOUNT SECONDS CLIENTS MOST``.

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


class Load:
    """Clients that send until the time is over or the bodies are used up."""

    def __init__(self, url: str, bodies: list[tuple[bytes, dict[str, str]]]) -> None:
        self._url = urlsplit(url)
        self._bodies, self._next = bodies, itertools.count()
        self.statuses: collections.Counter[int] = collections.Counter()

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
            if number >= len(self._bodies):
                break
            body, headers = self._bodies[number]
            connection.request("POST", self._url.path or "/", body, headers)
            answer = connection.getresponse()
            answer.read()
            seen[answer.status] += 1
        connection.close()
        self.statuses.update(seen)


def main() -> None:
    """Send, and print what came back."""
    url, account, seconds, clients, most = sys.argv[1:]
    load = Load(url, list(signed(os.environ["META_APP_SECRET"], account, int(most))))
    took = load.run(seconds=float(seconds), clients=int(clients))
    other = {str(status): count for status, count in load.statuses.items() if status != http.client.OK}
    sys.stdout.write(json.dumps({"seconds": took, "ok": load.statuses[http.client.OK], "other": other}) + "\n")


if __name__ == "__main__":
    main()
