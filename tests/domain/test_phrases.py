"""Ready replies: which variables they may name, and how a complaint fills them in."""

import pytest

from besadu.domain.phrases import VARIABLES, filled, problem


def test_every_variable_may_be_named_and_is_filled() -> None:
    text = " ".join(f"{{{name}}}" for name in VARIABLES)
    assert problem(text) == ""
    assert filled(text, dict.fromkeys(VARIABLES, "x{y}")) == " ".join(["x{y}"] * len(VARIABLES))


@pytest.mark.parametrize("name", ["nik", "NOMOR_TIKET", "nomor_tiket.__class__", "0", ""])
def test_an_unknown_variable_is_refused_with_its_name(name: str) -> None:
    assert f"Variabel {{{name}}} tidak dikenal" in problem(f"Laporan {{{name}}}")


@pytest.mark.parametrize("text", ["{nomor_tiket", "nomor_tiket}", "{nomor_tiket!r}", "{nomor_tiket:>9}", "{{x}"])
def test_braces_that_do_not_close_or_say_more_than_a_name_are_refused(text: str) -> None:
    assert "kurawal" in problem(text)


def test_a_text_without_variables_is_as_it_is() -> None:
    assert filled("Terima kasih.", {}) == "Terima kasih."
