"""Cloud Tasks as bad as can be: it loses tasks, runs others twice in any order, and now and then forgets them all."""

import heapq
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

FURTHEST = timedelta(days=30)  # Cloud Tasks refuses a task for later


@dataclass(frozen=True)
class Weather:
    """How tasks fare: the shares that are lost and that run twice."""

    name: str
    lost: float
    twice: float


class AlreadyExists(grpc.RpcError):
    """The name is taken."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.ALREADY_EXISTS


class Tasks:
    """Stands where the queue's client does. Only deadlines are run; what other functions do is seen to elsewhere."""

    def __init__(self, dice: random.Random, now: Callable[[], datetime]) -> None:
        self._dice, self._now = dice, now
        self.weather = Weather("calm", 0, 0)
        self._names: set[str] = set()
        self._waiting: list[tuple[datetime, float, str, dict[str, str]]] = []
        self.made = self.lost = 0

    def prepare(self) -> None:
        """Nothing to load."""

    def calls(self) -> Callable[[dict[str, Any]], None]:
        """CreateTask."""
        return self._create

    def forget_all(self) -> None:
        """Somebody deletes every task."""
        self.lost += len(self._waiting)
        self._waiting.clear()

    def due(self) -> list[tuple[str, dict[str, str]]]:
        """Take out what is to run by now, in any order, some of it twice: path and body."""
        found = []
        while self._waiting and self._waiting[0][0] <= self._now():
            _, _, path, body = heapq.heappop(self._waiting)
            if self._dice.random() < self.weather.lost:
                self.lost += 1
                continue
            found += [(path, body)] * (2 if self._dice.random() < self.weather.twice else 1)
        self._dice.shuffle(found)
        return sorted(found, key=lambda task: task[0])  # what is told depends on what was looked at

    def _create(self, request: dict[str, Any]) -> None:
        task = request["task"]
        if "/queues/deadlines" not in request["parent"]:
            return
        if task["name"] in self._names:
            raise AlreadyExists
        when = task.get("schedule_time")
        at = datetime.fromtimestamp(when["seconds"], UTC) if when else self._now()
        if at > self._now() + FURTHEST:
            message = f"a task may not wait for {at - self._now()}"
            raise AssertionError(message)
        self._names.add(task["name"])
        self.made += 1
        path = task["http_request"]["url"].rsplit("/", 1)[-1]
        body = json.loads(task["http_request"]["body"])
        heapq.heappush(self._waiting, (at, self._dice.random(), path, body))
