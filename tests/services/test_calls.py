from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from besadu import vault
from besadu.domain.complaint import Complaint, State, first_broken_entry
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.message import Address
from besadu.errors import InvalidFields, Refused
from besadu.services import call_form, calls, casework, routing
from besadu.services.call_form import CallForm
from besadu.services.office import Office
from besadu.store.senders import key_of
from tests.factories import (
    ACCOUNT,
    ADMIN,
    NIK,
    OFFICER,
    PHONE,
    START,
    Hands,
    an_office,
    complaint_of,
    file_complaint,
    head_of,
    keep_head,
    say,
)

STORY = "Lampu jalan mati sudah seminggu, gelap sekali"
WHATSAPP = Address(channel="whatsapp", account=ACCOUNT, phone=PHONE)


@pytest.fixture
def office(firestore_project: str, hands: Hands) -> Office:
    return an_office(firestore_project, hands.now, sms_gateway="android")


def a_form(**changes: Any) -> CallForm:
    base = CallForm(
        form_id="form-0123456789abcdef",
        phone="0812 0000 0001",
        name="Pak Anwar",
        nik=NIK,
        story=STORY,
        place="depan SD 5 Perawas",
        when="sejak Senin",
        reply_by="whatsapp",
    )
    return replace(base, **changes)


def registered(office: Office, **changes: Any) -> Complaint:
    return complaint_of(office, calls.register_call(office, ADMIN, a_form(**changes)))


def problems_of(office: Office, **changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidFields) as caught:
        calls.register_call(office, ADMIN, a_form(**changes))
    return dict(caught.value.problems)


def test_a_call_becomes_a_complaint_like_any_other(office: Office) -> None:
    complaint = registered(office, evidence="punya foto", case_class="oversight")
    assert complaint.state == State.RECEIVED
    assert (complaint.channel, complaint.reporter.address) == ("telephone", WHATSAPP)
    assert complaint.story == f"{STORY}\nBukti: punya foto"
    assert complaint.title == STORY
    assert (complaint.place.text, complaint.place.village) == ("depan SD 5 Perawas", "Perawas")
    assert (complaint.when, complaint.case_class, complaint.reporter.name) == ("sejak Senin", "oversight", "Pak Anwar")
    assert complaint.clock == "verify"
    assert complaint.due
    held = complaint.reporter.nik
    assert held
    assert held.masked == "1902********0003"
    assert vault.open_sealed(office.settings, held.sealed).decode() == NIK
    (entry,) = complaint.history
    assert (entry.action, entry.actor, entry.role) == ("receive", ADMIN.name, "admin")
    assert entry.note == "Lewat telepon; nomor laporan dikirim lewat WhatsApp"
    assert first_broken_entry(complaint.history) is None


def test_the_village_may_stand_in_the_story_alone(office: Office) -> None:
    complaint = registered(office, place="depan masjid besar", story=f"{STORY} di Desa Perawas")
    assert (complaint.place.text, complaint.place.village) == ("depan masjid besar", "Perawas")


def test_the_ticket_goes_out_as_a_template_to_somebody_who_never_wrote(office: Office) -> None:
    complaint = registered(office)
    (told,) = office.store.outbox.of_ticket(complaint.ticket)
    assert told.address == WHATSAPP
    assert told.template == "kabar_laporan"
    assert told.template_values == (
        complaint.ticket,
        "sudah kami terima, dan kami verifikasi paling lambat Kamis, 5 Maret 2026",
    )
    assert complaint.ticket in told.text
    assert told.id in complaint.history[0].told


def test_the_caller_may_have_it_by_sms_or_not_at_all(office: Office) -> None:
    by_sms = registered(office, reply_by="sms")
    assert by_sms.reporter.address == Address(channel="sms", account="android", phone=PHONE)
    assert [item.address.channel for item in office.store.outbox.of_ticket(by_sms.ticket)] == ["sms"]
    spoken = registered(office, reply_by="none", form_id="form-0123456789abcde2", phone="(0719) 21234")
    assert spoken.reporter.address.channel == "telephone"
    assert spoken.reporter.address.phone == "6271921234"
    assert office.store.outbox.of_ticket(spoken.ticket) == []
    assert spoken.history[0].note == "Lewat telepon; nomor laporan hanya dibacakan"


def test_without_a_gateway_no_sms_is_offered(firestore_project: str, hands: Hands) -> None:
    office = an_office(firestore_project, hands.now)
    assert call_form.ways_to_reply(office.settings) == ("whatsapp", "none")
    assert "reply_by" in problems_of(office, reply_by="sms")


def test_callers_without_a_number_are_not_taken_for_one_another(office: Office) -> None:
    first = registered(office, phone="", reply_by="none")
    second = registered(office, phone="", reply_by="none", form_id="form-0123456789abcde2")
    assert first.reporter.sender_key != second.reporter.sender_key


def test_the_caller_goes_on_where_they_are_answered(office: Office, hands: Hands) -> None:
    ticket = registered(office).ticket
    hands.advance(hours=1)
    say(office, "STATUS")
    head = head_of(office, WHATSAPP).value
    assert (head.ticket, head.tickets) == (ticket, (ticket,))
    assert head.said
    assert f"Laporan *{ticket}*" in head.said.text
    casework.forward(office, ADMIN, ticket, agency_code="dishub")
    forwarded = [item for item in office.store.outbox.of_ticket(ticket) if item.kind == "notice"][-1]
    assert forwarded.address == WHATSAPP


def test_a_complaint_that_the_caller_is_just_writing_is_left_alone(office: Office) -> None:
    draft = Draft(started_at=START, story=("Jalan rusak",))
    keep_head(office, Conversation(address=WHATSAPP, name="Sari", draft=draft, last_inbound_at=START))
    ticket = registered(office).ticket
    head = head_of(office, WHATSAPP).value
    assert (head.draft, head.name, head.ticket) == (draft, "Sari", ticket)


def test_the_same_form_sent_again_makes_nothing_new(office: Office) -> None:
    first = calls.register_call(office, ADMIN, a_form())
    assert calls.register_call(office, ADMIN, a_form()) == first
    assert [one.reporter.sender_key for one in office.store.complaints.newest()] == [key_of(WHATSAPP)]
    assert first in problems_of(office, story="Sampah menumpuk di pasar")["form_id"]


def test_the_same_form_sent_twice_at_once_makes_one_complaint(office: Office) -> None:
    with ThreadPoolExecutor(4) as pool:
        tickets = set(pool.map(lambda _: calls.register_call(office, ADMIN, a_form()), range(4)))
    assert len(tickets) == 1
    assert [one.reporter.sender_key for one in office.store.complaints.newest()] == [key_of(WHATSAPP)]
    assert len(office.store.outbox.of_ticket(tickets.pop())) == 1


def test_answers_follow_the_caller_to_the_way_they_chose(office: Office, hands: Hands) -> None:
    ticket = file_complaint(office, hands, phone="6281200000009")
    by_sms = registered(office, reply_by="sms", nik=NIK).reporter.address
    casework.forward(office, ADMIN, ticket, agency_code="dishub")
    asked = casework.ask(office, OFFICER, ticket, question="Sebelah mana?")
    question = next(item for item in office.store.outbox.of_ticket(asked.ticket) if item.kind == "question")
    head = head_of(office, question.address).value
    assert routing.last_used(office, question, head).item.address == by_sms


def test_without_a_nik_the_reason_stands_in_the_history(office: Office) -> None:
    assert problems_of(office, nik=" ") == {"nik": "Isi NIK, atau tulis mengapa NIK tidak ada."}
    complaint = registered(office, nik="", nik_reason="lupa membawa KTP")
    assert complaint.reporter.nik is None
    assert complaint.history[0].note.endswith("; tanpa NIK: lupa membawa KTP")


@pytest.mark.parametrize(
    ("digits", "says"),
    [
        ("190201450790000", "yang diketik 15 angka"),
        ("19020145079OOOO3", "Ada huruf"),
        ("1111111111111111", "berulang"),
        ("0002014507900003", "Kode wilayahnya"),
        ("1902014513900003", "Tanggal lahir"),
        ("1902014507900000", "Empat angka terakhirnya"),
    ],
)
def test_what_is_wrong_with_a_nik_is_said_without_repeating_it(office: Office, digits: str, says: str) -> None:
    said = problems_of(office, nik=digits)["nik"]
    assert says in said
    assert digits not in said
    assert call_form.nik_hint(office, a_form(nik=digits)) == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"story": " "}, "story"),
        ({"story": "x" * 3501}, "story"),
        ({"place": ""}, "place"),
        ({"when": ""}, "when"),
        ({"when": "x" * 201}, "when"),
        ({"phone": "12"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"phone": NIK}, "phone"),
        ({"reply_by": ""}, "reply_by"),
        ({"case_class": "urgent"}, "case_class"),
        ({"form_id": "short"}, "form_id"),
    ],
)
def test_each_field_that_cannot_be_taken_is_named(office: Office, changes: dict[str, str], field: str) -> None:
    assert problems_of(office, **changes).keys() == {field}


@pytest.mark.parametrize("typed", ["0812-0000-0001", "+62 812 0000 0001", "6281200000001", "812 0000 0001"])
def test_numbers_are_kept_in_one_form(office: Office, typed: str) -> None:
    assert registered(office, phone=typed).reporter.address.phone == PHONE


def test_a_nik_is_kept_nowhere_in_the_clear(office: Office) -> None:
    texts = dict.fromkeys(("story", "place", "when", "evidence", "name"), f"lampu mati {NIK}")
    complaint = registered(office, **texts)
    kept = [complaint, *office.store.outbox.of_ticket(complaint.ticket), head_of(office, WHATSAPP).value]
    kept += [snapshot.to_dict() for snapshot in office.store.database.collection("inbox").get()]
    assert NIK not in repr(kept)
    assert "[NIK]" in complaint.story
    assert NIK not in repr(a_form(**texts).shown())
    assert NIK not in repr(a_form())


def test_only_an_admin_registers_calls(office: Office) -> None:
    with pytest.raises(Refused):
        calls.register_call(office, OFFICER, a_form())
