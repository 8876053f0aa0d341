"""A complaint in a real database, handed to an agency of its own: what the tests of the desk begin with."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from besadu import config, links
from besadu.domain import ticket as tickets
from besadu.domain.complaint import Actor, Complaint, HeldNik, Place, Reporter, State, TalkLine
from besadu.domain.message import Address
from besadu.media import Media
from besadu.queue import Queue
from besadu.services import admission, casework, supporting
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect
from besadu.store.complaints import Decision
from besadu.store.directory import AgencyRecord, Post
from besadu_local.stack import Stack

ADMIN = Actor(role="admin", name="Admin Uji")
CITIZEN = Actor(role="citizen", name="Pelapor")
NAME, PHONE, NIK = "Siti Rahayu", "6281211112222", "1902014708900001"
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # a Monday, 09:00 in Belitung
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def advance(self, **more: float) -> None:
        self.time += timedelta(**more)


@dataclass(frozen=True)
class Case:
    """One complaint with the tools to work on it."""

    office: Office
    media: Media
    hands: Hands
    ticket: str
    agency: AgencyRecord

    @property
    def officer(self) -> Actor:
        return Actor(role="officer", name="Petugas Uji", agency=self.agency.code)

    def stored(self) -> Complaint:
        found = self.office.store.complaints.read(self.ticket)
        assert found
        return found.value

    def forward(self, note: str = "Mohon segera.") -> Complaint:
        return casework.forward(self.office, ADMIN, self.ticket, agency_code=self.agency.code, note=note)

    def support(self, wanted: str = "Mohon cek salurannya.", **changes: Any) -> "Case":
        """Another agency is asked to help; the same complaint from its side."""
        duty = Post(title="Piket DLH", phone="6281299990009")
        base = AgencyRecord(code=f"uji-{secrets.token_hex(4)}", name="Dinas Lingkungan Hidup", short="DLH", duty=duty)
        other = replace(base, **changes)
        self.office.store.directory.save_agency(other)
        supporting.ask(self.office, ADMIN, self.ticket, agency=other.code, wanted=wanted)
        return replace(self, agency=other)

    def token(self, **changes: object) -> str:
        now = self.stored()
        link = links.Link(
            ticket=now.ticket,
            agency=self.agency.code,
            disposition=dict(admission.hand_overs(now)).get(self.agency.code, now.disposition),
            issued_at=self.hands.now(),
        )
        return links.issue(self.office.settings, replace(link, **changes))  # type: ignore[arg-type]


def office_at(stack: Stack, door: str, now: Callable[[], datetime], **settings: str) -> Office:
    """The tools that ``door`` has on this platform, on a database of its own: the running doors know nothing of it."""
    known = config.load(stack.settings, door)
    chosen = replace(known, **{"google_cloud_project": f"test-{secrets.token_hex(6)}", **settings})
    return Office(chosen, open_store(connect(chosen)), Queue(known), now)


def a_case(stack: Stack, *, forwarded: bool = True, beside: Case | None = None) -> Case:
    """A complaint full of things that an agency may not see; ``beside`` another one, in the same database."""
    hands = beside.hands if beside else Hands()
    office = beside.office if beside else office_at(stack, "assignment", hands.now)
    agency = AgencyRecord(
        code=f"uji-{secrets.token_hex(4)}",
        name="Dinas Pekerjaan Umum dan Penataan Ruang",
        short="DPUPR",
        duty=Post(title="Petugas piket DPUPR", phone="6281299990000"),
    )
    office.store.directory.save_agency(agency)
    case = Case(office, Media(office.settings), hands, tickets.new(hands.now()), agency)
    _register(case)
    if forwarded:
        case.forward()
    return case


def _register(case: Case) -> None:
    now = case.hands.now()
    story = f"Jalan rusak parah di depan SD 5. NIK saya {NIK}, hubungi {PHONE}."
    complaint = Complaint(
        ticket=case.ticket,
        state=State.RECEIVED,
        reporter=Reporter(
            address=Address(channel="whatsapp", account="100", phone=PHONE),
            name=NAME,
            nik=HeldNik(sealed=b"sealed", indexes=("index",), masked="1902********0001"),
            sender_key=secrets.token_hex(8),
        ),
        story=story,
        title="Jalan rusak di depan SD 5",
        when="sejak Januari",
        place=Place(text=f"dekat warung, WA {PHONE}", village="Air Saga", latitude=-2.7412, longitude=107.6317),
        created_at=now,
        updated_at=now,
        clock="verify",
        due=now + timedelta(days=3),
        talk=(TalkLine(at=now, speaker="citizen", text=story, key="m1"),),
    )
    commit = case.office.store.commit()
    case.office.store.complaints.stage(commit, None, Decision(after=complaint, action="register", actor=CITIZEN))
    commit.run()
