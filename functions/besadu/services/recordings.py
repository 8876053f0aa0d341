"""What a caller said becomes a complaint, or joins the one that is open; and where its sound comes from.

The complaint is made at once with what is known, so that nothing is lost: an officer listens, and asks for the rest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from besadu import texts
from besadu.channels.http import Media
from besadu.config import Settings
from besadu.domain import ivr
from besadu.domain.complaint import Complaint, State, TalkLine
from besadu.domain.conversation import CitizenAct, CitizenStep, Conversation, Draft
from besadu.domain.evidence import Evidence
from besadu.domain.ivr import Call
from besadu.domain.message import Address, Attachment
from besadu.domain.outbox import OutboxItem
from besadu.errors import MediaGone
from besadu.frozen import dataclass, replace
from besadu.services import citizen_acts, registration
from besadu.services.office import Office
from besadu.services.registration import CITIZEN
from besadu.store.calls import Calls
from besadu.store.client import Commit
from besadu.store.complaints import Decision
from besadu.store.keys import key, outbox_key
from besadu.store.senders import key_of

TITLE = "Laporan telepon"
NO_NIK = "NIK tidak diberikan"
KEPT = "call:"  # begins the media id of a sound that lies with its call, not at a provider
NOT_THERE_YET = timedelta(seconds=20)  # between the end of a recording and its file


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the commit of a recording makes: the call and the head as they are then, and what to hurry after it."""

    call: Call
    head: Conversation
    evidence: Evidence
    told: tuple[OutboxItem, ...] = ()


def answers_at(settings: Settings, caller: Address) -> Address:
    """The conversation that a caller's answers go to: SMS for a mobile number, so that a reply by SMS joins it."""
    if ivr.mobile(caller) and settings.sms_gateway:
        return Address(channel="sms", account=settings.sms_gateway, phone=caller.phone)
    return caller


def keep(
    office: Office,
    commit: Commit,
    call: Call,
    head: Conversation,
    *,
    call_key: str,
    attachment: Attachment,
    ready: bool,
) -> Kept:
    """Let ``commit`` keep a recording: as a new complaint, or with the complaint that the caller chose.

    ``ready``: the sound can be fetched now. A ticket that is taken makes the commit fail; the caller tries again.
    """
    now = office.now()
    evidence_id = key("recording", call_key, attachment.media_id)[:40]
    line = TalkLine(at=now, speaker="citizen", text=ivr.RECORDING, key=evidence_id, evidence=(evidence_id,))
    head = replace(head, needs_person=True, last_inbound_at=now, sequence=head.sequence + 1)
    number = call.ticket or (call.open_ticket if call.adding else "")
    if number:
        told = None if call.ticket else _told(call, head, number, call_key=call_key, now=now)
        _add(office, commit, number, line, told)
    else:
        complaint = _complaint(office, call, head, line)
        number, head = complaint.ticket, registration.with_ticket(head, complaint.ticket)
        told = _told(call, head, number, call_key=call_key, now=now)
        note, outbox = "" if call.nik else NO_NIK, (told,) if told else ()
        decision = Decision(after=complaint, action="receive", actor=CITIZEN, note=note, outbox=outbox)
        office.store.complaints.stage(commit, None, decision)
    evidence = Evidence(
        id=evidence_id,
        ticket=number,
        sender_key=key_of(head.address),
        attachment=attachment,
        created_at=now,
        channel="telephone",
        due=now if ready else now + NOT_THERE_YET,
    )
    office.store.evidence.stage(commit, evidence)
    call = replace(call, ticket=number, told=call.told or told is not None)
    return Kept(call=call, head=head, evidence=evidence, told=(told,) if told else ())


def _add(office: Office, commit: Commit, number: str, line: TalkLine, told: OutboxItem | None) -> None:
    """The recording in the talk of an open complaint; when we had asked something, it is the answer."""
    current = office.store.complaints.read(number, patient=False)
    if current is None:
        raise KeyError(number)
    step: CitizenStep = "reply" if current.value.state is State.ASKED else "add"
    citizen_acts.stage(office, commit, current, CitizenAct(ticket=number, step=step), line)
    if told:
        office.store.outbox.stage(commit, told)


def _complaint(office: Office, call: Call, head: Conversation, line: TalkLine) -> Complaint:
    """What is known after the call: who called, perhaps the NIK, and that there is something to listen to."""
    draft = Draft(started_at=call.started_at, talk=(line,), story=(ivr.RECORDING,), nik=call.nik)
    made = registration.complaint_from(office, head, draft, key_of(head.address), line.at)
    return replace(made, channel="telephone", title=TITLE)


def _told(call: Call, head: Conversation, number: str, *, call_key: str, now: datetime) -> OutboxItem | None:
    """The ticket by SMS; None when the caller's number takes none."""
    if head.address.channel != "sms":
        return None
    return OutboxItem(
        id=outbox_key(call_key, "ticket_given"),
        kind="notice",
        address=head.address,
        sender_key=key_of(head.address),
        person=call.nik.indexes if call.nik else (),
        ticket=number,
        created_at=now,
        due=now,
        text=texts.spoken("sms_added" if call.adding else "sms_ticket", ticket=number),
    )


@contextmanager
def open_kept(office: Office, attachment: Attachment) -> Iterator[Media]:
    """The sound that lies with its call. Raises MediaGone when the call is no longer there, Unavailable."""
    stored = Calls(office.store.database).read(attachment.media_id.removeprefix(KEPT), patient=True)
    if stored is None or not stored.value.audio:
        raise MediaGone("expired")
    audio = stored.value.audio
    yield Media(iter((audio,)), attachment.mime, len(audio))
