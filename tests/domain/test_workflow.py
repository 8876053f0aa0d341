"""THE table, walked: every state, action and role, and what each step does to the clock."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from besadu import texts
from besadu.channels.whatsapp import TEMPLATES
from besadu.domain import clocks, workflow
from besadu.domain.complaint import FINAL, Actor, Answer, Complaint, Extension, Role, State
from besadu.domain.conditions import MOST_REOPENINGS, MOST_RETURNS
from besadu.domain.deadlines import CLOCKS, Calendar, due, shift
from besadu.domain.support import Support
from besadu.domain.untold import UNTOLD
from besadu.domain.workflow import DESK, ROWS, TABLE, NotAllowed, allowed, step
from tests.factories import ADMIN, CITIZEN, LEADER, NO_HOLIDAYS, OFFICER, START, SYSTEM, a_complaint

ACTIONS = get_args(workflow.Action)
ROLES: tuple[Role, ...] = get_args(Role)
AGENCY = OFFICER.agency
STAFF = {
    "admin": ADMIN,
    "officer": OFFICER,
    "leader": LEADER,
    "auditor": Actor(role="auditor", name="Pemeriksa"),
    "manager": Actor(role="manager", name="Pengelola"),
    "citizen": CITIZEN,
    "system": SYSTEM,
}

# The table once more, as the office describes it: action -> (states, roles, target). Written down by hand, so that a
# slip in the table does not agree with itself.
OPEN_STATES = set(State) - FINAL
ARRIVING = {State.SENDING, State.DELIVERED}
WITH_AGENCY = {State.ASSIGNED, State.IN_PROGRESS}
EXPECTED: dict[str, tuple[set[State], set[str], State | str]] = {
    "ask": (DESK | WITH_AGENCY, {"admin", "officer"}, State.ASKED),
    "reply": ({State.ASKED}, {"citizen"}, "resume"),
    "lapse": ({State.ASKED}, {"system"}, "resume"),
    "reject": (DESK, {"admin"}, State.REJECTED),
    "refer": (DESK, {"admin"}, State.REFERRED),
    "merge": (DESK, {"admin"}, State.MERGED),
    "forward": (DESK, {"admin", "leader"}, State.ASSIGNED),
    "accept": ({State.ASSIGNED}, {"officer"}, State.IN_PROGRESS),
    "return": (WITH_AGENCY, {"officer"}, State.RETURNED),
    "extend": ({State.IN_PROGRESS}, {"officer"}, "same"),
    "ask_extension": ({State.IN_PROGRESS}, {"officer"}, "same"),
    "grant_extension": ({State.IN_PROGRESS}, {"admin", "leader"}, "same"),
    "refuse_extension": ({State.IN_PROGRESS}, {"admin", "leader"}, "same"),
    "progress": ({State.IN_PROGRESS}, {"officer"}, "same"),
    "answer": (WITH_AGENCY, {"officer"}, State.ANSWERED),
    "send_back": ({State.ANSWERED}, {"admin"}, State.IN_PROGRESS),
    "deliver": ({State.ANSWERED}, {"admin"}, State.SENDING),
    "confirm": ({State.SENDING}, {"system", "admin", "citizen"}, State.DELIVERED),
    "give_up": ({State.SENDING}, {"manager", "leader"}, State.CLOSED_SILENTLY),
    "recall": ({State.SENDING}, {"admin"}, State.ANSWERED),
    "promise": ({State.ANSWERED}, {"admin"}, State.IN_PROGRESS),
    "ask_support": (WITH_AGENCY | {State.ASKED}, {"admin"}, "same"),
    "end_support": (WITH_AGENCY | {State.ASKED}, {"admin"}, "same"),
    "contribute": (WITH_AGENCY | {State.ASKED}, {"officer"}, "same"),
    "decline_support": (WITH_AGENCY | {State.ASKED}, {"officer"}, "same"),
    "revoke_links": (WITH_AGENCY | {State.ASKED}, {"admin"}, "same"),
    "satisfied": (ARRIVING, {"citizen"}, State.CLOSED),
    "dissatisfied": (ARRIVING, {"citizen"}, State.REOPENED),
    "appeal": (ARRIVING, {"citizen"}, State.CLOSED),
    "rate": ({State.DELIVERED, State.CLOSED, State.REOPENED}, {"citizen"}, "same"),
    "see_mark": (set(State), {"admin"}, "same"),
    "close_silently": ({State.DELIVERED}, {"system"}, State.CLOSED_SILENTLY),
    "withdraw": (OPEN_STATES - ARRIVING, {"citizen"}, State.WITHDRAWN),
    "note": (OPEN_STATES, {"admin", "officer", "leader"}, "same"),
    "add_evidence": (OPEN_STATES, {"admin"}, "same"),
    "take_over": (DESK | WITH_AGENCY | {State.ANSWERED}, {"admin", "leader"}, "same"),
    "let_go": (DESK | WITH_AGENCY | {State.ANSWERED}, {"admin", "leader"}, "same"),
    "classify": (DESK, {"admin"}, "same"),
}


# What else must hold for a step: the complaint's fields with which it may be taken.
MORE_TIME = Extension(due=START, reason="Menunggu material.")
PROMISE = Answer(text="Dijadwalkan.", original="Dijadwalkan.", by="Petugas", at=START, scheduled_for=START)
HELP = Support(agency=AGENCY, agency_name="Dinas", disposition=2, wanted="Cek salurannya.", asked_at=START)
HELPING: dict[str, object] = {"agency": "dlh", "support": (HELP,)}  # the officer's agency helps another
FITTING: dict[str, dict[str, object]] = {
    "appeal": {"reopened": MOST_REOPENINGS},
    "ask_extension": {"extensions": 1},
    "contribute": HELPING,
    "decline_support": HELPING,
    "end_support": HELPING,
    "grant_extension": {"extension": MORE_TIME},
    "refuse_extension": {"extension": MORE_TIME},
    "promise": {"answer": PROMISE},
    "let_go": {"taken_over_by": "Sekda Uji"},
    "see_mark": {"mark_open": True},
}


def standing(state: State, **changes: object) -> Complaint:
    """A complaint that lies with the officer's agency."""
    resume = {"resume": State.IN_PROGRESS} if state is State.ASKED else {}
    return a_complaint(state, **{"agency": AGENCY, **resume, **changes})


def may(action: str, state: State, role: str) -> bool:
    states, roles, _ = EXPECTED[action]
    if role == "officer" and state in DESK:
        return False  # it lies on the admin's desk
    return state in states and role in roles


def test_the_table_has_one_row_for_every_action() -> None:
    assert [row.action for row in TABLE] == list(dict.fromkeys(row.action for row in TABLE))
    assert set(ROWS) == set(ACTIONS) == set(EXPECTED)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", State)
def test_every_role_may_take_this_step_from_this_state_or_is_refused(action: workflow.Action, state: State) -> None:
    target = EXPECTED[action][2]
    for role in ROLES:
        complaint, actor = standing(state, **FITTING.get(action, {})), STAFF[role]
        if not may(action, state, role):
            with pytest.raises(NotAllowed):
                step(complaint, action, actor, now=START, calendar=NO_HOLIDAYS)
            assert ROWS[action] not in allowed(complaint, actor)
            continue
        after = step(complaint, action, actor, now=START, calendar=NO_HOLIDAYS)
        assert after.state == {"same": state, "resume": State.IN_PROGRESS}.get(str(target), target)
        assert after.updated_at == START
        assert ROWS[action] in allowed(complaint, actor)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_from_a_final_state_only_a_closed_complaint_can_still_be_rated(state: State) -> None:
    steps = {row.action for actor in STAFF.values() for row in allowed(standing(state), actor)}
    assert steps == ({"rate"} if state is State.CLOSED else set())


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_by_some_row(state: State) -> None:
    targets = {row.target for row in TABLE}
    assert state in targets or state is State.RECEIVED


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_every_open_state_has_a_way_on(state: State) -> None:
    assert any(state in row.sources and row.target not in ("same", state) for row in TABLE)


@pytest.mark.parametrize("state", State)
def test_an_officer_of_another_agency_may_do_nothing(state: State) -> None:
    assert allowed(standing(state), Actor(role="officer", name="Lain", agency="dlh")) == ()


@pytest.mark.parametrize("state", State)
def test_an_officer_without_an_agency_may_do_nothing_even_where_none_is_responsible(state: State) -> None:
    nobody = standing(state, agency="", **({"resume": State.RECEIVED} if state is State.ASKED else {}))
    assert allowed(nobody, Actor(role="officer", name="Tanpa OPD", agency="")) == ()


@pytest.mark.parametrize("home", sorted(DESK))
def test_while_the_admin_waits_for_the_citizen_the_former_agency_may_do_nothing(home: State) -> None:
    assert allowed(standing(State.ASKED, resume=home), OFFICER) == ()


def test_a_refusal_is_told_in_indonesian_and_without_names_of_states() -> None:
    with pytest.raises(NotAllowed, match="tidak dapat dilakukan"):
        step(standing(State.CLOSED), "forward", ADMIN, now=START, calendar=NO_HOLIDAYS)
    with pytest.raises(NotAllowed, match="bukan kewenangan"):
        step(standing(State.RECEIVED), "forward", OFFICER, now=START, calendar=NO_HOLIDAYS)


@pytest.mark.parametrize(
    ("state", "action", "actor", "clock"),
    [
        (State.RECEIVED, "forward", ADMIN, "accept"),
        (State.ASSIGNED, "accept", OFFICER, "answer"),
        (State.IN_PROGRESS, "return", OFFICER, "verify"),
        (State.IN_PROGRESS, "answer", OFFICER, "review"),
        (State.ANSWERED, "send_back", ADMIN, "answer"),
        (State.SENDING, "confirm", SYSTEM, "reply"),
        (State.SENDING, "recall", ADMIN, "review"),
        (State.DELIVERED, "dissatisfied", CITIZEN, "verify"),
        (State.RECEIVED, "ask", ADMIN, "citizen_answer"),
    ],
)
def test_a_step_starts_its_clock(state: State, action: workflow.Action, actor: Actor, clock: str) -> None:
    after = step(standing(state), action, actor, now=START, calendar=NO_HOLIDAYS)
    days = CLOCKS["answer_ordinary" if clock == "answer" else clock]
    assert (after.clock, after.due) == (clock, due(START, days, NO_HOLIDAYS))


@pytest.mark.parametrize(("case_class", "days"), [("information", 5), ("ordinary", 14), ("oversight", 60)])
def test_the_time_for_an_answer_depends_on_the_class(case_class: str, days: int) -> None:
    complaint = standing(State.ASSIGNED, case_class=case_class)
    after = step(complaint, "accept", OFFICER, now=START, calendar=NO_HOLIDAYS)
    assert after.due == due(START, days, NO_HOLIDAYS)


@pytest.mark.parametrize(
    ("state", "action", "actor"),
    [
        (State.RECEIVED, "reject", ADMIN),
        (State.RECEIVED, "refer", ADMIN),
        (State.RECEIVED, "merge", ADMIN),
        (State.DELIVERED, "satisfied", CITIZEN),
        (State.DELIVERED, "close_silently", SYSTEM),
        (State.ASKED, "withdraw", CITIZEN),
    ],
)
def test_a_final_step_stops_every_clock(state: State, action: workflow.Action, actor: Actor) -> None:
    running = standing(state, clock="verify", due=START, remind_at=START, reminded=("today",))
    after = step(running, action, actor, now=START, calendar=NO_HOLIDAYS)
    assert (after.clock, after.due, after.remind_at, after.reminded) == ("", None, None, ())
    assert (after.resume, after.paused, after.clock_started) == (None, None, None)


@pytest.mark.parametrize(
    ("state", "action", "actor"),
    [
        (State.IN_PROGRESS, "note", OFFICER),
        (State.RECEIVED, "classify", ADMIN),
        (State.DELIVERED, "rate", CITIZEN),
    ],
)
def test_a_step_that_stays_leaves_the_clock_alone(state: State, action: workflow.Action, actor: Actor) -> None:
    tomorrow = START + timedelta(days=1)
    running = standing(state, clock="answer", due=tomorrow, remind_at=START, reminded=("soon",))
    after = step(running, action, actor, now=START, calendar=NO_HOLIDAYS)
    assert (after.clock, after.due, after.remind_at, after.reminded) == ("answer", tomorrow, START, ("soon",))


@pytest.mark.parametrize("ending", ["reply", "lapse"])
def test_a_question_pauses_the_clock_and_its_end_gives_the_time_back(ending: workflow.Action) -> None:
    begun = step(standing(State.ASSIGNED), "accept", OFFICER, now=START, calendar=NO_HOLIDAYS)
    asked_at = datetime(2026, 3, 9, 3, 0, tzinfo=UTC)  # five working days later
    asked = step(begun, "ask", OFFICER, now=asked_at, calendar=NO_HOLIDAYS)
    assert (asked.clock, asked.resume) == ("citizen_answer", State.IN_PROGRESS)
    assert asked.due == due(asked_at, CLOCKS["citizen_answer"], NO_HOLIDAYS)
    again_at = datetime(2026, 3, 16, 3, 0, tzinfo=UTC)
    actor = CITIZEN if ending == "reply" else SYSTEM
    again = step(asked, ending, actor, now=again_at, calendar=NO_HOLIDAYS)
    assert begun.due
    moved = shift(begun.due, asked_at, again_at, NO_HOLIDAYS)
    assert moved == begun.due + timedelta(days=7)
    assert (again.state, again.clock, again.due) == (State.IN_PROGRESS, "answer", moved)
    assert (again.resume, again.paused) == (None, None)
    assert clocks.reckoned(again, NO_HOLIDAYS) == moved


@pytest.mark.parametrize(
    ("home", "clock"),
    [
        (State.RECEIVED, "verify"),
        (State.RETURNED, "verify"),
        (State.REOPENED, "verify"),
        (State.ASSIGNED, "accept"),
        (State.IN_PROGRESS, "answer"),
    ],
)
def test_after_a_question_the_clock_of_the_state_before_goes_on(home: State, clock: str) -> None:
    actor = ADMIN if home in DESK else OFFICER
    running = clocks.started(standing(home), clock, now=START, calendar=NO_HOLIDAYS)
    asked = step(running, "ask", actor, now=START, calendar=NO_HOLIDAYS)
    again = step(asked, "reply", CITIZEN, now=START, calendar=NO_HOLIDAYS)
    assert (again.state, again.clock, again.due) == (home, clock, running.due)


def test_what_was_late_when_the_citizen_was_asked_stays_late() -> None:
    began = START - timedelta(days=60)
    late = clocks.started(standing(State.IN_PROGRESS), "answer", now=began, calendar=NO_HOLIDAYS)
    assert late.due
    assert late.due < START
    asked = step(late, "ask", OFFICER, now=START, calendar=NO_HOLIDAYS)
    again = step(asked, "reply", CITIZEN, now=START + timedelta(days=3), calendar=NO_HOLIDAYS)
    assert again.due == late.due


def test_each_start_and_each_move_of_a_deadline_has_a_number_of_its_own() -> None:
    begun = step(standing(State.ASSIGNED), "accept", OFFICER, now=START, calendar=NO_HOLIDAYS)
    asked = step(begun, "ask", OFFICER, now=START, calendar=NO_HOLIDAYS)
    again = step(asked, "reply", CITIZEN, now=START, calendar=NO_HOLIDAYS)
    more = clocks.agreed(again, START + timedelta(days=40), NO_HOLIDAYS)
    seen = [one.clock_revision for one in (begun, asked, again, more)]
    assert seen == sorted(set(seen))
    assert more.due == datetime(2026, 4, 13, 9, 0, tzinfo=UTC)  # the 11th is a Saturday


def test_after_two_reopenings_only_the_appeal_is_left() -> None:
    for times in range(MOST_REOPENINGS):
        actions = {row.action for row in allowed(standing(State.DELIVERED, reopened=times), CITIZEN)}
        assert "dissatisfied" in actions
        assert "appeal" not in actions
    last = standing(State.DELIVERED, reopened=MOST_REOPENINGS)
    actions = {row.action for row in allowed(last, CITIZEN)}
    assert "dissatisfied" not in actions
    assert step(last, "appeal", CITIZEN, now=START, calendar=NO_HOLIDAYS).state is State.CLOSED


@pytest.mark.parametrize("action", sorted(FITTING))
@pytest.mark.parametrize("state", State)
def test_without_what_it_demands_a_step_is_refused_to_everybody(action: workflow.Action, state: State) -> None:
    for actor in STAFF.values():
        with pytest.raises(NotAllowed):
            step(standing(state), action, actor, now=START, calendar=NO_HOLIDAYS)


def test_after_two_returns_only_the_leader_hands_it_on_and_that_agency_keeps_it() -> None:
    returned = standing(State.RETURNED, returns=MOST_RETURNS)
    assert "forward" not in {row.action for row in allowed(returned, ADMIN)}
    assert "forward" in {row.action for row in allowed(returned, LEADER)}
    with pytest.raises(NotAllowed, match="ditetapkan oleh pimpinan"):
        step(returned, "forward", ADMIN, now=START, calendar=NO_HOLIDAYS)
    decided = standing(State.ASSIGNED, returns=MOST_RETURNS, decided=True)
    assert "return" not in {row.action for row in allowed(decided, OFFICER)}
    reopened = standing(State.REOPENED, returns=MOST_RETURNS, decided=True)
    assert "forward" in {row.action for row in allowed(reopened, ADMIN)}


def test_the_first_extension_is_the_agencys_own_and_the_second_is_decided_by_the_office() -> None:
    def steps(**changes: object) -> set[str]:
        names = {row.action for row in allowed(standing(State.IN_PROGRESS, **changes), OFFICER)}
        return names & {"extend", "ask_extension"}

    assert steps() == {"extend"}
    assert steps(extensions=1) == {"ask_extension"}
    assert steps(extensions=1, extension=MORE_TIME) == set()
    assert steps(extensions=2) == set()


def test_a_date_that_was_promised_stands_above_the_clocks_own() -> None:
    later = Calendar().end_of(START.date() + timedelta(days=42))
    running = standing(State.IN_PROGRESS, clock="answer", clock_started=START, due=START, reminded=("soon",))
    extended = step(running, "extend", OFFICER, now=START, calendar=NO_HOLIDAYS, agreed=later)
    assert (extended.clock, extended.due, extended.reminded) == ("answer", later, ())
    assert extended.remind_at
    assert START < extended.remind_at <= later
    promised = step(
        standing(State.ANSWERED, answer=PROMISE), "promise", ADMIN, now=START, calendar=NO_HOLIDAYS, agreed=later
    )
    assert (promised.state, promised.clock, promised.due) == (State.IN_PROGRESS, "answer", later)


def test_the_promised_date_counts_the_days_to_accept_and_to_answer() -> None:
    promised = workflow.answer_due(standing(State.ASSIGNED), now=START, calendar=NO_HOLIDAYS)
    assert promised == due(START, CLOCKS["accept"] + CLOCKS["answer_ordinary"], NO_HOLIDAYS)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.action)
def test_what_a_row_tells_has_its_words(row: workflow.Row) -> None:
    say = texts._table("say")
    told = {row.tells_citizen, row.tells_followers, *row.tells_citizen_by.values()} - {""}
    assert told <= set(say)
    assert row.tells_agency == "" or row.tells_agency in TEMPLATES


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.action)
def test_each_step_tells_the_citizen_something_or_says_why_not(row: workflow.Row) -> None:
    assert bool(row.tells_citizen) != bool(UNTOLD.get(row.action))
    keys = {row.tells_citizen, row.tells_followers, *row.tells_citizen_by.values()} - {""}
    assert keys <= texts._table("say").keys()
