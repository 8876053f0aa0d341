"""What the office owes stands in the log as numbers, and nothing of anybody in it."""

import json
from datetime import datetime, timedelta

import pytest

from besadu.domain.complaint import State
from besadu.domain.outreach import Outreach, OutreachState
from besadu.services import standing
from besadu.services.office import Office
from tests.factories import NIK, PHONE, Hands, a_text, hear, keep_complaint, keep_item, webhook


def test_an_empty_office_owes_nothing(office: Office) -> None:
    assert standing.report(office) == {"overdue": 0, "failed": 0, "waiting": 0}


def test_what_is_late_is_counted_and_what_is_with_the_citizen_is_not(office: Office) -> None:
    yesterday, tomorrow = office.now() - timedelta(days=1), office.now() + timedelta(days=1)
    keep_complaint(office, ticket="BSD-26-4839-2050", due=yesterday)
    keep_complaint(office, ticket="BSD-26-1111-2226", due=tomorrow)
    keep_complaint(office, ticket="BSD-26-2222-3337", state=State.DELIVERED, due=yesterday)
    keep_item(office, id="a" * 40, state="failed", due=None)
    keep_item(office, id="b" * 40, due=office.now() - timedelta(seconds=90))
    keep_call(office, "c", due=yesterday)
    keep_call(office, "d", due=tomorrow)
    keep_call(office, "e", due=yesterday, state="settled")
    assert standing.report(office) == {"overdue": 1, "failed": 2, "waiting": 90}


def keep_call(office: Office, name: str, *, due: datetime, state: OutreachState = "calling") -> None:
    task = Outreach(
        id=name * 40, ticket=name, answered=name, answer_of=name, made_at=office.now(), due=due, state=state
    )
    commit = office.store.commit()
    office.store.outreach.stage(commit, task, None)
    commit.run()


def test_the_log_tells_how_long_a_channel_has_been_silent(
    office: Office, hands: Hands, capsys: pytest.CaptureFixture[str]
) -> None:
    hear(office, webhook(a_text("Halo", message_id="wamid.first", at=hands.now())))
    hands.advance(hours=30)
    capsys.readouterr()
    standing.report(office)
    said = capsys.readouterr().err
    (heard,) = [line for line in map(json.loads, said.splitlines()) if line["event"] == "channel_heard"]
    assert (heard["channel"], heard["hours"]) == ("whatsapp", "30")
    assert PHONE not in said
    assert NIK not in said
