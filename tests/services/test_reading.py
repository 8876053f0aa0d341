from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from besadu.domain.complaint import Actor, State, TalkLine, first_broken_entry
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid, Refused
from besadu.services import answers, correspondence, preview, reading, worklists
from besadu.store.inbox import InboxItem
from besadu_local.stack import Stack
from tests.factories import complaint_of
from tests.services.console_case import NIK, PHONE, STORY, Cast, a_cast


@pytest.fixture
def cast(stack: Stack) -> Cast:
    return a_cast(stack)


@pytest.mark.parametrize("role", ["leader", "auditor", "manager"])
def test_who_reads_all_sees_no_telephone_number_and_no_nik(cast: Cast, role: str) -> None:
    case = reading.case_file(cast.office, cast.actor(role), cast.complaint())
    seen = repr([asdict(case.complaint), case.talk, case.phone])
    assert PHONE not in seen
    assert PHONE[2:] not in seen
    assert NIK not in seen
    assert "+6281•••••222" in seen
    assert case.complaint.reporter.nik
    assert case.complaint.reporter.nik.masked == "1902********0001"


def test_an_admin_sees_the_number_and_what_may_be_done(cast: Cast) -> None:
    case = reading.case_file(cast.office, cast.actor("admin"), cast.complaint())
    assert case.phone == PHONE
    assert {row.action for row in case.steps} == {
        "ask",
        "reject",
        "refer",
        "merge",
        "forward",
        "note",
        "add_evidence",
        "classify",
        "take_over",
    }
    assert case.broken_at is None


def test_an_officer_gets_no_case_file(cast: Cast) -> None:
    with pytest.raises(Refused):
        reading.case_file(cast.office, cast.actor("officer"), cast.forwarded())


def test_suggestions_come_with_the_citizens_own_words(cast: Cast) -> None:
    suggested = reading.case_file(cast.office, cast.actor("admin"), cast.complaint()).suggestions
    assert suggested[0].agency.code == "DISHUB"
    assert suggested[0].words == ("Lampu jalan",)


def test_similar_open_complaints_of_the_same_village_are_pointed_out(cast: Cast) -> None:
    first, second = cast.complaint(), cast.complaint()
    other = cast.complaint(story="Sampah menumpuk di pasar dan berbau")
    alike = [one.ticket for one in reading.case_file(cast.office, cast.actor("admin"), second).alike]
    assert alike == [first]
    assert other not in alike


def test_the_talk_goes_on_after_the_ticket_was_given(cast: Cast) -> None:
    ticket = cast.complaint()
    line = TalkLine(at=cast.hands.now(), speaker="citizen", text="masih gelap", key="later")
    commit = cast.office.store.commit()
    cast.office.store.complaints.stage_line(commit, complaint_of(cast.office, ticket), line)
    commit.run()
    talk = reading.case_file(cast.office, cast.actor("admin"), ticket).talk
    assert [said.text for said in talk] == [STORY, "masih gelap"]


@pytest.mark.parametrize(
    ("state", "resume", "readable"),
    [
        (State.RECEIVED, None, False),
        (State.ASSIGNED, None, True),
        (State.IN_PROGRESS, None, True),
        (State.ASKED, State.IN_PROGRESS, True),
        (State.ASKED, State.RETURNED, False),
        (State.RETURNED, None, False),
        (State.REOPENED, None, False),
        (State.ANSWERED, None, True),
        (State.DELIVERED, None, True),
        (State.CLOSED, None, True),
        (State.REJECTED, None, False),
        (State.WITHDRAWN, None, False),
        (State.MERGED, None, False),
    ],
)
def test_an_officer_reads_what_lies_with_the_own_agency(
    cast: Cast, state: State, resume: State | None, *, readable: bool
) -> None:
    complaint = replace(cast.stored(cast.complaint()), state=state, resume=resume, agency="DISHUB")
    assert reading.may_read(cast.actor("officer"), complaint) is readable
    assert not reading.may_read(Actor(role="officer", name="Lain", agency="DPUPR"), complaint)
    assert not reading.may_read(Actor(role="officer", name="Tanpa"), replace(complaint, agency=""))
    assert not reading.may_read(Actor(role="citizen", name="Pelapor"), complaint)


def test_search_finds_a_ticket_however_it_is_typed_and_only_for_its_readers(cast: Cast) -> None:
    ticket = cast.complaint()
    assert reading.search(cast.office, cast.actor("leader"), ticket.replace("-", " ").lower()) == ticket
    assert reading.search(cast.office, cast.actor("officer"), ticket) is None
    assert reading.search(cast.office, cast.actor("admin"), "BSD-26-0000-0001") is None


def test_the_archive_of_an_officer_holds_the_own_agencys_complaints(cast: Cast) -> None:
    mine, others, new = cast.forwarded(), cast.forwarded("DPUPR"), cast.complaint()
    office = cast.office
    seen = {item.ticket for item in reading.archive(office, cast.actor("officer"), state=None, before=None).items}
    assert seen == {mine}
    seen = {item.ticket for item in reading.archive(office, cast.actor("auditor"), state=None, before=None).items}
    assert seen == {mine, others, new}
    chosen = reading.archive(office, cast.actor("admin"), state=State.RECEIVED, before=None)
    assert [item.ticket for item in chosen.items] == [new]
    assert chosen.older is None


def test_the_start_page_sorts_an_admins_work_late_ones_first(cast: Cast) -> None:
    late = cast.complaint()
    answered = cast.answered()
    cast.hands.advance(days=7)
    new = cast.complaint()
    away = cast.forwarded()
    person = cast.conversation()
    work = worklists.work(cast.office, cast.actor("admin"))
    lists = {one.key: [item.ticket for item in one.items] for one in work.lists}
    assert lists["received"] == [late, new]
    assert lists["answered"] == [answered]
    assert lists["agencies"] == [away]
    received = work.lists[0]
    assert (received.late, received.items[0].days_left) == (1, -2)
    assert [key for key, _ in work.persons] == [person]


def test_conversations_and_failed_messages_are_for_the_admin_alone(cast: Cast) -> None:
    cast.conversation()
    for role in ("leader", "auditor", "manager", "officer"):
        work = worklists.work(cast.office, cast.actor(role))
        assert work.persons == ()
        assert work.undelivered == ()


def test_an_officers_start_page_holds_the_own_agencys_work(cast: Cast) -> None:
    new, answered = cast.forwarded(), cast.answered()
    cast.forwarded("DPUPR")
    work = worklists.work(cast.office, cast.actor("officer"))
    lists = {one.key: [item.ticket for item in one.items] for one in work.lists}
    assert (lists["new"], lists["in_review"]) == ([new], [answered])
    assert lists["in_progress"] == []


def test_a_nik_is_opened_for_an_admin_with_a_reason_that_is_written_down(cast: Cast) -> None:
    ticket = cast.complaint()
    assert reading.reveal_nik(cast.office, cast.actor("admin"), ticket, reason="Cocokkan dengan Disdukcapil") == NIK
    history = cast.stored(ticket).history
    assert (history[-1].action, history[-1].actor) == ("reveal_nik", "Si admin")
    assert history[-1].note == "Cocokkan dengan Disdukcapil"
    assert first_broken_entry(history) is None


def test_nobody_else_opens_a_nik_and_nobody_without_a_reason(cast: Cast) -> None:
    ticket = cast.complaint()
    for role in ("officer", "leader", "auditor", "manager"):
        with pytest.raises(Refused):
            reading.reveal_nik(cast.office, cast.actor(role), ticket, reason="ingin tahu")
    for reason in ("", "   ", "x" * 301):
        with pytest.raises(Invalid):
            reading.reveal_nik(cast.office, cast.actor("admin"), ticket, reason=reason)
    assert len(cast.stored(ticket).history) == 1


def test_a_file_is_given_to_its_complaints_readers_only(cast: Cast) -> None:
    mine, other = cast.forwarded(), cast.forwarded("DPUPR")
    file = cast.evidence(mine, b"\xff\xd8\xff\xe0", "image/jpeg")
    for role in ("admin", "officer", "auditor"):
        assert reading.evidence_for(cast.office, cast.actor(role), mine, file).id == file
    with pytest.raises(KeyError):
        reading.evidence_for(cast.office, cast.actor("admin"), other, file)
    with pytest.raises(KeyError):
        reading.evidence_for(cast.office, Actor(role="officer", name="Lain", agency="DPUPR"), mine, file)


def test_a_file_sent_before_the_ticket_belongs_to_the_complaint_by_its_talk(cast: Cast) -> None:
    file = cast.evidence("", b"\xff\xd8\xff\xe0", "image/jpeg")
    line = TalkLine(at=cast.hands.now(), speaker="citizen", text="", key="m1", evidence=(file,))
    ticket = cast.complaint(talk=(line,))
    assert reading.evidence_for(cast.office, cast.actor("admin"), ticket, file).id == file
    assert [item.id for item in reading.case_file(cast.office, cast.actor("admin"), ticket).evidence] == [file]


def test_an_admin_writes_to_a_citizen_once_and_the_conversation_stops_waiting(cast: Cast) -> None:
    key = cast.conversation()
    for _ in range(2):
        correspondence.write_to_citizen(
            cast.office, cast.actor("admin"), key, text="Selamat pagi, ada yang bisa dibantu?"
        )
    talk = correspondence.open_talk(cast.office, cast.actor("admin"), key)
    assert [line.text for line in talk.talk] == ["mau bicara dengan petugas", "Selamat pagi, ada yang bisa dibantu?"]
    assert not talk.head.needs_person
    sent = [stored.value for stored in cast.office.store.outbox.due(cast.hands.now())]
    assert [(item.kind, item.by_person) for item in sent] == [("question", True)]
    assert "ada yang bisa dibantu?" in sent[0].text


def test_only_an_admin_writes_to_citizens_and_never_nothing(cast: Cast) -> None:
    key = cast.conversation()
    for role in ("officer", "leader", "auditor", "manager"):
        with pytest.raises(Refused):
            correspondence.write_to_citizen(cast.office, cast.actor(role), key, text="Halo")
        with pytest.raises(Refused):
            correspondence.open_talk(cast.office, cast.actor(role), key)
    for text in ("", "  ", "x" * 3501):
        with pytest.raises(Invalid):
            correspondence.write_to_citizen(cast.office, cast.actor("admin"), key, text=text)
    with pytest.raises(KeyError):
        correspondence.write_to_citizen(cast.office, cast.actor("admin"), "0" * 64, text="Halo")


def test_an_admin_may_settle_a_conversation_without_words(cast: Cast) -> None:
    key = cast.conversation()
    correspondence.settle(cast.office, cast.actor("admin"), key)
    assert worklists.work(cast.office, cast.actor("admin")).persons == ()


def test_the_preview_is_what_is_sent(cast: Cast) -> None:
    ticket = cast.answered()
    shown = preview.of_answer(cast.office, cast.stored(ticket), "Sudah diganti hari ini.")
    answers.deliver(cast.office, cast.actor("admin"), ticket, text="Sudah diganti hari ini.")
    answer: OutboxItem = next(item for item in cast.office.store.outbox.of_ticket(ticket) if item.kind == "answer")
    assert (shown[0].channel, shown[0].own, shown[0].pieces) == ("whatsapp", True, (answer.text,))
    assert shown[0].buttons == answer.buttons
    assert {one.channel: one.segments for one in shown} == {"whatsapp": 0, "facebook": 0, "instagram": 0, "sms": 1}


def test_a_long_answer_shows_how_many_messages_it_becomes(cast: Cast) -> None:
    shown = preview.of_answer(cast.office, cast.stored(cast.answered()), "Sudah kami perbaiki semuanya. " * 110)
    pieces = {one.channel: len(one.pieces) for one in shown}
    assert pieces["whatsapp"] == 1
    assert pieces["instagram"] > 1
    assert pieces["sms"] > 1


def test_what_a_place_lies_near_is_no_reason_to_suggest_an_agency(cast: Cast) -> None:
    story = "jalan depan SD 5 Perawas berlubang besar"
    suggested = reading.case_file(cast.office, cast.actor("admin"), cast.complaint(story=story)).suggestions
    words = {word for one in suggested for word in one.words}
    assert "SD" not in words
    assert all(word in story for word in words)


def test_the_admin_sees_what_a_provider_said_of_our_account(cast: Cast) -> None:
    now = cast.office.now()
    warning = InboxItem(
        channel="whatsapp",
        account="1",
        provider_id="a",
        sender="",
        kind="event",
        received_at=now,
        sent_at=now,
        raw=b"{}",
        note="account_update:DISABLED",
    )
    old = replace(warning, provider_id="b", received_at=now - timedelta(days=8))
    for item in (warning, old):
        cast.office.store.inbox.add(item)
    assert [item.note for item in worklists.work(cast.office, cast.actor("admin")).alerts] == [
        "account_update:DISABLED"
    ]
    assert worklists.work(cast.office, cast.actor("leader")).alerts == ()
