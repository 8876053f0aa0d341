"""A stand-in for Cloud Tasks v2 that the unmodified google-cloud-tasks client talks to over gRPC.

It keeps what the product relies on: named-task de-duplication, schedule times (against the movable clock), retries with
back-off (in real time), rate limits, OIDC tokens, and tasks that outlive ``kill -9``.
"""

import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.cloud import tasks_v2

from besadu_local.clock import Clock
from besadu_local.ports import HOST
from besadu_local.tasks.dispatch import Dispatcher
from besadu_local.tasks.service import Service, handlers
from besadu_local.tasks.store import Store
from besadu_local.tokens import Signer

__all__ = ["Tasks"]


class Tasks:
    """The server: ``start`` returns its port, ``stop`` leaves every task in the database."""

    def __init__(self, database: Path, clock: Clock, signer: Signer) -> None:
        self._store = Store(database)
        self._dispatcher = Dispatcher(self._store, clock, signer)
        self._service = Service(self._store, self._dispatcher, clock)
        self._server = grpc.server(futures.ThreadPoolExecutor(16, thread_name_prefix="tasks-rpc"))
        self._server.add_generic_rpc_handlers((handlers(self._service),))

    def start(self, port: int = 0) -> int:
        """Listen and dispatch; returns the port."""
        bound = self._server.add_insecure_port(f"{HOST}:{port}")
        self._server.start()
        self._dispatcher.start()
        return bound

    def ensure_queue(self, project: str, location: str, name: str) -> None:
        """Make the queue, unless it is there from last time. Retries come quicker than in production."""
        path = f"projects/{project}/locations/{location}/queues/{name}"
        if not self._store.has_queue(path):
            retries = tasks_v2.RetryConfig(min_backoff={"seconds": 1}, max_backoff={"seconds": 60})
            self._service.CreateQueue(
                tasks_v2.CreateQueueRequest(queue=tasks_v2.Queue(name=path, retry_config=retries))
            )

    def stop(self) -> None:
        """Stop dispatching, then answering."""
        self._dispatcher.stop()
        stopped: threading.Event = self._server.stop(grace=0.5)
        stopped.wait()
        self._store.close()
