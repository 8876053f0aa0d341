"""What posts are told: once a day at most, in office hours, of what still waits, over the channels that they chose."""

from datetime import timedelta

import pytest

from besadu.channels import gsm
from besadu.channels.sms import MAX_SEGMENTS
from besadu.domain.complaint import Complaint, State
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem
from besadu.identity import Person
from besadu.services import casework, citizen_acts, digests, followup, handling, reminding, times
from besadu.services.delivery import _outgoing
from besadu.services.office import Office
from besadu.store.directory import Officer, Post
from tests.factories import (
    ADMIN,
    CITIZEN,
    DUTY_PHONE,
    OFFICER,
    PHONE,
    Hands,
    an_agency,
    an_office,
    complaint_of,
    keep_complaint,
)

TICKETS = ("BSD-26-4839-2050", "BSD-26-1111-2226", "BSD-26-2222-3337")


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    office = an_office(firestore_project, hands.now)
    deputy = Post(title="Wakil Dishub", email="wakil@dishub.example", channels=("email", "whatsapp", "sms"))
    office.store.directory.save_agency(an_agency(deputy=deputy))
    return office


def forwarded(office: Office, ticket: str = TICKETS[0], **changes: str) -> Complaint:
    kept = keep_complaint(office, ticket=ticket, **changes)
    return casework.forward(office, ADMIN, kept.ticket, agency_code="dishub")


def morning_of_the_due_day(office: Office, hands: Hands, *tickets: str) -> None:
    """All steps of that morning are taken, and it is five past eight."""
    hands.time = complaint_of(office, tickets[0]).remind_at or hands.time
    for ticket in tickets:
        assert followup.look(office, ticket) == "remind"
    hands.advance(minutes=5)


def messages(office: Office) -> list[OutboxItem]:
    """All reminders in the outbox, oldest first."""
    found = [stored.value for stored in office.store.outbox.due(office.now())]
    return [item for item in found if item.template.startswith(("pengingat", "ringkasan"))]


def test_one_complaint_is_a_message_of_its_own_with_its_link(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    morning_of_the_due_day(office, hands, ticket)
    assert reminding.tell(office, "duty:dishub") == "told 1"
    (item,) = messages(office)
    assert (item.template, item.address.channel, item.address.phone) == ("pengingat_opd", "whatsapp", DUTY_PHONE)
    assert (item.ticket, item.link_for, item.disposition) == (ticket, "dishub", 1)
    assert item.template_values == (
        "Petugas piket",
        ticket,
        "Lampu jalan mati",
        "masuk 1 hari lalu, tenggat Selasa, 3 Maret 2026 (tenggat hari ini)",
        "diterima, atau dikembalikan dengan alasan",
    )
    assert [one.channel for one in item.fallbacks] == ["sms"]


def test_several_are_one_digest_with_a_link_each(office: Office, hands: Hands) -> None:
    for ticket in TICKETS:
        forwarded(office, ticket)
    morning_of_the_due_day(office, hands, *TICKETS)
    assert reminding.tell(office, "duty:dishub") == "told 3"
    (item,) = messages(office)
    assert (item.template, item.template_values[:2]) == ("ringkasan_opd", ("Petugas piket", "3"))
    assert {one.ticket for one in item.listed} == set(TICKETS)
    assert all(ticket in item.template_values[2] for ticket in TICKETS)


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    brief = digests.within(f"BSD-26-0000-{number:04d} (terlambat 2 hari kerja)" for number in range(20))
    assert len(brief) < digests.LONGEST_LIST + 20
    assert brief.endswith("; dan 13 lainnya")


def test_who_has_heard_today_hears_the_rest_on_the_next_working_day(office: Office, hands: Hands) -> None:
    for ticket in TICKETS[:2]:
        forwarded(office, ticket)
    hands.time = complaint_of(office, TICKETS[0]).remind_at or hands.time
    followup.look(office, TICKETS[0])
    hands.advance(minutes=5)
    assert reminding.tell(office, "duty:dishub") == "told 1"
    followup.look(office, TICKETS[1])
    assert reminding.tell(office, "duty:dishub") == "deferred"
    assert reminding.tell(office, "duty:dishub") == "nothing to tell"
    hands.advance(days=1)
    assert reminding.tell(office, "duty:dishub") == "told 1"
    assert [item.ticket for item in messages(office)] == list(TICKETS[:2])


def test_what_was_put_off_is_not_put_off_again_when_the_office_opens_earlier(office: Office, hands: Hands) -> None:
    for ticket in TICKETS:
        forwarded(office, ticket)
    morning_of_the_due_day(office, hands, TICKETS[0])
    assert reminding.tell(office, "duty:dishub") == "told 1"
    followup.look(office, TICKETS[1])
    assert reminding.tell(office, "duty:dishub") == "deferred"  # to five past eight
    manager = Person(email="agus@belitung.example", name="Agus", role="manager")
    times.save(office, manager, {**times.form(office), "opens": "07:30"})
    hands.advance(hours=23, minutes=30)
    followup.look(office, TICKETS[2])
    assert reminding.tell(office, "duty:dishub") == "told 2"


def test_nobody_is_told_outside_office_hours(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    hands.advance(days=1, hours=12)
    assert followup.look(office, ticket) == "nothing due"
    assert reminding.tell(office, "duty:dishub") == "closed"
    hands.advance(hours=11)  # 08:00 of the next morning
    assert followup.look(office, ticket) == "remind"
    assert reminding.tell(office, "duty:dishub") == "closed"
    hands.advance(minutes=5)
    assert reminding.tell(office, "duty:dishub") == "told 1"


def test_what_waits_from_the_day_before_is_told_with_what_the_morning_brings(office: Office, hands: Hands) -> None:
    for ticket in TICKETS[:2]:
        forwarded(office, ticket)
    morning_of_the_due_day(office, hands, TICKETS[0])  # and then nobody told anything all day
    hands.advance(hours=23, minutes=57)
    followup.look(office, TICKETS[1])
    assert reminding.tell(office, "duty:dishub") == "closed"
    hands.advance(minutes=3)
    assert reminding.tell(office, "duty:dishub") == "told 2"


def test_what_was_answered_meanwhile_is_not_told(office: Office, hands: Hands) -> None:
    for ticket in TICKETS[:2]:
        forwarded(office, ticket)
    morning_of_the_due_day(office, hands, *TICKETS[:2])
    handling.answer(office, OFFICER, TICKETS[0], text="Sudah diperbaiki.")
    assert reminding.tell(office, "duty:dishub") == "told 1"
    handling.answer(office, OFFICER, TICKETS[1], text="Sudah diperbaiki.")
    assert reminding.tell(office, "deputy:dishub") == "no longer needed"
    assert [item.ticket for item in messages(office)] == [TICKETS[1]]


def test_telling_twice_tells_once(office: Office, hands: Hands) -> None:
    ticket = forwarded(office).ticket
    morning_of_the_due_day(office, hands, ticket)
    assert reminding.tell(office, "duty:dishub") == "told 1"
    assert reminding.tell(office, "duty:dishub") == "nothing to tell"
    assert len(messages(office)) == 1


def test_a_post_without_addresses_is_an_operators_task(
    office: Office, hands: Hands, capsys: pytest.CaptureFixture[str]
) -> None:
    office.store.directory.save_agency(an_agency(duty=Post()))
    ticket = forwarded(office).ticket
    morning_of_the_due_day(office, hands, ticket)
    assert reminding.tell(office, "duty:dishub") == "nobody there"
    assert "post_unreachable" in capsys.readouterr().err
    assert reminding.tell(office, "duty:dishub") == "nothing to tell"


def test_the_office_itself_is_told_by_e_mail_until_it_has_named_its_posts(office: Office, hands: Hands) -> None:
    for name, role in (("Sari", "admin"), ("Budi", "leader"), ("Joni", "auditor")):
        person = Officer(email=f"{name.lower()}@belitung.example", name=name, role=role)  # type: ignore[arg-type]
        office.store.directory.save_officer(person)
    ticket = handling.hand_back(office, OFFICER, forwarded(office).ticket, reason="Bukan kewenangan kami").ticket
    while reminding.tell(office, "leader") != "told 1":
        hands.time = max(complaint_of(office, ticket).remind_at or hands.time, hands.time) + timedelta(minutes=5)
        followup.look(office, ticket)
    assert reminding.tell(office, "admin") == "told 1"
    told = {item.address.user_id: item.template for item in messages(office)}
    assert told == {"budi@belitung.example": "pengingat_kantor", "sari@belitung.example": "pengingat_kantor"}


def test_the_leader_is_asked_to_decide_on_the_morning_after_the_second_return(office: Office, hands: Hands) -> None:
    office.store.directory.save_officer(Officer(email="budi@belitung.example", name="Budi", role="leader"))
    ticket = handling.hand_back(office, OFFICER, forwarded(office).ticket, reason="Bukan kewenangan kami").ticket
    casework.forward(office, ADMIN, ticket, agency_code="dishub")
    handling.hand_back(office, OFFICER, ticket, reason="Tetap bukan kewenangan kami")
    hands.advance(hours=23, minutes=5)
    assert followup.look(office, ticket) == "remind"
    assert reminding.tell(office, "leader") == "told 1"
    (item,) = messages(office)
    assert item.listed[0].text.endswith("Perlu ditetapkan OPD-nya oleh pimpinan: sudah dua kali dikembalikan.")


def test_a_letter_has_all_links_and_no_citizen(office: Office, hands: Hands) -> None:
    for ticket in TICKETS:
        forwarded(office, ticket)
    morning_of_the_due_day(office, hands, *TICKETS)
    reminding.tell(office, "deputy:dishub")
    (item,) = messages(office)
    assert item.address == Address(channel="email", account="", user_id="wakil@dishub.example")
    sent = _outgoing(office, item, "free", now=hands.now())
    assert sent.subject == "BESADU: 3 laporan menunggu"
    assert sent.text.count("/assignment/t/") == len(TICKETS)
    assert sent.text.count("/assignment/daftar/") == 1
    assert "Wakil Dishub" in sent.text
    assert PHONE not in sent.text
    assert "Sari" not in sent.text
    assert CITIZEN.name not in sent.text


def test_an_sms_to_a_post_fits_and_has_its_link(office: Office, hands: Hands) -> None:
    office.store.directory.save_agency(an_agency(duty=Post(title="Piket", phone=DUTY_PHONE, channels=("sms",))))
    ticket = forwarded(office, title="Lampu jalan mati " * 7).ticket
    morning_of_the_due_day(office, hands, ticket)
    reminding.tell(office, "duty:dishub")
    (item,) = messages(office)
    sent = _outgoing(office, item, "free", now=hands.now())
    assert f"{office.settings.besadu_public_url}/assignment/t/" in sent.text
    assert gsm.segments(gsm.plain(sent.text)) <= MAX_SEGMENTS


def test_the_admins_post_hears_of_a_low_mark_once_and_not_when_it_has_been_seen_to(
    office: Office, hands: Hands
) -> None:
    office.store.directory.save_officer(Officer(email="admin@office.example", name="Ani", role="admin"))
    seen, open_one = TICKETS[:2]
    for ticket in (seen, open_one):
        before = keep_complaint(office, ticket=ticket, state=State.DELIVERED)
        stored = office.store.complaints.read(before.ticket)
        assert stored
        decision = citizen_acts.decide(office, stored.value, "rate", hands.now(), rating=2)
        office.store.complaints.change(ticket, lambda _, made=decision: made)
    casework.see_mark(office, ADMIN, seen, text="Sudah ditelepon.")
    assert reminding.tell(office, "admin") == "told 1"
    (item,) = messages(office)
    assert (item.ticket, item.template) == (open_one, "pengingat_kantor")
    assert "nilai 2 dari 5" in item.template_values[3]
    assert reminding.tell(office, "admin") == "nothing to tell"
