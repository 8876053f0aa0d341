"""How far a message got, and when it is tried again."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from besadu.domain.message import ReceiptState
from besadu.domain.outbox import (
    BACK_OFF,
    MOST_ATTEMPTS,
    RECEIPT_RANK,
    OutboxItem,
    OutboxState,
    next_attempt,
    receipt_moves,
)
from tests.factories import ADDRESS, START

ITEM = OutboxItem(id="a", kind="notice", address=ADDRESS, created_at=START, due=START)
# From each state, the receipts that tell something new.
MOVES: dict[str, set[str]] = {
    "pending": {"sent", "delivered", "read", "failed"},
    "sending": {"sent", "delivered", "read", "failed"},
    "held": set(),  # it waits; what arrives is its invitation, or an attempt before
    "sent": {"delivered", "read", "failed"},
    "delivered": {"read"},
    "read": set(),
    "failed": {"delivered", "read"},
    "superseded": set(),
    "unknown": {"delivered", "read", "failed"},
}


@pytest.mark.parametrize("state", get_args(OutboxState))
@pytest.mark.parametrize("receipt", get_args(ReceiptState))
def test_a_receipt_moves_a_message_forward_and_never_back(state: OutboxState, receipt: ReceiptState) -> None:
    assert receipt_moves(replace(ITEM, state=state), receipt) is (receipt in MOVES[state])


def test_every_receipt_has_a_rank() -> None:
    assert set(get_args(ReceiptState)) <= set(RECEIPT_RANK)


def test_attempts_grow_further_apart_and_span_at_least_a_day() -> None:
    pauses = [next_attempt(attempts, START) - START for attempts in range(1, MOST_ATTEMPTS)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=BACK_OFF[0])
    assert sum(pauses, timedelta()) > timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "followed"),
    [
        ("prompt", {"pending", "sending", "held", "superseded", "unknown"}),
        ("agency", {"pending", "sending", "held", "superseded", "unknown"}),
        ("answer", {"pending", "sending", "held", "superseded", "unknown", "sent", "failed", "delivered"}),
    ],
)
def test_a_message_is_followed_as_far_as_somebody_asks(kind: str, followed: set[str]) -> None:
    states = {state for state in get_args(OutboxState) if replace(ITEM, kind=kind, state=state).followed}  # type: ignore[arg-type]
    assert states == followed
