"""The sentences that people receive, from texts.id.toml: data that the office may reword, read at first use."""

import string
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from besadu.domain.complaint import State
from besadu.domain.conversation import Reply
from besadu.errors import BesaduError

VITAL = frozenset({"emergency", "protection"})
FILE = Path(__file__).with_name("texts.id.toml")


class MissingText(BesaduError):
    """A key that the file lacks, or a value that a text needs. Names the key, never a value."""


def say(key: str, /, **values: str) -> str:
    """The text ``key`` with its placeholders filled; values that it does not need are passed over.

    Raises MissingText. What stands in a value is taken as it is, braces too.
    """
    return _filled(key, _table("say"), values)


def say_briefly(key: str, /, **values: str) -> str:
    """The same for SMS, where each letter counts: in fewer words where there are some."""
    return _filled(key, _table("sms") if key in _table("sms") else _table("say"), values)


def wording(*, brief: bool) -> Callable[..., str]:
    """``say`` in the manner of a channel."""
    return say_briefly if brief else say


def compose(reply: Reply, /, *, brief: bool = False) -> str:
    """A whole reply of the dialogue: what goes first, then the text itself, a paragraph each.

    ``brief``: for SMS, paid by the segment. A greeting is left out; what somebody in danger must read is not.
    """
    words, values = wording(brief=brief), reply.values
    first = [key for key in reply.before if not brief or key in VITAL]
    parts = {name: ", ".join(words(key, **values) for key in keys) for name, keys in reply.parts.items()}
    paragraphs = [*(words(key, **values) for key in first), words(reply.key, **values, **parts)]
    return ("\n" if brief else "\n\n").join(paragraphs)


def spoken(key: str, /, **values: str) -> str:
    """A sentence of the telephone service, for the voice or for the SMS after a call. Raises MissingText."""
    return _filled(key, _table("ivr"), values)


def script(key: str, /, **values: str) -> str:
    """What an admin says on the telephone when an answer has to be told. Raises MissingText."""
    return _filled(key, _table("script"), values)


def letter(key: str, /, **values: str) -> str:
    """What a post is written by SMS or e-mail. Raises MissingText."""
    return _filled(key, _table("letter"), values)


def label(state: State) -> str:
    """Where a complaint stands, in the citizen's words."""
    return _filled(state.value, _table("label"), {})


def staff_label(state: State) -> str:
    """Where a complaint stands, in the office's words."""
    return _filled(state.value, _table("staff_label"), {})


def placeholders(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


def _filled(key: str, table: Mapping[str, str], values: Mapping[str, str]) -> str:
    if key not in table:
        message = f"no text {key!r}"
        raise MissingText(message)
    text = table[key]
    if lacking := placeholders(text) - values.keys():
        message = f"text {key!r} lacks {', '.join(sorted(lacking))}"
        raise MissingText(message)
    # Not str.format: "{1}" would be positional there, and a value's attributes could be reached.
    pieces = string.Formatter().parse(text)
    return "".join(f"{literal}{values[name] if name else ''}" for literal, name, _, _ in pieces).strip(" ")


def _table(name: str) -> Mapping[str, str]:
    table: Mapping[str, str] = _tables()[name]
    return table


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
