"""Citizens whom no message has reached: rung up by an admin, and decided about when that is in vain."""

from datetime import timedelta

import pytest

from besadu.domain import ladder
from besadu.domain.complaint import Actor, State
from besadu.domain.deadlines import date_text
from besadu.domain.outreach import Outreach
from besadu.errors import Conflict, Invalid, Refused
from besadu.services import answers, casework, handling, outreach, reminding
from besadu.services.office import Office
from besadu.store.directory import Officer
from tests.factories import ADMIN, LEADER, OFFICER, PHONE, complaint_of, head_of, item_of, keep_complaint
from tests.services.network_case import Network
from tests.services.test_arrival import DAY, TEXT, delivering

MANAGER = Actor(role="manager", name="Pengelola Uji")


def a_task(network: Network) -> Outreach:
    """An answer that nobody has read for a day, where no gateway for SMS is."""
    item = delivering(network.office)
    network.send(item)
    network.clock.advance(DAY)
    assert network.send(item) == "by call"
    (task,) = network.office.store.outreach.waiting("calling")
    return task


def rung(network: Network, task: Outreach, outcome: str, **more: str) -> Outreach:
    stored = network.office.store.outreach.read(task.id)
    assert stored
    seen = len(stored.value.calls)
    return outreach.record_call(network.office, ADMIN, task.id, outcome=outcome, calls_seen=seen, **more)


def actions(office: Office, ticket: str) -> list[str]:
    return [entry.action for entry in complaint_of(office, ticket).history]


def test_the_sheet_says_what_to_tell_and_hides_the_number(network: Network) -> None:
    task = a_task(network)
    sheet = outreach.sheet(network.office, ADMIN, task.id)
    script = "\n".join(sheet.script)
    assert TEXT in script
    assert ADMIN.name in script
    assert sheet.wanted
    assert sheet.number
    assert PHONE not in sheet.number
    assert TEXT not in sheet.script[0]  # nothing of the complaint before it is sure who listens
    assert outreach.sheet(network.office, MANAGER, task.id).number == ""


def test_a_number_is_shown_to_an_admin_after_it_is_in_the_history(network: Network) -> None:
    task = a_task(network)
    for actor in (MANAGER, LEADER, OFFICER):
        with pytest.raises(Refused):
            outreach.show_number(network.office, actor, task.id)
    assert outreach.show_number(network.office, ADMIN, task.id) == PHONE
    entry = complaint_of(network.office, task.ticket).history[-1]
    assert (entry.action, entry.actor) == ("show_number", ADMIN.name)
    assert PHONE not in entry.note


def test_who_is_reached_has_the_answer_and_the_time_to_reply_begins(network: Network) -> None:
    task = a_task(network)
    assert rung(network, task, "reached").state == "settled"
    after = complaint_of(network.office, task.ticket)
    assert (after.state, after.clock, after.history[-1].role) == (State.DELIVERED, "reply", "admin")
    assert network.office.store.outreach.waiting("calling") == []


@pytest.mark.parametrize(
    ("verdict", "note", "state"), [("puas", "", State.CLOSED), ("belum", "Masih gelap.", State.REOPENED)]
)
def test_a_verdict_on_the_telephone_counts_as_if_written(
    network: Network, verdict: str, note: str, state: State
) -> None:
    task = a_task(network)
    rung(network, task, "reached", verdict=verdict, note=note)
    after = complaint_of(network.office, task.ticket)
    assert after.state is state
    assert f"dicatat {ADMIN.name}" in after.history[-1].note


def test_belum_on_the_telephone_needs_its_reason(network: Network) -> None:
    task = a_task(network)
    with pytest.raises(Invalid):
        rung(network, task, "reached", verdict="belum")
    assert complaint_of(network.office, task.ticket).state is State.SENDING


def test_nobody_answering_is_tried_again_later_and_after_three_times_decided(network: Network) -> None:
    task = a_task(network)
    for number in (1, 2):
        after = rung(network, task, "no_answer")
        assert (after.state, len(after.calls)) == ("calling", number)
        assert after.due > network.clock.now()
        network.clock.advance(DAY)
    assert rung(network, task, "no_answer").state == "deciding"
    assert network.office.store.outreach.waiting("calling") == []
    assert actions(network.office, task.ticket).count("call") == 3
    assert complaint_of(network.office, task.ticket).state is State.SENDING


def test_the_posts_hear_of_calls_to_make_and_of_decisions(network: Network) -> None:
    office = network.office
    for role in ("admin", "leader"):
        office.store.directory.save_officer(Officer(email=f"{role}@office.example", name=role, role=role))
    task = a_task(network)
    while not ladder.may_be_told(network.clock.now(), office.calendar()):
        network.clock.advance(3600)
    assert reminding.tell(office, "admin") == "told 1"
    rung(network, task, "wrong_number")
    assert reminding.tell(office, "leader") == "told 1"
    told = [one.value for one in office.store.outbox.due(network.clock.now()) if one.value.kind == "agency"]
    # On a Monday the leader's is the week's summary, which lists it.
    words = "\n".join(f"{item.template_values} {[one.text for one in item.listed]}" for item in told)
    assert "disampaikan jawabannya lewat telepon" in words
    assert "diputuskan kelanjutannya" in words


def test_a_promise_that_reached_nobody_is_told_with_its_day_and_not_judged(network: Network) -> None:
    office = network.office
    ticket, day = keep_complaint(office).ticket, network.clock.now().date() + timedelta(days=30)
    casework.forward(office, ADMIN, ticket, agency_code="dishub")
    handling.answer(office, OFFICER, ticket, text="Menunggu lampu baru.", day=day)
    promised = answers.promise(office, ADMIN, ticket, text="Menunggu lampu baru.")
    network.fail(mode="error", status=400, code=131026)
    network.send(item_of(office, promised.delivered_by))
    (task,) = office.store.outreach.waiting("calling")
    sheet = outreach.sheet(office, ADMIN, task.id)
    assert (sheet.wanted, sheet.judged) == (True, False)
    assert date_text(day) in sheet.script[2]
    assert rung(network, task, "reached").state == "settled"
    assert complaint_of(office, ticket).state is State.IN_PROGRESS


def test_a_wrong_number_is_decided_at_once(network: Network) -> None:
    assert rung(network, a_task(network), "wrong_number").state == "deciding"


def test_the_same_call_is_written_down_once(network: Network) -> None:
    task = a_task(network)
    rung(network, task, "no_answer")
    with pytest.raises(Conflict):
        outreach.record_call(network.office, ADMIN, task.id, outcome="no_answer", calls_seen=0)
    assert actions(network.office, task.ticket).count("call") == 1


def test_the_manager_may_have_it_tried_again(network: Network) -> None:
    task = a_task(network)
    rung(network, task, "wrong_number")
    with pytest.raises(Refused):
        outreach.decide(network.office, ADMIN, task.id, choice="again", reason="Nomor baru.")
    after = outreach.decide(network.office, MANAGER, task.id, choice="again", reason="Nomor baru.")
    assert (after.state, after.due <= network.clock.now()) == ("calling", True)
    with pytest.raises(Conflict):
        outreach.decide(network.office, MANAGER, task.id, choice="close", reason="x")


def test_closing_tells_in_writing_and_leaves_the_answer_for_whoever_writes(network: Network) -> None:
    task = a_task(network)
    rung(network, task, "wrong_number")
    outreach.decide(network.office, LEADER, task.id, choice="close", reason="Tidak terhubung.")
    after = complaint_of(network.office, task.ticket)
    assert (after.state, after.history[-1].action) == (State.CLOSED_SILENTLY, "give_up")
    (told,) = after.history[-1].told
    assert "Balas pesan ini" in item_of(network.office, told).text
    (waiting,) = head_of(network.office).value.held
    network.citizen_writes("halo")
    answer = item_of(network.office, waiting)
    assert network.send(answer) == "sent"
    assert TEXT in str(network.sends(answer)[0]["body"])


def test_what_came_by_another_way_meanwhile_is_not_told_again(network: Network) -> None:
    task = a_task(network)
    network.receipt(task.answer_of, "read")
    assert complaint_of(network.office, task.ticket).state is State.DELIVERED
    assert not outreach.sheet(network.office, ADMIN, task.id).wanted
    rung(network, task, "reached")  # rung up all the same: no second confirmation
    assert actions(network.office, task.ticket).count("confirm") == 1
