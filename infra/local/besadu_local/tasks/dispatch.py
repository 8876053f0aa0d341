"""Sends tasks when they are due: rate limits, concurrency, retries with back-off, OIDC tokens."""

import threading
import time
import urllib.error
import urllib.request
from concurrent import futures
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import tasks_v2

from besadu_local.clock import Clock
from besadu_local.tasks.store import Store
from besadu_local.tokens import Signer

_LOOK = 0.25  # seconds between looks at the clock, which others may have moved
_PER_SECOND, _BURST, _CONCURRENT = 500.0, 100, 1000  # Google's defaults for a queue that says nothing
_DEADLINE = 600.0  # seconds an HTTP target has to answer
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Retries:
    """A queue's retry settings, Google's defaults filled in; seconds."""

    attempts: int = 100  # -1: without end
    min_backoff: float = 0.1
    max_backoff: float = 3600.0
    doublings: int = 16
    duration: float = 0.0  # 0: without end

    @classmethod
    def of(cls, queue: tasks_v2.Queue) -> "Retries":
        """What the queue says."""
        said = queue.retry_config
        return cls(
            attempts=said.max_attempts or cls.attempts,
            min_backoff=said.min_backoff.total_seconds() if said.min_backoff else cls.min_backoff,
            max_backoff=said.max_backoff.total_seconds() if said.max_backoff else cls.max_backoff,
            doublings=said.max_doublings or cls.doublings,
            duration=said.max_retry_duration.total_seconds() if said.max_retry_duration else cls.duration,
        )

    def backoff(self, failures: int) -> float:
        """Seconds to wait after this many failures: doubles ``doublings`` times, grows evenly after that, is capped."""
        step, most = failures - 1, self.doublings
        growth = 2**step if step <= most else 2**most * (step - most + 1)
        return float(min(self.min_backoff * growth, self.max_backoff))

    def are_spent(self, attempts: int, age: float) -> bool:
        """Whether to give up: enough attempts and, if a duration is set, old enough too."""
        if self.attempts == -1:
            return False
        return attempts >= self.attempts and (not self.duration or age >= self.duration)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is a failed attempt, as with Google."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - the base class's own signature
        return None


class Dispatcher:
    """One thread that looks for due tasks, and a pool that sends them."""

    def __init__(self, store: Store, clock: Clock, signer: Signer) -> None:
        self._store, self._clock, self._signer = store, clock, signer
        self._pool = futures.ThreadPoolExecutor(16, thread_name_prefix="tasks-send")
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._busy: dict[str, int] = {}
        self._tokens: dict[str, tuple[float, float]] = {}
        self._previous: dict[str, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="tasks", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further attempt. One that is under way is repeated after the next start."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Look now: something has changed."""
        self._wake.set()

    def force(self, queue: tasks_v2.Queue, task: tasks_v2.Task) -> None:
        """Send a claimed task now, whatever its time or the queue's state (RunTask)."""
        self._submit(queue, task)

    def _loop(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            wait = _LOOK
            for queue in self._store.queues():
                if queue.state == tasks_v2.Queue.State.RUNNING:
                    wait = min(wait, self._drain(queue))
            self._wake.wait(max(wait, 0.005))

    def _drain(self, queue: tasks_v2.Queue) -> float:
        """Start what is due; returns the seconds until it is worth looking again."""
        limit = queue.rate_limits.max_concurrent_dispatches or _CONCURRENT
        for name in self._store.ready(queue.name, at=self._clock.now().timestamp(), limit=200):
            if self._busy.get(queue.name, 0) >= limit:
                return _LOOK  # the end of an attempt wakes us
            pause = self._take_token(queue)
            if pause > 0:
                return pause
            task = self._store.claim(name)
            if task is not None:
                self._submit(queue, task)
        return self._store.seconds_to_next(queue.name, at=self._clock.now().timestamp())

    def _take_token(self, queue: tasks_v2.Queue) -> float:
        """Token bucket; returns the seconds until there is one when there is none."""
        rate = queue.rate_limits.max_dispatches_per_second or _PER_SECOND
        burst, now = queue.rate_limits.max_burst_size or _BURST, time.monotonic()
        level, at = self._tokens.get(queue.name, (float(burst), now))
        level = min(burst, level + (now - at) * rate)
        self._tokens[queue.name] = (level - 1 if level >= 1 else level, now)
        return 0.0 if level >= 1 else (1 - level) / rate

    def _submit(self, queue: tasks_v2.Queue, task: tasks_v2.Task) -> None:
        with self._lock:
            self._busy[queue.name] = self._busy.get(queue.name, 0) + 1
        self._pool.submit(self._attempt, queue, task)

    def _attempt(self, queue: tasks_v2.Queue, task: tasks_v2.Task) -> None:
        try:
            begun = datetime.now(UTC)
            task.dispatch_count += 1
            task.last_attempt = tasks_v2.Attempt(schedule_time=task.schedule_time, dispatch_time=begun)
            if task.dispatch_count == 1:
                task.first_attempt = task.last_attempt
            self._store.save(task)
            status, reason = self._send(queue, task)
            if not self._stopped.is_set():  # else the database may be closed, and a restart sends it again
                self._settle(queue, task, status, reason)
        finally:
            with self._lock:
                self._busy[queue.name] -= 1
            self._wake.set()

    def _settle(self, queue: tasks_v2.Queue, task: tasks_v2.Task, status: int, reason: str) -> None:
        done = 200 <= status < 300
        task.response_count += bool(status)
        task.last_attempt.response_time = datetime.now(UTC)
        task.last_attempt.response_status = {"code": 0 if done else 2, "message": reason}
        retries = Retries.of(queue)
        age = datetime.now(UTC) - task.first_attempt.dispatch_time
        if done or retries.are_spent(task.dispatch_count, age.total_seconds()):
            self._previous.pop(task.name, None)
            self._store.bury(task.name)
            return
        self._previous[task.name] = status
        wait = retries.backoff(task.dispatch_count)
        task.schedule_time = self._clock.now() + timedelta(seconds=wait)
        self._store.release(task, time.time() + wait)

    def _send(self, queue: tasks_v2.Queue, task: tasks_v2.Task) -> tuple[int, str]:
        """One HTTP request; (status, reason), status 0 when there was no answer."""
        target = task.http_request
        method = tasks_v2.HttpMethod(target.http_method or tasks_v2.HttpMethod.POST).name
        body = target.body if method in _WITH_BODY else None
        deadline = task.dispatch_deadline.total_seconds() if task.dispatch_deadline else _DEADLINE
        request = urllib.request.Request(target.url, body, self._headers(queue, task), method=method)
        try:
            with self._opener.open(request, timeout=deadline) as answer:
                answer.read()
                return answer.status, ""
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, f"HTTP status code {error.code}"
        except OSError as error:
            return 0, f"UNAVAILABLE: {type(error).__name__}"

    def _headers(self, queue: tasks_v2.Queue, task: tasks_v2.Task) -> dict[str, str]:
        target = task.http_request
        headers = {
            "Content-Type": "application/octet-stream",
            "User-Agent": "Google-Cloud-Tasks",
            **dict(target.headers),
            "X-CloudTasks-QueueName": queue.name.rsplit("/", 1)[1],
            "X-CloudTasks-TaskName": task.name.rsplit("/", 1)[1],
            "X-CloudTasks-TaskRetryCount": str(task.dispatch_count - 1),
            "X-CloudTasks-TaskExecutionCount": str(task.response_count),
            "X-CloudTasks-TaskETA": f"{task.schedule_time.timestamp():.6f}",
        }
        if previous := self._previous.get(task.name):
            headers["X-CloudTasks-TaskPreviousResponse"] = str(previous)
        if account := target.oidc_token.service_account_email:
            audience = target.oidc_token.audience or target.url
            headers["Authorization"] = f"Bearer {self._signer.token(email=account, audience=audience)}"
        return headers
