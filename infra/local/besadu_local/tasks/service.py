"""The RPCs of google.cloud.tasks.v2.CloudTasks. A method here has the RPC's own name."""
# ruff: noqa: N802 - the names are the protocol's

import base64
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

import grpc
from google.cloud import tasks_v2
from google.protobuf import empty_pb2

from besadu_local.clock import Clock
from besadu_local.tasks.dispatch import Dispatcher
from besadu_local.tasks.store import Fault, Store, queue_of

MAX_AHEAD = 30 * 86_400  # seconds; the furthest schedule_time
MAX_BYTES = 1_000_000  # the largest task

_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/queues/[A-Za-z0-9-]{1,100}(/tasks/[A-Za-z0-9_-]{1,500})?")
_INVALID = grpc.StatusCode.INVALID_ARGUMENT


class Service:
    """What the client may ask for."""

    def __init__(self, store: Store, dispatcher: Dispatcher, clock: Clock) -> None:
        self._store, self._dispatcher, self._clock = store, dispatcher, clock

    def CreateQueue(self, request: tasks_v2.CreateQueueRequest) -> tasks_v2.Queue:
        queue = request.queue
        _check_name(queue.name, of_task=False)
        with self._store.lock:
            if self._store.has_queue(queue.name):
                raise Fault(grpc.StatusCode.ALREADY_EXISTS, "Queue already exists")
            queue.state = tasks_v2.Queue.State.RUNNING
            self._store.put_queue(queue)
        return queue

    def GetQueue(self, request: tasks_v2.GetQueueRequest) -> tasks_v2.Queue:
        return self._store.queue(request.name)

    def ListQueues(self, request: tasks_v2.ListQueuesRequest) -> tasks_v2.ListQueuesResponse:
        return tasks_v2.ListQueuesResponse(queues=self._store.queues(f"{request.parent}/"))

    def UpdateQueue(self, request: tasks_v2.UpdateQueueRequest) -> tasks_v2.Queue:
        queue = request.queue
        queue.state = self._store.queue(queue.name).state
        self._store.put_queue(queue)
        return queue

    def DeleteQueue(self, request: tasks_v2.DeleteQueueRequest) -> empty_pb2.Empty:
        self._store.queue(request.name)
        self._store.delete_queue(request.name)
        return empty_pb2.Empty()

    def PurgeQueue(self, request: tasks_v2.PurgeQueueRequest) -> tasks_v2.Queue:
        queue = self._store.queue(request.name)
        self._store.purge(request.name)
        queue.purge_time = datetime.now(UTC)
        self._store.put_queue(queue)
        return queue

    def PauseQueue(self, request: tasks_v2.PauseQueueRequest) -> tasks_v2.Queue:
        return self._set_state(request.name, tasks_v2.Queue.State.PAUSED)

    def ResumeQueue(self, request: tasks_v2.ResumeQueueRequest) -> tasks_v2.Queue:
        return self._set_state(request.name, tasks_v2.Queue.State.RUNNING)

    def CreateTask(self, request: tasks_v2.CreateTaskRequest) -> tasks_v2.Task:
        task, now = request.task, self._clock.now()
        self._store.queue(request.parent)
        if task.name:
            _check_name(task.name, of_task=True)
            if queue_of(task.name) != request.parent:
                _refuse("The queue name from request must be the same as the queue name of the named task.")
        else:
            task.name = f"{request.parent}/tasks/{secrets.randbelow(10**19):019d}"
        if not task.http_request.url:
            _refuse("HttpRequest.url is required")
        if len(tasks_v2.Task.serialize(task)) > MAX_BYTES:
            _refuse("Task size too large")
        when = task.schedule_time or now
        if (when - now).total_seconds() > MAX_AHEAD:
            _refuse(f"The Task.scheduleTime, {when.isoformat()}, is too far in the future.")
        task.schedule_time, task.create_time = max(when, now), datetime.now(UTC)
        with self._store.lock:
            if self._store.is_taken(task.name):
                raise Fault(grpc.StatusCode.ALREADY_EXISTS, "Requested entity already exists")
            self._store.add(task)
        self._dispatcher.wake()
        return _view(task, request.response_view)

    def GetTask(self, request: tasks_v2.GetTaskRequest) -> tasks_v2.Task:
        return _view(self._store.task(request.name), request.response_view)

    def ListTasks(self, request: tasks_v2.ListTasksRequest) -> tasks_v2.ListTasksResponse:
        self._store.queue(request.parent)
        size, after = request.page_size or 1000, base64.urlsafe_b64decode(request.page_token).decode()
        found = self._store.tasks(request.parent, after, size + 1)
        tasks = [_view(task, request.response_view) for task in found[:size]]
        more = base64.urlsafe_b64encode(tasks[-1].name.encode()).decode() if len(found) > size else ""
        return tasks_v2.ListTasksResponse(tasks=tasks, next_page_token=more)

    def DeleteTask(self, request: tasks_v2.DeleteTaskRequest) -> empty_pb2.Empty:
        self._store.task(request.name)
        self._store.bury(request.name)
        return empty_pb2.Empty()

    def RunTask(self, request: tasks_v2.RunTaskRequest) -> tasks_v2.Task:
        task = self._store.task(request.name)
        queue = self._store.queue(queue_of(request.name))
        claimed = self._store.claim(request.name)
        if claimed is not None:
            self._dispatcher.force(queue, claimed)
        return _view(task, request.response_view)

    def _set_state(self, name: str, state: tasks_v2.Queue.State) -> tasks_v2.Queue:
        queue = self._store.queue(name)
        queue.state = state
        self._store.put_queue(queue)
        self._dispatcher.wake()
        return queue


_REQUESTS: dict[str, Any] = {
    "CreateQueue": tasks_v2.CreateQueueRequest,
    "GetQueue": tasks_v2.GetQueueRequest,
    "ListQueues": tasks_v2.ListQueuesRequest,
    "UpdateQueue": tasks_v2.UpdateQueueRequest,
    "DeleteQueue": tasks_v2.DeleteQueueRequest,
    "PurgeQueue": tasks_v2.PurgeQueueRequest,
    "PauseQueue": tasks_v2.PauseQueueRequest,
    "ResumeQueue": tasks_v2.ResumeQueueRequest,
    "CreateTask": tasks_v2.CreateTaskRequest,
    "GetTask": tasks_v2.GetTaskRequest,
    "ListTasks": tasks_v2.ListTasksRequest,
    "DeleteTask": tasks_v2.DeleteTaskRequest,
    "RunTask": tasks_v2.RunTaskRequest,
}


def handlers(service: Service) -> grpc.GenericRpcHandler:
    """The service as gRPC wants it, without generated code."""
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            _answer(getattr(service, name)), request_deserializer=request.deserialize, response_serializer=_serialize
        )
        for name, request in _REQUESTS.items()
    }
    return grpc.method_handlers_generic_handler("google.cloud.tasks.v2.CloudTasks", methods)


def _answer(method: Callable[[Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
    def call(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - one wrapper for thirteen message types
        try:
            return method(request)
        except Fault as fault:
            context.abort(fault.code, fault.message)

    return call


def _serialize(message: Any) -> bytes:  # noqa: ANN401 - either a proto-plus or a plain protobuf message
    kind = type(message)
    return bytes(kind.serialize(message) if hasattr(kind, "serialize") else message.SerializeToString())


def _view(task: tasks_v2.Task, view: tasks_v2.Task.View) -> tasks_v2.Task:
    """The BASIC view leaves the body out, as Google's default does."""
    if view == tasks_v2.Task.View.FULL:
        return task
    basic = tasks_v2.Task(task)
    basic.http_request.body = b""
    return basic


def _check_name(name: str, *, of_task: bool) -> None:
    found = _NAME.fullmatch(name)
    if not found or bool(found[1]) != of_task:
        _refuse(f'Invalid resource field value in the request: "{name}"')


def _refuse(message: str) -> NoReturn:
    raise Fault(_INVALID, message)
