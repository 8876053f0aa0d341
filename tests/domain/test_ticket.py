from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import ticket

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SAMPLE = ticket.new(NOW, lambda count: "4839205"[:count])
DIGITS = SAMPLE.removeprefix("BSD-").replace("-", "")

nine_digits = st.text("0123456789", min_size=9, max_size=9)


def test_a_ticket_has_the_year_seven_random_digits_and_a_check_digit() -> None:
    assert f"BSD-26-4839-205{ticket.check_digit('264839205')}" == SAMPLE


def test_the_year_is_that_of_belitung() -> None:
    new_year = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)  # midnight in Belitung
    assert ticket.new(new_year).startswith("BSD-27-")


def test_tickets_are_not_counted_up() -> None:
    assert len({ticket.new(NOW) for _ in range(200)}) == 200


@given(nine_digits)
def test_every_single_wrong_digit_is_noticed(digits: str) -> None:
    whole = digits + ticket.check_digit(digits)
    for place in range(10):
        for wrong in "0123456789".replace(whole[place], ""):
            assert ticket.check_digit(whole[:place] + wrong + whole[place + 1 :]) != "0"


@given(nine_digits)
def test_every_swap_of_neighbours_is_noticed(digits: str) -> None:
    whole = digits + ticket.check_digit(digits)
    for place in range(9):
        a, b = whole[place], whole[place + 1]
        if a != b:
            assert ticket.check_digit(whole[:place] + b + a + whole[place + 2 :]) != "0"


@pytest.mark.parametrize(
    "text",
    [
        SAMPLE,
        SAMPLE.lower(),
        SAMPLE.replace("-", ""),
        SAMPLE.replace("-", " "),
        SAMPLE.replace("-", "."),
        f"BSD {DIGITS[:2]} {DIGITS[2:]}",
        f"status {SAMPLE} ya pak, sudah 3 hari",
        f"STATUS {SAMPLE} 10 hari",
        f"bsd: {DIGITS}",
        f"BSD#{DIGITS}",
        f"B S D {DIGITS}",
        SAMPLE.replace("0", "O"),
        SAMPLE.replace("0", "o").lower(),
        f"nomornya {DIGITS[:2]}-{DIGITS[2:6]}-{DIGITS[6:]}",
        DIGITS,
        f"{DIGITS}#",
    ],
)
def test_a_ticket_is_read_however_it_is_typed(text: str) -> None:
    assert ticket.parse(text) == SAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "saya mau lapor",
        "081234567890",
        "BSD-26-4839",
        f"{SAMPLE}1",
        f"nomor hp {DIGITS}",
        SAMPLE[:-1] + str((int(SAMPLE[-1]) + 1) % 10),
        "1902014101900001",
    ],
)
def test_what_is_no_valid_ticket_is_not_read_as_one(text: str) -> None:
    assert ticket.parse(text) is None


def test_a_mistyped_ticket_is_told_from_none() -> None:
    mistyped = SAMPLE[:-1] + str((int(SAMPLE[-1]) + 1) % 10)
    assert ticket.looks_like(f"status {mistyped}")
    assert ticket.looks_like("BSD-26-4839")
    assert ticket.looks_like(SAMPLE)
    assert not ticket.looks_like("jalan rusak di RT 02, hubungi 081234567890")
    assert not ticket.looks_like("bsd itu apa")


@given(nine_digits, st.sampled_from(["", " ", "-", ".", " - "]))
def test_every_ticket_survives_being_typed_with_other_separators(digits: str, gap: str) -> None:
    whole = digits + ticket.check_digit(digits)
    typed = gap.join(["bsd", whole[:2], whole[2:6], whole[6:]])
    assert ticket.parse(typed) == f"BSD-{whole[:2]}-{whole[2:6]}-{whole[6:]}"


@given(st.text(max_size=80))
def test_any_text_can_be_asked_for_a_ticket(text: str) -> None:
    assert ticket.parse(text) is None or ticket.looks_like(text)
