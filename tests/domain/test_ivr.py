import itertools
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besadu import texts
from besadu.channels import gsm
from besadu.domain import ivr
from besadu.domain.complaint import HeldNik
from besadu.domain.ivr import Call, Gather, HangUp, Prompt, Record, Recording, Script, Signal, Turn, advance
from besadu.domain.message import Address

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NIK = "1902014507900003"  # synthetic
TICKET = "BSD-26-4839-2050"
CALLER = Address(channel="telephone", account="AC1", phone="6281200000001")
SOUND = Recording(id="RE1", url="https://api.twilio.com/RE1", seconds=42)


def held(digits: str) -> HeldNik:
    return HeldNik(sealed=b"sealed", indexes=("index",), masked=f"{digits[:4]}********{digits[-4:]}")


def a_call(**changes: object) -> Call:
    return replace(Call(call_id="CA1", address=CALLER, started_at=NOW), **changes)


def take(call: Call, step: ivr.Step, **more: object) -> Turn:
    return advance(call, Signal(step=step, call_id="CA1", **more), now=NOW, seal=held)


def keys(script: Script) -> list[str]:
    """What is spoken, and what happens: ``<nik 16>``, ``<record>``, ``<hang up>``."""
    found: list[str] = []
    for verb in script:
        match verb:
            case Prompt():
                found.append(verb.key)
            case Gather():
                found += [*(prompt.key for prompt in verb.prompts), f"<{verb.step} {verb.digits}>"]
            case Record():
                found.append("<record>")
            case HangUp():
                found.append("<hang up>")
    return found


STORY = ["ask_story", "<record>", "silence", "<record>", "nothing_recorded", "<hang up>"]


def test_a_caller_is_welcomed_and_asked_for_the_nik() -> None:
    turn = take(a_call(), "answer")
    assert keys(turn.script) == ["welcome", "ask_nik", "<nik 16>"]
    assert turn.call.stage == "nik"


def test_a_valid_nik_is_read_back_by_its_last_four_digits_and_the_story_recorded() -> None:
    turn = take(a_call(stage="nik"), "nik", digits=NIK)
    assert keys(turn.script) == ["nik_heard", *STORY]
    assert turn.script[0] == Prompt("nik_heard", nik="0 0 0 3")
    assert turn.call.nik == held(NIK)


@pytest.mark.parametrize(
    ("digits", "problem"),
    [
        ("", "nik_none"),
        ("#", "nik_none"),
        ("190201450790", "nik_length"),
        ("1902*14507900003", "nik_length"),
        ("0002014507900003", "nik_wrong"),
        ("1902013207900003", "nik_wrong"),
        ("1902014507900000", "nik_wrong"),
        ("1111111111111111", "nik_wrong"),
    ],
)
def test_three_tries_and_then_the_recording_is_made_without_a_nik(digits: str, problem: str) -> None:
    turn = take(a_call(stage="nik"), "nik", digits=digits)
    assert keys(turn.script) == [problem, "ask_nik_again", "<nik 16>"]
    turn = take(turn.call, "nik", digits=digits)
    assert keys(turn.script) == [problem, "ask_nik_again", "<nik 16>"]
    turn = take(turn.call, "nik", digits=digits)
    assert keys(turn.script) == ["nik_skipped", *STORY]
    assert (turn.call.nik, turn.call.stage) == (None, "story")


def test_the_third_try_may_be_the_right_one() -> None:
    turn = take(take(a_call(stage="nik"), "nik", digits="1").call, "nik", digits="2")
    assert take(turn.call, "nik", digits=NIK).call.nik == held(NIK)


def test_a_star_says_that_there_is_no_nik() -> None:
    assert keys(take(a_call(stage="nik"), "nik", digits="*").script) == ["nik_skipped", *STORY]


def test_a_second_call_may_add_to_the_open_complaint() -> None:
    turn = take(a_call(open_ticket=TICKET), "answer")
    assert keys(turn.script) == ["welcome", "ask_choice", "<choice 1>"]
    turn = take(turn.call, "choice", digits="1")
    assert keys(turn.script) == ["adding", *STORY]
    assert turn.call.adding


def test_a_second_call_may_be_about_something_new() -> None:
    turn = take(take(a_call(open_ticket=TICKET), "answer").call, "choice", digits="2")
    assert keys(turn.script) == ["ask_nik", "<nik 16>"]
    assert not turn.call.adding


def test_who_never_chooses_is_taken_to_report_something_new() -> None:
    turn = take(a_call(open_ticket=TICKET), "answer")
    for digits in ("", "9"):
        turn = take(turn.call, "choice", digits=digits)
        assert keys(turn.script) == ["not_understood", "ask_choice", "<choice 1>"]
    assert keys(take(turn.call, "choice", digits="").script) == ["ask_nik", "<nik 16>"]


@pytest.mark.parametrize("step", ["recorded", "recording-status"])
def test_a_recording_is_kept_once_whichever_tells_of_it_first(step: ivr.Step) -> None:
    turn = take(a_call(stage="story"), step, recording=SOUND)
    assert turn.recording == SOUND
    for other in ("recorded", "recording-status"):
        again = take(turn.call, other, recording=SOUND)
        assert (again.recording, again.call) == (None, turn.call)


@pytest.mark.parametrize("recording", [None, replace(SOUND, seconds=0)])
def test_silence_is_no_recording(recording: Recording | None) -> None:
    turn = take(a_call(stage="story"), "recorded", recording=recording)
    assert turn.recording is None
    assert keys(turn.script) == ["nothing_recorded", "<hang up>"]
    assert take(a_call(stage="story"), "recording-status", recording=recording) == Turn(call=a_call(stage="story"))


def test_a_recording_of_unknown_length_is_kept() -> None:
    assert take(a_call(), "recording-status", recording=replace(SOUND, seconds=None)).recording


def test_a_call_keeps_only_so_many_recordings() -> None:
    call = a_call()
    for number in range(10):
        call = take(call, "recording-status", recording=replace(SOUND, id=f"RE{number}")).call
    assert len(call.recordings) == ivr.MOST_RECORDINGS


def test_the_ticket_is_said_twice_sign_by_sign_and_an_sms_is_announced_when_there_is_one() -> None:
    call = a_call(stage="done", ticket=TICKET, told=True)
    assert keys(ivr.farewell(call)) == ["ticket", "ticket_again", "sms_follows", "goodbye", "<hang up>"]
    assert ivr.farewell(call)[0] == Prompt("ticket", ticket="B S D, 2 6, 4 8 3 9, 2 0 5 0")
    assert "sms_follows" not in keys(ivr.farewell(replace(call, told=False)))
    assert keys(ivr.farewell(replace(call, adding=True))) == ["added", "sms_follows", "goodbye", "<hang up>"]


@pytest.mark.parametrize(
    ("phone", "takes_sms"),
    [("6281200000001", True), ("628121234567", True), ("62719212345", False), ("4915112345678", False), ("", False)],
)
def test_only_indonesian_mobile_numbers_are_known_to_take_sms(phone: str, takes_sms: bool) -> None:  # noqa: FBT001
    assert ivr.mobile(replace(CALLER, phone=phone)) is takes_sms


def test_hanging_up_before_the_story_leaves_an_abandoned_call() -> None:
    for stage in ("choice", "nik"):
        assert take(a_call(stage=stage), "status", over=True).call.stage == "abandoned"
    assert take(a_call(stage="story", nik=held(NIK)), "status", over=True).call.nik, "a recording may still come"
    assert take(a_call(stage="nik"), "status").call.stage == "nik"


def test_a_call_that_nobody_heard_of_stays_unknown() -> None:
    assert take(a_call(), "status", over=True).call == a_call()
    assert take(a_call(), "recording-status").call == a_call()


def test_trouble_leads_straight_to_the_recording() -> None:
    turn = take(a_call(stage="nik", tries=2), "fallback")
    assert keys(turn.script) == ["trouble", *STORY[1:]]
    assert take(turn.call, "recorded", recording=SOUND).recording == SOUND
    kept = a_call(stage="done", ticket=TICKET)
    assert keys(take(kept, "fallback").script)[0] == "ticket"


def test_a_step_that_is_sent_again_says_the_same_and_counts_once() -> None:
    first = take(a_call(stage="nik"), "nik", digits="1", repeat_of="nik:t1")
    again = take(first.call, "nik", digits="1", repeat_of="nik:t1")
    assert again.call == first.call
    assert keys(again.script)[-1] == "<nik 16>"
    assert take(again.call, "nik", digits="1", repeat_of="nik:t2").call.tries == 2


def test_a_step_that_came_late_leads_to_where_the_call_stands() -> None:
    story = a_call(stage="story", nik=held(NIK))
    for step in ("answer", "choice", "nik"):
        turn = take(story, step, digits="1")
        assert (keys(turn.script), turn.call) == (STORY, story)


def test_a_nik_without_its_answer_is_taken() -> None:
    assert take(a_call(), "nik", digits=NIK).call.nik == held(NIK)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(ivr.STEPS)),
        st.sampled_from(["", "*", "1", "2", NIK, "190201"]),
        st.sampled_from([None, SOUND, replace(SOUND, seconds=0), replace(SOUND, id="RE2")]),
        st.booleans(),
    ),
    max_size=12,
)


@given(steps=STEPS, open_ticket=st.sampled_from(["", TICKET]))
@settings(max_examples=400, deadline=None)
def test_in_any_order_every_new_recording_is_kept_once_and_the_caller_always_hears_something(
    steps: list[tuple[ivr.Step, str, Recording | None, bool]], open_ticket: str
) -> None:
    call, kept = a_call(open_ticket=open_ticket), []
    for step, digits, recording, over in steps:
        turn = take(call, step, digits=digits, recording=recording, over=over)
        kept += [turn.recording.id] if turn.recording else []
        call = turn.call
        if step in {"answer", "choice", "nik", "fallback"}:
            assert keys(turn.script)[-1].startswith("<")
    came = {each.id for step, _, each, _ in steps if each and each.seconds and step.startswith("record")}
    assert sorted(kept) == sorted(came)


def prompts(script: Script) -> list[Prompt]:
    inner = [verb.prompts for verb in script if isinstance(verb, Gather)]
    return [*(verb for verb in script if isinstance(verb, Prompt)), *itertools.chain(*inner)]


def test_every_sentence_of_the_telephone_is_used_short_and_can_be_spoken() -> None:
    table = texts._table("ivr")
    used = set(Path(ivr.__file__).read_text("utf-8").split('"')[1::2]) | {"sms_ticket", "sms_added"}
    assert sorted(set(table) - used) == []
    for key in table:
        said = texts.spoken(key, nik="0 0 0 3", ticket=TICKET, count="12")
        assert "{" not in said
        if key.startswith("sms_") and key != "sms_follows":
            assert gsm.size(said).segments == 1
            assert gsm.size(said).alphabet == "gsm7"
        else:
            assert len(said) <= 220
            assert not set(said) & set("*_/()[]<>&")


def test_every_sentence_that_is_spoken_exists() -> None:
    scripts = (ivr.STORY, ivr.GOODBYE, ivr.TROUBLE, ivr.farewell(a_call()), ivr.farewell(a_call(ticket=TICKET)))
    for prompt in itertools.chain(*map(prompts, scripts)):
        assert texts.spoken(prompt.key, nik="", ticket="", count="")
