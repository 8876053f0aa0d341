"""Cutting a long text into pieces that a channel can carry, where a reader would pause."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable

# Borders, best first: paragraph, line, sentence, word.
_BORDERS = tuple(re.compile(pattern) for pattern in (r"\n\s*\n", r"\n", r"[.!?\u2026][\"')\u201d]*\s+", r"\s+"))
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")
_JOINER = "\u200d"
_EXTENDERS = frozenset({_JOINER, "\ufe0e", "\ufe0f", "\u20e3", *map(chr, range(0x1F3FB, 0x1F400))})


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """``text`` in pieces of at most ``limit``, as ``measure`` counts them (characters; bytes on Instagram).

    Cuts at a paragraph, else a line, a sentence, a word, and only then inside a word, never inside an emoji or accent.
    Nothing but the white space at the cuts is lost. An empty text gives no piece.
    """
    pieces: list[str] = []
    rest = text.strip()
    while measure(rest) > limit:
        cut = _border(rest, _fitting(rest, limit, measure))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def plain(text: str) -> str:
    """``text`` without WhatsApp's marks of bold, which elsewhere are shown as asterisks."""
    return _BOLD.sub(r"\1", text)


def _fitting(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """The longest prefix within the limit, at least one character so that a cut always moves on."""
    ends = range(1, len(text) + 1)
    return max(1, bisect_right(ends, limit, key=lambda end: measure(text[:end])))


def _border(text: str, end: int) -> int:
    """The best place to cut at or before ``end``; a border in the first half is not worth a short piece."""
    window = text[: end + 1]
    for pattern in _BORDERS:
        starts = [match for match in pattern.finditer(window) if end // 2 < match.end() and _kept(match) <= end]
        if starts:
            return max(1, _kept(starts[-1]))
    for cut in range(end, 0, -1):
        if _between_graphemes(text, cut):
            return cut
    return end


def _kept(match: re.Match[str]) -> int:
    """How much stays before the cut: a full stop stays, white space goes."""
    return match.start() + len(match.group().rstrip())


def _between_graphemes(text: str, index: int) -> bool:
    if index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if after in _EXTENDERS or before == _JOINER or unicodedata.combining(after):
        return False
    flags = len(text[:index]) - len(text[:index].rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
    return not ("\U0001f1e6" <= after <= "\U0001f1ff" and flags % 2 == 1)
