"""From what a citizen says about a place to the place as a complaint keeps it."""

import re
from functools import lru_cache

from besadu.domain import places
from besadu.domain.complaint import Place
from besadu.frozen import replace

_LONGEST = 120  # characters of a place's text
_NEAR = r"(?:(?:di)?(?:dekat|deket|depan|samping|sebelah|belakang|seberang)|simpang|perempatan|pertigaan|bundaran)"
_NAMED_THING = (
    r"(?:jalan|jln|jl|gang|gg|lorong|rt|rw|pasar|sdn?|smpn?|sman?|smkn?|masjid|mesjid|puskesmas|pustu|kantor|pantai|"
    r"jembatan|terminal|pelabuhan|dusun|perumahan|komplek|kompleks|toko|rsud|rumah\s+sakit|lapangan|km)"
)
# A thing with a name of its own: "Jl. Sriwijaya", "SD 5". In small letters "jalan" is mostly just a road.
_PROPER = re.compile(rf"(?<!\w)(?i:{_NAMED_THING})\.?\s*(?:[A-Z]\w*|\d+)(?:[ ./-]*(?:[A-Z]\w*|\d+|(?i:rt|rw|no)\.?))*")
# Words after a landmark that go on with the story instead of naming it.
_NO_NAME = (
    r"(?!(?:rumah\s+(?:saya|kami|aku|sy)|rumah\s*$|tidak|tdk|tak|gak|ga|yang|yg|sudah|sdh|udah|belum|mati|rusak|padam|sejak|dari|"
    r"tadi|kemarin|bau|menumpuk|dan|karena|penuh|selalu|sering|banyak|ada|di|ini|itu|sini|situ|sana|macet|banjir|berlubang|"
    r"bocor|gelap|sampai|setiap|tiap|pada|jam|hari|sekarang|lagi|nik)\b)"
)
_BESIDE = re.compile(rf"(?<!\w){_NEAR}\s+{_NO_NAME}\w{{2,}}(?:\s+{_NO_NAME}\w+)?", re.IGNORECASE)
# "di pasar hatta": few people use capitals; a road, a shop or an office in small letters is mostly just any.
_IN_THING = re.compile(
    rf"(?<!\w)di\s+(?:pasar|masjid|mesjid|puskesmas|pustu|pantai|jembatan|terminal|pelabuhan|lapangan|perumahan|kompleks?|"
    rf"gang|gg|jl|jln)\.?\s+{_NO_NAME}(?:[a-z]{{3,}})(?:\s+\d+)?",
    re.IGNORECASE,
)
_CUE = r"(?:jln|jl|gang|gg|desa|ds|kelurahan|kel|kecamatan|kec|dusun|dsn)"
_OPENING = re.compile(rf"(?<!\w)(?:di|ke)\s+(?=\w)|(?<!\w)(?:{_NEAR}|{_CUE})(?!\w)", re.IGNORECASE)
_SHORTENED = "".join(rf"(?<!\b{word})" for word in ("jl", "jln", "gg", "ds", "dsn", "kec", "kel", "rt", "rw", "no"))
_CLAUSE_END = re.compile(rf"[,;!?\n]|{_SHORTENED}\.(?=\s|$)", re.IGNORECASE)
_FURTHER = re.compile(rf"(?:\s*,)?\s*(?:{_PROPER.pattern}|(?i:{_BESIDE.pattern}))")
_PREPOSITION = re.compile(r"^\s*(?:(?:lokasi|tempat|alamat)(?:nya)?\s*[:=]?\s*)?(?:(?:di|ke|dari)\s+)?", re.IGNORECASE)
_WORDLESS_END = re.compile(r"[\s,;:.]+$")


@lru_cache(maxsize=512)  # a message is looked at several times, the draft's story with each new message
def locate(text: str) -> tuple[Place, int, int] | None:
    """The place that free text names, and the stretch of the text that names it. None when it names none.

    Names of villages count anywhere; a landmark only with a name of its own or after "depan", "dekat" and the like.
    """
    found = places.find(text)
    best = min(found, key=lambda one: _RANK[one.place.kind], default=None)
    landmark = _PROPER.search(text) or _BESIDE.search(text) or _IN_THING.search(text)
    if best is None and landmark is None:
        return None
    if best is None:
        start, end = _stretch(text, *landmark.span()) if landmark else (0, 0)
        return Place(text=_phrase(text[start:end])), start, end
    start, end = _stretch(text, best.start, best.end)
    phrase = _phrase(text[start:end])
    if landmark and not start <= landmark.start() < end:
        first, last = _stretch(text, *landmark.span())
        phrase = f"{_phrase(text[first:last])}, {phrase}"
    return _named(best.place, phrase), start, end


def described(text: str) -> Place:
    """The place that the whole of ``text`` describes: an answer to "where?"."""
    found = locate(text)
    place = found[0] if found else Place()
    return replace(place, text=_phrase(text))


def joined(old: Place | None, new: Place) -> Place:
    """``new`` with what only ``old`` knows: a pin and a description are two halves of one place."""
    if old is None:
        return new
    pin = new if new.latitude is not None else old
    text, names = new.text or old.text, new
    if old.district and not new.district:
        names = old
        text = ", ".join(each for each in (old.text, new.text) if each)
    return replace(names, text=text, latitude=pin.latitude, longitude=pin.longitude)


def without_bearings(text: str) -> str:
    """``text`` without what it only lies near: a hole "depan SD 5" is no matter of schools."""
    return _BESIDE.sub(", ", text)


def sufficient(place: Place | None) -> bool:
    """Whether somebody could go there. A whole district is too large."""
    if place is None:
        return False
    only_district = place.district and not place.village and place.latitude is None
    return not only_district or places.has_landmark(place.text)


def looks_outside(place: Place | None) -> bool:
    """Whether the place seems to lie outside Kabupaten Belitung. A guess, for a hint and never for a refusal."""
    if place is None:
        return False
    if place.latitude is not None and place.longitude is not None:
        return not places.inside_belitung(place.latitude, place.longitude)
    return place.district in _OUTSIDE


_RANK = {"kelurahan": 0, "desa": 0, "kecamatan": 1, "outside": 2}
_OUTSIDE = frozenset(place.district for place in places.PLACES if place.kind == "outside")


def _named(place: places.Place, text: str) -> Place:
    if place.kind in {"desa", "kelurahan"}:
        return Place(text=text, village=place.name, village_code=place.code, district=place.district)
    return Place(text=text, district=place.district)


def _stretch(text: str, start: int, end: int) -> tuple[int, int]:
    """The words around a name that belong to it: from "di" or "depan" in the same clause to the last landmark."""
    clause = max((match.end() for match in _CLAUSE_END.finditer(text, 0, start)), default=0)
    opening = next((match.start() for match in _OPENING.finditer(text, clause, start)), None)
    while further := _FURTHER.match(text, end):
        end = further.end()
    return (start if opening is None else opening), end


def _phrase(text: str) -> str:
    plain = _WORDLESS_END.sub("", _PREPOSITION.sub("", " ".join(text.split())))
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
