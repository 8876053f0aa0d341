"""What an SMS can carry: the GSM-7 alphabet, plain words for it, and how many segments a text takes.

Sources: 3GPP TS 23.038 (the alphabet and its extension table) and TS 23.040 (user data header of a long message).
Standard library only.
"""

import re
import unicodedata
from typing import Final, Literal, NamedTuple

# The default alphabet without its escape, then what takes an escape and so two septets.
BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("\f^{}\\[~]|€")

SINGLE: Final = {"gsm7": 160, "ucs2": 70}  # septets, UTF-16 units
PART: Final = {"gsm7": 153, "ucs2": 67}  # six bytes of each part say which part it is

_FOLDED: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u00b7", "-"),
        **dict.fromkeys("\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f\u20e3"),
        "\u2026": "...",
        "\u2044": "/",
        "\u00d7": "x",
        "\u2192": "->",
        "\u00ba": "o",
        "\u00b0": "o",
        "\u00bd": "1/2",
        "\u00bc": "1/4",
        "\u00be": "3/4",
        "\u00b2": "2",
        "\u00b3": "3",
        "\u2028": "\n",
        "\u2029": "\n",
    }
)
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")  # as WhatsApp marks it


class Size(NamedTuple):
    """How long a text is as an SMS. ``units`` are septets (GSM-7) or UTF-16 units (UCS-2)."""

    alphabet: Literal["gsm7", "ucs2"]
    units: int
    segments: int


def plain(text: str) -> str:
    """``text`` in GSM-7 as far as it goes: quotes, dashes and ellipses folded, marks of bold and emoji left out.

    One curly quote would more than halve what a segment carries. A letter that GSM-7 lacks loses its accent; another
    script stays as it is.
    """
    text = _BOLD.sub(r"\1", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_FOLDED)
    kept = "".join(map(_plain_character, unicodedata.normalize("NFC", text)))
    return re.sub(r"(?<=\S) {2,}(?=\S)", " ", kept) if kept != text else kept


def _plain_character(character: str) -> str:
    if character in BASIC or character in EXTENDED:
        return character
    category = unicodedata.category(character)
    if category in ("So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn"):  # emoji, their skin colours, controls, nothing at all
        return ""
    bare = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return bare if bare and all(part in BASIC or part in EXTENDED for part in bare) else character


def size(text: str) -> Size:
    """The alphabet, length and number of segments that the network will make of ``text``; an empty one takes one."""
    if all(character in BASIC or character in EXTENDED for character in text):
        return _measured("gsm7", [2 if character in EXTENDED else 1 for character in text])
    return _measured("ucs2", [2 if character > "\uffff" else 1 for character in text])


def segments(text: str) -> int:
    """How many segments the network will make of ``text``."""
    return size(text).segments


def _measured(alphabet: Literal["gsm7", "ucs2"], costs: list[int]) -> Size:
    units = sum(costs)
    if units <= SINGLE[alphabet]:
        return Size(alphabet, units, 1)
    parts, filled = 1, 0
    for cost in costs:  # one by one, because an escape and its sign, or both halves of an emoji, stay together
        if filled + cost > PART[alphabet]:
            parts, filled = parts + 1, 0
        filled += cost
    return Size(alphabet, units, parts)
