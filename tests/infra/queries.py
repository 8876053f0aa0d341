"""Every query of the store, played on the emulator and recorded as it leaves the client; and which index it needs.

A method is found by what it is made of, and called with each of its optional arguments given and left out, so that no
form of a query is missed. Lines that build a query and were not reached are told, with what to add to VALUES.
"""

import ast
import importlib
import inspect
import itertools
import pkgutil
import sys
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import grpc
from google.cloud import firestore
from google.cloud.firestore_v1.types import StructuredQuery

import besadu.store
from besadu.domain.complaint import Complaint
from tests.factories import ADDRESS, a_complaint

FOLDER = Path(besadu.store.__file__).parent
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
# What makes a query of a reference.
MAKERS = {"where", "order_by", "collection_group", "count", "sum", "avg", "list_documents", "find_nearest", "stream"}
# Made-up arguments, by type. A type that has several forms has one of each.
VALUES: dict[Any, tuple[Any, ...]] = {
    Complaint: (a_complaint(), replace(a_complaint(), more_talk=True)),
    bool: (False, True),
    date: (NOW.date(),),
    datetime: (NOW,),
    int: (1,),
    str: ("x",),
    type(ADDRESS): (ADDRESS,),
}
EQUALITY = {StructuredQuery.FieldFilter.Operator.EQUAL, StructuredQuery.FieldFilter.Operator.IN}
ELEMENTS = {
    StructuredQuery.FieldFilter.Operator.ARRAY_CONTAINS,
    StructuredQuery.FieldFilter.Operator.ARRAY_CONTAINS_ANY,
}
DESCENDING = StructuredQuery.Direction.DESCENDING


@dataclass(frozen=True)
class Shape:
    """A query without its values: collection, fields compared for equality, then fields in order, ``>`` ascending.

    A field of which an element is compared stands among ``equal`` as ``name[]``.
    """

    collection: str
    equal: frozenset[str]
    ordered: tuple[str, ...]

    @property
    def needs_index(self) -> bool:
        """Whether Firestore's own indexes of single fields do not serve it."""
        return bool(self.ordered) and len(self.fields) > 1

    @property
    def fields(self) -> set[str]:
        """All fields that it compares or orders by."""
        return {field.removesuffix("[]") for field in self.equal} | {field[:-1] for field in self.ordered}

    @property
    def line(self) -> str:
        """The index that it needs, as infra/indexes.tf has it."""
        return f"{self.collection}: {' '.join([*map(_listed, sorted(self.equal)), *self.ordered])}"

    def served_by(self, line: str) -> bool:
        """Whether this line of infra/indexes.tf is an index for it."""
        collection, _, listed = line.partition(": ")
        given = listed.split()
        first, rest = given[: len(self.equal)], tuple(given[len(self.equal) :])
        return collection == self.collection and set(first) == set(map(_listed, self.equal)) and rest == self.ordered


def _listed(equal: str) -> str:
    """A field compared for equality, as a line of infra/indexes.tf has it."""
    return equal if equal.endswith("[]") else f"{equal}>"


@dataclass(frozen=True)
class Played:
    """All shapes that were asked, and the lines (file:number) that build a query and were not reached."""

    shapes: frozenset[Shape]
    unreached: tuple[str, ...]


def play(project: str) -> Played:
    """Ask all that the store can ask, of the emulator that runs."""
    heard: list[Any] = []
    reached: set[str] = set()
    database = _Heard(project, heard)
    with _lines_reached(reached):
        for ask in _questions(database):
            ask()
    wanted = {f"{path.name}:{line}" for path in FOLDER.glob("*.py") for line in _lines_that_build(path)}
    return Played(frozenset(_shape(query) for query in heard), tuple(sorted(wanted - reached)))


def _questions(database: firestore.Client) -> Iterator[Callable[[], Any]]:
    """Each public method of the store that builds a query, with each choice of arguments."""
    for owner in _owners(database):
        tree = ast.parse(inspect.getsource(sys.modules[type(owner).__module__]))
        building = _methods_that_build(tree, type(owner).__name__)
        for name in sorted(building):
            if not name.startswith("_"):
                method = getattr(owner, name)
                for arguments in _choices(method):
                    yield lambda method=method, arguments=arguments: method(**arguments)


def _owners(database: firestore.Client) -> list[Any]:
    """One object of each class of the store that works on a database."""
    store = besadu.store.open_store(database)
    found = {type(value): value for value in vars(store).values()}
    for module in pkgutil.iter_modules([str(FOLDER)]):
        for made in vars(importlib.import_module(f"besadu.store.{module.name}")).values():
            ours = inspect.isclass(made) and str(made.__module__).startswith("besadu.store.") and made not in found
            if ours and list(inspect.get_annotations(made.__init__)) == ["database", "return"]:
                found[made] = made(database)
    return [value for value in found.values() if type(value).__module__.startswith("besadu.store.")]


def _methods_that_build(tree: ast.Module, class_name: str) -> set[str]:
    """Those that have one of MAKERS in them, or call a private method that has."""
    owner = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    methods = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}
    called = {
        name: {node.func.attr for node in ast.walk(method) if _is_method_call(node)} for name, method in methods.items()
    }
    building = {name for name, calls in called.items() if calls & MAKERS}
    while (
        more := {name for name, calls in called.items() if calls & {one for one in building if one.startswith("_")}}
        - building
    ):
        building |= more
    # What writes takes a commit; its reads are public methods of their own.
    return {name for name in building if not name.startswith(("stage", "_stage"))}


def _is_method_call(node: ast.AST) -> typing.TypeGuard[Any]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _lines_that_build(path: Path) -> set[int]:
    """First lines of the statements in which a query is built."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign | ast.Return | ast.Expr | ast.For) and any(
            _is_method_call(inner) and inner.func.attr in MAKERS for inner in ast.walk(node)
        ):
            found.add(node.lineno)
    return found


def _choices(method: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Arguments for each call: every value of each parameter, and without it where it has a default."""
    hints = typing.get_type_hints(method)
    ways = []
    for name, parameter in inspect.signature(method).parameters.items():
        given = [{name: value} for value in _values(hints[name], f"{method.__qualname__}({name})")]
        ways.append(given if parameter.default is parameter.empty else [{}, *given])
    for way in itertools.product(*ways):
        yield {name: value for part in way for name, value in part.items()}


def _values(hint: Any, where: str) -> tuple[Any, ...]:
    if hint in VALUES:
        return VALUES[hint]
    if hint is type(None):
        return (None,)
    if inspect.isclass(hint) and issubclass(hint, Enum):
        return (next(iter(hint)),)
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Literal:
            return arguments[:1]
        case types.UnionType | typing.Union:
            return tuple(value for one in arguments for value in _values(one, where))
        case origin if inspect.isclass(origin) and issubclass(tuple, origin):
            return (_values(arguments[0], where),)
    message = f"VALUES in tests/infra/queries.py has no {hint} for {where}"
    raise TypeError(message)


@contextmanager
def _lines_reached(reached: set[str]) -> Iterator[None]:
    """Collects the lines of the store that run, as ``file:number``."""
    folder = str(FOLDER)

    def line(frame: types.FrameType, event: str, _value: object) -> Any:
        if event == "line":
            reached.add(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        return line

    def call(frame: types.FrameType, _event: str, _value: object) -> Any:
        return line if frame.f_code.co_filename.startswith(folder) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(before)


class _Heard(firestore.Client):  # type: ignore[misc]  # the library has no types
    """The real client on the emulator; what it asks is kept on its way out."""

    def __init__(self, project: str, heard: list[Any]) -> None:
        self._heard = heard
        super().__init__(project=project)

    def _emulator_channel(self, transport: Any) -> grpc.Channel:
        return grpc.intercept_channel(super()._emulator_channel(transport), _Ear(self._heard))


class _Ear(grpc.UnaryStreamClientInterceptor):
    def __init__(self, heard: list[Any]) -> None:
        self._heard = heard

    def intercept_unary_stream(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        if details.method.endswith(("/RunQuery", "/RunAggregationQuery")):
            self._heard.append(request)
        return continuation(details, request)


def _shape(request: Any) -> Shape:
    if hasattr(request, "structured_aggregation_query"):
        asked = request.structured_aggregation_query
        assert all("count" in one for one in asked.aggregations), "sum and avg want an index with their field"
        query = asked.structured_query
    else:
        query = request.structured_query
    (source,) = query.from_
    assert not source.all_descendants, f"{source.collection_id}: an index of a collection group is another scope"
    equal, unequal = set(), []
    for one in _filters(query.where):
        name = f"{one.field.field_path}[]" if one.op in ELEMENTS else one.field.field_path
        (equal.add if one.op in EQUALITY | ELEMENTS else unequal.append)(name)
    ordered = [
        f"{order.field.field_path}{'<' if order.direction == DESCENDING else '>'}"
        for order in query.order_by
        if order.field.field_path != "__name__"
    ]
    # Firestore orders by what is compared, when the query does not say it.
    ordered += [f"{field}>" for field in dict.fromkeys(unequal) if field not in {name[:-1] for name in ordered}]
    return Shape(source.collection_id, frozenset(equal), tuple(ordered))


def _filters(where: Any) -> list[Any]:
    if "composite_filter" in where:
        assert where.composite_filter.op == StructuredQuery.CompositeFilter.Operator.AND, "OR wants an index a branch"
        return [one for inner in where.composite_filter.filters for one in _filters(inner)]
    return [where.field_filter] if "field_filter" in where else []
