"""What all steps of staff have in common: checked words, one commit, and the messages that go with it."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from besadu.domain import workflow
from besadu.domain.complaint import Actor, Complaint, State, TalkLine
from besadu.domain.outbox import OutboxItem
from besadu.errors import Invalid
from besadu.frozen import dataclass
from besadu.services import notices
from besadu.services.office import Office
from besadu.store.complaints import Decision

MOST_TEXT = 3500  # leaves room for the frame of a WhatsApp message (4096 characters)

Told = Callable[[Complaint, Complaint, datetime], tuple[OutboxItem, ...]]  # before and after the step


def _nobody(_before: Complaint, _after: Complaint, _now: datetime) -> tuple[OutboxItem, ...]:
    return ()


@dataclass(frozen=True)
class Step:
    """A step that needs nothing but its own facts: what changes, what the history notes, who is told."""

    action: workflow.Action
    changes: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    told: Told = _nobody


def take(office: Office, actor: Actor, ticket: str, step: Step) -> Complaint:
    """The complaint after the step. Raises NotAllowed, KeyError for an unknown ticket, Conflict, Unavailable."""
    now = office.now()

    def decide(before: Complaint) -> Decision:
        after = workflow.step(before, step.action, actor, now=now, calendar=office.calendar(), **step.changes)
        told = step.told(before, after, now)
        return Decision(after=after, action=step.action, actor=actor, note=step.note, outbox=told)

    return change(office, ticket, decide)


def change(office: Office, ticket: str, decide: Callable[[Complaint], Decision]) -> Complaint:
    """What ``decide`` makes of the complaint, once it stands; its messages and its next deadline are hurried."""
    decision = office.store.complaints.change(ticket, decide)
    office.send(*decision.outbox)
    office.remind(decision.after)
    return decision.after


def citizen_told(action: str, actor: Actor, values: Mapping[str, str], office: Office) -> Told:
    """The citizen is told in the words that the workflow's table has for this step, and so are the followers."""

    def told(before: Complaint, _after: Complaint, now: datetime) -> tuple[OutboxItem, ...]:
        own = notices.to_citizen(before, workflow.words(action, actor.role), values, now=now)
        return (own, *to_followers(office, before, action, values, now=now))

    return told


def to_followers(
    office: Office, leading: Complaint, action: str, values: Mapping[str, str], *, now: datetime
) -> tuple[OutboxItem, ...]:
    """The same news to the reporters of the complaints that were merged into ``leading``, each under their own number.

    ``leading`` is as it was before the step.
    """
    key = workflow.ROWS[action].tells_followers
    return tuple(
        notices.to_follower(leading, follower, notices.to_citizen(follower, key, values, now=now), key)
        for follower in (followers(office, leading) if key else ())
    )


def followers(office: Office, leading: Complaint) -> list[Complaint]:
    """The complaints merged into this one, as they stand."""
    stored = (office.store.complaints.read(ticket) for ticket in leading.merged)
    return [item.value for item in stored if item and item.value.state == State.MERGED]


def agency_told(office: Office, action: str) -> Told:
    """The agency's duty post gets the message that the workflow's table names, with its link."""

    def told(before: Complaint, after: Complaint, now: datetime) -> tuple[OutboxItem, ...]:
        agency, cause = notices.agency_of(office, before.agency), f"{before.ticket}:{before.revision}"
        duty = notices.to_agency(after, agency, workflow.ROWS[action].tells_agency, cause=cause, now=now)
        return (duty,) if duty else ()

    return told


def said(actor: Actor, text: str, item: OutboxItem) -> TalkLine:
    """What the citizen is told in ``item``, as a line of the talk."""
    return TalkLine(
        at=item.created_at,
        speaker="officer" if actor.role == "officer" else "admin",
        text=text.strip(),
        key=item.id,
    )


def joined(*parts: str) -> str:
    """``name: words``, of what is not empty."""
    return ": ".join(part.strip() for part in parts if part.strip())


def filled(text: str, name: str) -> None:
    """Raises Invalid when the field is empty or too long; ``name`` is how the form calls it."""
    if not text.strip():
        message = f"{name} belum diisi."
        raise Invalid(message)
    fits(text, name)


def fits(text: str, name: str) -> None:
    """Raises Invalid when the field is too long."""
    if len(text) > MOST_TEXT:
        message = f"{name} terlalu panjang: paling banyak {MOST_TEXT} huruf."
        raise Invalid(message)
