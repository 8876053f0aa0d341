"""Delivering webhooks as Meta does: escaped bytes, signed, tried again with growing pauses until they are taken."""

import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import requests

from besadu_local.world.config import WorldSettings
from besadu_local.world.store import Row, WorldStore

WORKERS = 4
ATTEMPTS = 60  # with the pauses below about half an hour; Meta goes on for seven days
LONGEST_PAUSE = 30.0
TIMEOUT = 10.0

log = logging.getLogger("world.webhooks")


def escaped(payload: object) -> bytes:
    """JSON as Meta sends it: ASCII only, slashes escaped, no spaces. The signature is over these bytes."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature(body: bytes, app_secret: str) -> str:
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


class Route(NamedTuple):
    """Where a channel's webhooks go, and the headers that prove who sends them, made from the body when it leaves."""

    url: str
    headers: Callable[[bytes], Mapping[str, str]]


class Webhooks:
    """A queue in the store and the threads that empty it. One lane keeps its order; lanes run side by side."""

    def __init__(self, store: WorldStore, settings: WorldSettings) -> None:
        self._store = store
        self._settings = settings
        self.routes = {name: Route(settings.door(name), self._meta) for name in ("instagram", "messenger", "whatsapp")}
        self._wake = threading.Condition()
        self._busy: set[str] = set()
        self._stopped = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(TIMEOUT + 1)

    def put(self, payload: object, *, lane: str, message: str, after: float = 0.0, route: str = "whatsapp") -> None:
        """Deliver ``payload`` (bytes go as they are) in ``after`` seconds; ``message``: whose tick marks tell of it."""
        body = payload if isinstance(payload, bytes) else escaped(payload)
        row = {"lane": lane, "due": time.time() + after, "body": body, "message": message, "route": route}
        with self._wake:
            self._store.insert("webhooks", row)
            self._wake.notify_all()

    def again(self, message: str, times: int) -> int:
        """Deliver a message's webhook ``times`` more, all at the same time, as Meta may. Returns how many were put."""
        first = self._store.row("select body, route from webhooks where message = ? order by seq", message)
        if first is None:
            return 0
        with self._wake:
            for _ in range(times):
                row = {"lane": secrets.token_hex(8), "due": time.time(), **first}
                self._store.insert("webhooks", row)
            self._wake.notify_all()
        return times

    def _work(self) -> None:
        session = requests.Session()
        session.trust_env = False
        while True:
            job = self._next()
            if job is None:
                return
            taken, answer = self._post(session, job)
            self._settle(job, taken=taken, answer=answer)

    def _next(self) -> Row | None:
        with self._wake:
            while not self._stopped:
                now = time.time()
                for job in self._store.rows(
                    "select w.* from webhooks w where state = 'pending' and due <= ? and not exists"
                    " (select 1 from webhooks e where e.lane = w.lane and e.state = 'pending' and e.seq < w.seq)"
                    " order by due, seq limit 50",
                    now,
                ):
                    if job["lane"] not in self._busy:
                        self._busy.add(job["lane"])
                        return job
                upcoming = self._store.row(
                    "select min(due) as due from webhooks where state = 'pending' and due > ?", now
                )
                due = upcoming["due"] if upcoming else None
                self._wake.wait(None if due is None else max(0.01, due - now))
            return None

    def _meta(self, body: bytes) -> Mapping[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(body, self._settings.app_secret),
        }

    def _post(self, session: requests.Session, job: Row) -> tuple[bool, str]:
        route, body = self.routes[job["route"]], job["body"]
        try:
            with session.post(route.url, data=body, headers=dict(route.headers(body)), timeout=TIMEOUT) as answer:
                return 200 <= answer.status_code < 300, str(answer.status_code)
        except requests.RequestException as fault:
            return False, type(fault).__name__

    def _settle(self, job: Row, *, taken: bool, answer: str) -> None:
        attempts = job["attempts"] + 1
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** min(attempts, 10))
        state = "taken" if taken else "pending" if attempts < ATTEMPTS else "given_up"
        if not taken:
            log.warning("webhook %s not taken (%s), attempt %s", job["seq"], answer, attempts)
        with self._wake:
            self._store.run(
                "update webhooks set state = ?, attempts = ?, due = ?, answer = ? where seq = ?",
                *(state, attempts, time.time() + pause, answer, job["seq"]),
            )
            if state != "pending":
                ticks = "delivered" if taken else "failed"
                self._store.run(
                    "update messages set state = ? where id = ? and direction = 'to_besadu'", ticks, job["message"]
                )
            self._busy.discard(job["lane"])
            self._wake.notify_all()
