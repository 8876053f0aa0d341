"""Frozen dataclasses as the library's, made and copied with less work.

The library writes and compiles half a dozen methods for every class: for our hundred that was a third of what a cold
start of intake spends in our own code. Here all classes share the same methods. And its ``replace`` looks at every
field and fills every one anew; a message makes a score of copies of heads with two dozen fields. What the library knows
of a class (``fields``, ``is_dataclass``, ``asdict``) stays true, and mypy sees the library's own.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

__all__ = ["dataclass", "replace"]

T = TypeVar("T")

if TYPE_CHECKING:  # which checks names and types
    from dataclasses import dataclass, replace

    from _typeshed import DataclassInstance
else:

    def dataclass(*, frozen: bool, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
        """The class with the methods of a frozen dataclass. No ``__post_init__``, no inheritance, no slots."""
        if not frozen:
            raise TypeError("frozen classes only")
        return lambda made: _with_methods(
            dataclasses.dataclass(init=False, repr=False, eq=False)(made), kw_only=kw_only
        )

    def replace(value: T, /, **changes: object) -> T:
        """A copy of ``value`` with these fields changed. Raises TypeError for one that it does not have."""
        if type(value).__eq__ is not _equals:  # the library's own, which may remember more than its fields
            return dataclasses.replace(value, **changes)
        kept = value.__dict__
        if not kept.keys() >= changes.keys():
            raise _unfit(type(value), changes.keys() - kept.keys())
        copy = object.__new__(type(value))
        copy.__dict__.update(kept, **changes)
        return copy


def _with_methods(made: "type[DataclassInstance]", *, kw_only: bool) -> "type[DataclassInstance]":
    for name, method in {"__init__": _init_of(made, kw_only=kw_only), **_METHODS}.items():
        setattr(made, name, method)
    return made


def _init_of(made: "type[DataclassInstance]", *, kw_only: bool) -> Callable[..., None]:
    fields = dataclasses.fields(made)
    names = tuple(field.name for field in fields)
    known, count = frozenset(names), len(names)
    positional = () if kw_only else names
    plain = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    factories = [(field.name, field.default_factory) for field in fields if callable(field.default_factory)]

    def init(self: object, /, *args: object, **given: object) -> None:
        if args:
            if len(args) > len(positional) or not given.keys().isdisjoint(positional[: len(args)]):
                raise _unfit(made, given)
            given.update(zip(positional, args, strict=False))
        values = self.__dict__
        values.update(plain)
        for name, make in factories:
            if name not in given:
                values[name] = make()
        values.update(given)
        if len(values) != count or not known.issuperset(given):
            raise _unfit(made, known ^ values.keys())

    return init


def _unfit(made: type, names: Iterable[str]) -> TypeError:
    """The names only: values may hold what belongs in no traceback."""
    return TypeError(f"{made.__name__} is not made of these fields: {', '.join(sorted(names))}")


def _equals(self: object, other: object) -> bool:
    return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented


def _hash(self: "DataclassInstance") -> int:
    return hash(tuple(getattr(self, field.name) for field in dataclasses.fields(self)))


def _repr(self: "DataclassInstance") -> str:
    shown = (field.name for field in dataclasses.fields(self) if field.repr)
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({values})"


def _refuse(self: object, name: str, *_value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__}.{name}")


_METHODS = {
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
