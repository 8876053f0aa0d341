"""All NIK here are made up; none is known to belong to anyone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import nik
from besadu.domain.nik import Flaw, Nik, NikProblem

TODAY = date(2026, 3, 2)
GOOD = "1902014101900001"
FULL_WIDTH = GOOD.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})


@st.composite
def well_formed(draw: st.DrawFn) -> str:
    birth = draw(st.dates(min_value=date(1930, 1, 1), max_value=TODAY))
    day = birth.day + draw(st.sampled_from([0, 40]))
    region = draw(st.sampled_from(["190201", "190205", "190601", "317106", "110101", "647305", "917101", "960101"]))
    return f"{region}{day:02}{birth:%m%y}{draw(st.integers(1, 9999)):04}"


@pytest.mark.parametrize(
    "typed",
    [
        GOOD,
        "190201 410190 0001",
        "1902-0141-0190-0001",
        "1902.0141.0190.0001",
        f"  {GOOD}\n",
        FULL_WIDTH,
        "1902\u00a00141\u00a00190\u00a00001",
    ],
)
def test_a_nik_is_accepted_however_it_is_spaced(typed: str) -> None:
    assert nik.check(typed, TODAY) == Nik(GOOD)


@pytest.mark.parametrize(
    ("typed", "flaw"),
    [
        ("190201410190001", Flaw.LENGTH),
        ("19020141019000011", Flaw.LENGTH),
        ("", Flaw.LENGTH),
        ("tidak tahu", Flaw.LENGTH),
        ("1902018101900001", Flaw.BIRTH_DATE),  # day 81, which day % 40 lets through
        ("1902019901900001", Flaw.BIRTH_DATE),
        ("1902010001900001", Flaw.BIRTH_DATE),
        ("1902013201900001", Flaw.BIRTH_DATE),
        ("1902014001900001", Flaw.BIRTH_DATE),
        ("1902017201900001", Flaw.BIRTH_DATE),
        ("1902010113900001", Flaw.BIRTH_DATE),
        ("1902010100900001", Flaw.BIRTH_DATE),
        ("1902013002900001", Flaw.BIRTH_DATE),  # 30 February
        ("1902012902010001", Flaw.BIRTH_DATE),  # 29 February 2001 or 1901
        ("1902014101900000", Flaw.SERIAL),
        ("0002014101900001", Flaw.REGION),
        ("9702014101900001", Flaw.REGION),  # 97 is a code of the statistics office, not of the population register
        ("1907014101900001", Flaw.REGION),
        ("1972014101900001", Flaw.REGION),
        ("1900014101900001", Flaw.REGION),
        ("1111111111111111", Flaw.TRIVIAL),
        ("1234567890123456", Flaw.TRIVIAL),
        ("9876543210987654", Flaw.TRIVIAL),
    ],
)
def test_what_cannot_be_a_nik_is_refused_with_its_first_flaw(typed: str, flaw: Flaw) -> None:
    problem = nik.check(typed, TODAY)
    assert isinstance(problem, NikProblem)
    assert problem.flaw is flaw


def test_a_wrong_length_says_how_many_digits_were_seen() -> None:
    assert nik.check("190201-410190-000", TODAY) == NikProblem(Flaw.LENGTH, 15)


@pytest.mark.parametrize("typed", ["19O2O14101900001", "l9020141019OOOOl", "1902o14101900001"])
def test_letters_for_digits_are_a_suggestion_and_no_nik(typed: str) -> None:
    problem = nik.check(typed, TODAY)
    assert isinstance(problem, NikProblem)
    assert problem.letters
    assert problem.flaw is Flaw.LENGTH


@pytest.mark.parametrize("typed", ["9101014101900001", "9301014101900001", "9605014101900001"])
def test_the_papuan_provinces_of_2022_are_known(typed: str) -> None:
    assert isinstance(nik.check(typed, TODAY), Nik)


@pytest.mark.parametrize("typed", ["6473014101900001", "9123014101900001", "9271014101900001", "7320014101900001"])
def test_people_keep_the_number_of_a_regency_that_moved_to_a_new_province(typed: str) -> None:
    assert isinstance(nik.check(typed, TODAY), Nik)


def test_an_unknown_district_is_a_hint_and_no_refusal() -> None:
    assert nik.check("1902994101900001", TODAY) == Nik("1902994101900001", district_known=False)


def test_a_birth_in_the_future_of_this_century_means_the_last_one() -> None:
    assert nik.birth_dates("1902010303260001", TODAY) == (date(1926, 3, 3),)
    assert nik.birth_dates("1902010203260001", TODAY) == (date(2026, 3, 2), date(1926, 3, 2))


@pytest.mark.parametrize(
    ("digits", "minor"),
    [
        ("1902010203080001", False),  # eighteen today
        ("1902010303080001", True),  # eighteen tomorrow
        ("1902014303080001", True),
        ("1902014101900001", False),
        ("1902010101200001", True),  # six, or a hundred and six: in doubt a child
    ],
)
def test_a_child_is_under_eighteen(digits: str, *, minor: bool) -> None:
    assert nik.is_minor(Nik(digits), TODAY) is minor


def test_neither_repr_nor_problem_shows_the_digits() -> None:
    shown = repr(nik.check(GOOD, TODAY)) + repr(nik.check(GOOD[:-1], TODAY)) + repr(nik.find(GOOD))
    assert "4101900" not in shown


@given(well_formed())
def test_every_well_formed_nik_is_accepted_and_found_in_a_sentence(digits: str) -> None:
    assert isinstance(nik.check(digits, TODAY), Nik)
    (found,) = nik.find(f"NIK saya {digits}, lampu mati sejak 02-03-2026")
    assert (found.digits, found.start, found.end) == (digits, 9, 25)


@given(well_formed(), st.integers(0, 15))
def test_a_missing_digit_is_always_noticed(digits: str, place: int) -> None:
    assert isinstance(nik.check(digits[:place] + digits[place + 1 :], TODAY), NikProblem)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (f"saya Ani NIK {GOOD} mau lapor", [GOOD]),
        (f"NIK{GOOD}ya pak", [GOOD]),
        (f"nik:{GOOD}.", [GOOD]),
        ("nik 190201 410190 0001 mau lapor", [GOOD]),
        ("nik 1902 0141 0190 0001 hp 0812 3456 7890", [GOOD]),
        (f"{GOOD} 081234567890", [GOOD]),
        (f"081234567890 {GOOD}", [GOOD]),
        (f"{GOOD} 1902014101900002", [GOOD, "1902014101900002"]),
        ("190201410190000", ["190201410190000"]),
        ("nik 19020141019000011", ["19020141019000011"]),
        ("BSD-26-4839-2057 190201410190000", ["190201410190000"]),
        ("nik 1902018101900000", ["1902018101900000"]),
        ("nik 1902 0812 3456 7890", ["1902081234567890"]),
        (f"nik {FULL_WIDTH}", [GOOD]),
        ("190201 - 410190 - 0001", [GOOD]),
    ],
)
def test_a_nik_is_found_in_free_text(text: str, digits: list[str]) -> None:
    assert [found.digits for found in nik.find(text)] == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "081234567890",
        "0812-3456-7890-1",
        "+62 812 3456 7890",
        "6281234567890",
        "62812345678901",
        "0819 0819 7 819",
        "(0719) 21234",
        "23-11-2026 14.30",
        "23.11.2026 08.30.15",
        "12-03-2026 13-03-2026",
        "2026-03-12 2026-03-13",
        "BSD-26-4839-2057 100 meter",
        "Rp 1.500.000.000.000",
        "-2.7412345 107.6543210",
        "12345678901234567890 nomor pelanggan",
        "RT 02 RW 03 nomor 12",
    ],
)
def test_other_numbers_are_not_taken_for_a_nik(text: str) -> None:
    assert nik.find(text) == []


def test_a_run_with_letters_in_it_is_found_as_a_suggestion() -> None:
    (found,) = nik.find("nik saya 19O2O14101900001 pak")
    assert (found.digits, found.letters, found.start, found.end) == (GOOD, True, 9, 25)


def test_the_mask_keeps_the_region_and_the_serial() -> None:
    assert nik.masked(GOOD) == "1902********0001"
    assert nik.masked("190201") == "*" * 16


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"NIK {GOOD}, jalan rusak", "NIK [NIK], jalan rusak"),
        ("190201 410190 0001 dan 0812 3456 7890", "[NIK] dan 0812 3456 7890"),
        ("salah ketik 190201410190000", "salah ketik [NIK]"),
        (f"{GOOD}081234567890", "[NIK]"),
        ("foto 19O2O14101900001", "foto [NIK]"),
        ("laporan BSD-26-4839-2057 tanggal 02-03-2026", "laporan BSD-26-4839-2057 tanggal 02-03-2026"),
    ],
)
def test_free_text_shows_no_nik(text: str, masked: str) -> None:
    assert nik.mask_in(text) == masked


@given(st.text("0123456789 .-Ol+ab", max_size=60), well_formed(), st.text("0123456789 .-Ol+ab", max_size=60))
def test_no_well_formed_nik_outlives_the_mask(before: str, digits: str, after: str) -> None:
    assert digits not in nik.mask_in(before + digits + after)


@given(st.text("0123456789 .-+ab", max_size=60))
def test_masking_changes_nothing_but_what_it_found(text: str) -> None:
    assert nik.mask_in(text) == text or "[NIK]" in nik.mask_in(text)
    assert nik.mask_in(text).startswith(text[: nik.find(text)[0].start] if nik.find(text) else "")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("hubungi 081234567890 ya", "hubungi [telepon] ya"),
        ("+62 812-3456-7890", "[telepon]"),
        ("wa 6281234567890", "wa [telepon]"),
        ("0819 0819 7 819", "[telepon]"),
        ("(0719) 21234", "[telepon]"),
        ("0719-21234", "[telepon]"),
        ("jam 08.00-16.00 tanggal 08-02-2026", "jam 08.00-16.00 tanggal 08-02-2026"),
        ("BSD-26-4839-2057", "BSD-26-4839-2057"),
    ],
)
def test_free_text_shows_no_phone_number(text: str, masked: str) -> None:
    assert nik.mask_phones(text) == masked


@given(st.text(alphabet="0123456789Ool. -/\uff11\u00a0aRp", max_size=60))
def test_found_and_masked_at_once_is_found_and_masked(text: str) -> None:
    assert nik.find_and_mask(text) == (nik.find(text), nik.mask_in(text))


@pytest.mark.parametrize(
    "text", ["1902014708900001 dan 12345678901234567890123", "9" * 25, "1902014708900001", "tidak ada"]
)
def test_longer_numbers_beside_a_nik_make_no_difference(text: str) -> None:
    assert nik.find_and_mask(text) == (nik.find(text), nik.mask_in(text))
