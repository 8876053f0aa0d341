from datetime import timedelta
from typing import Any

import pytest

from besadu.domain.conversation import Conversation
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem
from besadu.domain.reach import HUMAN_AGENT_FOR, Way, way
from tests.factories import START

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
KINDS = ("answer", "notice", "prompt", "question")


def chosen(channel: Any, silent: timedelta | None, *, opted_out: bool = False, **changes: Any) -> Way:
    """The way of a message to a citizen who has been silent so long; None: has never written."""
    address = Address(channel=channel, account="1", phone="6281200000001", user_id="7")
    fields = {"kind": "notice", "text": "Kabar.", **changes}
    item = OutboxItem(id="a", address=address, created_at=START, due=START, **fields)
    last = None if silent is None else START - silent
    return way(item, Conversation(address=address, last_inbound_at=last, opted_out=opted_out), START)


@pytest.mark.parametrize("channel", ["facebook", "instagram", "whatsapp"])
@pytest.mark.parametrize("kind", KINDS)
def test_inside_the_window_everything_goes_as_it_is(channel: str, kind: str) -> None:
    assert chosen(channel, DAY - MOMENT, kind=kind) == "free"
    assert chosen(channel, DAY, kind=kind) != "free"
    assert chosen(channel, timedelta(), kind=kind, window_was_closed=True) != "free"


@pytest.mark.parametrize("channel", ["facebook", "instagram", "whatsapp"])
def test_a_late_prompt_is_wanted_by_nobody(channel: str) -> None:
    assert chosen(channel, DAY, kind="prompt") == "drop"
    assert chosen(channel, None, kind="prompt") == "drop"


@pytest.mark.parametrize(
    ("kind", "template", "media", "expected"),
    [
        ("notice", "kabar_laporan", "", "template"),
        ("answer", "jawaban_tersedia", "", "invite"),
        ("question", "jawaban_tersedia", "", "invite"),
        ("answer", "", "a" * 40, "hold"),
        ("notice", "", "", "hold"),
    ],
)
def test_whatsapp_takes_templates_after_its_window(kind: str, template: str, media: str, expected: str) -> None:
    for silent in (DAY, 30 * DAY, None):
        assert chosen("whatsapp", silent, kind=kind, template=template, media=media) == expected


@pytest.mark.parametrize("channel", ["facebook", "instagram"])
@pytest.mark.parametrize("kind", ["answer", "question"])
def test_a_page_takes_what_a_person_wrote_for_seven_days(channel: str, kind: str) -> None:
    assert chosen(channel, DAY, kind=kind, by_person=True) == "human_agent"
    assert chosen(channel, HUMAN_AGENT_FOR - MOMENT, kind=kind, by_person=True) == "human_agent"
    assert chosen(channel, HUMAN_AGENT_FOR, kind=kind, by_person=True) == "elsewhere"
    assert chosen(channel, None, kind=kind, by_person=True) == "elsewhere"
    assert chosen(channel, DAY, kind=kind, by_person=False) == "elsewhere"
    assert chosen(channel, DAY, kind=kind, by_person=True, window_was_closed=True) == "elsewhere"


@pytest.mark.parametrize("channel", ["facebook", "instagram"])
def test_news_and_pictures_wait_on_a_page(channel: str) -> None:
    assert chosen(channel, 2 * DAY) == "hold"
    assert chosen(channel, 8 * DAY, kind="answer", by_person=True, media="a" * 40) == "hold"
    assert chosen(channel, 2 * DAY, kind="answer", by_person=True, media="a" * 40) == "human_agent"


@pytest.mark.parametrize("channel", ["sms", "telephone"])
@pytest.mark.parametrize("kind", KINDS)
def test_sms_has_no_window_and_carries_no_pictures(channel: str, kind: str) -> None:
    assert chosen(channel, 30 * DAY, kind=kind) == "free"
    assert chosen(channel, None, kind=kind) == "free"
    assert chosen(channel, DAY, kind=kind, media="a" * 40) == "drop"


def test_an_opt_out_ends_notices_by_sms_and_only_those() -> None:
    found = {kind: chosen("sms", DAY, kind=kind, opted_out=True) for kind in KINDS}
    assert found == {"answer": "free", "notice": "drop", "prompt": "free", "question": "free"}
    assert chosen("whatsapp", timedelta(), opted_out=True) == "free"


@pytest.mark.parametrize(("channel", "expected"), [("email", "free"), ("sms", "free"), ("whatsapp", "template")])
def test_a_post_gets_a_template_where_there_are_some(channel: Any, expected: str) -> None:
    address = Address(channel=channel, account="", phone="6281200000001")
    item = OutboxItem(id="a", kind="agency", address=address, created_at=START, due=START)
    assert way(item, None, START) == expected


def test_a_citizen_without_a_conversation_is_out_of_every_window() -> None:
    address = Address(channel="whatsapp", account="1", phone="6281200000001")
    item = OutboxItem(id="a", kind="notice", address=address, created_at=START, due=START, template="kabar_laporan")
    assert way(item, None, START) == "template"
