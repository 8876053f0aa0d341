"""A talk between a citizen and the dialogue, so that a test reads like what stands on the phone."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from besadu import texts
from besadu.domain.complaint import Complaint, HeldNik, Place, Reporter, State
from besadu.domain.conversation import Conversation, Draft, Outcome, Pending
from besadu.domain.dialogue import advance
from besadu.domain.message import Address, Attachment, Inbound, Kind

ADDRESS = Address(channel="whatsapp", account="100200300", phone="6281200000001")
MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # 10:00 WIB
NIK = "1902014507900003"  # synthetic: a woman born 5 July 1990
TICKET = "BSD-26-4839-2050"
QUIET = timedelta(seconds=6)

PHOTO = Attachment(kind="image", media_id="1", mime="image/jpeg")
VOICE = Attachment(kind="audio", media_id="2", mime="audio/ogg", voice=True)
PIN = Attachment(kind="location", latitude=-2.74, longitude=107.64)
FAR_PIN = Attachment(kind="location", latitude=-6.2, longitude=106.8, label="Monas")
STICKER = Attachment(kind="sticker", media_id="3", mime="image/webp")


def sealed(digits: str) -> HeldNik:
    """As the vault does it, with a digest for the cipher text."""
    digest = hashlib.sha256(digits.encode()).hexdigest()
    return HeldNik(sealed=digest.encode(), indexes=(digest,), masked=f"1902********{digits[-4:]}")


def complaint(state: State = State.RECEIVED, **changes: object) -> Complaint:
    """A complaint of this citizen."""
    base = Complaint(
        ticket=TICKET,
        state=state,
        reporter=Reporter(address=ADDRESS),
        story="lampu jalan mati",
        title="lampu jalan mati",
        when="kemarin",
        place=Place(village="Perawas"),
        created_at=MONDAY,
        updated_at=MONDAY,
        agency_name="Dinas Perhubungan",
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # a test's own fields


@dataclass
class Talk:
    """Says lines and keeps what came back. Between two lines the citizen reads the reply, unless in a burst."""

    head: Conversation = field(default_factory=lambda: Conversation(address=ADDRESS))
    now: datetime = MONDAY
    complaint: Complaint | None = None
    outcome: Outcome | None = None
    count: int = 0

    @classmethod
    def after_ticket(cls, state: State = State.RECEIVED, **changes: object) -> "Talk":
        """A talk that has led to a complaint."""
        head = Conversation(address=ADDRESS, ticket=TICKET, tickets=(TICKET,), greeted_at=MONDAY - timedelta(days=1))
        return cls(head=head, complaint=complaint(state, **changes))

    def say(
        self,
        text: str = "",
        *files: Attachment,
        wait: timedelta = timedelta(minutes=1),
        kind: Kind = "message",
        payload: str = "",
        target: str = "",
    ) -> str:
        """One message; the reply as the phone shows it, "" when BESADU keeps silent."""
        self.now += wait
        self.count += 1
        message = Inbound(
            address=ADDRESS,
            provider_id=f"wamid.{self.count}",
            kind=kind,
            received_at=self.now,
            sent_at=self.now,
            text=text,
            attachments=files,
            name="Sari",
            payload=payload,
        )
        self.outcome = advance(
            self.head,
            message,
            key=self.key(self.count),
            complaint=self.complaint,
            now=self.now,
            seal=sealed,
            target_key=target,
        )
        self.head = self._after(self.outcome)
        return self.reply

    def burst(self, *messages: str | Attachment) -> str:
        """Messages within a second, of which the citizen reads only the last reply."""
        replies = [
            self.say(each, wait=timedelta(milliseconds=300))
            if isinstance(each, str)
            else self.say("", each, wait=timedelta(milliseconds=300))
            for each in messages
        ]
        return replies[-1]

    @staticmethod
    def key(number: int) -> str:
        """The inbox id of the n-th message."""
        return hashlib.sha256(str(number).encode()).hexdigest()

    @property
    def reply(self) -> str:
        """The newest reply in words."""
        reply = self.done.reply
        return texts.compose(reply) if reply else ""

    @property
    def asks(self) -> str:
        """The key of the newest reply, "" for none."""
        return self.done.reply.key if self.done.reply else ""

    @property
    def done(self) -> Outcome:
        """What the newest message led to."""
        assert self.outcome is not None
        return self.outcome

    @property
    def draft(self) -> Draft:
        """The draft, which must be there."""
        assert self.head.draft is not None
        return self.head.draft

    def _after(self, outcome: Outcome) -> Conversation:
        """The head as the service leaves it: a prompt waits for the end of the burst, an urgent one does not."""
        head, reply = outcome.head, outcome.reply
        if reply is None:
            return head
        if reply.urgent:
            return replace(head, pending=None)
        waiting = head.pending if head.pending and head.pending.due > self.now else None
        first = waiting.first_at if waiting else self.now
        return replace(head, pending=Pending(outbox_id="o", first_at=first, due=self.now + QUIET, text=""))
