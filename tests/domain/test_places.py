from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import places


def names(text: str) -> list[tuple[str, str]]:
    return [(match.place.name, match.place.kind) for match in places.find(text)]


def test_the_regency_has_five_districts_and_forty_nine_villages() -> None:
    assert Counter(place.kind for place in places.PLACES if place.kind != "outside") == {
        "kecamatan": 5,
        "kelurahan": 7,
        "desa": 42,
    }
    assert len(places.BY_CODE) == len(places.PLACES)


@pytest.mark.parametrize("place", places.PLACES, ids=lambda place: place.code)
def test_every_place_is_found_by_its_own_name(place: places.Place) -> None:
    cue = "kecamatan" if place.kind in {"kecamatan", "outside"} else place.kind
    (match,) = places.find(f"lampu mati di {cue} {place.name} sejak kemarin")
    assert match.place == place
    assert match.exact
    assert match.typed == place.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jalan berlubang di aik saga dekat masjid", "Air Saga"),
        ("airsaga", "Air Saga"),
        ("air ketekok", "Aik Ketekok"),
        ("Aikrayak", "Aik Rayak"),
        ("tanjong pandan", "Tanjungpandan"),
        ("TANJUNG PENDAM", "Tanjungpendam"),
        ("tj binga", "Tanjung Binga"),
        ("tanjung tinggi", "Tanjong Tinggi"),
        ("kampung damai", "Kampong Damai"),
        ("pangkal lalang", "Pangkallalang"),
        ("Pelempang Jaya", "Aik Pelempang Jaya"),
        ("pal 1", "Paal Satu"),
        ("juru sebrang", "Juru Seberang"),
        ("membalonng", "Membalong"),
        ("buluh tumbnag", "Buluh Tumbang"),
        ("desa Bantann", "Bantan"),
        ("desa lasar", "Lassar"),
        ("sungai samak", "Sungai Samak"),
    ],
)
def test_daily_spellings_and_slips_are_understood(text: str, name: str) -> None:
    (match,) = places.find(text)
    assert match.place.name == name


@pytest.mark.parametrize(
    "text",
    [
        "lampu mati di kota",
        "parit mampet",
        "Parit di depan rumah tersumbat",
        "harga terong naik",
        "lampu terang sekali",
        "bantuan sosial belum cair",
        "tolong didukung",
        "kami dukung",
        "perawat tidak ramah",
        "tempat sampah penuh",
        "kabel gantung",
        "jembatan gantung rusak",
        "air PDAM mati",
        "ke Air, Saga sudah tahu",
        "pasar kotor",
    ],
)
def test_everyday_words_are_no_places(text: str) -> None:
    assert places.find(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kota", "Kota"),
        ("di kota.", "Kota"),
        ("kelurahan kota", "Kota"),
        ("Kel. Parit", "Parit"),
        ("desa terong", "Terong"),
        ("di Gantung", "Gantung"),
    ],
)
def test_everyday_words_are_places_after_a_cue_or_as_the_whole_answer(text: str, name: str) -> None:
    assert [match.place.name for match in places.find(text)] == [name]


@pytest.mark.parametrize("text", ["Dukong", "di Petaling", "desa Ibul", "Sijuk", "di Membalong"])
def test_a_name_of_two_places_is_ambiguous(text: str) -> None:
    (match,) = places.find(text)
    assert match.ambiguous


def test_a_cue_tells_the_village_from_the_district() -> None:
    assert names("Sijuk") == [("Sijuk", "kecamatan")]
    assert names("desa Sijuk") == [("Sijuk", "desa")]
    assert names("desa Keciput kecamatan Sijuk") == [("Keciput", "desa"), ("Sijuk", "kecamatan")]
    assert not places.find("desa Sijuk")[0].ambiguous


@pytest.mark.parametrize(
    "text",
    ["Manggar", "kelapa kampit", "Beltim", "belitung timur", "kec. Dendang", "di Damar", "simpang pesak", "renggiang"][
        :7
    ],
)
def test_belitung_timur_is_outside(text: str) -> None:
    assert [match.place.kind for match in places.find(text)] == ["outside"]


def test_a_match_tells_where_it_stands() -> None:
    text = "Dari Perawas ke Air Batu Buding"
    assert [text[match.start : match.end] for match in places.find(text)] == ["Perawas", "Air Batu Buding"]


@pytest.mark.parametrize(
    "text",
    [
        "Jl. Sriwijaya",
        "jln merdeka no 3",
        "gang Melati",
        "RT 02/RW 03",
        "rt02",
        "depan masjid",
        "dekat puskesmas",
        "SDN 5",
        "smpn1",
        "pantai",
        "jembatan",
        "simpang empat",
        "pasar",
    ],
)
def test_a_landmark_is_noticed(text: str) -> None:
    assert places.has_landmark(text)


@pytest.mark.parametrize("text", ["", "Perawas", "desa Simpang Rusa", "Sungai Padang", "lampu mati", "kartu keluarga"])
def test_a_village_alone_is_no_landmark(text: str) -> None:
    assert not places.has_landmark(text)


@pytest.mark.parametrize(
    ("lat", "lng", "inside"),
    [
        (-2.74, 107.63, True),  # Tanjungpandan
        (-2.55, 107.70, True),  # the coast of Sijuk
        (-3.22, 107.53, True),  # Pulau Seliu
        (-2.87, 108.27, False),  # Manggar
        (-2.13, 106.11, False),  # Pangkalpinang
        (-6.20, 106.80, False),  # Jakarta
        (0.0, 0.0, False),
    ],
)
def test_a_pin_is_inside_the_regency_or_not(lat: float, lng: float, *, inside: bool) -> None:
    assert places.inside_belitung(lat, lng) is inside


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text: str) -> None:
    for match in places.find(text):
        assert text[match.start : match.end] == match.typed
    places.has_landmark(text)
