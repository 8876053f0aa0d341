"""Frozen dataclasses to Firestore documents and back.

A field that a document lacks takes its default, an unknown one is passed over: old and new versions read each other.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_document(value: object) -> Any:  # noqa: ANN401 - what Firestore takes: str, int, dict, list …
    """``value`` as Firestore stores it: dataclasses become maps, tuples arrays, enums their value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_document(getattr(value, name)) for name in _hints(type(value))}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [to_document(item) for item in value]
    return value


def from_document(kind: type[T], data: Mapping[str, Any]) -> T:
    """The ``kind`` that ``data`` holds. Unknown fields are passed over."""
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]  # mypy: type[T] is not Hashable; classes are
    return kind(**{name: _convert(hints[name], data[name]) for name in hints if name in data})


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass; there is no public type for "any dataclass"
    resolved = get_type_hints(kind)
    return {field.name: resolved[field.name] for field in fields(kind)}


def _convert(hint: Any, value: Any) -> Any:  # noqa: ANN401 - driven by the annotation
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return _convert(kinds[0], value) if len(kinds) == 1 else value
    if origin is tuple:
        return tuple(_convert(get_args(hint)[0], item) for item in value)
    return _of_class(hint, value) if isinstance(hint, type) else value


def _of_class(kind: type, value: Any) -> Any:  # noqa: ANN401 - (same)
    if is_dataclass(kind):
        return from_document(kind, value)
    if issubclass(kind, Enum):
        return kind(value)
    if issubclass(kind, datetime):
        # Firestore hands out its own subclass with nanoseconds; ours are plain and aware.
        return datetime.combine(value.date(), value.time(), tzinfo=UTC)
    return value
