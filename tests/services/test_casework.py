"""What staff do with a complaint: each step is one commit of the state, its history and what everybody is told."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from besadu.domain.complaint import Actor, Complaint, State, first_broken_entry
from besadu.domain.evidence import MOST_SENT, Evidence
from besadu.domain.message import Attachment
from besadu.domain.workflow import NotAllowed
from besadu.errors import Invalid
from besadu.services import answers, casework, handling, steps
from besadu.services.office import Office
from besadu.store.directory import Post
from tests.factories import (
    ADMIN,
    DUTY_PHONE,
    LEADER,
    NIK,
    OFFICER,
    PHONE,
    Hands,
    a_complaint,
    an_agency,
    complaint_of,
    head_of,
    item_of,
    keep_complaint,
    keep_head,
    talk_of,
)


@pytest.fixture
def ticket(office: Office) -> str:
    keep_head(office)
    return keep_complaint(office).ticket


def forwarded(office: Office, ticket: str) -> Complaint:
    return casework.forward(office, ADMIN, ticket, agency_code="dishub", note="Mohon segera.")


def answered(office: Office, ticket: str, text: str = "Lampu sudah diganti.", **more: object) -> Complaint:
    forwarded(office, ticket)
    return handling.answer(office, OFFICER, ticket, text=text, **more)  # type: ignore[arg-type]


def texts_to(office: Office, ticket: str, phone: str = PHONE) -> list[str]:
    found = office.store.outbox.of_ticket(ticket)
    return [item.text or " | ".join(item.template_values) for item in found if item.address.phone == phone]


def test_the_whole_way_is_one_chain_in_which_every_message_is_named(office: Office, ticket: str, hands: Hands) -> None:
    forwarded(office, ticket)
    for step in (
        lambda: handling.accept(office, OFFICER, ticket),
        lambda: handling.answer(office, OFFICER, ticket, text="Sudah."),
        lambda: answers.send_back(office, ADMIN, ticket, reason="Mohon sebutkan tanggalnya."),
        lambda: handling.answer(office, OFFICER, ticket, text="Sudah diganti 3 Maret."),
        lambda: answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti pada 3 Maret."),
    ):
        hands.advance(hours=1)
        step()
    after = complaint_of(office, ticket)
    actions = [entry.action for entry in after.history]
    assert actions == ["receive", "forward", "accept", "answer", "send_back", "answer", "deliver"]
    assert first_broken_entry(after.history) is None
    assert after.state is State.SENDING
    told = [outbox_id for entry in after.history for outbox_id in entry.told]
    assert {item.id for item in office.store.outbox.of_ticket(ticket)} == set(told)
    assert all(before.target == after.source for before, after in zip(after.history, after.history[1:], strict=False))


def test_a_hand_over_tells_the_citizen_and_the_duty_post(office: Office, ticket: str) -> None:
    after = forwarded(office, ticket)
    assert (after.state, after.agency, after.disposition, after.clock) == (State.ASSIGNED, "dishub", 1, "accept")
    (citizen,) = texts_to(office, ticket)
    assert "Dinas Perhubungan" in citizen
    (duty,) = texts_to(office, ticket, DUTY_PHONE)
    assert duty.startswith(f"Dishub | {ticket}")
    assert PHONE not in duty
    assert after.remind_at


def test_a_hand_over_to_nobody_to_an_outside_body_or_to_a_closed_agency_is_refused(office: Office, ticket: str) -> None:
    office.store.directory.save_agency(an_agency("pln", outside=True))
    office.store.directory.save_agency(an_agency("lama", active=False))
    for code in ("", "tidak-ada", "pln", "lama"):
        with pytest.raises(Invalid):
            casework.forward(office, ADMIN, ticket, agency_code=code)
    assert complaint_of(office, ticket).state is State.RECEIVED


def test_an_agency_without_a_number_still_gets_the_complaint(office: Office, ticket: str) -> None:
    office.store.directory.save_agency(an_agency(duty=Post()))
    assert forwarded(office, ticket).state is State.ASSIGNED
    assert len(office.store.outbox.of_ticket(ticket)) == 1


def test_after_a_return_the_next_hand_over_ends_the_links_of_the_one_before(office: Office, ticket: str) -> None:
    forwarded(office, ticket)
    returned = handling.hand_back(office, OFFICER, ticket, reason="Bukan kewenangan kami.")
    assert (returned.state, returned.returns, returned.clock) == (State.RETURNED, 1, "verify")
    office.store.directory.save_agency(an_agency("dlh", name="Dinas Lingkungan Hidup"))
    again = casework.forward(office, LEADER, ticket, agency_code="dlh")
    assert (again.disposition, again.agency, again.answer) == (2, "dlh", None)
    with pytest.raises(NotAllowed):
        handling.answer(office, OFFICER, ticket, text="Terlambat.")


def test_a_question_pauses_and_reaches_the_citizen_in_the_agencys_name(office: Office, ticket: str) -> None:
    forwarded(office, ticket)
    after = casework.ask(office, OFFICER, ticket, question="Tiang nomor berapa?")
    assert (after.state, after.resume, after.question) == (State.ASKED, State.ASSIGNED, "Tiang nomor berapa?")
    (said,) = [text for text in texts_to(office, ticket) if "Tiang nomor berapa?" in text]
    assert said.startswith("Dinas Perhubungan memerlukan keterangan")
    assert talk_of(office, ticket)[-1].speaker == "officer"


def test_a_rejection_names_the_reason_and_ends_the_complaint(office: Office, ticket: str) -> None:
    after = casework.reject(office, ADMIN, ticket, reason="Urusan pribadi.", advice="Hubungi ketua RT.")
    assert (after.state, after.open) == (State.REJECTED, False)
    (said,) = texts_to(office, ticket)
    assert "Urusan pribadi." in said
    assert "Hubungi ketua RT." in said


def test_a_referral_names_the_body_and_how_to_reach_it(office: Office, ticket: str) -> None:
    after = casework.refer(office, ADMIN, ticket, body="PLN ULP Tanjungpandan", contact="123")
    assert (after.state, after.referred_to) == (State.REFERRED, "PLN ULP Tanjungpandan")
    assert "PLN ULP Tanjungpandan (123)" in texts_to(office, ticket)[0]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_field_is_told_and_nothing_happens(office: Office, ticket: str, text: str) -> None:
    answered(office, ticket)
    before = complaint_of(office, ticket)
    for step in (
        lambda: answers.send_back(office, ADMIN, ticket, reason=text),
        lambda: answers.deliver(office, ADMIN, ticket, text=text),
        lambda: casework.note(office, ADMIN, ticket, text=text),
        lambda: casework.reject(office, ADMIN, ticket, reason=text),
        lambda: casework.refer(office, ADMIN, ticket, body=text),
        lambda: casework.ask(office, ADMIN, ticket, question=text),
        lambda: handling.hand_back(office, OFFICER, ticket, reason=text),
        lambda: handling.answer(office, OFFICER, ticket, text=text),
    ):
        with pytest.raises(Invalid, match="belum diisi"):
            step()
    assert complaint_of(office, ticket) == before


def test_whatever_fits_the_form_fits_into_a_message(office: Office, ticket: str) -> None:
    longest = "é" * steps.MOST_TEXT
    with pytest.raises(Invalid, match="terlalu panjang"):
        casework.reject(office, ADMIN, ticket, reason=longest, advice=longest)
    with pytest.raises(Invalid, match="terlalu panjang"):
        casework.refer(office, ADMIN, ticket, body=longest, contact=longest)
    with pytest.raises(Invalid, match="terlalu panjang"):
        casework.ask(office, ADMIN, ticket, question=longest + "é")
    casework.ask(office, ADMIN, ticket, question=longest)
    assert all(len(text) <= 4096 for text in texts_to(office, ticket))


def test_an_answer_keeps_what_the_agency_wrote_beside_what_the_admin_made_of_it(office: Office, ticket: str) -> None:
    answered(office, ticket, "sdh diganti pak")
    after = answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti.")
    assert after.answer
    assert (after.answer.original, after.answer.text) == ("sdh diganti pak", "Lampu sudah diganti.")
    assert after.history[-1].note == "Naskah disunting admin."
    delivered = item_of(office, after.delivered_by)
    assert "Lampu sudah diganti." in delivered.text
    assert delivered.buttons == ("PUAS", "BELUM")


def a_picture(office: Office, evidence_id: str, ticket: str, **changes: Any) -> None:
    item = Evidence(
        id=evidence_id,
        ticket=ticket,
        sender_key="",
        attachment=Attachment(kind="image", mime="image/jpeg"),
        created_at=office.now(),
        origin="agency",
        state="stored",
        mime="image/jpeg",
        object_name="evidence/x",
        size=10,
    )
    commit = office.store.commit()
    office.store.evidence.stage(commit, replace(item, **changes))
    commit.run()


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({"mime": "image/heic", "size": 40_000_000, "state": "pending"}, "image"),
        ({"mime": "image/heic"}, "document"),  # it could not be shown, so there is only the original
        ({"mime": "video/mp4", "size": 16_000_000}, "video"),
        ({"mime": "video/mp4", "size": 16_000_001}, "document"),
        ({"mime": "video/mp4", "size": MOST_SENT + 1}, ""),
        ({"mime": "application/pdf", "size": MOST_SENT}, "document"),
        ({"mime": "", "state": "quarantined"}, ""),
        ({"mime": "", "state": "failed"}, ""),
    ],
)
def test_a_file_goes_with_the_answer_as_channels_carry_it(
    office: Office, ticket: str, changes: dict[str, Any], goes: str
) -> None:
    a_picture(office, "p1", ticket, **changes)
    answered(office, ticket, evidence=("p1",))
    after = answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti.")
    told = [item_of(office, outbox_id) for outbox_id in after.history[-1].told]
    assert [item.media_kind for item in told if item.media] == ([goes] if goes else [])


def test_pictures_follow_their_words_one_message_each(office: Office, ticket: str) -> None:
    for name in ("p1", "p2"):
        a_picture(office, name, ticket)
    answered(office, ticket, evidence=("p1", "p2"))
    after = answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti.")
    words, *pictures = sorted(
        (item_of(office, outbox_id) for outbox_id in after.history[-1].told),
        key=lambda item: item.due or item.created_at,
    )
    assert words.text
    assert [picture.media for picture in pictures] == ["p1", "p2"]
    assert all(not picture.text for picture in pictures)


def test_a_merged_complaints_reporter_gets_the_answer_too(office: Office, ticket: str) -> None:
    other = keep_complaint(office, a_complaint(ticket="BSD-26-1111-1111"))
    casework.merge(office, ADMIN, other.ticket, into=ticket)
    merged = complaint_of(office, other.ticket)
    assert (merged.state, merged.merged_into) == (State.MERGED, ticket)
    answered(office, ticket)
    answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti.")
    assert "Lampu sudah diganti." in texts_to(office, other.ticket)[-1]


def test_who_was_merged_into_a_complaint_that_is_merged_itself_is_not_forgotten(office: Office, ticket: str) -> None:
    for number in ("1", "2"):
        keep_complaint(office, a_complaint(ticket=f"BSD-26-1111-111{number}"))
    casework.merge(office, ADMIN, "BSD-26-1111-1111", into="BSD-26-1111-1112")
    casework.merge(office, ADMIN, "BSD-26-1111-1112", into=ticket)
    answered(office, ticket)
    answers.deliver(office, ADMIN, ticket, text="Lampu sudah diganti.")
    for number in ("1", "2"):
        assert "Lampu sudah diganti." in texts_to(office, f"BSD-26-1111-111{number}")[-1]


def test_a_merge_that_is_refused_leaves_no_trace_on_either_side(office: Office, ticket: str) -> None:
    closed = keep_complaint(office, a_complaint(State.CLOSED, ticket="BSD-26-1111-1111"))
    with pytest.raises(NotAllowed):
        casework.merge(office, ADMIN, closed.ticket, into=ticket)
    for into in (closed.ticket, ticket, "BSD-26-0000-0000"):
        with pytest.raises(Invalid):
            casework.merge(office, ADMIN, ticket, into=into)
    with pytest.raises(KeyError):
        casework.merge(office, ADMIN, "BSD-26-0000-0000", into=ticket)
    assert complaint_of(office, ticket).revision == 1


def test_two_admins_at_once_hand_it_over_once_and_the_second_is_told(office: Office, ticket: str) -> None:
    office.store.directory.save_agency(an_agency("dlh"))
    barrier, done, refused = threading.Barrier(2), [], []

    def work(code: str) -> None:
        barrier.wait()
        try:
            done.append(casework.forward(office, ADMIN, ticket, agency_code=code).agency)
        except NotAllowed:
            refused.append(code)

    threads = [threading.Thread(target=work, args=(code,)) for code in ("dishub", "dlh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert done == [complaint_of(office, ticket).agency]
    assert len(texts_to(office, ticket)) == 1


def test_a_note_is_for_the_office_only(office: Office, ticket: str) -> None:
    casework.note(office, ADMIN, ticket, text="Sudah ditelepon.")
    assert texts_to(office, ticket) == []
    assert complaint_of(office, ticket).history[-1].note == "Sudah ditelepon."


def test_a_corrected_title_holds_no_nik(office: Office, ticket: str) -> None:
    after = casework.classify(office, ADMIN, ticket, case_class="information", title=f"Lampu mati {NIK}")
    assert (after.title, after.case_class) == ("Lampu mati [NIK]", "information")


def test_a_ticket_that_nobody_has_is_a_key_error(office: Office) -> None:
    with pytest.raises(KeyError):
        handling.accept(office, OFFICER, "BSD-26-0000-0000")


def test_an_officer_of_another_agency_is_refused(office: Office, ticket: str) -> None:
    forwarded(office, ticket)
    with pytest.raises(NotAllowed):
        handling.accept(office, Actor(role="officer", name="Lain", agency="dlh"), ticket)
    assert head_of(office).value.held == ()
