"""A complete draft becomes a complaint with a ticket."""

from datetime import datetime

from besadu import texts
from besadu.domain import clocks, ladder, ticket
from besadu.domain.complaint import Actor, Complaint, Place, Reporter, State
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.outbox import OutboxItem
from besadu.frozen import replace
from besadu.services import notices
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
    """Let ``commit`` create the complaint; the head without its draft, and the message with the ticket for it to hold.

    A ticket that is taken makes the commit fail; the caller reads and tries again, and draws another one.
    """
    draft = head.draft
    if draft is None:
        message = "nothing to register"
        raise ValueError(message)
    complaint = complaint_from(office, head, draft, sender, now)
    told = ticket_message(complaint, cause, now)
    decision = Decision(after=complaint, action="receive", actor=CITIZEN, told=(told,))
    office.store.complaints.stage(commit, None, decision)
    return replace(with_ticket(head, complaint.ticket), draft=None, pending=None), told


def with_ticket(head: Conversation, number: str) -> Conversation:
    """The head of the conversation to which the complaint with this ticket now belongs."""
    return replace(head, ticket=number, tickets=(number, *head.tickets)[:MOST_TICKETS])


def ticket_message(complaint: Complaint, cause: str, now: datetime) -> OutboxItem:
    """The message that tells the citizen the ticket."""
    values = {"ticket": complaint.ticket, "verify_by": notices.day(complaint, complaint.due)}
    return OutboxItem(
        id=outbox_key(cause, "ticket_given"),
        kind="notice",
        address=complaint.reporter.address,
        sender_key=complaint.reporter.sender_key,
        person=complaint.reporter.nik.indexes if complaint.reporter.nik else (),
        ticket=complaint.ticket,
        created_at=now,
        due=now,
        text=texts.wording(brief=complaint.reporter.address.brief)("ticket_given", **values),
        # Who complained by telephone may never have written to us, so the window may be closed.
        template="kabar_laporan",
        template_values=(complaint.ticket, texts.say("news_ticket_given", **values)),
    )


def complaint_from(office: Office, head: Conversation, draft: Draft, sender: str, now: datetime) -> Complaint:
    """The complaint that this draft becomes, with a fresh ticket; not stored."""
    story = "\n".join(draft.story).strip()
    calendar = office.calendar()
    made = Complaint(
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
        more_talk=False,
    )
    return ladder.replanned(clocks.started(made, "verify", now=now, calendar=calendar), now, calendar)


def title_of(story: str) -> str:
    """The first words of the story, to tell complaints apart in a list."""
    first = story.strip().split("\n")[0].strip()
    if len(first) <= LONGEST_TITLE:
        return first or "Laporan suara atau gambar"
    return first[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
