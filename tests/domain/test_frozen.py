"""The quick ``replace`` does what the library's does, for every class that there is."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property

import pytest

import besadu.domain
from besadu.domain.conversation import Conversation
from besadu.domain.frozen import replace
from tests.factories import ADDRESS


def classes() -> Iterator[type]:
    for module in pkgutil.iter_modules(besadu.domain.__path__):
        for made in vars(importlib.import_module(f"besadu.domain.{module.name}")).values():
            if dataclasses.is_dataclass(made) and isinstance(made, type):
                yield made


def test_a_copy_is_what_the_library_makes() -> None:
    head = Conversation(address=ADDRESS, name="Budi", tickets=("BSD-26-0000-0001",))
    assert replace(head, sequence=3, name="") == dataclasses.replace(head, sequence=3, name="")
    assert (head.sequence, head.name) == (0, "Budi")


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="nickname"):
        replace(Conversation(address=ADDRESS), nickname="Budi")  # type: ignore[call-arg]  # that is the point


def test_no_class_does_anything_that_a_copy_would_miss() -> None:
    found = set(classes())
    assert len(found) > 30
    for made in found:
        assert not hasattr(made, "__post_init__"), made
        assert not hasattr(made, "__slots__"), made
        assert all(field.init for field in dataclasses.fields(made)), made
        assert not any(isinstance(value, cached_property) for value in vars(made).values()), made
