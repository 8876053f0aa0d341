"""Long texts are cut where a reader would pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.channels import segments, whatsapp


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, []),
        ("   ", 10, []),
        ("pendek", 10, ["pendek"]),
        ("satu dua\n\ntiga empat", 14, ["satu dua", "tiga empat"]),
        ("Satu dua. Tiga empat.", 14, ["Satu dua.", "Tiga empat."]),
        ("satu dua tiga empat", 10, ["satu dua", "tiga empat"]),
        ("satu dua tiga", 8, ["satu dua", "tiga"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        (
            "ab\U0001f468\u200d\U0001f469\u200d\U0001f467cd",
            5,
            ["ab", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "cd"],
        ),
        ("\U0001f1ee\U0001f1e9\U0001f1ee\U0001f1e9", 3, ["\U0001f1ee\U0001f1e9", "\U0001f1ee\U0001f1e9"]),
        ("cafe\u0301s", 4, ["caf", "e\u0301s"]),
    ],
)
def test_cuts(text: str, limit: int, pieces: list[str]) -> None:
    assert segments.split(text, limit) == pieces


def test_instagram_counts_bytes() -> None:
    pieces = segments.split("é" * 10, 6, lambda piece: len(piece.encode()))
    assert pieces == ["ééé", "ééé", "ééé", "é"]


@given(st.text(max_size=200), st.integers(1, 40))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str, limit: int) -> None:
    pieces = segments.split(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_whatsapp_text_of_the_longest_answer_fits() -> None:
    pieces = whatsapp.split("Perbaikan jalan selesai. " * 400)
    assert len(pieces) == 3
    assert all(len(piece) <= 4096 for piece in pieces)
