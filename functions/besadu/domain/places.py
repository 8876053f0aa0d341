"""The villages and districts of Kabupaten Belitung, and finding them in what people write.

Codes and names: Kemendagri 19.02 (Kepmendagri 300.2.2-2138/2025), 5 kecamatan, 7 kelurahan and 42 desa. Spelling varies
in daily use (Air/Aik, Tanjung/Tanjong, with and without spaces), so names are compared in one plain form.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from besadu.frozen import dataclass

Kind = Literal["kecamatan", "kelurahan", "desa", "outside"]


@dataclass(frozen=True)
class Place:
    """A village or district. ``outside``: a district of Belitung Timur, which is another government."""

    code: str
    name: str
    kind: Kind
    district: str  # name of the kecamatan; for a kecamatan its own name


@dataclass(frozen=True)
class PlaceMatch:
    """A place that ``text[start:end]`` names. ``typed`` is as written, ``exact`` False when the spelling was mended.

    ``ambiguous``: worth asking back, because the same name means a district and its village, or another village
    elsewhere on Belitung or Bangka.
    """

    place: Place
    start: int
    end: int
    typed: str
    exact: bool = True
    ambiguous: bool = False


_VILLAGES = {
    ("19.02.01", "Tanjungpandan"): (
        "1001 Kota, 1002 Parit, 1005 Lesung Batang, 1006 Pangkallalang, 1009 Tanjungpendam, 1011 Paal Satu, "
        "1016 Kampong Damai, 2003 Buluh Tumbang, 2004 Perawas, 2007 Dukong, 2008 Juru Seberang, 2010 Air Saga, "
        "2012 Air Merbau, 2013 Aik Pelempang Jaya, 2014 Aik Ketekok, 2015 Aik Rayak"
    ),
    ("19.02.02", "Membalong"): (
        "2001 Membalong, 2002 Perpat, 2003 Lassar, 2004 Simpang Rusa, 2005 Kembiri, 2006 Bantan, 2007 Tanjungrusa, "
        "2008 Mentigi, 2009 Pulau Seliu, 2010 Pulau Sumedang, 2011 Gunung Riting, 2012 Padang Kandis"
    ),
    ("19.02.03", "Selat Nasik"): "2001 Selat Nasik, 2002 Petaling, 2003 Suak Gual, 2004 Pulau Gersik",
    ("19.02.04", "Sijuk"): (
        "2001 Sijuk, 2002 Batu Itam, 2003 Terong, 2004 Air Seruk, 2005 Tanjung Binga, 2006 Air Selumar, "
        "2007 Sungai Padang, 2008 Keciput, 2009 Pelepak Pute, 2010 Tanjong Tinggi"
    ),
    ("19.02.05", "Badau"): (
        "2001 Badau, 2002 Air Batu Buding, 2003 Sungai Samak, 2004 Kacang Butor, 2005 Cerucuk, 2006 Pegantungan, "
        "2007 Ibul"
    ),
}
_EAST = (
    Place("19.06", "Belitung Timur", "outside", "Belitung Timur"),
    Place("19.06.01", "Manggar", "outside", "Manggar"),
    Place("19.06.02", "Gantung", "outside", "Gantung"),
    Place("19.06.03", "Dendang", "outside", "Dendang"),
    Place("19.06.04", "Kelapa Kampit", "outside", "Kelapa Kampit"),
    Place("19.06.05", "Damar", "outside", "Damar"),
    Place("19.06.06", "Simpang Renggiang", "outside", "Simpang Renggiang"),
    Place("19.06.07", "Simpang Pesak", "outside", "Simpang Pesak"),
)


def _read_villages() -> Iterator[Place]:
    for (district_code, district), villages in _VILLAGES.items():
        yield Place(district_code, district, "kecamatan", district)
        for village in villages.split(", "):
            number, name = village.split(" ", 1)
            yield Place(f"{district_code}.{number}", name, "kelurahan" if number[0] == "1" else "desa", district)


PLACES: tuple[Place, ...] = (*_read_villages(), *_EAST)
BY_CODE = {place.code: place for place in PLACES}
DISTRICTS: tuple[Place, ...] = tuple(place for place in PLACES if place.kind == "kecamatan")

_ALIASES = {
    "beltim": "Belitung Timur",
    "kampit": "Kelapa Kampit",
    "pal satu": "Paal Satu",
    "pal 1": "Paal Satu",
    "paal 1": "Paal Satu",
    "pelempang jaya": "Aik Pelempang Jaya",
    "lesong batang": "Lesung Batang",
    "tanjung tinggi": "Tanjong Tinggi",
    "simpang tiga renggiang": "Simpang Renggiang",
    "pulau gresik": "Pulau Gersik",
    "seliu": "Pulau Seliu",
    "tpandan": "Tanjungpandan",
    "tj pandan": "Tanjungpandan",
}
# One plain form for spellings that change from writer to writer.
_SPELLINGS = {
    "aik": "air",
    "aek": "air",
    "tanjong": "tanjung",
    "tg": "tanjung",
    "tj": "tanjung",
    "tjg": "tanjung",
    "kampong": "kampung",
    "kp": "kampung",
    "sei": "sungai",
    "sungei": "sungai",
    "pulo": "pulau",
}

# Names that are also everyday words (town, ditch, aubergine, to hang, resin, to sing): a cue must stand before them.
_EVERYDAY = frozenset({"kota", "parit", "terong", "gantung", "damar", "dendang"})
# Villages elsewhere share these names: Dukong in Belitung Timur, Petaling and Ibul on Bangka.
_SHARED = frozenset({"dukong", "petaling", "ibul"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Everyday words one letter away from a village (help, bright, to support, nurse, market and others).
_NEVER_MENDED = _words(
    """
    bantuan bantal banten terang torong toring dukung dukun perawat perawan peramas tempat cepat rapat empat
    pasar kasar lapar kembali kembar petani pulang gantungan kantung terung sungai padang tanjung simpang gunung
    batang pulau tinggi mentega mengerti
    """
)
_CUE = re.compile(r"(?:\b(desa|ds|kelurahan|kel|kecamatan|kec|kelurahannya|desanya)\b[\s.:]*)$", re.IGNORECASE)
_PREPOSITION = re.compile(r"\b(?:di|ke|dari|daerah|wilayah|warga|kampung|dusun)\s+$", re.IGNORECASE)
_CUE_REACH = 20  # characters before a name that are searched for a cue
_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)
_BREAK = re.compile(r"[,;:!?\n]|\.\s")
_LONGEST_NAME = 3  # words, as people space them; "Aik Pelempang Jaya"
_MENDED_FROM = 6  # letters; shorter names have too many neighbours
_MENDED_ALONE_FROM = 8  # letters; below that only after a cue such as "desa"

_LANDMARK = re.compile(
    r"""\b(?:
        jalan|jln|jl|gang|gg|lorong|r[tw]\d*|blok|komplek|kompleks|perumahan|btn|dusun|dsn|lingkungan|
        depan|didepan|dekat|didekat|deket|samping|disamping|sebelah|disebelah|belakang|dibelakang|seberang|sekitar|
        simpang|simpangan|perempatan|pertigaan|bundaran|tikungan|turunan|tanjakan|
        pasar|toko|warung|warkop|sekolah|(?:sd|smp|sma|smk)n?\d*|tk|paud|kampus|
        masjid|mesjid|musholla|mushola|surau|gereja|kelenteng|vihara|makam|kuburan|
        puskesmas|pustu|posyandu|rumah\ sakit|rsud|klinik|apotek|
        kantor|balai|lapangan|taman|stadion|terminal|bandara|pelabuhan|dermaga|tpi|tpa|spbu|
        pantai|jembatan|sungai|kolong|bukit|kebun|hutan|km|kilometer|tugu|gapura
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)

# The regency's own account of its position: 107 deg 08' to 107 deg 58' E, 02 deg 30' to 03 deg 15' S; a margin for
# small islands and for the error of a phone. The border with Belitung Timur is no straight line, so a pin close to it
# may be on the other side: an aid for the admin, no proof.
_SOUTH, _NORTH = -3.35, -2.45
_WEST, _EAST_EDGE = 107.05, 107.98


def find(text: str) -> list[PlaceMatch]:
    """The places named in free text, in the order in which they stand; longer names win over those inside them."""
    tokens = list(_TOKEN.finditer(text))
    words = [_plain(token.group()) for token in tokens]
    matches: list[PlaceMatch] = []
    position = 0
    while position < len(tokens):
        width, match = _longest_at(text, tokens, words, position)
        if match:
            matches.append(match)
        position += width
    return matches


def has_landmark(text: str) -> bool:
    """Whether the text holds something to find the spot by: a street, RT/RW, a building, "dekat", "depan" ...

    A landmark's word in a village's name ("Simpang Rusa", "Sungai Padang") is none.
    """
    for match in reversed(find(text)):
        text = f"{text[: match.start]}, {text[match.end :]}"
    return bool(_LANDMARK.search(text))


def inside_belitung(lat: float, lng: float) -> bool:
    """Whether a point (decimal degrees) lies in the regency's bounding box. Near its east border this is a guess."""
    return _SOUTH <= lat <= _NORTH and _WEST <= lng <= _EAST_EDGE


def _longest_at(
    text: str, tokens: list[re.Match[str]], words: list[str], position: int
) -> tuple[int, PlaceMatch | None]:
    """The longest place that starts at this token, exact before mended; with the count of tokens it takes."""
    start = tokens[position].start()
    keys = [words[position]]
    for last in range(position + 1, min(position + _LONGEST_NAME, len(tokens))):
        if _BREAK.search(text, tokens[last - 1].end(), tokens[last].start()):
            break  # "di Air, Saga" is no Air Saga
        keys.append(keys[-1] + words[last])
    for exact in (True, False):
        for width in range(len(keys), 0, -1):
            match = _match(text, start, tokens[position + width - 1].end(), _joined(keys[width - 1]), exact=exact)
            if match:
                return width, match
    return 1, None


def _match(text: str, start: int, end: int, key: str, *, exact: bool) -> PlaceMatch | None:
    # With a cue more names are mended, so what is nothing with one needs no search for it.
    if not (_by_key().get(key) if exact else _mended(key, has_cue=True)):
        return None
    cue = _CUE.search(text, max(0, start - _CUE_REACH), start)
    places = _by_key()[key] if exact else _mended(key, has_cue=cue is not None)
    if not places:
        return None
    place = _preferred(places, cue.group(1).lower() if cue else "")
    everyday = _key(place.name) in _EVERYDAY
    if everyday and not (exact and (cue or _stands_alone(text, start, end) or _named_in_capitals(text, start, place))):
        return None
    ambiguous = _key(place.name) in _SHARED or (len(places) > 1 and not cue)
    return PlaceMatch(place, start, end, text[start:end], exact, ambiguous)


def _preferred(places: tuple[Place, ...], cue: str) -> Place:
    """Of a district and the village it is named after: the one that the cue says, the district without one."""
    wanted = "kecamatan" if cue in {"", "kec", "kecamatan"} else "desa"
    return next((place for place in places if place.kind == wanted), places[0])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """The whole answer is the name, but for blanks, full stops and a preposition: the answer to "which village?"."""
    around = text[:start] + text[end:]
    if len(around) > _CUE_REACH:
        return False
    return not re.sub(r"^\s*(?:di|ke|dari)\s+|[\s.,!]", "", around, flags=re.IGNORECASE)


def _named_in_capitals(text: str, start: int, place: Place) -> bool:
    """``di Gantung``: capitalised after a preposition. Not for Kota and Parit, which people capitalise as words too."""
    return (
        place.kind == "outside"
        and text[start].isupper()
        and bool(_PREPOSITION.search(text, max(0, start - _CUE_REACH), start))
    )


def _key(name: str) -> str:
    return _joined(_plain(name))


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """``name`` in small letters without blanks, each of its words in the one spelling."""
    return "".join(_SPELLINGS.get(word, word) for word in _TOKEN.findall(name.lower()))


def _joined(joined: str) -> str:
    # Written in one word, "Aikrayak" or "Tanjongpandan", the spelling still counts as the same.
    if not joined.startswith(("aik", "tanjong", "kampong")):
        return joined
    for typed, plain in (("aik", "air"), ("tanjong", "tanjung"), ("kampong", "kampung")):
        if joined.startswith(typed) and len(joined) > len(typed) + 2:
            joined = plain + joined[len(typed) :]
    return joined


@lru_cache(maxsize=1)
def _by_key() -> dict[str, tuple[Place, ...]]:
    by_name: dict[str, tuple[Place, ...]] = {}
    for place in PLACES:
        by_name[place.name] = (*by_name.get(place.name, ()), place)
    keys = {_key(name): places for name, places in by_name.items()}
    return keys | {_key(alias): by_name[name] for alias, name in _ALIASES.items()}


@lru_cache(maxsize=4096)
def _mended(key: str, *, has_cue: bool) -> tuple[Place, ...]:
    """The places whose name is closest to ``key``: one slip allowed, two in names of eleven letters and more."""
    if key in _NEVER_MENDED:
        return ()
    best: tuple[Place, ...] = ()
    best_slips = 3
    letters = frozenset(key)
    for name, needed, allowed in _near_in_length().get(len(key), ()):
        if len(name) < (_MENDED_FROM if has_cue else _MENDED_ALONE_FROM):
            continue
        if len(needed - letters) > allowed:
            continue  # cannot be close enough; the long way below is slow
        slips, places = _slips(key, name), _by_key()[name]
        if slips <= allowed and slips < best_slips:
            best, best_slips = places, slips
        elif slips <= allowed and slips == best_slips:
            best += places
    return best


@lru_cache(maxsize=1)
def _near_in_length() -> dict[int, list[tuple[str, frozenset[str], int]]]:
    """Length of what is typed -> the names that it may mean: name, its letters, and how many slips it allows."""
    near: dict[int, list[tuple[str, frozenset[str], int]]] = {}
    for name in _by_key():
        allowed = 2 if len(name) >= 11 else 1
        for length in range(len(name) - allowed, len(name) + allowed + 1):
            near.setdefault(length, []).append((name, frozenset(name), allowed))
    return near


def _slips(a: str, b: str) -> int:
    """Edit distance in which swapping two neighbours is one slip (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        before, last, row = row, before, [i]
        for j, right in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
