"""Firestore's operations, counted where they leave the client, as they are billed.

A document that is looked up or returned is a read, also when it is not there; a query without a result is one read; a
written document is a write. A call that is repeated by the client counts again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import firestore


@dataclass
class Operations:
    """How many there were. ``calls`` are round trips; ``where`` is collection -> [writes, reads]."""

    writes: int = 0
    reads: int = 0
    calls: int = 0
    where: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Counter:
    """Operations by step, in the order of the steps. What happens outside a step is not counted."""

    steps: dict[str, Operations] = field(default_factory=dict)
    _current: Operations = field(default_factory=Operations)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What happens inside belongs to ``name``."""
        before, self._current = self._current, self.steps.setdefault(name, Operations())
        try:
            yield
        finally:
            self._current = before

    def called(self) -> None:
        """Add a round trip to the step that is running."""
        self._current.calls += 1

    def wrote(self, name: str) -> None:
        """Add a write of the document of this name."""
        self._current.writes += 1
        self._current.where.setdefault(_collection(name), [0, 0])[0] += 1

    def read(self, name: str) -> None:
        """Add a read of the document of this name, or of what a query did not find."""
        self._current.reads += 1
        self._current.where.setdefault(_collection(name), [0, 0])[1] += 1


def _collection(name: str) -> str:
    """``projects/p/databases/d/documents/complaints/1/messages/2`` lies in ``complaints/messages``."""
    _, _, path = name.partition("/documents/")
    return "/".join(path.split("/")[::2]) or "(queries without a result)"


class CountedDatabase(firestore.Client):  # type: ignore[misc]  # the library has no types
    """The real client on the emulator, with a counter on its channel."""

    def __init__(self, project: str, counter: Counter) -> None:
        self._counter = counter
        super().__init__(project=project)

    def _emulator_channel(self, transport: Any) -> grpc.Channel:
        return grpc.intercept_channel(super()._emulator_channel(transport), _Meter(self._counter))


class _Meter(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def intercept_unary_unary(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        self._counter.called()
        for write in getattr(request, "writes", ()):
            self._counter.wrote(write.update.name or write.delete or write.transform.document)
        if name := getattr(request, "name", ""):
            self._counter.read(name)
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        self._counter.called()
        return _Metered(continuation(details, request), self._counter)


class _Metered:
    """A stream of answers that counts its documents as they pass."""

    def __init__(self, call: Any, counter: Counter) -> None:
        self._call, self._counter, self._any = call, counter, False

    def __iter__(self) -> "_Metered":
        return self

    def __next__(self) -> Any:
        try:
            answer = next(self._call)
        except StopIteration:
            if not self._any:
                self._counter.read("")
            raise
        if name := _document(answer):
            self._counter.read(name)
            self._any = True
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


def _document(answer: Any) -> str:
    """The name of the document that an answer brings, or says to be missing; "" for one that only tells progress."""
    if hasattr(answer, "found"):
        return str(answer.found.name or answer.missing)
    return str(answer.document.name)
