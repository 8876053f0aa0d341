"""Cloud Tasks. A task is only speed: what is to be done stands in a document, where the sweep finds it."""

import hashlib
import json
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from besadu import clock, logs
from besadu.config import Settings

if TYPE_CHECKING:
    from google.cloud.tasks_v2 import CloudTasksClient

QueueName = Literal["outbox", "evidence", "deadlines"]
TIMEOUT = 2.0
LONGEST_SCHEDULE = timedelta(days=29)


class Queue:
    """Makes tasks; a failure is logged and otherwise ignored."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: CloudTasksClient | None = None

    def send(self, outbox_id: str, due: datetime | None, *, again: str = "") -> bool:
        """Let `delivery` send this message when it is due. ``again`` makes a new task where one was lost."""
        return self._create("outbox", "delivery", "/send", {"id": outbox_id}, due, again)

    def fetch(self, evidence_id: str, due: datetime | None, *, again: str = "") -> bool:
        """Let `attachments` fetch this file."""
        return self._create("evidence", "attachments", "/fetch", {"id": evidence_id}, due, again)

    def remind(self, ticket: str, due: datetime, *, again: str = "") -> bool:
        """Let `reminders` look at this complaint then; one that moved on meanwhile makes the task stale and harmless.

        Cloud Tasks holds a task for at most 30 days; what is due later is left to the sweep.
        """
        if due > clock.now() + LONGEST_SCHEDULE:
            return True
        return self._create("deadlines", "reminders", "/deadline", {"ticket": ticket}, due, again)

    def _create(
        self,
        queue: QueueName,
        function: str,
        path: str,
        body: dict[str, str],
        due: datetime | None,
        again: str,
    ) -> bool:
        # Imported here: pages that only read never pay for it.
        from google.api_core.exceptions import AlreadyExists, GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError

        try:
            client = self._client()
            parent = client.queue_path(self._settings.google_cloud_project, self._settings.tasks_location, queue)
            # Hashed: names in order slow the queue down. Named: the same cause is queued once. A name stays taken for
            # hours after its task ran or was deleted, hence ``again``.
            seed = json.dumps([function, path, body, due.timestamp() if due else 0, again], sort_keys=True)
            name = f"{parent}/tasks/{hashlib.sha256(seed.encode()).hexdigest()}"
            audience = f"{self._settings.besadu_public_url}/{function}"
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
                task["schedule_time"] = due
            client.create_task(request={"parent": parent, "task": task}, timeout=TIMEOUT, retry=None)
        except AlreadyExists:
            return True
        except (GoogleAPICallError, RetryError, GoogleAuthError) as fault:
            logs.warning("task_not_created", queue=queue, fault=type(fault).__name__)
            return False
        return True

    def _client(self) -> "CloudTasksClient":
        with self._lock:
            if self._made is None:
                from google.cloud.tasks_v2 import CloudTasksClient
                from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

                if host := self._settings.tasks_emulator_host:
                    import grpc

                    transport = CloudTasksGrpcTransport(channel=grpc.insecure_channel(host))
                    self._made = CloudTasksClient(transport=transport)
                else:
                    self._made = CloudTasksClient()
            return self._made
