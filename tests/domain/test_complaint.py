"""The history is a chain: whatever is changed in it afterwards is found.

One thing cannot be found from the chain alone: entries cut off at its end. The digest of the last entry must be known
from elsewhere for that; the complaint's ``revision``, which counts the entries, tells as long as it is not changed too.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain.complaint import FINAL, Entry, State, first_broken_entry
from tests.factories import START, a_complaint

LENGTH = 6


def chain(length: int = LENGTH) -> tuple[Entry, ...]:
    history: tuple[Entry, ...] = ()
    for number in range(1, length + 1):
        entry = Entry(
            number=number,
            at=START + timedelta(minutes=number),
            action="note",
            actor=f"Petugas {number}",
            role="officer",
            source="diproses",
            target="diproses",
            note=f"catatan {number}",
            told=(f"pesan-{number}",),
            previous=history[-1].digest if history else "",
        )
        history = (*history, replace(entry, digest=entry.seal()))
    return history


CHANGES: dict[str, object] = {
    "number": 99,
    "at": START,
    "action": "reject",
    "actor": "Orang lain",
    "role": "admin",
    "source": "diterima",
    "target": "selesai",
    "note": "dipercantik",
    "told": (),
    "previous": "0" * 64,
    "digest": "0" * 64,
}


def test_a_whole_chain_holds_at_any_length() -> None:
    assert first_broken_entry(()) is None
    assert first_broken_entry(chain()) is None


def test_every_field_of_an_entry_is_covered() -> None:
    assert set(CHANGES) == set(Entry.__dataclass_fields__)


@pytest.mark.parametrize("position", range(LENGTH))
@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_is_found_where_it_stands(position: int, field: str) -> None:
    history = list(chain())
    history[position] = replace(history[position], **{field: CHANGES[field]})  # type: ignore[arg-type]
    assert first_broken_entry(tuple(history)) == position


@pytest.mark.parametrize("position", range(LENGTH - 1))
def test_an_entry_that_is_changed_and_sealed_anew_breaks_the_link_of_the_next(position: int) -> None:
    history = list(chain())
    forged = replace(history[position], note="dipercantik")
    history[position] = replace(forged, digest=forged.seal())
    assert first_broken_entry(tuple(history)) == position + 1


@pytest.mark.parametrize("position", range(LENGTH - 1))
def test_a_deleted_entry_is_found(position: int) -> None:
    history = chain()
    assert first_broken_entry(history[:position] + history[position + 1 :]) == position


@pytest.mark.parametrize("position", range(LENGTH + 1))
def test_an_inserted_entry_is_found(position: int) -> None:
    history = chain()
    stranger = Entry(
        number=position + 1, at=START, action="note", actor="x", role="admin", source="", target="", previous="?"
    )
    stranger = replace(stranger, digest=stranger.seal())
    assert first_broken_entry((*history[:position], stranger, *history[position:])) == position


@pytest.mark.parametrize("position", range(LENGTH - 1))
def test_two_entries_that_changed_places_are_found(position: int) -> None:
    history = list(chain())
    history[position], history[position + 1] = history[position + 1], history[position]
    assert first_broken_entry(tuple(history)) == position


@pytest.mark.parametrize("length", range(1, LENGTH))
def test_a_history_that_lost_its_beginning_is_found(length: int) -> None:
    assert first_broken_entry(chain()[length:]) == 0


@pytest.mark.parametrize("length", range(LENGTH))
def test_a_history_that_lost_its_end_still_holds_in_itself(length: int) -> None:
    assert first_broken_entry(chain()[:length]) is None


def test_a_microsecond_does_not_break_a_chain_that_the_database_rounds() -> None:
    history = chain(1)
    stored = replace(history[0], at=history[0].at + timedelta(microseconds=400))
    assert first_broken_entry((stored,)) is None


@given(st.text(), st.text())
def test_moving_a_letter_from_one_field_to_the_next_is_another_entry(actor: str, note: str) -> None:
    (entry,) = chain(1)
    one = replace(entry, actor=actor + "x", note=note)
    other = replace(entry, actor=actor, note="x" + note)
    assert one.seal() != other.seal()


@pytest.mark.parametrize("state", State)
def test_a_complaint_is_open_until_a_final_state(state: State) -> None:
    assert a_complaint(state).open is (state not in FINAL)
