"""Firestore's own messages over the library's channel: the few calls that a webhook waits for.

The library makes several Python objects of every value: 2.5 of the 6.5 ms that a webhook took. So documents go straight
into the protobuf classes that it carries with it. What is hard stays the library's: the channel, the credentials, the
way to the emulator, the words for errors, and all queries.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import grpc
from google.api_core.exceptions import from_grpc_error
from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from google.cloud import firestore
from google.cloud.firestore_v1 import types

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.4  # seconds between tries
_SERVICE = "/google.firestore.v1.Firestore"
# The protobuf classes below those of the library.
_GetDocument, _Document = types.GetDocumentRequest.pb(), types.Document.pb()
_BatchGet, _BatchGetAnswer = types.BatchGetDocumentsRequest.pb(), types.BatchGetDocumentsResponse.pb()
_Commit, _CommitAnswer = types.CommitRequest.pb(), types.CommitResponse.pb()

_READY = re.compile(r"[A-Za-z0-9_/-]+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = {
    str: "string_value",
    bool: "boolean_value",
    int: "integer_value",
    float: "double_value",
    bytes: "bytes_value",
}

Read = tuple[dict[str, Any], Any]  # a document and its version


class Wire:
    """Calls to one database. Each takes its whole time limit in seconds and raises google.api_core's exceptions."""

    def __init__(self, database: firestore.Client) -> None:
        # Nothing public leads to these three; a channel of our own would need its own credentials, and tests of them.
        self._database: str = database._database_string  # noqa: SLF001
        channel: grpc.Channel = database._firestore_api.transport.grpc_channel  # noqa: SLF001
        self._headers: list[tuple[str, str]] = database._rpc_metadata  # noqa: SLF001
        self._to_database = [*self._headers, _route("database", self._database)]
        self._route, self._to_documents = _route("name", self.name(""))
        self._get = channel.unary_unary(
            f"{_SERVICE}/GetDocument",
            request_serializer=_GetDocument.SerializeToString,
            response_deserializer=_Document.FromString,
        )
        self._batch_get = channel.unary_stream(
            f"{_SERVICE}/BatchGetDocuments",
            request_serializer=_BatchGet.SerializeToString,
            response_deserializer=_BatchGetAnswer.FromString,
        )
        self._commit = channel.unary_unary(
            f"{_SERVICE}/Commit",
            request_serializer=_Commit.SerializeToString,
            response_deserializer=_CommitAnswer.FromString,
        )

    def get(self, path: str, *, within: float) -> Read | None:
        """The document at ``path``, or None."""
        request = _GetDocument(name=self.name(path))
        # The ids that a webhook reads by are hashes, of which nothing needs an escape.
        ready = _READY.fullmatch(path)
        route = (self._route, self._to_documents + path) if ready else _route("name", request.name)
        # Asked for on the way and not caught: to put the error in words takes longer than to say None.
        found = self._answer(self._get, request, within, [*self._headers, route], none_for=grpc.StatusCode.NOT_FOUND)
        return None if found is None else (_fields(found.fields), found.update_time)

    def get_all(self, paths: Iterable[str], *, within: float) -> dict[str, Read]:
        """Path -> document, of those that exist."""
        request = _BatchGet(database=self._database, documents=[self.name(path) for path in paths])
        answers = self._answer(
            lambda *args, **options: list(self._batch_get(*args, **options)),
            request,
            within,
            self._to_database,
        )
        found = (answer.found for answer in answers if answer.HasField("found"))
        start = len(self.name(""))
        return {document.name[start:]: (_fields(document.fields), document.update_time) for document in found}

    def request(self) -> Any:  # noqa: ANN401 - protobuf
        """A commit without writes."""
        return _Commit(database=self._database)

    def commit(self, request: Any, *, within: float) -> list[Any]:  # noqa: ANN401 - protobuf
        """Make all writes of the request; their new versions, in order."""
        answer = self._answer(self._commit, request, within, self._to_database)
        return [result.update_time for result in answer.write_results]

    def write(self, made: Any, path: str, document: Mapping[str, Any], version: Any = None) -> None:  # noqa: ANN401 - protobuf
        """Make ``made`` the write of a whole document that must still have this version, or without one must be new."""
        made.update.name = self.name(path)
        fields = made.update.fields
        for name, value in document.items():
            _fill(fields[name], value)
        if version is None:
            made.current_document.exists = False
        else:
            made.current_document.update_time.CopyFrom(version)

    def deletion(self, made: Any, path: str, version: Any) -> None:  # noqa: ANN401 - protobuf
        """Make ``made`` the deletion of a document that must still have this version."""
        made.delete = self.name(path)
        made.current_document.update_time.CopyFrom(version)

    def name(self, path: str) -> str:
        """What Firestore calls the document at ``path``."""
        return f"{self._database}/documents/{path}"

    def _answer(
        self,
        call: Callable[..., Any],
        request: object,
        within: float,
        headers: list[tuple[str, str]],
        none_for: grpc.StatusCode | None = None,
    ) -> Any:  # noqa: ANN401 - protobuf
        """What ``call`` answers. Tried again while nobody is there, but never past ``within``."""
        end, pause = time.monotonic() + within, _FIRST_PAUSE
        while True:
            try:
                return call(request, timeout=end - time.monotonic(), metadata=headers)
            except grpc.RpcError as fault:
                if none_for and fault.code() is none_for:
                    return None
                if fault.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() + pause >= end:
                    raise from_grpc_error(fault) from None  # type: ignore[no-untyped-call]  # the library has no types
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _route(field: str, value: str) -> tuple[str, str]:
    """The header by which Google finds the database: this field of the request."""
    header: tuple[str, str] = to_grpc_metadata(((field, value),))  # type: ignore[no-untyped-call]  # no types there
    return header


@lru_cache(maxsize=8)  # a process has one database, the tests one a test; only after the fork, as all of gRPC
def wire_of(database: firestore.Client) -> Wire:
    """The calls to this client's database."""
    return Wire(database)


def _fill(target: Any, value: Any) -> None:  # noqa: ANN401 - protobuf, and what may stand in a document
    """Put ``value`` (what ``codec.to_document`` makes) into a Firestore value."""
    kind = type(value)
    if field := _PLAIN.get(kind):
        setattr(target, field, value)
    elif value is None:
        target.null_value = 0
    elif kind is datetime:
        since = value - _EPOCH  # a third of the time that FromDatetime takes
        target.timestamp_value.seconds = since.days * 86_400 + since.seconds
        target.timestamp_value.nanos = since.microseconds * 1000
    elif isinstance(value, Mapping):
        fields = target.map_value.fields
        target.map_value.SetInParent()  # also when it is empty
        for name, item in value.items():
            _fill(fields[name], item)
    elif isinstance(value, list | tuple):
        target.array_value.SetInParent()
        for item in value:
            _fill(target.array_value.values.add(), item)
    else:
        raise TypeError(kind.__name__)


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in fields.items()}


def _value(value: Any) -> Any:  # noqa: ANN401 - protobuf
    match value.WhichOneof("value_type"):
        case "map_value":
            return _fields(value.map_value.fields)
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "timestamp_value":
            return value.timestamp_value.ToDatetime(tzinfo=UTC)
        case "null_value" | None:
            return None
        case kind:
            return getattr(value, kind)
