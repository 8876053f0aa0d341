"""Cloud Tasks. A task is only speed: what is to be done stands in a document, where the sweep finds it."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Literal

from besadu import clock, logs
from besadu.config import Settings
from besadu.domain.message import Channel
from besadu.frozen import dataclass

QueueName = Literal[
    "outbox-email", "outbox-facebook", "outbox-instagram", "outbox-sms", "outbox-whatsapp", "evidence", "deadlines"
]
# One for each carrier: what a slow gateway has not taken yet holds up nobody else's messages.
OUTBOXES: Final[Mapping[Channel, QueueName]] = {
    "email": "outbox-email",
    "facebook": "outbox-facebook",
    "instagram": "outbox-instagram",
    "sms": "outbox-sms",
    "telephone": "outbox-sms",  # nobody is rung up: a caller gets an SMS
    "whatsapp": "outbox-whatsapp",
}
TIMEOUT = 2.0
LONGEST_SCHEDULE = timedelta(days=29)


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """What a task about a deadline is for. Each start or move of a clock has a ``revision`` of its own."""

    ticket: str
    clock: str
    revision: int
    step: str


_CreateTask = Callable[[dict[str, Any]], None]  # parent and task, as the API names them


class Queue:
    """Makes tasks; a failure is logged and otherwise ignored."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.client = Client(settings.tasks_emulator_host)

    def send(self, outbox_id: str, due: datetime | None, *, channel: Channel, again: str = "") -> bool:
        """Let `delivery` send this message when it is due. ``again`` makes a new task where one was lost."""
        return self._create(OUTBOXES[channel], "delivery", "/send", {"id": outbox_id}, due, again)

    def reply(self, sender_key: str, outbox_id: str, due: datetime, *, channel: Channel) -> bool:
        """Let `delivery` send the message that stands in the head of this conversation."""
        body = {"id": outbox_id, "sender": sender_key}
        return self._create(OUTBOXES[channel], "delivery", "/send", body, due)

    def fetch(self, evidence_id: str, due: datetime | None, *, again: str = "") -> bool:
        """Let `attachments` fetch this file. ``again`` makes a new task where one was lost, and tells it so."""
        body = {"id": evidence_id, "again": again} if again else {"id": evidence_id}
        return self._create("evidence", "attachments", "/fetch", body, due, again)

    def tidy(self, hour: str) -> bool:
        """Let `attachments` take away what was left in the bucket, once in this hour."""
        return self._create("evidence", "attachments", "/tidy", {"hour": hour}, None, hour)

    def remind(self, deadline: Deadline, due: datetime, *, again: str = "") -> bool:
        """Let `reminders` look at this complaint then; one that moved on meanwhile makes the task stale and harmless.

        Cloud Tasks holds a task for at most 30 days; one that is due later comes early and is made anew.
        """
        earliest = clock.now() + LONGEST_SCHEDULE
        at = min(due, datetime.combine(earliest.date(), time(), UTC)) if due > earliest else due
        return self._create("deadlines", "reminders", "/deadline", asdict(deadline), at, again)

    def tell(self, post: str, due: datetime, *, again: str = "") -> bool:
        """Let `reminders` make this post's message of the day."""
        return self._create("deadlines", "reminders", "/tell", {"post": post}, due, again)

    def _create(
        self,
        queue: QueueName,
        function: str,
        path: str,
        body: dict[str, Any],
        due: datetime | None,
        again: str = "",
    ) -> bool:
        # Imported here: pages that only read never pay for it.
        import grpc
        from google.auth.exceptions import GoogleAuthError

        try:
            create = self.client.calls()
            settings = self._settings
            parent = f"projects/{settings.google_cloud_project}/locations/{settings.tasks_location}/queues/{queue}"
            # Hashed: names in order slow the queue down. Named: the same cause is queued once. A name stays taken for
            # hours after its task ran or was deleted, hence ``again``.
            seed = repr((function, path, sorted(body.items()), due.timestamp() if due else 0, again))
            name = f"{parent}/tasks/{hashlib.sha256(seed.encode()).hexdigest()}"
            audience = f"{settings.functions_url}/{function}"
            task: dict[str, Any] = {
                "name": name,
                "http_request": {
                    "url": audience + path,
                    "http_method": "POST",
                    "headers": {"Content-Type": "application/json"},
                    "body": json.dumps(body).encode(),
                    "oidc_token": {
                        "service_account_email": self._settings.invoker_account,
                        "audience": audience,
                    },
                },
            }
            if due:
                # In parts, because the library takes long over a datetime.
                task["schedule_time"] = {"seconds": int(due.timestamp()), "nanos": due.microsecond * 1000}
            create({"parent": parent, "task": task})
        except grpc.RpcError as fault:
            if fault.code() is not grpc.StatusCode.ALREADY_EXISTS:
                return _not_created(queue, fault.code().name)
        except GoogleAuthError as fault:
            return _not_created(queue, type(fault).__name__)
        return True


class Client:
    """Cloud Tasks' client, loaded when it is first needed."""

    def __init__(self, emulator: str) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._create_task: _CreateTask | None = None

    def prepare(self) -> None:
        """Begin to load it beside what the caller does next; nothing when it is there.

        It takes 25 ms, which a first webhook mostly spends waiting for Firestore. Not at import: gRPC must not be there
        when the server forks.
        """
        if self._create_task is None and not self._lock.locked():
            threading.Thread(target=self._load, daemon=True).start()

    def calls(self) -> _CreateTask:
        """CreateTask. Raises GoogleAuthError when there are no credentials."""
        with self._lock:
            if self._create_task is None:
                self._create_task = _stub(self._emulator)
            return self._create_task

    def _load(self) -> None:
        from google.auth.exceptions import GoogleAuthError

        with suppress(GoogleAuthError):  # the first task will say so
            self.calls()


def _stub(emulator: str) -> _CreateTask:
    """CreateTask over the channel of the library's client, without the objects that it makes of every value."""
    import grpc
    from google.api_core.gapic_v1.routing_header import to_grpc_metadata
    from google.cloud.tasks_v2 import CloudTasksClient, CreateTaskRequest
    from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

    if emulator:
        client = CloudTasksClient(transport=CloudTasksGrpcTransport(channel=grpc.insecure_channel(emulator)))
    else:
        client = CloudTasksClient()
    request_class = CreateTaskRequest.pb()
    channel: grpc.Channel = client.transport.grpc_channel  # type: ignore[attr-defined]  # gRPC is the client's default
    call = channel.unary_unary(
        "/google.cloud.tasks.v2.CloudTasks/CreateTask",
        request_serializer=request_class.SerializeToString,
        response_deserializer=bytes,  # the task itself is known
    )

    def create(request: dict[str, Any]) -> None:
        route = to_grpc_metadata((("parent", request["parent"]),))  # type: ignore[no-untyped-call]  # no types there
        call(request_class(**request), timeout=TIMEOUT, metadata=[route])

    return create


def _not_created(queue: QueueName, fault: str) -> bool:
    logs.warning("task_not_created", queue=queue, fault=fault)
    return False
