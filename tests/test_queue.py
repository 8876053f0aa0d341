"""Tasks: made once for the same cause, with a token for their function and nothing in the body but an id."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from besadu import clock, config
from besadu.queue import LONGEST_SCHEDULE, TIMEOUT, Deadline, Queue
from besadu_local.stack import Stack
from tests.factories import PHONE, some_settings


@pytest.fixture
def client(stack: Stack) -> Iterator[tasks_v2.CloudTasksClient]:
    channel = grpc.insecure_channel(stack.settings["TASKS_EMULATOR_HOST"])
    yield tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
    channel.close()


def waiting(client: tasks_v2.CloudTasksClient, stack: Stack, queue: str, wanted: str) -> list[Any]:
    parent = f"projects/{stack.settings['GOOGLE_CLOUD_PROJECT']}/locations/{stack.settings['TASKS_LOCATION']}"
    request = {"parent": f"{parent}/queues/{queue}", "response_view": tasks_v2.Task.View.FULL}
    return [task for task in client.list_tasks(request=request) if wanted in task.http_request.body.decode()]


def test_the_same_cause_makes_one_task_and_a_sweep_makes_it_anew(
    stack: Stack, client: tasks_v2.CloudTasksClient
) -> None:
    queue, name = Queue(config.load(stack.settings, "intake")), secrets.token_hex(20)
    due = stack.clock.now() + timedelta(hours=3)
    assert queue.send(name, due, channel="whatsapp")
    assert queue.send(name, due, channel="whatsapp")
    assert len(waiting(client, stack, "outbox-whatsapp", name)) == 1
    assert queue.send(name, due, channel="whatsapp", again="202603020900")
    assert len(waiting(client, stack, "outbox-whatsapp", name)) == 2


@pytest.mark.parametrize(
    ("queue", "make", "path", "body"),
    [
        ("outbox-sms", partial(Queue.send, channel="sms"), "/delivery/send", "id"),
        ("outbox-sms", partial(Queue.send, channel="telephone"), "/delivery/send", "id"),
        ("outbox-whatsapp", partial(Queue.send, channel="whatsapp"), "/delivery/send", "id"),
        ("evidence", Queue.fetch, "/attachments/fetch", "id"),
        ("deadlines", Queue.tell, "/reminders/tell", "post"),
    ],
)
def test_a_task_carries_an_id_a_time_and_the_invokers_token_for_its_function(
    stack: Stack, client: tasks_v2.CloudTasksClient, queue: str, make: Callable[..., bool], path: str, body: str
) -> None:
    name, due = secrets.token_hex(20), stack.clock.now() + timedelta(hours=3)
    assert make(Queue(config.load(stack.settings, "intake")), name, due)
    (task,) = waiting(client, stack, queue, name)
    public = stack.settings["FUNCTIONS_URL"]
    request = task.http_request
    assert request.url == public + path
    assert json.loads(request.body) == {body: name}
    assert request.oidc_token.service_account_email == stack.settings["INVOKER_ACCOUNT"]
    assert request.oidc_token.audience == f"{public}/{path.split('/')[1]}"
    assert abs(task.schedule_time - due) < timedelta(seconds=1)
    assert name not in task.name


def a_deadline(**changes: Any) -> Deadline:
    base = Deadline(ticket=secrets.token_hex(8), clock="answer", revision=3, step="half")
    return replace(base, **changes)


def test_each_step_of_each_start_of_a_clock_has_one_task(stack: Stack, client: tasks_v2.CloudTasksClient) -> None:
    queue, deadline = Queue(config.load(stack.settings, "reminders")), a_deadline()
    due = stack.clock.now() + timedelta(days=2)
    for same in (deadline, deadline, replace(deadline, step="most"), replace(deadline, revision=4)):
        assert queue.remind(same, due)
    found = waiting(client, stack, "deadlines", deadline.ticket)
    bodies = sorted((body["step"], body["revision"]) for body in (json.loads(one.http_request.body) for one in found))
    assert bodies == [("half", 3), ("half", 4), ("most", 3)]


def test_what_is_due_later_than_a_task_can_wait_comes_early_to_be_made_anew(
    stack: Stack, client: tasks_v2.CloudTasksClient
) -> None:
    queue, deadline = Queue(config.load(stack.settings, "reminders")), a_deadline()
    due = clock.now() + timedelta(days=80)
    for _ in range(2):
        assert queue.remind(deadline, due)
    (task,) = waiting(client, stack, "deadlines", deadline.ticket)
    assert clock.now() + timedelta(days=27) < task.schedule_time < clock.now() + LONGEST_SCHEDULE


def test_a_queue_that_is_away_costs_a_moment_and_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    assert not Queue(some_settings("queue")).send("abc", None, channel="sms")
    assert time.monotonic() - began < TIMEOUT + 1
    line = capsys.readouterr().err
    assert "task_not_created" in line
    assert PHONE not in line
