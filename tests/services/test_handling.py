"""What an agency does with a complaint: more time, progress, a promise, the right OPD; and what the citizen hears."""

from datetime import date, timedelta

import pytest

from besadu.domain.complaint import State
from besadu.domain.deadlines import Calendar, date_text
from besadu.domain.workflow import NotAllowed
from besadu.errors import Invalid
from besadu.services import answers, casework, handling
from besadu.services.office import Office
from tests.factories import (
    ADMIN,
    CITIZEN,
    LEADER,
    OFFICER,
    PHONE,
    Hands,
    a_complaint,
    an_agency,
    complaint_of,
    keep_complaint,
    keep_head,
    say,
)

end_of = Calendar().end_of
MONDAY, SATURDAY, LATER = date(2026, 3, 30), date(2026, 3, 28), date(2026, 3, 31)


@pytest.fixture
def ticket(office: Office) -> str:
    """A complaint that the agency has accepted on 2 March; its answer is due 14 working days later."""
    keep_head(office)
    kept = keep_complaint(office)
    casework.forward(office, ADMIN, kept.ticket, agency_code="dishub")
    handling.accept(office, OFFICER, kept.ticket)
    return kept.ticket


def told(office: Office, ticket: str) -> list[str]:
    return [item.text for item in office.store.outbox.of_ticket(ticket) if item.address.phone == PHONE and item.text]


def heard(office: Office, ticket: str, *words: str) -> bool:
    """Whether one message to its citizen holds all of these."""
    return any(all(word in text for word in words) for text in told(office, ticket))


def a_follower(office: Office, leading: str) -> str:
    """A complaint merged into another; its ticket."""
    other = keep_complaint(office, a_complaint(ticket="BSD-26-1111-1111"))
    casework.merge(office, ADMIN, other.ticket, into=leading)
    return other.ticket


def test_more_time_moves_the_deadline_and_the_citizen_is_told_the_date_and_why(
    office: Office, ticket: str, hands: Hands
) -> None:
    hands.advance(days=15)
    after = handling.extend(office, OFFICER, ticket, reason="Menunggu kabel dari Jakarta.", day=LATER)
    assert (after.state, after.due, after.extensions) == (State.IN_PROGRESS, end_of(LATER), 1)
    assert heard(office, ticket, "Menunggu kabel dari Jakarta.", date_text(LATER))
    assert after.history[-1].note.startswith(f"Sampai {date_text(LATER)}")


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (None, "belum diisi"),
        (SATURDAY, "hari libur"),
        (date(2026, 3, 3), "sesudah batas waktu"),
        (date(2026, 6, 30), "paling lambat"),
    ],
)
def test_a_date_that_cannot_be_is_explained_and_changes_nothing(
    office: Office, ticket: str, hands: Hands, day: date | None, says: str
) -> None:
    hands.advance(days=15)
    before = complaint_of(office, ticket)
    with pytest.raises(Invalid, match=says):
        handling.extend(office, OFFICER, ticket, reason="Menunggu.", day=day)
    assert complaint_of(office, ticket) == before


def test_the_second_extension_counts_when_the_office_agrees_and_a_third_is_refused(
    office: Office, ticket: str, hands: Hands
) -> None:
    hands.advance(days=15)
    handling.extend(office, OFFICER, ticket, reason="Menunggu kabel.", day=MONDAY)
    asked = handling.extend(office, OFFICER, ticket, reason="Kabel belum datang.", day=LATER)
    assert (asked.due, asked.extensions) == (end_of(MONDAY), 1)
    assert asked.extension
    assert "belum datang" not in "".join(told(office, ticket))
    granted = handling.grant_extension(office, ADMIN, ticket)
    assert (granted.due, granted.extensions, granted.extension) == (end_of(LATER), 2, None)
    assert heard(office, ticket, "Kabel belum datang.", date_text(LATER))
    with pytest.raises(NotAllowed, match="dua kali"):
        handling.extend(office, OFFICER, ticket, reason="Lagi.", day=date(2026, 4, 1))


def test_an_extension_that_is_refused_leaves_the_deadline_and_the_citizen_alone(
    office: Office, ticket: str, hands: Hands
) -> None:
    hands.advance(days=15)
    handling.extend(office, OFFICER, ticket, reason="Menunggu kabel.", day=MONDAY)
    handling.extend(office, OFFICER, ticket, reason="Lagi.", day=LATER)
    before = told(office, ticket)
    after = handling.refuse_extension(office, LEADER, ticket, reason="Gunakan stok gudang.")
    assert (after.due, after.extension, after.extensions) == (end_of(MONDAY), None, 1)
    assert told(office, ticket) == before
    with pytest.raises(NotAllowed, match="Tidak ada permintaan"):
        handling.grant_extension(office, ADMIN, ticket)


def test_progress_is_told_only_when_it_is_ticked_once_a_day_and_three_times(
    office: Office, ticket: str, hands: Hands
) -> None:
    before = len(told(office, ticket))
    handling.progress(office, OFFICER, ticket, text="Sudah kami cek.", tell=False)
    assert len(told(office, ticket)) == before
    for number in range(3):
        handling.progress(office, OFFICER, ticket, text=f"Menunggu material {number}.", tell=True)
        with pytest.raises(Invalid, match="hari ini"):
            handling.progress(office, OFFICER, ticket, text="Lagi.", tell=True)
        hands.advance(days=1)
    with pytest.raises(Invalid, match="3 kali"):
        handling.progress(office, OFFICER, ticket, text="Keempat.", tell=True)
    after = complaint_of(office, ticket)
    assert len(told(office, ticket)) == before + 3
    assert [entry.action for entry in after.history].count("progress") == 4
    assert (after.state, after.clock) == (State.IN_PROGRESS, "answer")


def test_a_promise_goes_to_the_citizen_and_the_complaint_back_to_the_agency_due_on_its_day(
    office: Office, ticket: str, hands: Hands
) -> None:
    day = date(2026, 5, 4)
    answered = handling.answer(office, OFFICER, ticket, text="Lampu baru masuk anggaran April.", day=day)
    assert answered.answer
    assert answered.answer.scheduled_for == end_of(day)
    with pytest.raises(NotAllowed, match="jadwal"):
        answers.deliver(office, ADMIN, ticket, text="Lampu baru masuk anggaran April.")
    after = answers.promise(office, ADMIN, ticket, text="Lampu baru masuk anggaran April.")
    assert (after.state, after.clock, after.due, after.scheduled_for) == (
        State.IN_PROGRESS,
        "answer",
        end_of(day),
        end_of(day),
    )
    assert heard(office, ticket, f"dijadwalkan paling lambat {date_text(day)}")
    (item,) = [one for one in office.store.outbox.of_ticket(ticket) if one.kind == "answer"]
    assert (item.kind, item.buttons, item.template) == ("answer", (), "jawaban_tersedia")
    hands.time = end_of(day) - timedelta(hours=7)
    assert complaint_of(office, ticket).remind_at
    handling.answer(office, OFFICER, ticket, text="Lampunya sudah dipasang.", day=day)
    assert answers.deliver(office, ADMIN, ticket, text="Lampunya sudah dipasang.").delivered_by


def test_the_day_of_the_work_stands_in_the_answer(office: Office, ticket: str, hands: Hands) -> None:
    hands.advance(days=3)
    after = handling.answer(office, OFFICER, ticket, text="Lampu sudah diganti.", day=date(2026, 3, 4))
    assert after.answer
    assert after.answer.text == f"Lampu sudah diganti.\n\nDikerjakan pada {date_text(date(2026, 3, 4))}."
    assert after.answer.scheduled_for is None


def test_a_promise_for_the_day_after_next_year_is_refused(office: Office, ticket: str) -> None:
    with pytest.raises(Invalid, match="terlalu jauh"):
        handling.answer(office, OFFICER, ticket, text="Nanti.", day=date(2028, 1, 3))


def test_a_return_may_name_the_right_agency_and_after_two_the_leader_decides(office: Office, ticket: str) -> None:
    office.store.directory.save_agency(an_agency("dlh", name="Dinas Lingkungan Hidup"))
    returned = handling.hand_back(office, OFFICER, ticket, reason="Bukan kami.", right_agency="dlh")
    assert (returned.suggested_agency, returned.returns) == ("dlh", 1)
    assert returned.history[-1].note.startswith("Disarankan: Dinas Lingkungan Hidup")
    with pytest.raises(Invalid):
        handling.hand_back(office, OFFICER, ticket, reason="Bukan kami.", right_agency="tidak-ada")
    again = casework.forward(office, ADMIN, ticket, agency_code="dishub")
    assert again.suggested_agency == ""
    handling.hand_back(office, OFFICER, ticket, reason="Tetap bukan kami.")
    with pytest.raises(NotAllowed, match="pimpinan"):
        casework.forward(office, ADMIN, ticket, agency_code="dlh")
    decided = casework.forward(office, LEADER, ticket, agency_code="dishub")
    assert decided.decided
    with pytest.raises(NotAllowed, match="Pimpinan sudah menetapkan"):
        handling.hand_back(office, OFFICER, ticket, reason="Masih bukan kami.")


def test_who_was_merged_into_a_complaint_hears_what_becomes_of_it(office: Office, ticket: str, hands: Hands) -> None:
    other = a_follower(office, ticket)
    handling.progress(office, OFFICER, ticket, text="Sudah kami cek.", tell=True)
    assert not heard(office, other, "Sudah kami cek.")
    hands.advance(days=15)
    handling.extend(office, OFFICER, ticket, reason="Menunggu kabel.", day=MONDAY)
    handling.hand_back(office, OFFICER, ticket, reason="Bukan kami.")
    casework.reject(office, ADMIN, ticket, reason="Urusan pribadi.")
    assert heard(office, other, "Urusan pribadi.", other)


def test_who_was_merged_into_a_referred_complaint_hears_where_to_turn(office: Office) -> None:
    leading = keep_complaint(office)
    other = a_follower(office, leading.ticket)
    casework.refer(office, ADMIN, leading.ticket, body="PLN", contact="123")
    assert heard(office, other, "PLN (123)")


def test_who_was_merged_into_a_withdrawn_complaint_is_told_how_to_go_on(office: Office) -> None:
    keep_head(office, tickets=("BSD-26-4839-2050",), ticket="BSD-26-4839-2050")
    leading = keep_complaint(office)
    other = a_follower(office, leading.ticket)
    say(office, f"CABUT {leading.ticket}")
    assert complaint_of(office, leading.ticket).state is State.WITHDRAWN
    assert heard(office, other, f"Laporan {leading.ticket}, tempat laporan Bapak/Ibu {other} digabungkan, dicabut")
    assert CITIZEN.name == complaint_of(office, leading.ticket).history[-1].actor
