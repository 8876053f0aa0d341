"""The agency's answer on its way to the citizen: sent back, delivered, or passed on as a promise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from besadu.domain import workflow
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.evidence import Evidence, sendable_kind
from besadu.domain.outbox import OutboxItem
from besadu.frozen import replace
from besadu.services import notices, steps
from besadu.services.office import Office
from besadu.store.complaints import Decision
from besadu.store.keys import outbox_key


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
        decision, told = _passed_on(office, before, "deliver", actor, text, now)
        return replace(decision, after=replace(decision.after, delivered_by=told.id))

    return steps.change(office, ticket, decide)


def promise(office: Office, actor: Actor, ticket: str, *, text: str) -> Complaint:
    """Tell the citizen for when the work is promised. The complaint goes back to its agency, due on that day."""
    steps.filled(text, "Jawaban")
    now = office.now()

    def decide(before: Complaint) -> Decision:
        day = before.answer.scheduled_for if before.answer else None
        return _passed_on(office, before, "promise", actor, text, now, agreed=day, promised=day, scheduled_for=day)[0]

    return steps.change(office, ticket, decide)


def _passed_on(
    office: Office,
    before: Complaint,
    action: workflow.Action,
    actor: Actor,
    text: str,
    now: datetime,
    **changes: Any,  # noqa: ANN401 - for workflow.step
) -> tuple[Decision, OutboxItem]:
    """The step, and the message to the complaint's own reporter that goes with it."""
    given = before.answer
    final = replace(given, text=text.strip()) if given else None
    after = workflow.step(before, action, actor, now=now, calendar=office.calendar(), answer=final, **changes)
    readers = (before, *steps.followers(office, before))
    files = office.store.evidence.read_all(given.evidence if given else ())
    told = [item for reader in readers for item in _to_reader(before, reader, after, action, actor, files, now=now)]
    edited = "Naskah disunting admin." if given and given.original != text.strip() else ""
    line = steps.said(actor, text, told[0])
    return Decision(after=after, action=action, actor=actor, note=edited, outbox=tuple(told), line=line), told[0]


def _to_reader(
    leading: Complaint,
    reader: Complaint,
    after: Complaint,
    action: workflow.Action,
    actor: Actor,
    files: list[Evidence],
    *,
    now: datetime,
) -> list[OutboxItem]:
    """The answer in words, and each of the agency's files as a message of its own, just after it."""
    # A leading complaint may be answered again after it was reopened: its own revision tells the two apart.
    cause = f"{leading.ticket}:{leading.revision}:{reader.ticket}"
    own = reader.ticket == leading.ticket
    key = workflow.words(action, actor.role) if own else workflow.ROWS[action].tells_followers
    words = notices.to_citizen(
        reader,
        key,
        _values(reader, after),
        now=now,
        kind="answer",
        buttons=notices.VERDICT_BUTTONS if own and action == "deliver" else (),
        by_person=True,
    )
    ids = [outbox_key(cause, part) for part in ("answer", *(file.id for file in files))]
    items = [replace(words, id=ids[0], then="".join(ids[1:2]))]
    for file, own_id, following in zip(files, ids[1:], [*ids[2:], ""], strict=False):  # the last has none after it
        alone = replace(words, id=own_id, due=None, then=following, text="", buttons=(), template="")
        items.append(replace(alone, media=file.id, media_kind=sendable_kind(file)))
    return items


def _values(reader: Complaint, after: Complaint) -> Mapping[str, str]:
    given = after.answer
    day = given.scheduled_for if given else None
    return {
        "agency": after.agency_name,
        "answer": given.text if given else "",
        "due": notices.day(reader, after.due),
        "day": notices.day(reader, day),
    }
