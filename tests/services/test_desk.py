import io
from dataclasses import asdict
from datetime import timedelta

import pytest

from besadu import links
from besadu.domain.complaint import Actor, State, TalkLine, first_broken_entry
from besadu.domain.workflow import NotAllowed
from besadu.errors import Invalid, Refused
from besadu.services import admission, answers, casework, desk, handling, staff_uploads
from besadu_local.stack import Stack
from tests.factories import complaint_of
from tests.services.desk_case import ADMIN, JPEG, NAME, NIK, PHONE, a_case


def test_an_agency_sees_the_complaint_and_nothing_of_the_citizen(stack: Stack) -> None:
    case = a_case(stack)
    casework.note(case.office, ADMIN, case.ticket, text=f"Pelapor bernama {NAME}")

    file, actor = desk.open_link(case.office, case.token())

    seen = repr(asdict(file))
    for secret in (NAME, NIK, PHONE, PHONE[2:], "1902********0001", "sealed", "whatsapp"):
        assert secret not in seen
    assert "Jalan rusak parah di depan SD 5. NIK saya [NIK], hubungi [telepon]." in file.story
    assert actor.agency == case.agency.code
    assert (file.disposition_note, file.place.village) == ("Mohon segera.", "Air Saga")
    assert [row.action for row in file.steps] == ["ask", "accept", "return", "answer", "note"]


def test_days_left_count_down_and_below_zero(stack: Stack) -> None:
    case = a_case(stack)
    assert desk.agency_file(case.office, case.officer, case.ticket).days_left == 1
    case.hands.advance(days=4)
    assert (desk.agency_file(case.office, case.officer, case.ticket).days_left or 0) < 0


def test_another_agency_finds_no_such_complaint(stack: Stack) -> None:
    case = a_case(stack)
    with pytest.raises(KeyError):
        desk.agency_file(case.office, Actor(role="officer", name="Lain", agency="lain"), case.ticket)
    with pytest.raises(KeyError):
        desk.agency_file(case.office, Actor(role="officer", name="Tanpa"), case.ticket)


def test_an_altered_expired_or_foreign_link_is_refused(stack: Stack) -> None:
    case = a_case(stack)
    other = a_case(stack, beside=case)
    good = case.token()
    for bad in (good[:-2], good.replace(".", "x", 1), "", "x", f"é{good}", case.token(agency=other.agency.code)):
        with pytest.raises(Refused):
            desk.open_link(case.office, bad)
    with pytest.raises(Refused, match="kedaluwarsa"):
        desk.open_link(case.office, case.token(issued_at=case.hands.now() - links.LIFE))
    with pytest.raises(Refused):
        desk.open_link(case.office, case.token(ticket=other.ticket))
    assert all(entry.action != admission.OPENED for entry in case.stored().history)


def test_a_link_dies_when_the_complaint_is_handed_over_again(stack: Stack) -> None:
    case = a_case(stack)
    old = case.token()
    handling.hand_back(case.office, case.officer, case.ticket, reason="Bukan urusan kami")
    desk.open_link(case.office, old)
    case.forward()
    with pytest.raises(Refused, match="diteruskan ulang"):
        desk.open_link(case.office, old)
    desk.open_link(case.office, case.token())


def test_opening_goes_on_the_history_once_an_hour(stack: Stack) -> None:
    case = a_case(stack)
    token = case.token()
    for _ in range(3):
        desk.open_link(case.office, token)
    case.hands.advance(minutes=61)
    desk.open_link(case.office, token)

    openings = [entry for entry in case.stored().history if entry.action == admission.OPENED]
    assert len(openings) == 2
    assert openings[0].actor == "Petugas piket DPUPR"
    assert first_broken_entry(case.stored().history) is None


def test_every_step_changes_the_complaint_once_however_often_it_is_sent(stack: Stack) -> None:
    case = a_case(stack)
    take = lambda action, text="": desk.act(case.office, case.officer, case.ticket, action, desk.Typed(text=text))  # noqa: E731
    for action, text, state in (
        ("accept", "", State.IN_PROGRESS),
        ("note", "Sudah disurvei.", State.IN_PROGRESS),
        ("answer", "Lubang sudah ditambal.", State.ANSWERED),
    ):
        first = take(action, text)
        assert first.state == state
        assert take(action, text).revision == first.revision == case.stored().revision


def test_a_question_sent_twice_is_asked_once(stack: Stack) -> None:
    case = a_case(stack)
    first = desk.act(case.office, case.officer, case.ticket, "ask", desk.Typed(text="Di kilometer berapa?"))
    again = desk.act(case.office, case.officer, case.ticket, "ask", desk.Typed(text="Di kilometer berapa?"))
    assert first.state == State.ASKED
    assert again.revision == first.revision


def test_who_comes_too_late_is_told_what_happened(stack: Stack) -> None:
    case = a_case(stack)
    desk.act(case.office, case.officer, case.ticket, "answer", desk.Typed(text="Sudah ditambal."))
    with pytest.raises(NotAllowed):
        desk.act(case.office, case.officer, case.ticket, "answer", desk.Typed(text="Jawaban lain."))
    said = desk.what_happened(desk.agency_file(case.office, case.officer, case.ticket))
    assert said.startswith("Laporan ini sudah dijawab oleh Petugas Uji pada Senin, 2 Maret 2026")


def test_an_answer_without_words_is_refused(stack: Stack) -> None:
    case = a_case(stack)
    with pytest.raises(Invalid, match="belum diisi"):
        desk.act(case.office, case.officer, case.ticket, "answer", desk.Typed(text="  "))
    assert case.stored().state == State.ASSIGNED


def test_only_files_of_this_complaint_are_opened(stack: Stack) -> None:
    case = a_case(stack)
    other = a_case(stack, beside=case)
    kept = [
        staff_uploads.keep(
            one.office, one.media, ticket=one.ticket, agency=one.agency.code, stream=io.BytesIO(JPEG), filename="a.jpg"
        )
        for one in (case, other)
    ]
    assert desk.evidence_of(case.office, case.stored(), kept[0]) is not None
    assert desk.evidence_of(case.office, case.stored(), kept[1]) is None


def test_an_answer_sent_back_shows_why(stack: Stack) -> None:
    case = a_case(stack)
    desk.act(case.office, case.officer, case.ticket, "answer", desk.Typed(text="Selesai."))
    case.hands.advance(hours=1)
    answers.send_back(case.office, ADMIN, case.ticket, reason="Mohon sebutkan tanggalnya.")
    file = desk.agency_file(case.office, case.officer, case.ticket)
    assert file.instruction == "Mohon sebutkan tanggalnya."
    assert file.due
    assert file.due > case.hands.now() + timedelta(days=1)


def test_the_citizens_reply_is_read_in_full_and_without_numbers(stack: Stack) -> None:
    case = a_case(stack)
    desk.act(case.office, case.officer, case.ticket, "ask", desk.Typed(text="Di RT berapa?"))
    case.hands.advance(minutes=5)
    said = TalkLine(at=case.hands.now(), speaker="citizen", text=f"RT 3, telepon {PHONE}", key="reply")
    commit = case.office.store.commit()
    case.office.store.complaints.stage_line(commit, complaint_of(case.office, case.ticket), said)
    commit.run()
    file = desk.agency_file(case.office, case.officer, case.ticket)
    assert [line.text for line in file.talk][-2:] == ["Di RT berapa?", "RT 3, telepon [telepon]"]
    assert all(line.key == "" for line in file.talk)
