"""What an SMS carries: plain words, and segments as the network counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.channels import gsm


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u201ckutip\u201d \u2018satu\u2019", "\"kutip\" 'satu'"),
        ("Senin\u2013Jumat \u2014 pagi", "Senin-Jumat - pagi"),
        ("tunggu\u2026", "tunggu..."),
        ("Laporan *BSD-26-4839-2057*: *siap*", "Laporan BSD-26-4839-2057: siap"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("Terima kasih. \U0001f64f", "Terima kasih. "),
        ("lampu \U0001f4a1 mati", "lampu mati"),
        ("1\ufe0f\u20e3 satu", "1 satu"),
        ("a\u00a0b\tc\r\nd", "a b c\nd"),
        ("Kur'\u00e2n caf\u00e9 S\u00e3o", "Kur'an caf\u00e9 Sao"),
        ("e\u0301", "\u00e9"),
        ("30\u00b0 50 m\u00b2 \u00bd", "30o 50 m2 1/2"),
        ("\u65e5\u672c", "\u65e5\u672c"),
        ("harga \u20ac5 [a]", "harga \u20ac5 [a]"),
    ],
)
def test_text_is_folded_to_what_gsm_has(text: str, expected: str) -> None:
    assert gsm.plain(text) == expected


@given(text=st.text(max_size=200))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = gsm.plain(text)
    assert gsm.size(once).segments <= max(1, gsm.size(text.replace("\u2026", "...")).segments * 3)
    assert gsm.plain(once).strip() == once.strip() or "*" in text


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("", "gsm7", 0, 1),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("\u20ac" * 80, "gsm7", 160, 1),
        ("a" * 159 + "\u20ac", "gsm7", 161, 2),
        # The escape of the euro sign does not fit at the end of the first part, so the second grows.
        ("a" * 152 + "\u20ac" + "a" * 152, "gsm7", 306, 3),
        ("\u65e5" * 70, "ucs2", 70, 1),
        ("\u65e5" * 71, "ucs2", 71, 2),
        ("a" * 70 + "\u201d", "ucs2", 71, 2),
        ("\U0001f64f" * 35, "ucs2", 70, 1),
        # 67 units hold 33 emoji and not half of the next.
        ("\U0001f64f" * 66, "ucs2", 132, 2),
        ("\U0001f64f" * 67, "ucs2", 134, 3),
    ],
)
def test_segments_are_counted_as_the_network_does(text: str, alphabet: str, units: int, segments: int) -> None:
    assert gsm.size(text) == (alphabet, units, segments)


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert len(gsm.BASIC) == 127  # 128 places, one of which is the escape
    assert len(gsm.EXTENDED) == 10
    assert not gsm.BASIC & gsm.EXTENDED
    assert "\u00e7" not in gsm.BASIC
    assert "\u00c7" in gsm.BASIC
