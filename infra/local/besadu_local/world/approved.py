"""The message templates as they are approved at Meta: what the person reads, and the one button under it.

The words are those that BESADU submits, so that the phone shows what a real one would.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[4] / "functions/besadu/channels/whatsapp_templates.id.toml"


@dataclass(frozen=True, kw_only=True)
class Approved:
    """``body`` holds {{1}}, {{2}} …; ``url`` is the button's address, to which the sender adds a suffix.

    ``examples`` and ``url_example`` are what Meta's reviewer is shown: a value each, and a suffix.
    """

    category: str = "UTILITY"
    language: str = "id"
    body: str
    examples: tuple[str, ...] = ()
    quick_reply: str = ""
    url_title: str = ""
    url: str = ""
    url_example: str = ""

    @property
    def values(self) -> int:
        return len(set(re.findall(r"\{\{(\d+)\}\}", self.body)))

    def text(self, values: Sequence[str]) -> str:
        """The body with its values filled in."""
        return re.sub(r"\{\{(\d+)\}\}", lambda mark: values[int(mark[1]) - 1], self.body)


def approved(public_url: str) -> dict[str, Approved]:
    """All templates by name; the addresses of their buttons lie below ``public_url``."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: _template(table, public_url.rstrip("/")) for name, table in tables.items()}


def _template(table: dict[str, Any], base: str) -> Approved:
    """One table of the file. What it does not know is a mistake in it and raises TypeError."""
    button = table.pop("button", {})
    shown = {}
    if button.get("type") == "quick_reply":
        shown = {"quick_reply": button["text"]}
    elif button:
        url = f"{base}{button['url'].removesuffix('{{1}}')}"
        shown = {"url_title": button["text"], "url": url, "url_example": button["example"]}
    return Approved(**{**table, "examples": tuple(table["examples"])}, **shown)
