"""The unmodified google-cloud-tasks client against the stand-in."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any, ClassVar

import grpc
import jwt
import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from besadu_local.clock import Clock
from besadu_local.tasks import Tasks
from besadu_local.tokens import Signer

LOCATION = "projects/p/locations/l"
QUEUE = f"{LOCATION}/queues/outbox"
SOON = 5.0  # seconds


class Target:
    """An HTTP server that takes tasks in and answers as told."""

    def __init__(self) -> None:
        self.calls: Queue[tuple[Message, bytes]] = Queue()
        self.answers: list[int] = []
        calls, answers = self.calls, self.answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version: ClassVar[str] = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(answers.pop(0) if answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                calls.put((self.headers, body))

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/do"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Bench:
    """A stand-in that can be stopped and started again on the same database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock(folder)
        self.signer = Signer(folder / "google.pem", "http://issuer.test")
        self.start()

    def start(self) -> None:
        self.tasks = Tasks(self.folder / "tasks.sqlite", self.clock, self.signer)
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.tasks.start()}")
        self.client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=self.channel))

    def stop(self) -> None:
        self.channel.close()
        self.tasks.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=QUEUE, retry_config=RETRIES))
    yield made
    made.stop()


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


RETRIES = tasks_v2.RetryConfig(min_backoff={"nanos": 50_000_000}, max_attempts=3)


def task(url: str, name: str = "", **fields: Any) -> dict[str, Any]:
    full = {"name": f"{QUEUE}/tasks/{name}"} if name else {}
    request = {"url": url, "http_method": "POST", "body": b'{"id": 1}', "headers": {"Content-Type": "application/json"}}
    return {**full, "http_request": request, **fields}


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError


def test_a_task_arrives_with_its_body_and_headers_and_is_gone(bench: Bench, target: Target) -> None:
    made = bench.client.create_task(parent=QUEUE, task=task(target.url, "one"))
    headers, body = target.calls.get(timeout=SOON)
    assert body == b'{"id": 1}'
    assert headers["Content-Type"] == "application/json"
    assert headers["X-CloudTasks-QueueName"] == "outbox"
    assert headers["X-CloudTasks-TaskName"] == "one"
    until(lambda: not list(bench.client.list_tasks(parent=QUEUE)))
    with pytest.raises(exceptions.NotFound):
        bench.client.get_task(name=made.name)


def test_a_name_is_taken_while_the_task_is_there_and_for_a_while_after(bench: Bench, target: Target) -> None:
    later = {"schedule_time": bench.clock.now() + timedelta(hours=1)}
    bench.client.create_task(parent=QUEUE, task=task(target.url, "same", **later))
    with pytest.raises(exceptions.AlreadyExists):
        bench.client.create_task(parent=QUEUE, task=task(target.url, "same"))
    bench.client.delete_task(name=f"{QUEUE}/tasks/same")
    with pytest.raises(exceptions.AlreadyExists):
        bench.client.create_task(parent=QUEUE, task=task(target.url, "same"))


def test_a_scheduled_task_waits_for_the_movable_clock(bench: Bench, target: Target) -> None:
    when = bench.clock.now() + timedelta(days=3)
    bench.client.create_task(parent=QUEUE, task=task(target.url, "later", schedule_time=when))
    with pytest.raises(Empty):
        target.calls.get(timeout=0.6)
    bench.clock.advance(3 * 86_400)
    assert target.calls.get(timeout=SOON)


def test_a_schedule_too_far_ahead_is_refused(bench: Bench, target: Target) -> None:
    when = bench.clock.now() + timedelta(days=31)
    with pytest.raises(exceptions.InvalidArgument):
        bench.client.create_task(parent=QUEUE, task=task(target.url, schedule_time=when))


def test_a_failure_is_tried_again_and_says_how_often(bench: Bench, target: Target) -> None:
    target.answers[:] = [503]
    bench.client.create_task(parent=QUEUE, task=task(target.url))
    first, second = (target.calls.get(timeout=SOON)[0] for _ in range(2))
    assert (first["X-CloudTasks-TaskRetryCount"], second["X-CloudTasks-TaskRetryCount"]) == ("0", "1")
    assert second["X-CloudTasks-TaskPreviousResponse"] == "503"


def test_attempts_end(bench: Bench, target: Target) -> None:
    target.answers[:] = [500] * 9
    bench.client.create_task(parent=QUEUE, task=task(target.url))
    until(lambda: not list(bench.client.list_tasks(parent=QUEUE)))
    assert target.calls.qsize() == 3


def test_a_token_is_signed_for_the_account_and_audience(bench: Bench, target: Target) -> None:
    asked = task(target.url)
    asked["http_request"]["oidc_token"] = {"service_account_email": "invoker@test", "audience": "http://door"}
    bench.client.create_task(parent=QUEUE, task=asked)
    token = target.calls.get(timeout=SOON)[0]["Authorization"].removeprefix("Bearer ")
    key = jwt.PyJWKSet.from_dict(bench.signer.jwks()).keys[0].key
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="http://door", issuer="http://issuer.test")
    assert (claims["email"], claims["email_verified"]) == ("invoker@test", True)


def test_a_paused_queue_keeps_its_tasks_until_it_is_resumed(bench: Bench, target: Target) -> None:
    bench.client.pause_queue(name=QUEUE)
    bench.client.create_task(parent=QUEUE, task=task(target.url))
    with pytest.raises(Empty):
        target.calls.get(timeout=0.5)
    bench.client.resume_queue(name=QUEUE)
    assert target.calls.get(timeout=SOON)


def test_run_task_sends_at_once_whatever_the_schedule(bench: Bench, target: Target) -> None:
    when = bench.clock.now() + timedelta(days=1)
    made = bench.client.create_task(parent=QUEUE, task=task(target.url, schedule_time=when))
    bench.client.run_task(name=made.name)
    assert target.calls.get(timeout=SOON)


def test_purge_takes_all_away(bench: Bench, target: Target) -> None:
    when = bench.clock.now() + timedelta(days=1)
    for _ in range(3):
        bench.client.create_task(parent=QUEUE, task=task(target.url, schedule_time=when))
    assert len(list(bench.client.list_tasks(request={"parent": QUEUE, "page_size": 2}))) == 3
    bench.client.purge_queue(name=QUEUE)
    assert not list(bench.client.list_tasks(parent=QUEUE))


def test_the_rate_limit_holds(bench: Bench, target: Target) -> None:
    queue = bench.client.get_queue(name=QUEUE)
    queue.rate_limits = tasks_v2.RateLimits(max_dispatches_per_second=2, max_burst_size=1)
    bench.client.update_queue(queue=queue)
    for _ in range(3):
        bench.client.create_task(parent=QUEUE, task=task(target.url))
    target.calls.get(timeout=SOON)
    with pytest.raises(Empty):
        target.calls.get(timeout=0.2)
    assert target.calls.get(timeout=SOON)


def test_a_task_for_no_queue_is_refused(bench: Bench, target: Target) -> None:
    with pytest.raises(exceptions.NotFound):
        bench.client.create_task(parent=f"{LOCATION}/queues/nobody", task=task(target.url))


def test_tasks_outlive_a_restart(bench: Bench, target: Target) -> None:
    when = bench.clock.now() + timedelta(hours=1)
    bench.client.create_task(parent=QUEUE, task=task(target.url, "kept", schedule_time=when))
    bench.stop()
    bench.clock.advance(3600)
    bench.start()
    assert target.calls.get(timeout=SOON)[0]["X-CloudTasks-TaskName"] == "kept"
