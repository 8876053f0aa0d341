"""What a draft still lacks, and the one thing to ask next: always worded from the whole draft."""

from collections.abc import Mapping
from functools import lru_cache

from besadu.domain import timewords, understanding, whereabouts
from besadu.domain.complaint import Place
from besadu.domain.conversation import Conversation, Draft, Reply, Slot
from besadu.domain.turn import Turn
from besadu.frozen import replace

MOST_ASKED = 3  # once, and two repeats
VOICE = "(pesan suara)"
CONFIRM_BUTTONS = ("YA", "UBAH", "BATAL")
NONE_BUTTON = ("TIDAK ADA",)
_LONGEST_STORY = 280  # characters of the story in the summary


def missing(draft: Draft) -> tuple[Slot, ...]:
    """What is still needed, in the order in which it is asked for. Evidence counts as there once it was denied."""
    there: Mapping[Slot, bool] = {
        "story": _story_tells(draft),
        "place": whereabouts.sufficient(draft.place) or (draft.place is not None and draft.asked.get("place", 0) > 0),
        "when": draft.when != "",
        "nik": draft.nik is not None,
        "evidence": bool(draft.evidence) or draft.no_evidence,
    }
    return tuple(slot for slot, known in there.items() if not known)


def heard(draft: Draft, turn: Turn) -> Slot | None:
    """The slot that the citizen has been asked for and may now be answering. A prompt still unsent was not heard."""
    if not draft.asking:
        return None
    return draft.asking if asked_for(draft, turn).get(draft.asking, 0) > 0 else None


def prompt(draft: Draft, turn: Turn) -> tuple[Draft, Reply | None]:
    """The draft that remembers what it asks, and the one prompt for all that is known; None when it is better to wait.

    An officer takes over after the third prompt for the same thing; evidence is optional and never a reason for that.
    """
    asked = dict(asked_for(draft, turn))
    slots = missing(replace(draft, asked=asked))
    if slots == ("evidence",) and asked.get("evidence", 0) >= MOST_ASKED - 1:
        draft, slots = replace(draft, no_evidence=True), ()
    told_before = draft.handed_over and not turn.unsent(draft.prompted_at)
    draft = replace(draft, asked=asked, changing=False, prompted_at=turn.now, confirming=not slots)
    if not slots:
        return replace(draft, asking="", handed_over=False), _summary(draft)
    slot = slots[0]
    often = asked.get(slot, 0)
    draft = replace(draft, asking=slot, asked=asked | {slot: often + 1}, handed_over=often >= MOST_ASKED)
    request = _request(draft, slot, slots, again=often > 0)
    if often < MOST_ASKED:
        return draft, request
    wrong_nik = slot == "nik" and turn.nik_problem != ""  # why it is wrong is always told
    if told_before:
        return draft, request if wrong_nik else None
    return draft, Reply(key="handed_over", values=request.values, before=(request.key,) if wrong_nik else ())


def again(draft: Draft, turn: Turn) -> Reply | None:
    """The prompt that stands, worded once more without counting it."""
    return prompt(replace(draft, handed_over=False), turn)[1]


def accept_story(draft: Draft) -> Draft:
    """SELESAI: whatever has been told is the story."""
    return replace(draft, asked={**draft.asked, "story": draft.asked.get("story", 0) or 1}) if draft.story else draft


def missing_labels(draft: Draft) -> tuple[str, ...]:
    """Keys of the texts that name what is missing."""
    return tuple(f"slot_{slot}" for slot in missing(draft)) or ("slot_confirmation",)


def after_alarm(head: Conversation, draft: Draft, turn: Turn) -> tuple[Conversation, Draft, tuple[str, ...]]:
    """What must be said first because somebody may be in danger, once a draft; and a person shall look."""
    if not turn.alarm or draft.alarmed:
        return head, draft, ()
    return replace(head, needs_person=True), replace(draft, alarmed=True), turn.alarm


def asked_for(draft: Draft, turn: Turn) -> Mapping[str, int]:
    """How often each slot was asked for in prompts that really went out."""
    if not draft.asking or not turn.unsent(draft.prompted_at):
        return draft.asked
    return {**draft.asked, draft.asking: max(0, draft.asked.get(draft.asking, 0) - 1)}


def _story_tells(draft: Draft) -> bool:
    """Whether somebody could know what happened: two telling words, a voice note, or what came when it was asked."""
    if VOICE in draft.story or (draft.story and draft.asked.get("story", 0) > 0):
        return True
    return sum(own_words(part) for part in draft.story) >= 2


@lru_cache(maxsize=512)
def own_words(text: str) -> int:
    """How many words tell something besides the place and the time."""
    spans = [span for span in (timewords.find(text), (whereabouts.locate(text) or (None, 0, 0))[1:]) if span]
    for start, end in spans:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"  # as long as before: spans may overlap
    return len(understanding.telling(text))


def _request(draft: Draft, slot: Slot, slots: tuple[Slot, ...], *, again: bool) -> Reply:
    """The prompt for one slot. Buttons only where a word is the answer."""
    if slot == "nik" and draft.nik_problem:
        return Reply(key=draft.nik_problem, values={"count": str(draft.nik_problem_count)})
    if slot == "evidence":
        return Reply(key="ask_evidence", buttons=NONE_BUTTON)
    key = "ask_place_when" if slot == "place" and "when" in slots else f"ask_{slot}"
    return Reply(key=f"{key}_again" if again else key)


def _summary(draft: Draft) -> Reply:
    story = " ".join(" ".join(draft.story).split())
    return Reply(
        key="summary",
        values={
            "story": story if len(story) <= _LONGEST_STORY else f"{story[: _LONGEST_STORY - 1]}…",
            "place": place_text(draft.place),
            "when": draft.when,
            "count": str(len(draft.evidence)),
            "nik": draft.nik.masked[-4:] if draft.nik else "",
        },
        parts={
            "files": ("files_some",) if draft.evidence else ("files_none",),
            "outside": ("summary_outside",) if whereabouts.looks_outside(draft.place) else (),
        },
        buttons=CONFIRM_BUTTONS,
    )


def place_text(place: Place | None) -> str:
    """A place in one line for the citizen: own words, village, district, and whether there is a pin."""
    if place is None:
        return ""
    names = [place.text]
    names += [name for name in (place.village, place.district) if name and name.lower() not in place.text.lower()]
    if place.latitude is not None:
        names.append("titik peta")
    return ", ".join(name for name in names if name)
