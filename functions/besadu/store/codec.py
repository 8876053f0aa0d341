"""Frozen dataclasses to Firestore documents and back.

A field that a document lacks takes its default, an unknown one is passed over: old and new versions read each other.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Convert = Callable[[Any], Any]

# Nine of ten values are of these and stay as they are; subclasses (every StrEnum is a str) are told apart below.
_PLAIN = frozenset({str, bool, int, float, bytes, datetime, type(None)})


def to_document(value: object) -> Any:  # noqa: ANN401 - what Firestore takes: str, int, dict, list …
    """``value`` as Firestore stores it: dataclasses become maps, tuples arrays, enums their value."""
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, (tuple, list, frozenset)):
        return [to_document(item) for item in value]
    if is_dataclass(kind):
        return {name: to_document(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    return value


def without_defaults(value: object) -> Any:  # noqa: ANN401 - (same)
    """``value`` as ``to_document``, without what stands at its default, at any depth: half as much to send.

    Not for what a query must find at its default, or what somebody reads in the database.
    """
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if is_dataclass(kind):
        return {
            name: without_defaults(item)
            for name, default in _defaults(kind)
            if (item := getattr(value, name)) is not default and item != default
        }
    if isinstance(value, (tuple, list, frozenset)):
        return [without_defaults(item) for item in value]
    return to_document(value)


def from_document(kind: type[T], data: Mapping[str, Any]) -> T:
    """The ``kind`` that ``data`` holds. Unknown fields are passed over."""
    converters: dict[str, Convert] = _converters(kind)  # type: ignore[arg-type]  # mypy: type[T] is not Hashable; classes are
    return kind(**{name: converters[name](value) for name, value in data.items() if name in converters})


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a dataclass; there is no public type for "any dataclass"
    return tuple(field.name for field in fields(kind))


@cache
def _defaults(kind: Any) -> tuple[tuple[str, object], ...]:  # noqa: ANN401 - (same)
    """Name and default of each field; one that has none is unlike everything."""
    return tuple(
        (field.name, field.default_factory() if field.default_factory is not MISSING else field.default)
        for field in fields(kind)
    )


@cache
def _converters(kind: Any) -> dict[str, Convert]:  # noqa: ANN401 - (same)
    """Field -> how its value is read: the annotations are looked at once and not at every value."""
    hints = get_type_hints(kind)
    return {name: _converter(hints[name]) for name in _names(kind)}


def _converter(hint: Any) -> Convert:  # noqa: ANN401 - an annotation
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in arguments if kind is not types.NoneType]
        return _converter(kinds[0]) if len(kinds) == 1 else _as_it_is
    if origin is tuple:
        return _tuple_of(_converter(arguments[0]))
    if not isinstance(hint, type):
        return _as_it_is
    if is_dataclass(hint):
        return _unless_none(lambda value: from_document(hint, value))
    if issubclass(hint, datetime):
        return _unless_none(_time)
    return _unless_none(hint) if issubclass(hint, Enum) else _as_it_is


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - any value of a document
    return value


def _time(value: datetime) -> datetime:
    """Queries bring the library's own subclass with nanoseconds; ours are plain and aware."""
    return value if type(value) is datetime else datetime.combine(value.date(), value.time(), tzinfo=UTC)


def _tuple_of(convert: Convert) -> Convert:
    return _unless_none(lambda value: tuple(convert(item) for item in value))


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)
