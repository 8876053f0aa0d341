"""A complete draft becomes a complaint with a ticket."""

from dataclasses import replace
from datetime import datetime

from besadu import texts
from besadu.domain import deadlines, ticket
from besadu.domain.complaint import Actor, Complaint, Place, Reporter, State
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.outbox import OutboxItem
from besadu.services.office import Office
from besadu.store.client import Commit
from besadu.store.complaints import Decision
from besadu.store.keys import outbox_key

CITIZEN = Actor(role="citizen", name="Pelapor")
LONGEST_TITLE = 80
MOST_TICKETS = 10


def register(
    office: Office,
    commit: Commit,
    head: Conversation,
    sender: str,
    cause: str,
    now: datetime,
) -> tuple[Conversation, OutboxItem]:
    """Let ``commit`` create the complaint; the head without its draft, and the message with the ticket.

    A ticket that is taken makes the commit fail; the caller reads and tries again, and draws another one.
    """
    draft = head.draft
    if draft is None:
        message = "nothing to register"
        raise ValueError(message)
    complaint = _complaint(office, head, draft, sender, now)
    told = OutboxItem(
        id=outbox_key(cause, "ticket_given"),
        kind="notice",
        address=head.address,
        sender_key=sender,
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        text=texts.say(
            "ticket_given",
            ticket=complaint.ticket,
            verify_by=deadlines.date_text(complaint.due) if complaint.due else "-",
        ),
    )
    decision = Decision(after=complaint, action="receive", actor=CITIZEN, outbox=(told,))
    office.store.complaints.stage(commit, None, decision)
    tickets = (complaint.ticket, *head.tickets)[:MOST_TICKETS]
    return replace(head, draft=None, pending=None, ticket=complaint.ticket, tickets=tickets), told


def _complaint(office: Office, head: Conversation, draft: Draft, sender: str, now: datetime) -> Complaint:
    story = "\n".join(draft.story).strip()
    days = deadlines.CLOCKS["verify"]
    return Complaint(
        ticket=ticket.new(now),
        state=State.RECEIVED,
        reporter=Reporter(address=head.address, name=head.name, nik=draft.nik, sender_key=sender),
        story=story,
        title=title_of(story),
        when=draft.when,
        place=draft.place or Place(),
        created_at=now,
        updated_at=now,
        talk=draft.talk,
        clock="verify",
        due=deadlines.due(now, days, office.calendar()),
    )


def title_of(story: str) -> str:
    """The first words of the story, to tell complaints apart in a list."""
    first = story.strip().split("\n")[0].strip()
    if len(first) <= LONGEST_TITLE:
        return first or "Laporan suara atau gambar"
    return first[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
