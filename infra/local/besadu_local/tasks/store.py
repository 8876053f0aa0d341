"""Queues and tasks in SQLite. A task is written before CreateTask answers, so a kill loses none."""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import grpc
from google.cloud import tasks_v2

TOMBSTONE = 3600.0  # seconds that a finished or deleted name stays taken; Google says about one hour

_SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists queue (name text primary key, body blob not null);
create table if not exists task (
  name text primary key, queue text not null, body blob not null,
  due real not null,                 -- on the movable clock
  retry_at real not null default 0,  -- in real time
  running int not null default 0
);
create index if not exists task_due on task (queue, running, due);
create table if not exists tombstone (name text primary key, until real not null);
"""


class Fault(Exception):
    """An answer other than OK, with gRPC's status code."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def queue_of(task_name: str) -> str:
    """The queue's name in a task's name."""
    return task_name.rsplit("/tasks/", 1)[0]


class Store:
    """All access to the database, one statement at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._run("update task set running = 0")  # the last run ended in the middle of a dispatch: at least once

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._db.close()

    def has_queue(self, name: str) -> bool:
        """Whether the queue is there."""
        return bool(self._run("select 1 from queue where name = ?", name))

    def queue(self, name: str) -> tasks_v2.Queue:
        """The queue; NOT_FOUND when there is none."""
        rows = self._run("select body from queue where name = ?", name)
        if not rows:
            raise Fault(grpc.StatusCode.NOT_FOUND, "Queue does not exist.")
        return tasks_v2.Queue.deserialize(rows[0][0])

    def queues(self, parent: str = "") -> list[tasks_v2.Queue]:
        """The queues whose name begins with ``parent``, in order of name."""
        rows = self._run("select body from queue where substr(name, 1, ?) = ? order by name", len(parent), parent)
        return [tasks_v2.Queue.deserialize(body) for (body,) in rows]

    def put_queue(self, queue: tasks_v2.Queue) -> None:
        """Insert or replace."""
        self._run("insert or replace into queue values (?, ?)", queue.name, tasks_v2.Queue.serialize(queue))

    def delete_queue(self, name: str) -> None:
        """The queue and its tasks."""
        self._run("delete from task where queue = ?", name)
        self._run("delete from queue where name = ?", name)

    def is_taken(self, name: str) -> bool:
        """Whether a task of this name exists or existed recently."""
        self._run("delete from tombstone where until < ?", time.time())
        both = "select 1 from task where name = ? union select 1 from tombstone where name = ?"
        return bool(self._run(both, name, name))

    def task(self, name: str) -> tasks_v2.Task:
        """The task; NOT_FOUND when there is none (any more)."""
        rows = self._run("select body from task where name = ?", name)
        if not rows:
            raise Fault(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        return tasks_v2.Task.deserialize(rows[0][0])

    def tasks(self, queue: str, after: str, limit: int) -> list[tasks_v2.Task]:
        """Tasks of a queue in order of name, from behind ``after``."""
        select = "select body from task where queue = ? and name > ? order by name limit ?"
        return [tasks_v2.Task.deserialize(body) for (body,) in self._run(select, queue, after, limit)]

    def ready(self, queue: str, *, at: float, limit: int) -> list[str]:
        """Names of tasks that can be sent now; ``at`` is the movable clock's instant in seconds since the epoch."""
        select = (
            "select name from task where queue = ? and running = 0 and due <= ? and retry_at <= ? order by due limit ?"
        )
        return [name for (name,) in self._run(select, queue, at, time.time(), limit)]

    def seconds_to_next(self, queue: str, *, at: float) -> float:
        """Until the next waiting task can be sent; infinite when none waits."""
        select = "select min(max(due - ?, retry_at - ?)) from task where queue = ? and running = 0"
        soonest = self._run(select, at, time.time(), queue)[0][0]
        return float("inf") if soonest is None else float(soonest)

    def add(self, task: tasks_v2.Task) -> None:
        """A new task, due at its schedule_time."""
        due = task.schedule_time.timestamp()
        body = tasks_v2.Task.serialize(task)
        self._run(
            "insert into task (name, queue, body, due) values (?, ?, ?, ?)", task.name, queue_of(task.name), body, due
        )

    def claim(self, name: str) -> tasks_v2.Task | None:
        """Mark it as being dispatched; None when somebody else did or it is gone."""
        rows = self._run("update task set running = 1 where name = ? and running = 0 returning body", name)
        return tasks_v2.Task.deserialize(rows[0][0]) if rows else None

    def save(self, task: tasks_v2.Task) -> None:
        """What an attempt has changed; nothing when it was deleted meanwhile."""
        self._run("update task set body = ? where name = ?", tasks_v2.Task.serialize(task), task.name)

    def release(self, task: tasks_v2.Task, retry_at: float) -> None:
        """Back into the queue, not before ``retry_at`` (real time, seconds since the epoch)."""
        body = tasks_v2.Task.serialize(task)
        self._run("update task set body = ?, retry_at = ?, running = 0 where name = ?", body, retry_at, task.name)

    def bury(self, name: str) -> None:
        """Take it away; its name stays taken for a while."""
        with self.lock:
            self._run("delete from task where name = ?", name)
            self._run("insert or replace into tombstone values (?, ?)", name, time.time() + TOMBSTONE)

    def purge(self, queue: str) -> None:
        """Take all tasks of a queue away."""
        with self.lock:
            until = time.time() + TOMBSTONE
            self._run("insert or replace into tombstone select name, ? from task where queue = ?", until, queue)
            self._run("delete from task where queue = ?", queue)

    def _run(self, statement: str, *values: object) -> list[Any]:
        with self.lock:
            return self._db.execute(statement, values).fetchall()
