"""The office as its staff meet it: one person of each role, an agency, complaints of citizens who can be told apart."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from besadu import vault
from besadu.domain import deadlines
from besadu.domain import ticket as tickets
from besadu.domain.complaint import Actor, Complaint, HeldNik, Place, Reporter, Role, State, TalkLine
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.evidence import Evidence
from besadu.domain.message import Address, Attachment
from besadu.identity import Person, person_of
from besadu.media import Media
from besadu.services import casework, handling
from besadu.services.office import Office
from besadu.store.complaints import Decision
from besadu.store.directory import AgencyRecord, Officer, Post
from besadu.store.senders import key_of
from besadu_local.stack import Stack
from tests.services.desk_case import Hands, office_at

CITIZEN = Actor(role="citizen", name="Pelapor")
NAME, PHONE, NIK = "Siti Rahayu", "6281211112222", "1902014708900001"
STORY = f"Lampu jalan mati di depan SD 5 Perawas, malam gelap sekali. Telepon saya 0{PHONE[2:]}."
LIGHTS = AgencyRecord(
    code="DISHUB",
    name="Dinas Perhubungan",
    topics=("lampu jalan", "rambu"),
    duty=Post(title="Petugas piket Dishub", phone="6281299990000"),
)
ROADS = AgencyRecord(
    code="DPUPR", name="Dinas Pekerjaan Umum", topics=("jalan rusak",), duty=Post(title="Piket", phone="")
)
POWER = AgencyRecord(code="PLN", name="PT PLN (Persero)", topics=("listrik",), outside=True, contact="telepon 123")
ROLES: tuple[Role, ...] = ("admin", "officer", "leader", "auditor", "manager")


@dataclass
class Cast:
    """Everybody, and the tools to act for them."""

    office: Office
    media: Media
    hands: Hands
    public_key: str
    staff: dict[str, Officer] = field(default_factory=dict)

    def person(self, role: str) -> Person:
        return person_of(self.staff[role])

    def actor(self, role: str) -> Actor:
        return self.person(role).actor

    def stored(self, ticket: str) -> Complaint:
        found = self.office.store.complaints.read(ticket)
        assert found
        return found.value

    def complaint(self, **changes: Any) -> str:
        """A new complaint; its ticket."""
        now = self.hands.now()
        address = Address(channel="whatsapp", account="100", phone=PHONE)
        fields: dict[str, Any] = {
            "ticket": tickets.new(now),
            "state": State.RECEIVED,
            "reporter": Reporter(
                address=address,
                name=NAME,
                nik=HeldNik(
                    sealed=vault.seal(self.public_key, NIK.encode()),
                    indexes=("index",),
                    masked="1902********0001",
                ),
                sender_key=key_of(address),
            ),
            "story": STORY,
            "title": "Lampu jalan mati di depan SD 5",
            "when": "sejak Senin",
            "place": Place(
                text="dekat masjid", village="Perawas", village_code="19.02.01.2004", district="Tanjungpandan"
            ),
            "created_at": now,
            "updated_at": now,
            "clock": "verify",
            "due": deadlines.due(now, 3, self.office.calendar()),
            "talk": (TalkLine(at=now, speaker="citizen", text=STORY, key="m1", evidence=()),),
        }
        complaint = Complaint(**fields | changes)
        commit = self.office.store.commit()
        self.office.store.complaints.stage(commit, None, Decision(after=complaint, action="receive", actor=CITIZEN))
        commit.run()
        return complaint.ticket

    def forwarded(self, agency: str = "DISHUB") -> str:
        """A complaint that lies with an agency."""
        ticket = self.complaint()
        casework.forward(self.office, self.actor("admin"), ticket, agency_code=agency, note="Mohon dicek.")
        return ticket

    def answered(self) -> str:
        """A complaint that the agency has answered."""
        ticket = self.forwarded()
        handling.answer(self.office, self.actor("officer"), ticket, text="Lampunya sudah diganti.")
        return ticket

    def evidence(self, ticket: str, body: bytes, mime: str, **changes: Any) -> str:
        """A stored file of a complaint; its id."""
        evidence_id = secrets.token_hex(12)
        name = f"evidence/{evidence_id}"
        self.media.store(name, iter([body]), mime=mime, limit=len(body))
        fields: dict[str, Any] = {
            "id": evidence_id,
            "ticket": ticket,
            "sender_key": "s",
            "attachment": Attachment(kind="image"),
            "created_at": self.hands.now(),
            "state": "stored",
            "object_name": name,
            "mime": mime,
            "size": len(body),
        }
        commit = self.office.store.commit()
        self.office.store.evidence.stage(commit, Evidence(**fields | changes))
        commit.run()
        return evidence_id

    def conversation(self) -> str:
        """Somebody without a ticket who asked for a person; the sender's key."""
        address = Address(channel="whatsapp", account="100", phone="6281233334444")
        now = self.hands.now()
        talk = (TalkLine(at=now, speaker="citizen", text="mau bicara dengan petugas", key="d1"),)
        draft = Draft(started_at=now, talk=talk)
        head = Conversation(
            address=address, name="Joni", draft=draft, needs_person=True, last_inbound_at=now, sequence=3
        )
        commit = self.office.store.commit()
        self.office.store.senders.stage(commit, key_of(address), head, None)
        commit.run()
        return key_of(address)


def a_cast(stack: Stack) -> Cast:
    """A fresh office with a database of its own."""
    hands = Hands()
    office = office_at(stack, "console", hands.now)
    cast = Cast(office, Media(office.settings), hands, stack.settings["NIK_PUBLIC_KEY"])
    for agency in (LIGHTS, ROADS, POWER):
        office.store.directory.save_agency(agency)
    for role in ROLES:
        agency_code = "DISHUB" if role == "officer" else ""
        officer = Officer(email=f"{role}@office.example", name=f"Si {role}", role=role, agency=agency_code)
        office.store.directory.save_officer(officer)
        cast.staff[role] = officer
    return cast
