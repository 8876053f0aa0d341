"""The NIK (nomor induk kependudukan): 16 digits ``PPRRDD DDMMYY SSSS``. Its form; finding and hiding it in text.

PP, RR, DD are province, regency and district where the holder was first registered; women have 40 added to the day of
birth; the serial starts at 0001 (PP 37/2007 art. 37). A NIK is for life and does not follow a move, so any region of
Indonesia is fine. It has no check digit, and a well-formed NIK is no proof of identity.

Nothing here writes a NIK into a message, a ``repr`` or an error.
"""

import re
from collections.abc import Iterator
from dataclasses import field
from datetime import date
from enum import StrEnum

from besadu.domain import regions
from besadu.frozen import dataclass

LENGTH = 16
ADULT_AGE = 18  # UU 35/2014 art. 1: a child is under 18

_SEQUENCE = "0123456789" * 3

# One character for one, so that places in the text stay the same: full-width digits, and the dashes, dots and blanks
# that phones put in when a number is copied.
_PLAIN = str.maketrans(
    {ord("\uff10") + digit: str(digit) for digit in range(10)}
    | dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\uff0d"), "-")
    | dict.fromkeys(map(ord, "\uff0e\u30fb"), ".")
    | dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000\u200b\u2060"), " ")
)
_LETTERS = str.maketrans("OoIl|", "00111")


class Flaw(StrEnum):
    """What is wrong with a NIK. The value is the end of a key of the texts."""

    LENGTH = "length"
    TRIVIAL = "trivial"
    REGION = "region"
    BIRTH_DATE = "birth_date"
    SERIAL = "serial"


@dataclass(frozen=True)
class Nik:
    """A well-formed NIK. ``district_known`` False is a hint for the admin, no error: old district codes live on."""

    digits: str = field(repr=False)
    district_known: bool = True


@dataclass(frozen=True)
class NikProblem:
    """Why a text is no NIK. ``length`` is the count of digits seen.

    ``letters`` says that O, l or I stand where 0 or 1 would make it well-formed: worth asking, never assumed.
    """

    flaw: Flaw
    length: int
    letters: bool = False


@dataclass(frozen=True)
class Found:
    """A NIK-like run at ``text[start:end]``; ``letters`` as in NikProblem, ``digits`` then has them replaced."""

    start: int
    end: int
    digits: str = field(repr=False)
    letters: bool = False


def check(text: str, today: date) -> Nik | NikProblem:
    """The NIK that ``text`` is (spaces, dots, dashes and full-width digits allowed), or what is wrong with it first."""
    plain = re.sub(r"[\s.\-]", "", text.translate(_PLAIN))
    count = sum(character in "0123456789" for character in plain)
    if count != LENGTH or len(plain) != LENGTH:
        guess = plain.translate(_LETTERS)
        letters = count != LENGTH and _all_digits(guess) and _flaw(guess, today) is None
        return NikProblem(Flaw.LENGTH, count, letters)
    if flaw := _flaw(plain, today):
        return NikProblem(flaw, LENGTH)
    return Nik(plain, regions.is_known_district(plain[:6]))


def birth_dates(digits: str, today: date) -> tuple[date, ...]:
    """The dates of birth that a NIK may mean, youngest first: its year has two digits. Empty when there is none."""
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    day = day - 40 if day > 40 else day
    possible = []
    for century in (2000, 1900):
        try:
            birth = date(century + year, month, day)
        except ValueError:
            continue
        if birth <= today:
            possible.append(birth)
    return tuple(possible)


def is_minor(nik: Nik, today: date) -> bool:
    """Whether the holder may be a child, whose data UU 27/2022 art. 4 protects in particular. In doubt: yes."""
    birth = birth_dates(nik.digits, today)[0]
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return age < ADULT_AGE


def masked(digits: str) -> str:
    """``1902********0001``: for the admin's eyes. Anything that is not 16 digits is hidden as a whole."""
    if not _all_digits(digits):
        return "*" * LENGTH
    return f"{digits[:4]}********{digits[-4:]}"


def find(text: str) -> list[Found]:
    """The NIK-like runs in free text: 13 to 19 digits, perhaps with blanks, dots or dashes between them.

    Telephone numbers, dates, sums of money, coordinates and ticket numbers are not taken for one, nor is a part of a
    longer number. Sixteen digits of which at most four are the letters O, l, I are reported with ``letters``.
    """
    return _find(text, longest=_LONGEST)


def mask_in(text: str) -> str:
    """The text with ``[NIK]`` in place of each NIK-like run, well-formed or not, also as part of more digits."""
    return _masked_runs(text, _find(text, longest=None))


def find_and_mask(text: str) -> tuple[list[Found], str]:
    """``find`` and ``mask_in`` of the same text, which mostly look at the same runs."""
    everything = _find(text, longest=None)
    found = everything if all(len(one.digits) <= _LONGEST for one in everything) else find(text)
    return found, _masked_runs(text, everything)


def mask_phones(text: str) -> str:
    """The text with ``[telepon]`` in place of each Indonesian telephone number; after ``mask_in``."""
    plain = text.translate(_PLAIN)
    return _replaced(text, [match.span() for match in _PHONE.finditer(plain)], "[telepon]")


_RUN = re.compile(r"[0-9]+(?:[ .\-]{1,3}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_FEWEST = 12
_LETTER_RUN = re.compile(r"(?<![\w|])[0-9OoIl|](?:[ .\-]?[0-9OoIl|]){15}(?![\w|])")
_MOST_LETTERS = 4
_SHORTEST, _LONGEST = 13, 19
_PHONE = re.compile(
    r"""(?<![0-9])(?:
        (?:\+?62[ .\-]?|0)8[0-9]{1,2}(?:[ .\-]?[0-9]){5,9}     # mobile: 9 to 13 digits with the leading 0
      | \(?0[2-79][0-9]{1,2}(?:\)[ ]?|[ .\-])[0-9](?:[ ]?[0-9]){4,7}  # landline with its area code, such as (0719)
      | \+62[ .\-]?[2-79](?:[ .\-]?[0-9]){6,10}                # landline, international
    )(?![0-9])""",
    re.VERBOSE,
)
_OTHER_NUMBER = re.compile(
    rf"""{_PHONE.pattern}
      | (?<![0-9])(?:0?[1-9]|[12][0-9]|3[01])[ .\-](?:0?[1-9]|1[0-2])[ .\-](?:19|20)[0-9]{{2}}(?![0-9])  # date
      | (?<![0-9])(?:19|20)[0-9]{{2}}[.\-](?:0[1-9]|1[0-2])[.\-](?:0[1-9]|[12][0-9]|3[01])(?![0-9])      # ISO date
      | (?<=[Rr][Pp])[.]?[ ]?[0-9]{{1,3}}(?:[.][0-9]{{3}})+(?![0-9])  # money
      | (?<![0-9])[0-9]{{1,3}}[.][0-9]{{4,11}}(?![0-9])          # coordinate
      | [Bb][Ss][Dd][ \-]?[0-9]{{2}}[ \-]?[0-9]{{4}}[ \-]?[0-9]{{4}}(?![0-9])  # ticket
    """,
    re.VERBOSE,
)


def _masked_runs(text: str, runs: list[Found]) -> str:
    return _replaced(text, [(found.start, found.end) for found in runs], "[NIK]")


def _find(text: str, *, longest: int | None) -> list[Found]:
    plain = text if text.isascii() else text.translate(_PLAIN)
    # A run has 13 digits, one with letters at least 12; most texts have none.
    if sum(map(plain.count, "0123456789")) < _FEWEST:
        return []
    # Places in the text, not spans: a long text of numbers would be compared pair by pair.
    others = {place for match in _OTHER_NUMBER.finditer(plain) for place in range(*match.span())}
    found: list[Found] = []
    for run in _RUN.finditer(plain):
        groups = [(run.start() + group.start(), run.start() + group.end()) for group in _GROUP.finditer(run.group())]
        found += _in_groups(plain, groups, others, longest)
    taken = {place for one in found for place in range(one.start, one.end)}
    for match in _LETTER_RUN.finditer(plain):
        seen = re.sub(r"[ .\-]", "", match.group())
        if taken.isdisjoint(range(*match.span())) and 0 < sum(not c.isdigit() for c in seen) <= _MOST_LETTERS:
            found.append(Found(match.start(), match.end(), seen.translate(_LETTERS), letters=True))
    return sorted(found, key=lambda one: one.start)


def _in_groups(plain: str, groups: list[tuple[int, int]], others: set[int], longest: int | None) -> Iterator[Found]:
    """NIK-like runs among the digit groups of one run.

    First what reads as a well-formed NIK, wherever it stands; then, in what is left, what is no other kind of number.
    """
    well_formed = _well_formed(plain, groups)
    yield from (_found(plain, stretch) for stretch in well_formed)
    taken = {group for stretch in well_formed for group in stretch}
    whole_run_is_16 = not taken and len(_digits(plain, groups)) == LENGTH
    if whole_run_is_16 and groups[0][0] not in others:
        yield _found(plain, groups)
        return
    free = {group for group in groups if group not in taken and others.isdisjoint(range(*group))}
    for stretch in _neighbours(free, groups):
        count = len(_digits(plain, stretch))
        if count >= _SHORTEST and (longest is None or count <= longest):
            yield _found(plain, stretch)
        elif count >= _SHORTEST:
            fitting = (group for group in stretch if _SHORTEST <= group[1] - group[0] <= (longest or count))
            yield from (_found(plain, [group]) for group in fitting)


def _well_formed(plain: str, groups: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Neighbouring groups that make 16 digits with a possible region, date and serial; of overlapping ones one."""
    chosen: list[list[tuple[int, int]]] = []
    first = 0
    while first < len(groups):
        last = first
        while last < len(groups) and len(_digits(plain, groups[first : last + 1])) < LENGTH:
            last += 1
        stretch = groups[first : last + 1]
        if _flaw(_digits(plain, stretch), date.max) is None:
            chosen.append(stretch)
            first = last
        first += 1
    return chosen


def _neighbours(free: set[tuple[int, int]], groups: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """``free`` cut where a group between two of them is not free."""
    stretch: list[tuple[int, int]] = []
    for group in groups:
        if group in free:
            stretch.append(group)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _found(plain: str, stretch: list[tuple[int, int]]) -> Found:
    return Found(stretch[0][0], stretch[-1][1], _digits(plain, stretch))


def _digits(plain: str, groups: list[tuple[int, int]]) -> str:
    return "".join(plain[start:end] for start, end in groups)


def _replaced(text: str, spans: list[tuple[int, int]], mark: str) -> str:
    pieces = []
    last = 0
    for start, end in spans:
        pieces += [text[last:start], mark]
        last = end
    return "".join([*pieces, text[last:]])


def _all_digits(text: str) -> bool:
    return len(text) == LENGTH and text.isascii() and text.isdigit()


def _flaw(digits: str, today: date) -> Flaw | None:
    """The first flaw in the order in which a citizen can act on it."""
    if not _all_digits(digits):
        return Flaw.LENGTH
    if len(set(digits)) == 1 or digits in _SEQUENCE or digits in _SEQUENCE[::-1]:
        return Flaw.TRIVIAL
    if not regions.is_known(digits[:4]):
        return Flaw.REGION
    day = int(digits[6:8])
    if not (1 <= day <= 31 or 41 <= day <= 71) or not birth_dates(digits, today):
        return Flaw.BIRTH_DATE
    if digits[12:] == "0000":
        return Flaw.SERIAL
    return None
