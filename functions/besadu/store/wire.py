"""Firestore's own messages over the library's channel: the few calls that a webhook waits for.

The library makes several Python objects of every value, which took more time than all else in a webhook (2.5 of 6.5 ms).
So documents go straight into the protobuf classes that it carries with it. What is hard stays the library's: the channel,
the credentials, the way to the emulator, the words for errors, and all queries.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import grpc
from google.api_core.exceptions import from_grpc_error
from google.cloud import firestore
from google.cloud.firestore_v1 import types

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.4  # seconds between tries
_SERVICE = "/google.firestore.v1.Firestore"
# The protobuf classes below those of the library.
_Write = types.Write.pb()
_GetDocument, _Document = types.GetDocumentRequest.pb(), types.Document.pb()
_BatchGet, _BatchGetAnswer = types.BatchGetDocumentsRequest.pb(), types.BatchGetDocumentsResponse.pb()
_Commit, _CommitAnswer = types.CommitRequest.pb(), types.CommitResponse.pb()

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
        # Nothing public leads to these three, and a channel of our own would need credentials and an emulator of its own.
        self._database: str = database._database_string  # noqa: SLF001
        channel: grpc.Channel = database._firestore_api.transport.grpc_channel  # noqa: SLF001
        self._metadata = [*database._rpc_metadata, ("x-goog-request-params", f"database={self._database}")]  # noqa: SLF001
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
        try:
            found = self._answer(lambda timeout: self._get(request, timeout=timeout, metadata=self._metadata), within)
        except grpc.RpcError as fault:
            if fault.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise from_grpc_error(fault) from None
        return _fields(found.fields), found.update_time

    def get_all(self, paths: Iterable[str], *, within: float) -> dict[str, Read]:
        """Path -> document, of those that exist."""
        request = _BatchGet(database=self._database, documents=[self.name(path) for path in paths])
        try:
            answers = self._answer(
                lambda timeout: list(self._batch_get(request, timeout=timeout, metadata=self._metadata)), within
            )
        except grpc.RpcError as fault:
            raise from_grpc_error(fault) from None
        found = (answer.found for answer in answers if answer.HasField("found"))
        start = len(self.name(""))
        return {document.name[start:]: (_fields(document.fields), document.update_time) for document in found}

    def commit(self, writes: Iterable[Any], *, within: float) -> list[Any]:
        """Make all writes; their new versions, in order."""
        request = _Commit(database=self._database, writes=writes)
        try:
            answer = self._answer(
                lambda timeout: self._commit(request, timeout=timeout, metadata=self._metadata), within
            )
        except grpc.RpcError as fault:
            raise from_grpc_error(fault) from None
        return [result.update_time for result in answer.write_results]

    def write(self, path: str, document: Mapping[str, Any], version: Any = None) -> Any:  # noqa: ANN401 - protobuf
        """The write of a whole document that must still have this version, or without one must be new."""
        made = _Write()
        made.update.name = self.name(path)
        fields = made.update.fields
        for name, value in document.items():
            _fill(fields[name], value)
        if version is None:
            made.current_document.exists = False
        else:
            made.current_document.update_time.CopyFrom(version)
        return made

    def name(self, path: str) -> str:
        """What Firestore calls the document at ``path``."""
        return f"{self._database}/documents/{path}"

    def _answer(self, call: Callable[[float], Any], within: float) -> Any:  # noqa: ANN401 - protobuf
        """What ``call`` answers, given its time limit. Tried again while nobody is there, but never past ``within``."""
        end, pause = time.monotonic() + within, _FIRST_PAUSE
        while True:
            try:
                return call(end - time.monotonic())
            except grpc.RpcError as fault:
                if fault.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() + pause >= end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


@lru_cache(maxsize=8)  # a process has one database, the tests one a test; only after the fork, as all of gRPC
def wire_of(database: firestore.Client) -> Wire:
    """The calls to this client's database."""
    return Wire(database)


def _fill(target: Any, value: object) -> None:  # noqa: ANN401 - protobuf
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
