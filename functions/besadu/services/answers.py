"""The agency's answer on its way to the citizen: sent back, delivered, or passed on as a promise."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from besadu.domain import clocks, workflow
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.evidence import Evidence, sendable_kind
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid
from besadu.frozen import replace
from besadu.services import notices, steps
from besadu.services.office import Office
from besadu.store.client import Commit, Stored
from besadu.store.complaints import Decision
from besadu.store.keys import outbox_key

_GONE: Final = frozenset({"sending", "sent", "delivered", "read", "unknown"})


def send_back(office: Office, actor: Actor, ticket: str, *, reason: str) -> Complaint:
    """The admin wants a better answer; the duty post gets a new link, and reads the reason behind it."""
    steps.filled(reason, "Alasan")
    told = steps.agency_told(office, "send_back")
    step = steps.Step("send_back", {"instruction": reason.strip()}, note=reason.strip(), told=told)
    return steps.take(office, actor, ticket, step)


def deliver(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """Send the reviewed answer to the citizen, and to the reporters of complaints merged into this one."""
    steps.filled(text, "Jawaban")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        return _passed_on(office, before, "deliver", actor, text, now)

    return steps.change(office, ticket, decide)


def recall(office: Office, actor: Actor, ticket: str, *, reason: str) -> Complaint:
    """Take the answer back while it waits behind an invitation or for its turn; it is reviewed once more.

    Raises Invalid when it has been sent already, or just now; NotAllowed, KeyError, Conflict, Unavailable.
    """
    steps.filled(reason, "Alasan")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, "recall", actor, now=now, calendar=office.calendar(), delivered_by="")
        messages = office.store.outbox.carrying(before.delivered_by)
        if any(one.value.ticket == ticket and one.value.state in _GONE for one in messages):
            raise Invalid("Jawaban ini sudah dikirim, sehingga tidak dapat ditarik lagi.")
        stage = partial(_stage_recall, office, messages)
        return Decision(after=after, action="recall", actor=actor, note=reason.strip(), also=stage)

    return steps.change(office, ticket, decide)


def _stage_recall(office: Office, messages: list[Stored[OutboxItem]], commit: Commit) -> None:
    """Each message as it was read, or none: when somebody claims one meanwhile, all is looked at anew."""
    for one in messages:
        item = one.value
        if item.state in {"pending", "held"}:
            office.store.outbox.stage_change(commit, one, replace(item, state="superseded", due=None))
        # One whose invitation failed still waits in the conversation: it would go out once the citizen writes.
        if item.state not in _GONE | {"pending"} and not item.media and not item.address.brief:
            office.store.senders.stage_unheld(commit, item.sender_key, item.id)


def promise(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """Tell the citizen for when the work is promised. The complaint goes back to its agency, due on that day."""
    steps.filled(text, "Jawaban")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        day = before.answer.scheduled_for if before.answer else None
        return _passed_on(office, before, "promise", actor, text, now, agreed=day, promised=day, scheduled_for=day)

    return steps.change(office, ticket, decide)


def _passed_on(
    office: Office,
    before: Complaint,
    action: workflow.Action,
    actor: Actor,
    text: str,
    now: datetime,
    **changes: Any,  # noqa: ANN401 - for workflow.step
) -> Decision:
    """The step, and the messages that go with it."""
    given = before.answer
    final = replace(given, text=text.strip()) if given else None
    carried = outbox_key(f"{before.ticket}:{before.revision}:{before.ticket}", "answer")
    after = workflow.step(
        before,
        action,
        actor,
        now=now,
        calendar=office.calendar(),
        answer=final,
        delivered_by=carried,
        **changes,
    )
    readers = (before, *steps.followers(office, before))
    found = office.store.evidence.read_all(given.evidence if given else ())
    files = [file for file in found if file.state not in ("failed", "quarantined") and not file.too_large_to_send]
    days = clocks.days("reply", after, office.calendar())
    told = [item for reader in readers for item in _to_reader(reader, after, action, actor, files, days, now=now)]
    edited = "Naskah disunting admin." if given and given.original != text.strip() else ""
    line = steps.said(actor, text, told[0])
    return Decision(after=after, action=action, actor=actor, note=edited, outbox=tuple(told), line=line)


def _to_reader(
    reader: Complaint,
    after: Complaint,
    action: workflow.Action,
    actor: Actor,
    files: list[Evidence],
    days: int,
    *,
    now: datetime,
) -> list[OutboxItem]:
    """The answer in words, and each of the agency's files as a message of its own, just after it."""
    # A leading complaint may be answered again after it was reopened: its own revision tells the two apart.
    cause = f"{after.ticket}:{after.revision}:{reader.ticket}"
    own = reader.ticket == after.ticket
    key = workflow.words(action, actor.role) if own else workflow.ROWS[action].tells_followers
    words = notices.to_citizen(
        reader,
        key,
        _values(reader, after, days),
        now=now,
        kind="answer",
        buttons=notices.VERDICT_BUTTONS if own and action == "deliver" else (),
        by_person=True,
    )
    ids = [outbox_key(cause, part) for part in ("answer", *(file.id for file in files))]
    words = replace(words, answer_of=after.delivered_by)
    items = [replace(words, id=ids[0], confirms=True, then="".join(ids[1:2]))]
    for file, own_id, following in zip(files, ids[1:], [*ids[2:], ""], strict=False):  # the last has none after it
        alone = replace(words, id=own_id, due=None, then=following, text="", sms_text="", buttons=(), template="")
        items.append(replace(alone, media=file.id, media_kind=sendable_kind(file)))
    return items


def _values(reader: Complaint, after: Complaint, days: int) -> Mapping[str, str]:
    given = after.answer
    day = given.scheduled_for if given else None
    return {
        "agency": after.agency_name,
        "answer": given.text if given else "",
        "days": str(days),
        "day": notices.day(reader, day),
    }
