"""The leaders' weekly digest: once, on the week's first working morning, in the place of that day's message."""

from datetime import UTC, datetime, timedelta

import pytest

from besadu.channels import gsm
from besadu.channels.sms import MAX_SEGMENTS
from besadu.domain.outbox import OutboxItem
from besadu.identity import Person
from besadu.services import casework, followup, handling, reached, reminding, timetable
from besadu.services.delivery import _outgoing
from besadu.services.office import Office
from tests.factories import ADMIN, OFFICER, Hands, an_office, keep_complaint

MANAGER = Person(email="agus@belitung.example", name="Agus", role="manager")
MONDAY = datetime(2026, 3, 9, 1, 5, tzinfo=UTC)  # 08:05 in Belitung
TICKETS = ("BSD-26-4839-2050", "BSD-26-1111-2226", "BSD-26-2222-3337")
LEADER = {"leader1_title": "Bupati", "leader1_phone": "0812 3456 7890", "leader1_channels": "sms,whatsapp,email"}


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    office = an_office(firestore_project, hands.now)
    reached.save(office, MANAGER, {**reached.form(office), **LEADER})
    followup.sweep(office)  # the digest of the week in which the tests begin
    return office


def to_leader(office: Office) -> list[OutboxItem]:
    """What the leader was told after that one, oldest first."""
    found = [stored.value for stored in office.store.outbox.due(office.now())]
    return [item for item in found if item.template.endswith(("mingguan", "kantor"))][1:]


def test_it_counts_what_came_was_closed_waits_and_is_late(office: Office, hands: Hands) -> None:
    for ticket in TICKETS:
        keep_complaint(office, ticket=ticket)
    casework.reject(office, ADMIN, TICKETS[0], reason="Bukan layanan publik")
    casework.forward(office, ADMIN, TICKETS[1], agency_code="dishub")
    hands.time = MONDAY - timedelta(minutes=1)
    assert reminding.tell(office, "leader") == "closed"
    hands.time = MONDAY
    keep_complaint(office, ticket="BSD-26-3333-4448")  # of this week
    followup.sweep(office)
    (item,) = to_leader(office)
    assert (item.template, item.address.channel) == ("ringkasan_mingguan", "sms")
    assert item.template_values == (
        "Bupati",
        "3",
        "1",
        "terbuka 3 laporan, di antaranya 1 terlambat",
        "Dinas Perhubungan (1)",
    )
    hands.advance(days=1)
    followup.sweep(office)
    assert len(to_leader(office)) == 1


def test_after_a_monday_off_it_comes_on_tuesday(office: Office, hands: Hands) -> None:
    timetable.add_day(office, MANAGER, day="2026-03-09", name="Hari Jadi")
    hands.time = MONDAY
    followup.sweep(office)
    assert to_leader(office) == []
    hands.advance(days=1)
    followup.sweep(office)
    assert [item.template for item in to_leader(office)] == ["ringkasan_mingguan"]


def returned_and_late(office: Office, hands: Hands) -> None:
    """It came back on a Thursday and is to be verified by Tuesday, so on Wednesday the leader is to hear of it."""
    keep_complaint(office, ticket=TICKETS[0])
    casework.forward(office, ADMIN, TICKETS[0], agency_code="dishub")
    hands.time = MONDAY - timedelta(days=4)
    handling.hand_back(office, OFFICER, TICKETS[0], reason="Bukan kewenangan kami")


def test_it_brings_along_what_the_leader_is_to_be_told_that_day(office: Office, hands: Hands) -> None:
    returned_and_late(office, hands)
    hands.time = MONDAY + timedelta(days=2)
    while followup.look(office, TICKETS[0]) == "remind":
        pass
    followup.sweep(office)
    (item,) = to_leader(office)
    assert item.template_values[4] == f"meja admin (1); menunggu hari ini: {TICKETS[0]}"
    assert [one.ticket for one in item.listed] == [TICKETS[0]]
    assert reminding.tell(office, "leader") == "nothing to tell"


def test_telling_again_tells_nothing(office: Office, hands: Hands) -> None:
    hands.time = MONDAY
    assert reminding.tell(office, "leader") == "told 0"
    hands.advance(minutes=1)
    assert reminding.tell(office, "leader") == "nothing to tell"


def test_by_sms_it_fits(office: Office, hands: Hands) -> None:
    hands.time = MONDAY
    followup.sweep(office)
    (item,) = to_leader(office)
    sent = _outgoing(office, item, "free", now=hands.now())
    assert "BESADU pekan lalu: 0 laporan masuk, 0 selesai" in sent.text
    assert gsm.segments(gsm.plain(sent.text)) <= MAX_SEGMENTS
