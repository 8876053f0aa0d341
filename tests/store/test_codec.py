"""What is stored comes back as it was, and what an older or newer version has stored can be read."""

from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import firestore

from besadu.domain.complaint import (
    Answer,
    Complaint,
    Entry,
    Extension,
    HeldNik,
    Pause,
    PausedClock,
    Place,
    Reporter,
    Revocation,
    State,
    TalkLine,
)
from besadu.domain.conversation import Conversation, Draft, Pending
from besadu.domain.evidence import Evidence, Rendition
from besadu.domain.measuring import Span
from besadu.domain.message import Address, Attachment
from besadu.domain.outbox import Listed, OutboxItem
from besadu.domain.support import Contribution, Support, SupportState
from besadu.store.codec import from_document, to_document, without_defaults
from besadu.store.directory import AgencyRecord, OfficePage, Officer, Post
from besadu.store.inbox import InboxItem
from besadu.store.reminders import Reminder
from tests.factories import ADDRESS, START

NIK = HeldNik(sealed=b"\x01\x00\xff", indexes=("abc",), masked="1902********0003", minor=True, district_unknown=True)
FILE = Attachment(
    kind="document",
    media_id="1",
    url="u",
    mime="m",
    filename="f",
    sha256="s",
    voice=True,
    label="l",
    latitude=0.0,
    longitude=-107.6,
    content=b"c",
)
LINE = TalkLine(at=START, speaker="citizen", text="halo 🙏", key="k", evidence=("a-0", "a-1"))
PLACE = Place(text="t", village="Perawas", village_code="19.02.01.2001", district="d", latitude=-2.74, longitude=107.0)
ENTRY = Entry(
    number=1,
    at=START,
    action="receive",
    actor="Pelapor",
    role="citizen",
    source="",
    target="diterima",
    note="n",
    told=("x",),
    previous="",
    digest="d",
)
LATER = START + timedelta(days=1, microseconds=7)
WHOLE: list[Any] = [
    Complaint(
        ticket="T",
        state=State.ASKED,
        reporter=Reporter(address=ADDRESS, name="Sari", nik=NIK, sender_key="s"),
        story="s\n2",
        title="t",
        when="w",
        place=PLACE,
        created_at=START,
        updated_at=LATER,
        talk=(LINE, LINE),
        more_talk=False,
        case_class="oversight",
        channel="sms",
        agency="a",
        agency_name="an",
        disposition=2,
        disposition_note="dn",
        revoked=(Revocation(agency="a", post="duty", at=LATER),),
        support=(
            Support(
                agency="b",
                agency_name="bn",
                disposition=3,
                wanted="w",
                asked_at=START,
                state=SupportState.DONE,
                reason="r",
                contributions=(Contribution(text="t", by="b", at=LATER, evidence=("e",)),),
            ),
        ),
        instruction="i",
        clock="answer",
        due=LATER,
        clock_started=START,
        clock_revision=2,
        pauses=(Pause(since=START, until=LATER),),
        agreed=LATER,
        paused=PausedClock(
            clock="answer",
            started=START,
            due=LATER,
            since=START,
            pauses=(Pause(since=START, until=LATER),),
            agreed=LATER,
            reminded=("half",),
        ),
        promised=LATER,
        slipped=LATER,
        taken_over_by="tob",
        resume=State.IN_PROGRESS,
        question="q",
        answer=Answer(text="t", original="o", by="b", at=START, evidence=("e",), before=("e",), scheduled_for=START),
        delivered_by="o",
        returns=1,
        suggested_agency="dlh",
        decided=True,
        extensions=1,
        extension=Extension(due=START, reason="r"),
        progress_told=1,
        progress_told_at=START,
        scheduled_for=START,
        reopened=1,
        reminded=("soon",),
        remind_at=LATER,
        rating=5,
        mark_open=True,
        reason="r",
        referred_to="rt",
        merged_into="mi",
        merged=("m",),
        revision=3,
        history=(ENTRY, replace(ENTRY, number=2, at=LATER)),
    ),
    Conversation(
        address=Address(channel="whatsapp", account="1", phone="2", user_id="3"),
        name="n",
        draft=Draft(
            started_at=START,
            talk=(LINE,),
            story=("a", "b"),
            story_keys=("k", "l"),
            place=PLACE,
            when="w",
            nik=NIK,
            nik_problem="nik_length",
            nik_problem_count=15,
            evidence=("e",),
            no_evidence=True,
            asking="nik",
            asked={"nik": 2, "story": 1},
            confirming=True,
            changing=True,
            handed_over=True,
            alarmed=True,
            prompted_at=LATER,
        ),
        ticket="t",
        tickets=("t", "u"),
        last_inbound_at=START,
        greeted_at=START,
        acknowledged_at=START,
        chatted_at=START,
        pending=Pending(outbox_id="o", first_at=START, due=LATER, text="t", buttons=("YA",)),
        held=("h",),
        needs_person=True,
        rating_for="t",
        reason_for="t",
        nudge_at=LATER,
        sequence=7,
        opted_out=True,
        chosen_at=START,
        recent=("r",),
        said=OutboxItem(id="o", kind="prompt", address=ADDRESS, created_at=START, due=LATER),
    ),
    OutboxItem(
        id="o",
        kind="answer",
        address=ADDRESS,
        created_at=START,
        due=LATER,
        sender_key="s",
        ticket="t",
        text="x",
        sms_text="y",
        answer_of="a",
        confirms=True,
        buttons=("PUAS",),
        template="t",
        template_values=("a", "b"),
        link_for="l",
        disposition=1,
        link_post="deputy",
        media="m",
        media_kind="video",
        by_person=True,
        passing=True,
        person=("index",),
        then="t",
        window_was_closed=True,
        inviting=True,
        state="sending",
        attempts=2,
        ambiguous=1,
        provider_id="p",
        error_code="1",
        error_text="e",
        sent_at=START,
        delivered_at=START,
        listed=(Listed(ticket="t", text="x", agency="a", disposition=1),),
        fallbacks=(ADDRESS,),
        read_at=LATER,
    ),
    Evidence(
        id="e",
        ticket="t",
        sender_key="s",
        attachment=FILE,
        created_at=START,
        origin="agency",
        state="fetching",
        due=LATER,
        attempts=1,
        reason="r",
        object_name="o",
        mime="m",
        size=5,
        sha256="s",
        channel="sms",
        uploaded=True,
        width=640,
        height=480,
        seconds=7.5,
        pages=2,
        beside=(Span(40, 90),),
        scan="pending",
        left_behind=True,
        renditions=(Rendition(name="thumb", mime="image/jpeg", size=9, width=320, height=240),),
        look="00ff00ff00ff00ff",
        prints=("p",),
        twins=("f",),
        taken_at="2026-03-02T09:00:00",
        latitude=-2.7,
        longitude=107.6,
    ),
    InboxItem(
        channel="whatsapp",
        account="a",
        provider_id="p/..",
        sender="s",
        kind="message",
        received_at=START,
        sent_at=START,
        raw=b"\x00\xff",
        raw_sealed=True,
        raw_packed=True,
        raw_with="w",
        text="t",
        attachments=(FILE,),
        state="quarantined",
        reason="r",
        note="n",
    ),
    AgencyRecord(
        code="c",
        name="n",
        short="s",
        topics=("lampu",),
        outside=True,
        contact="x",
        duty=Post(title="t", phone="1", email="a@b.example", channels=("email",)),
        deputy=Post(title="d", phone="3"),
        head=Post(title="h", phone="2"),
        active=False,
    ),
    OfficePage(
        years={"2027": {"2027-01-01": "Tahun Baru"}},
        decrees={"2027": "SKB"},
        clocks={"verify": 2},
        nudges=(2,),
        opens="09:00",
        closes="15:00",
        admin=Post(title="a"),
        secretary=Post(title="s"),
        leaders=(Post(title="l"),),
        agencies={"c": {"code": "c", "name": "n"}},
    ),
    Reminder(post="duty:c", ticket="t", clock_revision=1, step="half", due=LATER),
    Officer(email="a@b.example", name="n", role="officer", agency="a", active=False, epoch=3),
]
IDS = [type(value).__name__ for value in WHOLE]


@pytest.mark.parametrize("value", WHOLE, ids=IDS)
def test_the_example_differs_from_every_default(value: Any) -> None:
    same = [field.name for field in fields(value) if getattr(value, field.name) == field.default]
    assert same == []


@pytest.mark.parametrize("value", WHOLE, ids=IDS)
def test_a_document_comes_back_from_the_database_as_it_was(value: Any, firestore_project: str) -> None:
    reference = firestore.Client(project=firestore_project).collection("codec").document("one")
    reference.set(to_document(value))
    back = from_document(type(value), reference.get().to_dict() or {})
    assert back == value
    assert _kinds(back) == _kinds(value)


@pytest.mark.parametrize("value", WHOLE, ids=IDS)
def test_a_document_without_defaults_says_the_same(value: Any, firestore_project: str) -> None:
    required = {field.name for field in fields(value) if field.default is MISSING and field.default_factory is MISSING}
    plain = type(value)(**{name: getattr(value, name) for name in required})
    reference = firestore.Client(project=firestore_project).collection("codec").document("one")
    for whole in (value, plain):
        reference.set(without_defaults(whole))
        assert from_document(type(value), reference.get().to_dict() or {}) == whole
    assert set(without_defaults(plain)) <= required


@pytest.mark.parametrize("value", WHOLE, ids=IDS)
def test_an_old_document_without_the_newer_fields_takes_their_defaults(value: Any) -> None:
    required = {field.name for field in fields(value) if field.default is MISSING and field.default_factory is MISSING}
    old = {name: part for name, part in to_document(value).items() if name in required}
    back = from_document(type(value), old)
    assert all(getattr(back, name) == getattr(value, name) for name in required)


@pytest.mark.parametrize("value", WHOLE, ids=IDS)
def test_a_document_of_a_newer_version_is_read_without_what_we_do_not_know(value: Any) -> None:
    assert from_document(type(value), to_document(value) | {"of_the_future": {"a": [1]}}) == value


def test_times_come_back_plain_and_aware(firestore_project: str) -> None:
    reference = firestore.Client(project=firestore_project).collection("codec").document("time")
    reference.set({"text": "t", "speaker": "citizen", "at": LATER})
    at = from_document(TalkLine, reference.get().to_dict() or {}).at
    assert type(at) is datetime
    assert (at, at.tzinfo) == (LATER, UTC)


def _kinds(value: Any) -> Any:
    """The types inside, which equality alone does not tell: a list for a tuple, a word for a State."""
    if is_dataclass(value):
        return {field.name: _kinds(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return (tuple, [_kinds(part) for part in value])
    return type(value)
