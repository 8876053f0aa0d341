import re
from pathlib import Path

import pytest

from besadu import texts
from besadu.domain.complaint import State
from besadu.domain.conversation import Reply
from besadu.domain.nik import Flaw
from besadu.domain.workflow import TABLE

LONG = {"answer", "question", "question_from_admin", "scheduled"}  # wait until the citizen opens the window
FUNCTIONS = Path(texts.__file__).parents[1]
SAY = texts._table("say")
# Words of the office that mean nothing to a citizen, and words that blame.
JARGON = re.compile(r"\b(?:OPD|disposisi|mendisposisikan|terlapor|eskalasi|invalid|error|Anda salah)\b", re.IGNORECASE)
# Keys that are put together in the code: the beginning stands there, the end comes from what is listed here.
MADE_UP = (
    {f"nik_{flaw.value}" for flaw in Flaw}
    | {f"slot_{slot}" for slot in ("story", "place", "when", "nik", "evidence")}
    | {f"ask_{slot}" for slot in ("story", "place", "when", "nik", "evidence")}
    | {f"{key}_again" for key in SAY if key.startswith("ask_")}
    | {"got_sticker", "got_contact"}
)


def code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(FUNCTIONS.rglob("*.py")))


def notices() -> set[str]:
    """Keys of what a step of staff tells a citizen; the short ones also need their news for a template."""
    rows = [row for row in TABLE if row.actors != {"citizen"}]
    told = {key for row in rows for key in (row.tells_citizen, *row.tells_citizen_by.values())}
    followers = {row.tells_followers for row in TABLE}
    named = set(re.findall(r'to_citizen\(\s*\w+,\s*"(\w+)"', code()))
    return (told | followers | named | {"slipped", "slipped_until"}) - {""}


def test_every_text_is_used_somewhere() -> None:
    source = code()
    made_up = MADE_UP | {f"news_{key}" for key in notices()}
    assert [key for key in SAY if f'"{key}"' not in source and key not in made_up] == []


def test_every_short_notice_has_its_news_for_the_template() -> None:
    assert sorted({f"news_{key}" for key in notices() - LONG} - SAY.keys()) == []


def test_every_text_that_a_step_or_the_dialogue_uses_exists() -> None:
    steps = {row.tells_citizen for row in TABLE if row.tells_citizen}
    named = notices() | set(re.findall(r'(?:Reply\(\s*key=|urgent\(|texts\.say\(\s*)"(\w+)"', code()))
    flaws = {f"nik_{flaw.value}" for flaw in Flaw} | {"nik_letters"}
    assert sorted((steps | named | flaws) - SAY.keys()) == []


@pytest.mark.parametrize("key", sorted(SAY))
def test_a_text_is_short_plain_and_documented(key: str) -> None:
    text = SAY[key]
    assert 0 < len(text.encode()) <= 900
    assert not JARGON.search(text)
    assert texts.placeholders(text) <= texts._table("values").keys()
    assert texts.say(key, **dict.fromkeys(texts.placeholders(text), "x{y}"))


def test_every_documented_value_is_used() -> None:
    spoken = texts._table("script").values()
    used = {name for text in (*SAY.values(), *spoken) for name in texts.placeholders(text)}
    assert sorted(texts._table("values").keys() - used) == []


@pytest.mark.parametrize("state", State)
def test_every_state_has_both_labels(state: State) -> None:
    assert not JARGON.search(texts.label(state))
    assert texts.staff_label(state)


def test_a_missing_value_or_key_is_named() -> None:
    with pytest.raises(texts.MissingText, match=r"'added' lacks ticket"):
        texts.say("added")
    with pytest.raises(texts.MissingText, match="'nothing'"):
        texts.say("nothing")


def test_a_reply_is_composed_of_paragraphs_and_parts() -> None:
    reply = Reply(key="status_draft", before=("greeting",), parts={"missing": ("slot_place", "slot_nik")})
    assert texts.compose(reply).endswith("lokasi kejadian, NIK.")
    assert texts.compose(reply).startswith("Selamat datang")
