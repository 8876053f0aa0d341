"""One OPD leads, others help: each hears, sees and sends for itself, and the answer is the leading one's."""

from dataclasses import asdict, replace
from datetime import date

import pytest

from besadu import links
from besadu.domain import support
from besadu.domain.complaint import Complaint, State, first_broken_entry
from besadu.domain.outbox import OutboxItem
from besadu.domain.support import Support, SupportState
from besadu.domain.workflow import NotAllowed
from besadu.errors import Invalid, Refused
from besadu.services import admission, casework, desk, followup, handling, letters, reading, reminding, supporting
from besadu.services.supporting import Request
from besadu.store.directory import Post
from besadu_local.stack import Stack
from tests.services.desk_case import ADMIN, NAME, NIK, PHONE, Case, a_case


@pytest.fixture
def lead(stack: Stack) -> Case:
    """The leading agency's side; it has accepted."""
    case = a_case(stack)
    handling.accept(case.office, case.officer, case.ticket)
    return case


def sent(case: Case, template: str) -> list[OutboxItem]:
    items = case.office.store.outbox.of_ticket(case.ticket)
    return [item for item in items if item.template == template]


def part(case: Case) -> Support:
    found = support.of(case.stored().support, case.agency.code)
    assert found
    return found


def all_of(case: Case) -> links.ListLink:
    return links.ListLink(agency=case.agency.code, issued_at=case.hands.now())


def steps(case: Case) -> set[str]:
    return {row.action for row in desk.agency_file(case.office, case.officer, case.ticket).steps}


def test_the_disposisi_names_one_that_leads_and_others_that_help(stack: Stack) -> None:
    case = a_case(stack, forwarded=False)
    other = a_case(stack, beside=case, forwarded=False)
    after = casework.forward(
        case.office,
        ADMIN,
        case.ticket,
        agency_code=case.agency.code,
        helpers=[Request(agency=other.agency.code, wanted="Mohon cek salurannya.")],
    )
    (one,) = after.support
    assert (after.agency, one.agency, one.state) == (case.agency.code, other.agency.code, SupportState.ASKED)
    assert after.disposition != one.disposition
    (asking,) = sent(case, "dukungan_diminta")
    assert (asking.link_for, asking.disposition) == (one.agency, one.disposition)
    assert asking.template_values[3] == after.agency_name
    assert "Mohon cek salurannya." in after.history[-1].note


@pytest.mark.parametrize("wrong", ["nobody", "outside", "lead", "twice", "empty"])
def test_what_cannot_be_asked_is_told_and_nothing_is_handed_over(stack: Stack, wrong: str) -> None:
    case = a_case(stack, forwarded=False)
    other = a_case(stack, beside=case, forwarded=False).agency
    outside = case.agency.__class__(code="pln", name="PT PLN", outside=True)
    case.office.store.directory.save_agency(outside)
    good = Request(agency=other.code, wanted="Cek.")
    asked = {
        "nobody": [Request(agency="", wanted="Cek.")],
        "outside": [Request(agency="pln", wanted="Cek.")],
        "lead": [Request(agency=case.agency.code, wanted="Cek.")],
        "twice": [good, good],
        "empty": [Request(agency=other.code, wanted=" ")],
    }[wrong]
    with pytest.raises(Invalid):
        casework.forward(case.office, ADMIN, case.ticket, agency_code=case.agency.code, helpers=asked)
    assert case.stored().state == State.RECEIVED


def test_who_helps_reads_the_complaint_without_the_citizen_and_can_only_add_or_decline(lead: Case) -> None:
    helper = lead.support()
    file, actor = desk.open_link(helper.office, helper.token())
    assert actor.agency == helper.agency.code
    assert actor.name == "Piket DLH"
    assert [row.action for row in file.steps] == ["contribute", "decline_support"]
    assert (file.own_support and file.own_support.wanted, file.agency_name) == (
        "Mohon cek salurannya.",
        lead.agency.name,
    )
    assert file.due == lead.stored().due
    seen = repr(asdict(file))
    for secret in (NAME, NIK, PHONE, PHONE[2:], "1902********0001", "sealed", "whatsapp"):
        assert secret not in seen
    for step in ("answer", "return", "ask", "accept", "note", "extend", "progress"):
        day = date(2026, 3, 30) if step == "extend" else None
        with pytest.raises(NotAllowed):
            desk.act(helper.office, helper.officer, helper.ticket, step, desk.Typed(text="x", day=day))
    assert reading.may_read(helper.officer, lead.stored())


def test_a_part_is_sent_in_pieces_and_the_leading_agency_hears_when_it_is_done(lead: Case) -> None:
    helper = lead.support()
    first = desk.Typed(text="Sudah kami lihat.")
    for _ in range(2):  # the second press of the button changes nothing
        desk.act(helper.office, helper.officer, helper.ticket, "contribute", first)
    assert (part(helper).state, len(part(helper).contributions)) == (SupportState.ASKED, 1)
    assert sent(lead, "dukungan_masuk") == []
    last = desk.Typed(text="Saluran sudah dibersihkan.", finished=True)
    for _ in range(2):
        desk.act(helper.office, helper.officer, helper.ticket, "contribute", last)
    assert (part(helper).state, len(part(helper).contributions)) == (SupportState.DONE, 2)
    (news,) = sent(lead, "dukungan_masuk")
    assert (news.link_for, news.disposition) == (lead.agency.code, lead.stored().disposition)
    assert news.template_values[3:] == ("Dinas Lingkungan Hidup", "bagiannya sudah dikirim")
    file = desk.agency_file(lead.office, lead.officer, lead.ticket)
    (view,) = file.support
    assert [said.text for said, _ in view.contributions] == ["Sudah kami lihat.", "Saluran sudah dibersihkan."]
    assert file.own_support is None
    assert first_broken_entry(lead.stored().history) is None


def test_who_declines_is_out_and_can_be_asked_again(lead: Case) -> None:
    helper = lead.support()
    typed = desk.Typed(text="Ini wewenang provinsi.")
    for _ in range(2):
        desk.act(helper.office, helper.officer, helper.ticket, "decline_support", typed)
    assert (part(helper).state, part(helper).reason) == (SupportState.DECLINED, "Ini wewenang provinsi.")
    assert steps(helper) == set()
    assert not reading.may_read(helper.officer, lead.stored())
    assert sent(lead, "dukungan_masuk")[0].template_values[4] == "hal ini bukan urusannya"
    old = helper.token()
    supporting.ask(lead.office, ADMIN, lead.ticket, agency=helper.agency.code, wanted="Tolong lihat sekali lagi.")
    assert steps(helper) == {"contribute", "decline_support"}
    with pytest.raises(Refused):
        desk.open_link(helper.office, old)
    desk.open_link(helper.office, helper.token())


def test_who_is_no_longer_asked_finds_the_link_closed_and_what_it_sent_stays(lead: Case) -> None:
    helper = lead.support()
    desk.act(helper.office, helper.officer, helper.ticket, "contribute", desk.Typed(text="Sudah kami lihat."))
    token = helper.token()
    supporting.end(lead.office, ADMIN, lead.ticket, agency=helper.agency.code)
    with pytest.raises(Refused):
        desk.open_link(helper.office, token)
    with pytest.raises(KeyError):
        desk.agency_file(helper.office, helper.officer, helper.ticket)
    (view,) = desk.agency_file(lead.office, lead.officer, lead.ticket).support
    assert view.contributions
    with pytest.raises((Invalid, NotAllowed)):
        supporting.end(lead.office, ADMIN, lead.ticket, agency=helper.agency.code)


def test_only_the_leading_agency_answers_and_it_need_not_wait(lead: Case) -> None:
    helper = lead.support()
    desk.act(lead.office, lead.officer, lead.ticket, "answer", desk.Typed(text="Jalan sudah ditambal."))
    assert lead.stored().state == State.ANSWERED
    with pytest.raises(NotAllowed):
        desk.act(helper.office, helper.officer, helper.ticket, "contribute", desk.Typed(text="Terlambat."))


def test_a_new_hand_over_keeps_what_was_sent_and_ends_what_was_awaited(lead: Case) -> None:
    done, awaited = lead.support(), lead.support()
    desk.act(done.office, done.officer, done.ticket, "contribute", desk.Typed(text="Beres.", finished=True))
    old = awaited.token()
    handling.hand_back(lead.office, lead.officer, lead.ticket, reason="Bukan kami.")
    assert steps(done) == steps(awaited) == set()
    after = casework.forward(lead.office, ADMIN, lead.ticket, agency_code=done.agency.code)
    assert {one.agency: one.state for one in after.support} == {
        done.agency.code: SupportState.ENDED,  # it leads now
        awaited.agency.code: SupportState.ENDED,
    }
    with pytest.raises(Refused):
        desk.open_link(awaited.office, old)
    numbers = [after.disposition, *(one.disposition for one in after.support)]
    assert len(set(numbers)) == len(numbers)
    assert "answer" in steps(done)


def test_who_helps_and_says_nothing_is_reminded_before_the_deadline_and_on_it(lead: Case) -> None:
    helper = lead.support()
    told: list[tuple[str, str]] = []
    for _ in range(3):
        lead.hands.time = lead.stored().remind_at or lead.hands.time
        followup.look(lead.office, lead.ticket)
        lead.hands.advance(minutes=5)
        for agency in (lead.agency.code, helper.agency.code):
            reminding.tell(lead.office, f"duty:{agency}")
        told = [(item.link_for, item.template_values[4]) for item in sent(lead, "pengingat_opd")]
    assert told.count((helper.agency.code, "dilengkapi dengan bagian instansi Anda")) == 3
    assert told.count((lead.agency.code, "dijawab")) == 3
    (reminder, *_) = [item for item in sent(lead, "pengingat_opd") if item.link_for == helper.agency.code]
    assert reminder.disposition == part(helper).disposition


def test_who_has_done_its_part_is_not_reminded(lead: Case) -> None:
    helper = lead.support()
    lead.hands.time = lead.stored().remind_at or lead.hands.time
    followup.look(lead.office, lead.ticket)
    desk.act(helper.office, helper.officer, helper.ticket, "contribute", desk.Typed(text="Beres.", finished=True))
    lead.hands.advance(minutes=5)
    assert reminding.tell(lead.office, f"duty:{helper.agency.code}") == "no longer needed"
    assert reminding.tell(lead.office, f"duty:{lead.agency.code}") == "told 1"


def test_the_page_of_all_that_waits_has_what_is_to_be_helped_with(lead: Case) -> None:
    helper = lead.support()
    (row,) = letters.waiting(helper.office, all_of(helper))
    assert (row.ticket, row.due) == (lead.ticket, lead.stored().due)
    _, actor = desk.open_link(helper.office, row.token)
    assert actor.agency == helper.agency.code
    desk.act(helper.office, helper.officer, helper.ticket, "contribute", desk.Typed(text="Beres.", finished=True))
    assert letters.waiting(helper.office, all_of(helper)) == []


def test_a_duty_post_that_nobody_reaches_is_stood_in_for_by_its_deputy(lead: Case) -> None:
    lead.support(duty=Post(title="Kosong"), deputy=Post(title="Wakil DLH", phone="6281299990010"))
    (asking,) = sent(lead, "dukungan_diminta")
    assert (asking.address.phone, asking.link_post) == ("6281299990010", "deputy")


def test_a_part_is_kept_though_the_leading_agency_was_closed_meanwhile(lead: Case) -> None:
    helper = lead.support()
    lead.office.store.directory.save_agency(replace(lead.agency, active=False))
    typed = desk.Typed(text="Saluran bersih.", finished=True)
    desk.act(helper.office, helper.officer, helper.ticket, "contribute", typed)
    assert part(helper).state is SupportState.DONE
    assert sent(lead, "dukungan_masuk") == []


def test_a_leading_agencys_old_link_does_not_open_the_case_as_a_helping_one(lead: Case) -> None:
    old = lead.token()
    other = lead.support()
    handling.hand_back(lead.office, lead.officer, lead.ticket, reason="Bukan kami.")
    casework.forward(
        lead.office,
        ADMIN,
        lead.ticket,
        agency_code=other.agency.code,
        helpers=[Request(agency=lead.agency.code, wanted="Bantu.")],
    )
    with pytest.raises(Refused, match="diteruskan ulang"):
        admission.enter(lead.office, old)
    assert links.read(lead.office.settings, old, lead.hands.now()).agency == lead.agency.code
    after: Complaint = lead.stored()
    assert after.agency == other.agency.code
