"""A call that a person answered: what the admin wrote down becomes a complaint like any other, in one commit.

The complaint belongs to the conversation in which its caller wants to be answered, so that STATUS or PUAS work there.
"""

from datetime import datetime
from typing import Final

from besadu import logs
from besadu.config import Settings
from besadu.domain import whereabouts
from besadu.domain.complaint import Actor, Complaint, TalkLine
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.message import Address
from besadu.domain.outbox import OutboxItem
from besadu.errors import Conflict, InvalidFields, Refused
from besadu.frozen import replace
from besadu.services import registration
from besadu.services.call_form import Call, CallForm, checked
from besadu.services.office import Office
from besadu.services.recordings import answers_at
from besadu.store.client import PATIENT_TIMEOUT, AlreadyThere
from besadu.store.complaints import Decision
from besadu.store.inbox import InboxItem
from besadu.store.keys import inbox_key
from besadu.store.senders import key_of

ACCOUNT: Final = "console"  # of the line on which people answer
MOST_TRIES: Final = 5


def register_call(office: Office, actor: Actor, form: CallForm) -> str:
    """Make a complaint of the call; its ticket. The same form sent again gives the same ticket.

    Raises InvalidFields, Refused for anybody but an admin, Conflict, Unavailable.
    """
    if actor.role != "admin":
        raise Refused("only an admin registers calls")
    call = checked(office, form)
    for _ in range(MOST_TRIES):
        if known := _registered(office, form.form_id, call):
            return known
        try:
            ticket, told = _register(office, actor, call, form.form_id)
        except (AlreadyThere, Conflict):
            continue  # the same form a moment ago, a taken ticket, or the caller has just written
        office.send(*told)
        logs.info("call_registered", ticket=ticket, reply_by=call.reply_by, nik=call.nik is not None)
        return ticket
    raise Conflict("call")


def _registered(office: Office, form_id: str, call: Call) -> str:
    """The ticket that this form has got before, or "". Raises InvalidFields when it now says something else."""
    stored = office.store.inbox.read(inbox_key("telephone", ACCOUNT, form_id))
    if stored is None:
        return ""
    if stored.value.text != call.story:
        said = f"Formulir ini sudah tersimpan sebagai laporan {stored.value.note}. Bila ini laporan lain, simpan lagi."
        raise InvalidFields({"form_id": said})
    return stored.value.note


def _register(office: Office, actor: Actor, call: Call, form_id: str) -> tuple[str, list[OutboxItem]]:
    """One try: read the conversation, and write inbox, head, complaint and message together."""
    now, store = office.now(), office.store
    address = _address(office.settings, call, form_id)
    sender, cause = key_of(address), inbox_key("telephone", ACCOUNT, form_id)
    before = store.senders.read(sender, patient=True)
    head = before.value if before else Conversation(address=address)
    named = replace(head, name=call.name or head.name)
    complaint = replace(
        registration.complaint_from(office, named, _draft(call, cause, now), sender, now),
        channel="telephone",
        case_class=call.case_class,
    )
    told = [registration.ticket_message(complaint, cause, now)] if call.reply_by != "none" else []
    decision = Decision(after=complaint, action="receive", actor=actor, note=_note(call), outbox=tuple(told))
    commit = store.commit()
    store.inbox.stage(commit, _inbox_item(call, form_id, complaint, now))
    store.complaints.stage(commit, None, decision)
    # A draft of the caller's own stays as it is: they may be writing at this very moment.
    after = registration.with_ticket(replace(head, name=head.name or call.name), complaint.ticket)
    after = after if call.reply_by == "none" else replace(after, chosen_at=now)
    store.senders.stage(commit, sender, after, before)
    commit.run(timeout=PATIENT_TIMEOUT)
    return complaint.ticket, told


def _draft(call: Call, cause: str, now: datetime) -> Draft:
    """The complaint as the dialogue would have collected it."""
    place = whereabouts.described(call.place)
    if not place.village and (named := whereabouts.locate(call.story)):
        place = replace(named[0], text=place.text)
    said = [call.story, f"Lokasi: {call.place}. Waktu: {call.when}."]
    said += [f"Bukti: {call.evidence}"] if call.evidence else []
    lines = [TalkLine(at=now, speaker="admin", text="Telepon yang dicatat petugas.", key=cause)]
    lines += [TalkLine(at=now, speaker="citizen", text=text, key=cause) for text in said]
    story = (call.story, f"Bukti: {call.evidence}") if call.evidence else (call.story,)
    return Draft(started_at=now, talk=tuple(lines), story=story, place=place, when=call.when, nik=call.nik)


def _note(call: Call) -> str:
    """What stands in the history beside the first step."""
    told = {"whatsapp": "nomor laporan dikirim lewat WhatsApp", "sms": "nomor laporan dikirim lewat SMS"}
    parts = ["Lewat telepon", told.get(call.reply_by, "nomor laporan hanya dibacakan")]
    parts += [f"tanpa NIK: {call.nik_reason}"] if call.nik is None else []
    return "; ".join(parts)


def _address(settings: Settings, call: Call, form_id: str) -> Address:
    """The conversation in which the caller is answered. Without a number each call is a citizen of its own."""
    if call.reply_by == "whatsapp":
        return Address(channel="whatsapp", account=settings.whatsapp_phone_number_id, phone=call.phone)
    if call.reply_by == "sms":
        return Address(channel="sms", account=settings.sms_gateway, phone=call.phone)
    user_id = "" if call.phone else form_id
    return answers_at(settings, Address(channel="telephone", account=ACCOUNT, phone=call.phone, user_id=user_id))


def _inbox_item(call: Call, form_id: str, complaint: Complaint, now: datetime) -> InboxItem:
    return InboxItem(
        channel="telephone",
        account=ACCOUNT,
        provider_id=form_id,
        sender=call.phone or form_id,
        kind="message",
        received_at=now,
        sent_at=now,
        raw=b"",
        text=call.story,
        note=complaint.ticket,
    )
