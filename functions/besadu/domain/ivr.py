"""A telephone call: what the exchange tells us about it leads to what the caller hears next. Pure.

    answer --> choice (only when a complaint of this number is open) --> nik (three tries) --> story --> recorded

A caller may hang up anywhere, and a step may come twice, late, or without the one before it. The NIK is worth having
and no condition: after three tries the recording is made without it, because a complaint must not be lost to a keypad.
"""

import re
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from typing import Literal, get_args

from besadu.domain import nik
from besadu.domain.complaint import HeldNik
from besadu.domain.deadlines import WIB
from besadu.domain.message import Address
from besadu.frozen import dataclass, replace

Step = Literal["answer", "choice", "nik", "recorded", "recording-status", "status", "fallback"]
STEPS = frozenset(get_args(Step))
Stage = Literal["new", "choice", "nik", "story", "done", "abandoned"]

RECORDING = "(rekaman telepon)"
MOST_TRIES = 3
MOST_RECORDINGS = 5  # of one call; two would already be odd
SKIP = "*"  # the key for "I have no NIK at hand"
_MOBILE = re.compile(r"628[0-9]{8,11}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What the exchange recorded. ``seconds`` None when it does not say."""

    id: str
    url: str = ""
    seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One thing that the exchange tells us about a call. ``caller``: E.164 digits, "" when withheld or no number."""

    step: Step
    call_id: str
    caller: str = field(default="", repr=False)
    digits: str = field(default="", repr=False)
    recording: Recording | None = None
    over: bool = False  # the call has ended
    repeat_of: str = ""  # the same for a signal and its repetitions; "" when the exchange does not say


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as we know it. ``address`` is the caller's; without a number it stands for this one call."""

    call_id: str
    address: Address
    started_at: datetime
    stage: Stage = "new"
    tries: int = 0  # at the question of this stage
    nik: HeldNik | None = None
    open_ticket: str = ""  # the caller's complaint that is still open, to which the recording may be added
    adding: bool = False  # ... and shall be
    recordings: tuple[str, ...] = ()  # their ids at the exchange
    ticket: str = ""  # the complaint that the call made or was added to
    told: bool = False  # the ticket goes to the caller by SMS
    heard: str = ""  # ``repeat_of`` of the newest signal
    audio: bytes = field(default=b"", repr=False)  # of an own exchange, until it lies in the bucket


@dataclass(frozen=True)
class Prompt:
    """A sentence to speak: a key of the table [ivr] of the texts, with its values."""

    key: str
    nik: str = field(default="", repr=False)
    ticket: str = ""
    count: str = field(default="", repr=False)


@dataclass(frozen=True)
class Gather:
    """Speak, and wait for so many digits of the keypad, which come as ``step``."""

    step: Step
    digits: int
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True)
class Record:
    """Record the caller."""


@dataclass(frozen=True)
class HangUp:
    """End the call."""


Script = tuple[Prompt | Gather | Record | HangUp, ...]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a signal leads to. ``recording``: to be kept now; after that ``farewell`` says what the caller hears."""

    call: Call
    script: Script = ()
    recording: Recording | None = None


# A silent caller is asked once more. What stands behind a recording is only heard when nothing was recorded.
STORY: Script = (Prompt("ask_story"), Record(), Prompt("silence"), Record(), Prompt("nothing_recorded"), HangUp())
GOODBYE: Script = (Prompt("goodbye"), HangUp())
TROUBLE: Script = (Prompt("trouble"), *STORY[1:])


def advance(call: Call, signal: Signal, *, now: datetime, seal: Callable[[str], HeldNik]) -> Turn:
    """What ``signal`` leads to; ``seal`` turns a valid NIK into what we keep. A repetition says the same again."""
    if signal.repeat_of and signal.repeat_of == call.heard and signal.step in {"answer", "choice", "nik"}:
        return Turn(call=call, script=_again(call))
    turn = _turn(call, signal, now, seal)
    if turn.call == call:
        return turn
    return replace(turn, call=replace(turn.call, heard=signal.repeat_of))


def _turn(call: Call, signal: Signal, now: datetime, seal: Callable[[str], HeldNik]) -> Turn:
    match signal.step:
        case "answer":
            return _answered(call)
        case "choice":
            return _chosen(call, signal.digits)
        case "nik":
            return _identified(call, signal.digits, now, seal)
        case "recorded" | "recording-status":
            listening = signal.step == "recorded"
            return _recorded(call, signal.recording) or Turn(call=call, script=farewell(call) if listening else ())
        case "status":
            return _over(call) if signal.over else Turn(call=call)
        case "fallback":
            return _rescued(call)


def farewell(call: Call) -> Script:
    """What the caller hears after a recording was kept, or was empty."""
    if not call.ticket:
        return (Prompt("nothing_recorded"), HangUp())
    ticket = spelled(call.ticket)
    last = (Prompt("sms_follows"),) if call.told else ()
    if call.adding:
        return (Prompt("added", ticket=ticket), *last, *GOODBYE)
    return (Prompt("ticket", ticket=ticket), Prompt("ticket_again", ticket=ticket), *last, *GOODBYE)


def mobile(address: Address) -> bool:
    """Whether an SMS can reach the caller. Foreign numbers do not tell, so they count as not."""
    return bool(_MOBILE.fullmatch(address.phone))


def spelled(text: str) -> str:
    """``BSD-26-4839-2050`` so that a voice reads sign by sign: ``B S D, 2 6, 4 8 3 9, 2 0 5 0``."""
    return ", ".join(" ".join(part) for part in text.split("-"))


def _answered(call: Call) -> Turn:
    if call.stage != "new":
        return Turn(call=call, script=_again(call))
    call = replace(call, stage="choice" if call.open_ticket else "nik")
    return Turn(call=call, script=_again(call, Prompt("welcome")))


def _again(call: Call, *first: Prompt) -> Script:
    """The question that the call stands at."""
    match call.stage:
        case "choice":
            return (Gather("choice", 1, (*first, Prompt("ask_choice"))),)
        case "new" | "nik":
            return (Gather("nik", nik.LENGTH, (*first, Prompt("ask_nik"))),)
        case "story":
            return (*first, *STORY)
        case "done":
            return farewell(call)
        case "abandoned":
            return GOODBYE


def _chosen(call: Call, digits: str) -> Turn:
    if call.stage != "choice":
        return Turn(call=call, script=_again(call))
    if digits == "1":
        call = replace(call, stage="story", adding=True, tries=0)
        return Turn(call=call, script=_again(call, Prompt("adding")))
    if digits == "2" or call.tries + 1 >= MOST_TRIES:
        call = replace(call, stage="nik", tries=0)
        return Turn(call=call, script=_again(call))
    call = replace(call, tries=call.tries + 1)
    return Turn(call=call, script=_again(call, Prompt("not_understood")))


def _identified(call: Call, digits: str, now: datetime, seal: Callable[[str], HeldNik]) -> Turn:
    # Digits prove that the call is not over, whatever came before them.
    if call.stage not in {"new", "nik", "abandoned"}:
        return Turn(call=call, script=_again(call))
    checked = nik.check(digits, now.astimezone(WIB).date())
    if isinstance(checked, nik.Nik):
        call = replace(call, stage="story", nik=seal(checked.digits), tries=0)
        return Turn(call=call, script=_again(call, Prompt("nik_heard", nik=" ".join(checked.digits[-4:]))))
    tries = call.tries + 1
    if digits.strip() == SKIP or tries >= MOST_TRIES:
        call = replace(call, stage="story", tries=0)
        return Turn(call=call, script=_again(call, Prompt("nik_skipped")))
    call = replace(call, stage="nik", tries=tries)
    return Turn(call=call, script=(Gather("nik", nik.LENGTH, (_problem(checked), Prompt("ask_nik_again"))),))


def _problem(problem: nik.NikProblem) -> Prompt:
    if problem.length == 0:
        return Prompt("nik_none")
    if problem.flaw is nik.Flaw.LENGTH:
        return Prompt("nik_length", count=str(problem.length))
    return Prompt("nik_wrong")


def _recorded(call: Call, recording: Recording | None) -> Turn | None:
    """Keep a recording that is new and not empty."""
    if recording is None or recording.seconds == 0 or recording.id in call.recordings:
        return None
    if len(call.recordings) >= MOST_RECORDINGS:
        return None
    kept = replace(call, stage="done", recordings=(*call.recordings, recording.id))
    return Turn(call=kept, recording=recording)


def _over(call: Call) -> Turn:
    """The caller has hung up; in the story a recording may still come. A call we never heard of stays unknown."""
    return Turn(call=replace(call, stage="abandoned") if call.stage in {"choice", "nik"} else call)


def _rescued(call: Call) -> Turn:
    """Something broke and the caller is still on the line: record without further questions."""
    if call.ticket:
        return Turn(call=call, script=farewell(call))
    return Turn(call=replace(call, stage="story", tries=0), script=TROUBLE)
