"""Our frozen classes are to the rest of the program what the library's are."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic

import pytest

import besadu
from besadu.domain.conversation import Conversation
from besadu.frozen import dataclass, replace
from besadu.store.officepage import OfficePage
from tests.factories import ADDRESS

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Point:
    """Filled by place or by name."""

    x: int
    y: int = 0


@dataclass(frozen=True, kw_only=True)
class Named:
    """Filled by name, with a default that is made anew."""

    name: str
    points: Mapping[str, Point] = dataclasses.field(default_factory=dict)
    secret: str = dataclasses.field(default="", repr=False)


def classes() -> Iterator[type]:
    """All of the product."""
    for module in pkgutil.walk_packages(besadu.__path__, "besadu."):
        for made in vars(importlib.import_module(module.name)).values():
            if isinstance(made, type) and dataclasses.is_dataclass(made) and made.__module__ == module.name:
                yield made


def test_by_place_by_name_and_by_default() -> None:
    assert (Point(1).x, Point(1).y, Point(1, 2).y, Point(x=3, y=4).x) == (1, 0, 2, 3)
    assert Named(name="a").points == {}
    assert Named(name="a").points is not Named(name="a").points


@pytest.mark.parametrize(
    ("made", "args", "given", "told"),
    [
        (Point, (), {}, "x"),
        (Point, (), {"y": 1}, "x"),
        (Point, (1,), {"z": 1}, "z"),
        (Point, (), {"y": 1, "z": 1}, "x, z"),
        (Point, (1,), {"x": 1}, "x"),
        (Point, (1, 2, 3), {}, ""),
        (Named, ("a",), {}, ""),
        (Named, (), {"points": {}}, "name"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    made: Any, args: tuple[object, ...], given: dict[str, object], told: str
) -> None:
    with pytest.raises(TypeError, match=f"{made.__name__} .*: {told}"):
        made(*args, **given)


def test_equal_and_hashed_by_value_and_class() -> None:
    assert Point(1, 2) == Point(x=1, y=2)
    assert hash(Point(1, 2)) == hash(Point(x=1, y=2))
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != (1, 2)
    assert len({Point(1, 2), Point(1, 2), Point(2, 2)}) == 2
    assert repr(Named(name="a", points={"o": Point(0)}, secret="s")) == "Named(name='a', points={'o': Point(x=0, y=0)})"


def test_nobody_changes_one() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"Point\.x"):
        point.x = 2  # type: ignore[misc]  # that is the point
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.y
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.z = 2  # type: ignore[attr-defined]  # that is the point
    assert point == Point(1)


def test_the_library_knows_them() -> None:
    assert dataclasses.is_dataclass(Point)
    assert [field.name for field in dataclasses.fields(Named)] == ["name", "points", "secret"]
    assert dataclasses.asdict(Named(name="a", points={"o": Point(1)})) == {
        "name": "a",
        "points": {"o": {"x": 1, "y": 0}},
        "secret": "",
    }


def test_a_copy_is_what_the_library_makes() -> None:
    head = Conversation(address=ADDRESS, name="Budi", tickets=("BSD-26-0000-0001",), greeted_at=NOW)
    assert replace(head, sequence=3, name="") == dataclasses.replace(head, sequence=3, name="")
    assert (head.sequence, head.name) == (0, "Budi")
    with pytest.raises(TypeError, match="nickname"):
        replace(head, nickname="Budi")  # type: ignore[call-arg]  # that is the point


def test_a_copy_of_another_class_forgets_what_the_first_remembered() -> None:
    page = OfficePage(clocks={"verify": 3})
    assert page.calendar.clocks["verify"] == 3
    assert replace(page, clocks={"verify": 5}).calendar.clocks["verify"] == 5


def test_no_class_does_anything_that_they_would_miss() -> None:
    found = [made for made in classes() if getattr(made, "__repr__", None) is Point.__repr__]
    assert len(found) > 80
    for made in found:
        assert made.__bases__ in {(object,), (Generic,)}, made
        assert not hasattr(made, "__post_init__"), made
        assert "__slots__" not in vars(made), made
        assert all(field.init and field.compare for field in dataclasses.fields(made)), made
        assert not any(isinstance(value, cached_property) for value in vars(made).values()), made
