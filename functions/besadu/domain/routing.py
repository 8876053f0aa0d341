"""Which agency (OPD) a complaint belongs to: a suggestion with its reasons; an admin decides.

The topics are data (words and phrases per agency). Texts and topics are reduced to the same stems; a phrase beats the
words in it, and a topic counts the more, the fewer agencies share it. Each suggestion names the citizen's own words.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from besadu.domain import places, stems
from besadu.frozen import dataclass

_Phrase = tuple[str, ...]  # stems
_Index = dict[_Phrase, tuple[str, ...]]  # topic -> the codes of the agencies that have it
_Reason = tuple[_Phrase, str, float]  # topic, the citizen's words, score

_ELSEWHERE_FACTOR = 5.0  # a road in Manggar is Belitung Timur's, however well the topic fits our own roads office
_PLACE_SCORE = 0.3  # a district office is the neighbour who helps when nothing else fits: below every topic


@dataclass(frozen=True)
class Agency:
    """An OPD, or a body outside the regency's authority (``outside``) to which a complaint is referred."""

    code: str
    name: str
    topics: tuple[str, ...]
    outside: bool = False


@dataclass(frozen=True)
class Suggestion:
    """An agency with its score (higher is likelier; comparable within one text only) and the words that led to it."""

    agency_code: str
    score: float
    words: tuple[str, ...]
    outside: bool = False


def suggest(text: str, place_names: Iterable[str], agencies: Sequence[Agency], limit: int = 3) -> list[Suggestion]:
    """The likeliest agencies, best first; empty when no topic is met.

    ``place_names``: names of places known from elsewhere (a pin, an earlier answer); those in the text are found here.
    """
    index = _index(tuple(agencies))
    found = places.find(text)
    named = [match for name in place_names for match in places.find(name)]
    scores: defaultdict[str, float] = defaultdict(float)
    words: dict[str, list[str]] = {}
    reasons = [
        *_topic_reasons(text, found, index, len(agencies)),
        *_place_reasons([*found, *named], index, len(agencies)),
    ]
    counted = set()
    for phrase, typed, score in reasons:
        for code in index[phrase]:
            if typed not in words.setdefault(code, []):
                words[code].append(typed)
            scores[code] += 0.0 if phrase in counted else score
        counted.add(phrase)
    outside = {agency.code for agency in agencies if agency.outside}
    ranked = sorted(scores, key=lambda code: (-scores[code], code))
    return [Suggestion(code, round(scores[code], 3), tuple(words[code]), code in outside) for code in ranked[:limit]]


def similarity(a: str, b: str) -> float:
    """How alike two texts are, 0 to 1: cosine over their sets of stems. From about 0.5 worth a look as duplicates."""
    left, right = ({token.stem for token in stems.tokens(text)} for text in (a, b))
    if not left or not right:
        return 0.0
    return len(left & right) / math.sqrt(len(left) * len(right))


def _topic_reasons(text: str, found: list[places.PlaceMatch], index: _Index, agencies: int) -> Iterator[_Reason]:
    """The topics met in the text, longest first. A word is used once."""
    # "Air Saga" is a village and no matter for the water company.
    spans = [(match.start, match.end) for match in found]
    tokens = [token for token in stems.tokens(text) if not any(start <= token.start < end for start, end in spans)]
    used = [False] * len(tokens)
    for width in range(max(map(len, index), default=0), 0, -1):
        for first in range(len(tokens) - width + 1):
            window = tokens[first : first + width]
            phrase = tuple(token.stem for token in window)
            if phrase in index and phrase not in _area_names() and not any(used[first : first + width]):
                used[first : first + width] = [True] * width
                yield phrase, text[window[0].start : window[-1].end], _weight(phrase, index, agencies)


def _place_reasons(found: list[places.PlaceMatch], index: _Index, agencies: int) -> Iterator[_Reason]:
    """The government of the place: a little for the district's office, most of all for another regency's."""
    for match in found:
        phrase = _phrase(match.place.district)
        if phrase in index:
            elsewhere = match.place.kind == "outside"
            score = _ELSEWHERE_FACTOR * _weight(phrase, index, agencies) if elsewhere else _PLACE_SCORE
            yield phrase, match.typed, score


@lru_cache(maxsize=1)
def _area_names() -> frozenset[_Phrase]:
    """Districts as topics are met through ``places`` alone, which knows "kabel gantung" from "di Gantung"."""
    return frozenset(_phrase(place.name) for place in places.PLACES if place.kind in {"kecamatan", "outside"})


def _weight(phrase: _Phrase, index: _Index, agencies: int) -> float:
    rarity = math.log(1 + agencies / len(index[phrase]))
    return rarity * math.pow(len(phrase), 1.5)


@lru_cache(maxsize=8)
def _index(agencies: tuple[Agency, ...]) -> _Index:
    """Stemmed topic -> the codes of the agencies that have it."""
    index: _Index = {}
    for agency in agencies:
        for phrase in dict.fromkeys(map(_phrase, agency.topics)):
            if phrase:
                index[phrase] = (*index.get(phrase, ()), agency.code)
    return index


def _phrase(topic: str) -> _Phrase:
    return tuple(token.stem for token in stems.tokens(topic))
