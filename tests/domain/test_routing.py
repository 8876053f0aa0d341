import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import places, routing

SEED = Path(__file__).parents[2] / "infra" / "local" / "besadu_local" / "seed" / "agencies.toml"
ROWS = tomllib.loads(SEED.read_text(encoding="utf-8"))["agency"]
AGENCIES = tuple(routing.Agency(row["code"], row["name"], tuple(row["topics"]), row["outside"]) for row in ROWS)


def best(text: str) -> str:
    return routing.suggest(text, (), AGENCIES)[0].agency_code


def test_the_seed_has_every_field_and_each_agency_once() -> None:
    assert all(set(row) == {"code", "name", "short", "topics", "outside", "contact"} for row in ROWS)
    assert len({agency.code for agency in AGENCIES}) == len(AGENCIES)
    assert all(agency.topics for agency in AGENCIES)


def test_whoever_is_outside_can_be_reached_somewhere() -> None:
    assert all(row["contact"] for row in ROWS if row["outside"])


def test_every_district_has_its_office() -> None:
    for district in places.DISTRICTS:
        codes = [found.agency_code for found in routing.suggest("", (district.name,), AGENCIES)]
        assert codes == [f"KEC-{district.name.upper().replace(' ', '')}"]


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("Lampu jalan di depan masjid Air Saga sudah padam seminggu", "DISHUB"),
        ("lampu PJU dekat SD mati", "DISHUB"),
        ("lampu di jalan Sriwijaya mati", "DISHUB"),
        ("lampu-lampu jalannya pada mati", "DISHUB"),
        ("Jalan berlubang di Desa Perawas bahaya", "DPUPR"),
        ("jalan2 belobang di Badau", "DPUPR"),
        ("selokan mampet, genangan di mana-mana", "DPUPR"),
        ("parit tersumbat di Perawas", "DPUPR"),
        ("sampah numpuk dak diangkut di pasar", "DLH"),
        ("sampahnya sudah seminggu belum diangkut", "DLH"),
        ("Aik PDAM dak ngalir sudah 3 hari di Aik Rayak", "PERUMDA-AIR"),
        ("pipa bocor di Air Merbau", "PERUMDA-AIR"),
        ("antrean obat di RSUD lama sekali", "RSUD"),
        ("petugas puskesmas Badau tidak ramah", "DINKES"),
        ("KTP saya sudah 3 bulan belum dicetak", "DISDUKCAPIL"),
        ("guru SD kasar sama murid", "DISDIKBUD"),
        ("bansos tidak tepat sasaran", "DSPPPA"),
        ("harga gas melon mahal dan langka", "DKUKMPTK"),
        ("kebakaran lahan di Sijuk", "BPBD"),
        ("ada pungutan liar saat mengurus surat", "INSPEKTORAT"),
        ("musik keras dari kafe malam", "SATPOLPP"),
        ("tagihan PBB keliru", "BAPENDA"),
        ("rumah tidak layak huni minta bedah rumah", "PERKIM"),
    ],
)
def test_a_complaint_goes_to_whom_it_concerns(text: str, agency: str) -> None:
    assert best(text) == agency


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("listrik sering padam di Perawas", "PLN"),
        ("mati lampu sejak tadi malam", "PLN"),
        ("tiang listrik miring di Jl Merdeka", "PLN"),
        ("jalan nasional rusak parah arah Sijuk", "BPJN"),
        ("jalan provinsi berlubang", "PUPR-PROV"),
        ("lampu penerangan jalan nasional mati", "BPTD"),
        ("Guru SMA Negeri 1 minta uang komite", "DISDIK-PROV"),
        ("BPJS saya tidak aktif", "BPJS-KESEHATAN"),
        ("motor hilang, lapor polisi", "POLRES"),
        ("sertifikat tanah belum jadi", "BPN"),
        ("jalan berlubang di Manggar", "BELITUNG-TIMUR"),
        ("lampu jalan mati di Kelapa Kampit", "BELITUNG-TIMUR"),
        ("sampah menumpuk di Belitung Timur", "BELITUNG-TIMUR"),
    ],
)
def test_what_others_are_responsible_for_is_marked_as_outside(text: str, agency: str) -> None:
    first = routing.suggest(text, (), AGENCIES)[0]
    assert first.agency_code == agency
    assert first.outside


def test_a_suggestion_quotes_the_citizens_own_words() -> None:
    first = routing.suggest("LAMPU-lampu Jalannya mati, jln berlobang", (), AGENCIES)[0]
    assert first.words[0] == "LAMPU-lampu Jalannya mati"


def test_the_name_of_a_village_is_no_topic() -> None:
    suggestions = routing.suggest("sampah menumpuk di Air Saga", (), AGENCIES)
    assert [found.agency_code for found in suggestions] == ["DLH", "KEC-TANJUNGPANDAN"]


def test_an_everyday_word_is_no_other_regency() -> None:
    assert all(not found.outside for found in routing.suggest("jembatan gantung rusak", (), AGENCIES))


def test_a_word_said_twice_counts_once() -> None:
    once = routing.suggest("banjir", (), AGENCIES)[0]
    twice = routing.suggest("banjir, rumah kebanjiran", (), AGENCIES)[0]
    assert once.score == twice.score
    assert twice.words == ("banjir", "kebanjiran")


def test_small_talk_suggests_nobody() -> None:
    assert routing.suggest("halo selamat pagi, terima kasih ya pak", (), AGENCIES) == []
    assert routing.suggest("", (), ()) == []


def test_a_village_known_from_elsewhere_brings_its_district() -> None:
    codes = [found.agency_code for found in routing.suggest("sampah", ("Keciput",), AGENCIES)]
    assert codes == ["DLH", "KEC-SIJUK"]


def test_no_more_suggestions_than_asked_for() -> None:
    assert len(routing.suggest("sampah banjir listrik sekolah pasar jalan", (), AGENCIES, limit=2)) == 2


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("Lampu jalan di Air Saga mati", "lampu jalannya mati di Aik Saga", True),
        ("sampah menumpuk di pasar Tanjungpandan", "di pasar Tanjungpandan sampahnya numpuk bau", True),
        ("Lampu jalan di Air Saga mati", "antrean obat di RSUD lama", False),
        ("jalan rusak di Sijuk", "lampu mati di Badau", False),
    ],
)
def test_likely_duplicates_are_told_from_others(a: str, b: str, *, alike: bool) -> None:
    assert (routing.similarity(a, b) >= 0.5) is alike


@given(st.text(max_size=80), st.text(max_size=80))
def test_similarity_is_symmetric_and_between_zero_and_one(a: str, b: str) -> None:
    assert 0.0 <= routing.similarity(a, b) <= 1.0 + 1e-9
    assert routing.similarity(a, b) == routing.similarity(b, a)


@given(st.text(max_size=80))
def test_any_text_can_be_routed(text: str) -> None:
    for found in routing.suggest(text, (), AGENCIES):
        assert found.score > 0
        assert all(word in text for word in found.words)
