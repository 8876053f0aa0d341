"""Whether an answer has reached its citizen: what confirms it, and which way it takes when nothing does.

A complaint is delivered when a channel says so, not when a message was handed to one. What is not read within a day
goes by SMS; what reaches nobody becomes a person's call. Each message on its way carries the time of the next look at
it (``due``), so that the sweep finds it and no answer ends in silence.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from besadu import logs
from besadu.domain import workflow
from besadu.domain.complaint import Actor, Complaint, State
from besadu.domain.deadlines import next_open
from besadu.domain.message import Channel
from besadu.domain.outbox import OutboxItem
from besadu.domain.outreach import Outreach
from besadu.errors import Conflict, Unavailable
from besadu.frozen import dataclass, replace
from besadu.services import routing
from besadu.services.office import Office
from besadu.store.client import Commit, Stored
from besadu.store.complaints import Decision
from besadu.store.keys import outbox_key
from besadu.store.reminders import CALL, DECIDE, Reminder

SYSTEM: Final = Actor(role="system", name="Sistem")
UNREAD_FOR: Final = timedelta(hours=24)
TELLS_READ: Final[frozenset[Channel]] = frozenset({"whatsapp", "instagram"})
MOST_TRIES: Final = 5
LOST: Final = frozenset({"failed", "unknown"})
_AWAITED: Final = frozenset({State.SENDING, State.DELIVERED, State.IN_PROGRESS, State.MERGED})
_SAID: Final[Mapping[str, str]] = {"delivered": "sampai", "read": "dibaca"}


@dataclass(frozen=True, kw_only=True)
class Onward:
    """What takes the place of a message that has not reached its citizen: the same by SMS, or a call by a person."""

    sms: OutboxItem | None = None
    call: Outreach | None = None

    def stage(self, office: Office, commit: Commit) -> None:
        """Let ``commit`` make it."""
        if self.sms:
            office.store.outbox.stage(commit, self.sms)
        if self.call:
            office.store.outreach.stage(commit, self.call, None)
            office.store.reminders.stage(commit, told(office, self.call))

    def hurry(self, office: Office) -> None:
        """Once the commit stands."""
        if self.sms:
            office.send(self.sms)
        if self.call:
            logs.warning("answer_needs_a_call", ticket=self.call.ticket)


NOTHING: Final = Onward()


def look_at(item: OutboxItem, now: datetime) -> datetime | None:
    """When to see whether this message was read, now that it is sent or waits for the window; None when nobody asks."""
    words = item.answer_of and not item.media
    return now + UNREAD_FOR if words and (item.confirms or item.state == "held") else None


def confirm(office: Office, item: OutboxItem, how: str) -> bool:
    """Let the complaint be delivered, for this message of its answer has arrived; its reply's clock starts.

    Returns whether the complaint is the one that keeps this: not so for a message to a follower. Raises Unavailable.
    """
    note = f"{routing.NAMES[item.address.channel]}: {_SAID.get(how, how)}"
    for _ in range(MOST_TRIES):
        stored = office.store.complaints.read(item.ticket, patient=False)
        if stored is None or stored.value.delivered_by != item.answer_of:
            return False
        if stored.value.state is not State.SENDING:
            return True
        after = workflow.step(stored.value, "confirm", SYSTEM, now=office.now(), calendar=office.calendar())
        commit = office.store.commit()
        decision = Decision(after=after, action="confirm", actor=SYSTEM, note=note)
        decision = office.store.complaints.stage(commit, stored, decision)
        try:
            commit.run()
        except Conflict:
            continue
        office.remind(decision.after)
        return True
    raise Unavailable("contended")


def a_call(office: Office, complaint: Complaint, item: OutboxItem) -> Outreach:
    """The task to ring up the citizen for whom ``item`` was, who made ``complaint``."""
    now = office.now()
    return Outreach(
        id=outbox_key(f"{item.answer_of}:{item.ticket}", "call"),
        ticket=item.ticket,
        answered=complaint.merged_into or complaint.ticket,
        answer_of=item.answer_of,
        made_at=now,
        due=now,
    )


def told(office: Office, task: Outreach) -> Reminder:
    """Whose post is to hear of the task: who rings up, or who decides after calls in vain."""
    deciding = task.state == "deciding"
    return Reminder(
        post="leader" if deciding else "admin",
        ticket=task.ticket,
        clock_revision=len(task.calls),
        step=f"{DECIDE if deciding else CALL}:{task.id}",
        due=next_open(office.now(), office.calendar()),
    )


def look(office: Office, stored: Stored[OutboxItem]) -> str:
    """A day has passed since this message was sent, or held behind an invitation. Returns a word for the log."""
    item = stored.value
    found = office.store.complaints.read(item.ticket)
    onward = NOTHING
    if found is None or not _awaited(found.value, item):
        done = "no longer awaited"
    elif item.state != "held" and _wrote_since(office, item):
        confirm(office, item, "pelapor menulis sesudahnya")
        done = "read"
    else:
        onward = _unread(office, found.value, item)
        done = "by sms" if onward.sms else "by call" if onward.call else "arrived"
    try:
        office.store.outbox.replace(stored, replace(item, due=None), lambda commit: onward.stage(office, commit))
    except Conflict:
        return "overtaken"
    onward.hurry(office)
    return done


def after_loss(office: Office, item: OutboxItem) -> tuple[OutboxItem, Onward]:
    """A message that has just failed for good, and what takes its place; unchanged when nothing does."""
    if item.state not in LOST or not item.answer_of or item.media:
        return item, NOTHING
    found = office.store.complaints.read(item.ticket)
    if found is None or not _awaited(found.value, item):
        return item, NOTHING
    onward = _onward(office, found.value, item)
    return (replace(item, state="superseded", due=None), onward) if onward != NOTHING else (item, NOTHING)


def _unread(office: Office, complaint: Complaint, item: OutboxItem) -> Onward:
    """What has arrived unread goes by SMS, too, where its channel tells of reading; but nobody is rung up then."""
    own = complaint.delivered_by == item.answer_of
    arrived = item.state == "delivered" or (own and complaint.state is not State.SENDING)
    if arrived and item.address.channel not in TELLS_READ:
        return NOTHING
    onward = _onward(office, complaint, item)
    return Onward(sms=onward.sms) if arrived else onward


def _onward(office: Office, complaint: Complaint, item: OutboxItem) -> Onward:
    """By SMS if a number is known and it has not gone that way yet; else a call, unless one is planned already."""
    number = "" if item.address.brief or not office.settings.sms_gateway else routing.number_of(office, item)
    sms_id = outbox_key(f"{item.answer_of}:{item.ticket}", "sms")
    if number and not office.store.outbox.has(sms_id):
        return Onward(sms=routing.as_sms(item, number, sms_id, office.now()))
    call = a_call(office, complaint, item)
    return NOTHING if office.store.outreach.read(call.id) else Onward(call=call)


def _awaited(complaint: Complaint, item: OutboxItem) -> bool:
    """Whether the citizen still needs it: neither judged nor taken back, and no newer answer in its place."""
    own = complaint.delivered_by == item.answer_of or complaint.state is State.MERGED
    return own and complaint.state in _AWAITED


def _wrote_since(office: Office, item: OutboxItem) -> bool:
    """Whether the citizen has written in this conversation since the message went: then it has been seen."""
    head = office.store.senders.read(item.sender_key) if item.sender_key else None
    last = head.value.last_inbound_at if head else None
    return last is not None and item.sent_at is not None and last > item.sent_at
