"""Indexes, times of expiry and exemptions in infra/ are what the store's queries and documents ask for."""

import re
from pathlib import Path

import pytest

from besadu import store
from tests.infra import queries
from tests.infra.terraform import INFRA, Plan

ADVICE = "infra/indexes.tf"


@pytest.fixture(scope="module")
def played(emulator: str) -> queries.Played:  # noqa: ARG001 - it must run, its address is in the environment
    return queries.play("test-queries")


def indexes_of(plan: Plan) -> set[str]:
    """The planned indexes, as lines of infra/indexes.tf."""
    signs = {"ASCENDING": ">", "DESCENDING": "<", None: "[]"}
    found = set()
    for index in plan.all("google_firestore_index").values():
        fields = (field["field_path"] + signs[field.get("order")] for field in index["fields"])
        found.add(f"{index['collection']}: {' '.join(fields)}")
    return found


def fields_of(plan: Plan, name: str) -> set[tuple[str, str]]:
    return {(one["collection"], one["field"]) for one in plan.all("google_firestore_field", name).values()}


def expiring_of_the_code() -> set[tuple[str, str]]:
    """Collections whose documents are written with a time of expiry."""
    found = set()
    for path in Path(store.__file__).parent.glob("*.py"):
        text = path.read_text("utf-8")
        if '"expires_at"' in text:
            collection = re.search(r'^COLLECTION = "(\w+)"$', text, re.MULTILINE)
            assert collection, f"{path.name}: documents of which collection expire?"
            found.add((collection[1], "expires_at"))
    return found


def test_every_line_that_builds_a_query_was_played(played: queries.Played) -> None:
    assert played.unreached == (), "which arguments lead there? see tests/infra/queries.py"
    assert len(played.shapes) > 10


def test_every_query_has_its_index(played: queries.Played, production: Plan) -> None:
    made = indexes_of(production)
    wanted = [shape for shape in played.shapes if shape.needs_index]
    missing = [f'    "{shape.line}",' for shape in wanted if not any(map(shape.served_by, made))]
    assert not missing, f"add to {ADVICE}:\n" + "\n".join(sorted(missing))


def test_no_index_is_kept_that_no_query_needs(played: queries.Played, production: Plan) -> None:
    wanted = [shape for shape in played.shapes if shape.needs_index]
    idle = [line for line in indexes_of(production) if not any(shape.served_by(line) for shape in wanted)]
    assert not idle, f"take out of {ADVICE}, each is paid for with every write: {sorted(idle)}"


def test_no_field_that_a_query_asks_for_is_unindexed(played: queries.Played, production: Plan) -> None:
    bare = fields_of(production, "unindexed") | fields_of(production, "expiring")
    asked = {(shape.collection, field) for shape in played.shapes for field in shape.fields}
    # An exemption of a map covers what is in it.
    asked |= {(collection, field.split(".")[0]) for collection, field in asked}
    assert bare & asked == set()


def test_documents_expire_as_the_store_says(production: Plan) -> None:
    assert fields_of(production, "expiring") == expiring_of_the_code()


def test_only_fields_that_there_are_are_unindexed(production: Plan) -> None:
    words = "\n".join(path.read_text("utf-8") for path in (INFRA.parent / "functions" / "besadu").rglob("*.py"))
    for _, field in fields_of(production, "unindexed"):
        assert re.search(rf"^    {field}: ", words, re.MULTILINE), field
