"""One writer of complaints: what is decided is stamped, chained and stored together, and of two people one is first."""

import ast
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from besadu.domain.complaint import Complaint, Place, State, TalkLine, first_broken_entry
from besadu.domain.outbox import OutboxItem
from besadu.domain.workflow import DESK_OF
from besadu.errors import Conflict
from besadu.services.office import Office
from besadu.store.complaints import LIST_FIELDS, Decision
from tests.factories import (
    ADDRESS,
    ADMIN,
    START,
    Hands,
    a_complaint,
    an_office,
    complaint_of,
    item_of,
    keep_complaint,
    talk_of,
)

FUNCTIONS = Path(__file__).parents[2] / "functions"


@pytest.fixture
def office(firestore_project: str) -> Office:
    return an_office(firestore_project, Hands().now)


def noted(before: Complaint, note: str, outbox_id: str = "") -> Decision:
    told = OutboxItem(id=outbox_id, kind="notice", address=ADDRESS, created_at=START, due=START, text=note)
    return Decision(
        after=replace(before, reason=note),
        action="note",
        actor=ADMIN,
        note=note,
        outbox=(told,) if outbox_id else (),
    )


def test_a_change_stores_state_history_messages_and_talk_together(office: Office) -> None:
    kept = keep_complaint(office)
    line = TalkLine(at=START, speaker="admin", text="halo", key="k1")
    decision = office.store.complaints.change(
        kept.ticket, lambda before: replace(noted(before, "satu", "out1"), line=line)
    )
    after = complaint_of(office, kept.ticket)
    assert after == decision.after
    assert (after.revision, len(after.history), after.history[-1].told) == (2, 2, ("out1",))
    assert first_broken_entry(after.history) is None
    assert item_of(office, "out1").text == "satu"
    assert talk_of(office, kept.ticket) == (line,)


def test_the_chain_holds_after_many_changes_and_a_round_trip(office: Office) -> None:
    ticket = keep_complaint(office).ticket
    for number in range(5):
        office.store.complaints.change(ticket, lambda before, number=number: noted(before, f"catatan {number}"))
    history = complaint_of(office, ticket).history
    assert [entry.number for entry in history] == [1, 2, 3, 4, 5, 6]
    assert first_broken_entry(history) is None


@pytest.mark.parametrize("outbox_id", ["", "the-same-message"])
def test_who_is_overtaken_decides_again_on_what_stands_there_now(office: Office, outbox_id: str) -> None:
    ticket = keep_complaint(office).ticket
    seen: list[int] = []

    def slow(before: Complaint) -> Decision:
        seen.append(before.revision)
        if len(seen) == 1:
            office.store.complaints.change(ticket, lambda now: noted(now, "yang cepat", outbox_id))
        return noted(before, "yang lambat", f"{outbox_id}-{before.revision}" if len(seen) > 1 else outbox_id)

    decision = office.store.complaints.change(ticket, slow)
    after = complaint_of(office, ticket)
    assert seen == [1, 2]
    assert decision.after == after
    assert [entry.note for entry in after.history] == ["", "yang cepat", "yang lambat"]


def test_a_commit_that_was_made_again_because_its_answer_was_lost_counts_once(office: Office) -> None:
    ticket = keep_complaint(office).ticket
    calls: list[int] = []

    def decide(before: Complaint) -> Decision:
        calls.append(before.revision)
        decision = noted(before, "satu", "told")
        if len(calls) == 1:
            commit = office.store.commit()
            stored = office.store.complaints.read(ticket)
            office.store.complaints.stage(commit, stored, decision)
            commit.run()
        return decision

    assert office.store.complaints.change(ticket, decide).after == complaint_of(office, ticket)
    assert (calls, complaint_of(office, ticket).revision) == ([1], 2)


def test_of_two_who_tell_the_citizen_the_same_at_once_the_second_is_not_told_that_it_worked(office: Office) -> None:
    ticket = keep_complaint(office).ticket
    first = office.store.complaints.read(ticket)
    assert first
    office.store.complaints.change(ticket, lambda before: noted(before, "yang cepat", "told"))

    def stubborn(_now: Complaint) -> Decision:
        return noted(first.value, "yang lambat", "told")

    with pytest.raises(Conflict):
        office.store.complaints.change(ticket, stubborn)
    assert complaint_of(office, ticket).reason == "yang cepat"


def test_of_many_writers_each_finds_its_place(office: Office) -> None:
    ticket = keep_complaint(office).ticket
    barrier = threading.Barrier(3)
    failed: list[BaseException] = []

    def write(name: str) -> None:
        barrier.wait()
        try:
            office.store.complaints.change(ticket, lambda before: noted(before, name))
        except Conflict as fault:
            failed.append(fault)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = complaint_of(office, ticket)
    assert not failed
    assert sorted(entry.note for entry in after.history[1:]) == ["a", "b", "c"]
    assert first_broken_entry(after.history) is None


def test_a_ticket_that_nobody_has_is_a_key_error(office: Office) -> None:
    with pytest.raises(KeyError):
        office.store.complaints.change("BSD-26-0000-0000", lambda before: noted(before, "x"))
    assert office.store.complaints.read("BSD-26-0000-0000") is None


def test_what_decide_raises_goes_through_and_nothing_is_written(office: Office) -> None:
    ticket = keep_complaint(office).ticket

    def refuse(_before: Complaint) -> Decision:
        raise LookupError

    with pytest.raises(LookupError):
        office.store.complaints.change(ticket, refuse)
    assert complaint_of(office, ticket).revision == 1


def test_a_ticket_is_given_once(office: Office) -> None:
    from besadu.store.client import AlreadyThere

    keep_complaint(office)
    with pytest.raises(AlreadyThere):
        keep_complaint(office)


def test_stage_is_the_only_writer_of_a_complaint() -> None:
    """Nobody outside store/complaints.py names the collection, and inside only ``stage`` creates or replaces one."""
    writers = []
    for path in FUNCTIONS.rglob("*.py"):
        source = path.read_text("utf-8")
        if path.name != "complaints.py":
            assert 'collection("complaints")' not in source
            assert "complaints.reference(" not in source, path
            continue
        for function in ast.walk(ast.parse(source)):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                named = call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""
                if named in {"create", "replace", "update", "set", "delete"}:
                    writers.append((function.name, named))
    assert sorted(writers) == [
        ("_stage_below", "create"),  # a message below a complaint
        ("replan", "update"),  # of when it is looked at next
        ("stage", "create"),
        ("stage", "replace"),
        ("stage_line", "update"),  # of the talk alone
        ("stage_line", "update"),
    ]


def add_line(office: Office, ticket: str, text: str) -> TalkLine:
    line = TalkLine(at=office.now(), speaker="citizen", text=text, key=f"key of {text[:20]}")
    commit = office.store.commit()
    office.store.complaints.stage_line(commit, complaint_of(office, ticket), line)
    commit.run()
    return line


def test_a_line_that_is_no_step_joins_the_talk_and_leaves_the_history_alone(office: Office) -> None:
    kept = keep_complaint(office)
    line = add_line(office, kept.ticket, "masih gelap")
    after = complaint_of(office, kept.ticket)
    assert (after.talk, after.history, after.revision) == ((line,), kept.history, kept.revision)


def test_a_talk_that_outgrows_its_document_goes_on_below_it(office: Office) -> None:
    kept = keep_complaint(office)
    first = add_line(office, kept.ticket, "a" * 60_000)
    second = add_line(office, kept.ticket, "b" * 60_000)
    third = add_line(office, kept.ticket, "c")
    by_step = replace(third, text="d", key="step", at=third.at + timedelta(seconds=1))
    office.store.complaints.change(kept.ticket, lambda before: replace(noted(before, "satu"), line=by_step))
    after = complaint_of(office, kept.ticket)
    assert (after.talk, after.more_talk) == ((first,), True)
    assert talk_of(office, kept.ticket) == (first, second, third, by_step)


def test_two_lines_at_the_same_moment_both_stay(office: Office) -> None:
    kept = keep_complaint(office)
    seen = complaint_of(office, kept.ticket)
    lines = [TalkLine(at=START, speaker="citizen", text=text, key=text) for text in ("satu", "dua")]
    for line in lines:
        commit = office.store.commit()
        office.store.complaints.stage_line(commit, seen, line)
        commit.run()
    assert set(talk_of(office, kept.ticket)) == set(lines)


def test_the_talk_of_a_complaint_from_before_is_looked_for_below_it(office: Office) -> None:
    kept = keep_complaint(office, more_talk=True)
    line = add_line(office, kept.ticket, "masih gelap")
    assert talk_of(office, kept.ticket) == (line,)


def test_every_open_state_lies_on_a_desk_and_no_other() -> None:
    assert set(DESK_OF) == {state for state in State if a_complaint(state).open}


def test_a_list_can_be_read_without_the_fields_that_it_leaves_out(office: Office) -> None:
    kept = keep_complaint(office, agency="dishub")
    (listed,) = office.store.complaints.newest()
    assert all(getattr(listed, name) == getattr(kept, name) for name in LIST_FIELDS)
    assert (listed.history, listed.talk) == ((), ())


def test_the_lists_find_what_they_are_for(office: Office) -> None:
    place = Place(village="Perawas", village_code="1902012001")
    for number, state in enumerate((State.RECEIVED, State.ASSIGNED, State.IN_PROGRESS, State.DELIVERED, State.CLOSED)):
        at = START + timedelta(hours=number)
        keep_complaint(
            office,
            a_complaint(
                state,
                ticket=f"BSD-26-0000-000{number}",
                agency="dishub" if number else "",
                created_at=at,
                updated_at=at,
                due=at if state is not State.CLOSED else None,
                remind_at=at if state is State.ASSIGNED else None,
                place=place,
            ),
        )
    store = office.store.complaints

    def numbers(found: list[Complaint]) -> str:
        return "".join(item.ticket[-1] for item in found)

    assert numbers(store.on_desk("admin")) == "0"
    assert numbers(store.on_desk("agency", agency="dishub")) == "12"
    assert numbers(store.on_desk("agency", agency="dlh")) == ""
    assert numbers(store.newest()) == "43210"
    assert numbers(store.newest(state=State.CLOSED)) == "4"
    assert numbers(store.newest(agency="dishub", before=START + timedelta(hours=3))) == "21"
    assert numbers(store.open_in_village("1902012001")) == "3210"
    assert numbers(store.to_remind(START + timedelta(hours=1))) == "1"
    assert numbers(store.to_remind(START + timedelta(minutes=59))) == ""
