"""Ticket numbers such as ``BSD-26-4839-2057``: short enough to say on the telephone, hard to guess, hard to mistype.

Two digits of the year (in Belitung), seven random digits and one check digit over all nine. The check digit is Damm's
(H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004): it finds every wrong digit and every swap of two neighbours.
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime

from besadu.domain.deadlines import WIB

RANDOM_DIGITS = 7

# Damm's quasigroup of order 10; the zero diagonal makes a number with its check digit come out as 0.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

_DIGIT = "[0-9OoIl]"  # people type the letter O for zero, and I or l for one
_GAP = r"[\s.\-_/]{0,3}"
_PREFIX = rf"(?<![A-Za-z])B{_GAP}S{_GAP}D[\s.\-_/:#]{{0,3}}"
_TICKET = re.compile(
    rf"{_PREFIX}({_DIGIT}{{2}}){_GAP}({_DIGIT}{{4}}){_GAP}({_DIGIT}{{4}})(?![0-9A-Za-z])", re.IGNORECASE
)
# Without the letters only the printed grouping counts, or the ten digits alone, as from a telephone's keys.
_BARE = re.compile(r"(?<![\w-])([0-9]{2})[- ]([0-9]{4})[- ]([0-9]{4})(?![\w-])")
_KEYED = re.compile(r"\s*([0-9]{2})([0-9]{4})([0-9]{4})\s*#?\s*")
_ATTEMPT = re.compile(rf"{_PREFIX}(?:[0-9]{_GAP}){{4}}", re.IGNORECASE)
_LETTERS = str.maketrans("OoIiLl", "001111")


def random_digits(count: int) -> str:
    """``count`` digits that cannot be foreseen."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def new(now: datetime, random_digits: Callable[[int], str] = random_digits) -> str:
    """A fresh ticket number. That it is not taken is for the store to find out (create, and try again)."""
    digits = f"{now.astimezone(WIB):%y}{random_digits(RANDOM_DIGITS)}"
    return _grouped(digits + check_digit(digits))


def check_digit(digits: str) -> str:
    """Damm's check digit of a string of digits."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def parse(text: str) -> str | None:
    """The first valid ticket number in free text, in its printed form, or None.

    Tolerates lower case, other or missing separators, and the letters O, I, l for 0 and 1.
    """
    found = [*_TICKET.finditer(text), *_BARE.finditer(text)]
    if keyed := _KEYED.fullmatch(text):
        found.append(keyed)
    for match in found:
        digits = "".join(match.groups()).translate(_LETTERS)
        if check_digit(digits) == "0":
            return _grouped(digits)
    return None


def looks_like(text: str) -> bool:
    """Whether the writer meant a ticket number, valid or not. With ``parse`` giving None: it is mistyped."""
    return bool(_ATTEMPT.search(text)) or parse(text) is not None


def _grouped(digits: str) -> str:
    return f"BSD-{digits[:2]}-{digits[2:6]}-{digits[6:]}"
