"""Posts are reminded: each hears once a working day at most, of one complaint by itself or of several in a digest.

A step of the ladder leaves a reminder for each post that it names (``lines``), in the commit of the step. ``tell``
takes all that wait for a post and makes one message of them, in one commit: nothing is told twice and nothing is
forgotten, wherever it stops. What its complaint no longer needs is dropped then.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, get_args

from besadu import links, logs
from besadu.domain import deadlines, ladder
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import WIB, date_text, is_open, next_open, working_days_left
from besadu.domain.outbox import Listed, OutboxItem
from besadu.errors import Conflict
from besadu.services import notices
from besadu.services.office import Office
from besadu.store.client import PATIENT_TIMEOUT, AlreadyThere, Stored
from besadu.store.keys import outbox_key
from besadu.store.officepage import Post
from besadu.store.reminders import Reminder

# After the office has opened: until all steps of the morning have left their reminders.
GATHER: Final = timedelta(minutes=5)
LONGEST_LIST: Final = 300  # characters, in a template's value
OF_AGENCY: Final[tuple[links.LinkPost, ...]] = get_args(links.LinkPost)
WANTED: Final = {
    "accept": "diterima, atau dikembalikan dengan alasan",
    "answer": "dijawab",
    "review": "ditelaah jawabannya, lalu disampaikan",
    "verify": "diverifikasi, lalu didisposisikan",
}


def lines(complaint: Complaint, step: ladder.Step, now: datetime, calendar: deadlines.Calendar) -> list[Reminder]:
    """What the posts of this step are to be told, and from when on: in office hours, once the morning is gathered."""
    opens = next_open(now, calendar)
    gathered = datetime.combine(opens.astimezone(WIB).date(), deadlines.OPENS, WIB) + GATHER
    return [
        Reminder(
            post=f"{to}:{complaint.agency}" if to in OF_AGENCY else to,
            ticket=complaint.ticket,
            clock_revision=complaint.clock_revision,
            step=step.name,
            due=max(opens, gathered),
        )
        for to in step.to
    ]


def tell(office: Office, post: str) -> str:
    """Make the message of the day for this post, if it is to be told anything. Returns a word for the log.

    Raises Unavailable.
    """
    now, calendar = office.now(), office.calendar()
    if not is_open(now, calendar):
        return "closed"
    waiting = office.store.reminders.of(post, now)
    if not waiting:
        return "nothing to tell"
    cause = f"reminders:{post}:{now.astimezone(WIB).date()}"
    if office.store.outbox.read(outbox_key(cause, "0")):
        return _defer(office, waiting, deadlines.due(now, 0, calendar), calendar)
    still = _still_wanted(office, waiting)
    items = _messages(office, post, [complaint for _, complaint in still], cause, now) if still else []
    commit = office.store.commit()
    for item in items:
        office.store.outbox.stage(commit, item)
    for stored in waiting:
        office.store.reminders.stage_told(commit, stored)
    try:
        commit.run(timeout=PATIENT_TIMEOUT)
    except (AlreadyThere, Conflict):
        return "told by another"
    office.send(*items)
    return f"told {len(still)}" if items else "nobody there" if still else "no longer needed"


def posts_of(office: Office, post: str) -> tuple[Post, ...]:
    """Who stands behind the word. Without an address of the office's own posts, its staff are told by e-mail."""
    name, _, code = post.partition(":")
    if name in OF_AGENCY:
        agency = office.store.directory.agency(code)
        return (getattr(agency, name),) if agency else ()
    page = office.store.directory.page()
    found = {"admin": (page.admin,), "secretary": (page.secretary,), "leader": page.leaders}[name]
    reached = tuple(one for one in found if notices.addresses(one))
    if reached:
        return reached
    role = "admin" if name == "admin" else "leader"
    staff = (one for one in office.store.directory.officers() if one.active and one.role == role)
    return tuple(Post(title=one.name, email=one.email, channels=("email",)) for one in staff)


def _still_wanted(office: Office, waiting: list[Stored[Reminder]]) -> list[tuple[Reminder, Complaint]]:
    """The newest step of each complaint, as far as its clock still runs as it did; the most urgent first."""
    found: dict[str, tuple[Reminder, Complaint]] = {}
    for stored in waiting:
        reminder = stored.value
        complaint = office.store.complaints.read(reminder.ticket)
        if complaint is None or complaint.value.taken_over_by or complaint.value.due is None:
            continue
        if complaint.value.clock_revision == reminder.clock_revision:
            found[reminder.ticket] = reminder, complaint.value
    return sorted(found.values(), key=lambda pair: pair[1].due or pair[1].created_at)


def _messages(office: Office, post: str, complaints: list[Complaint], cause: str, now: datetime) -> list[OutboxItem]:
    """One message to each who stands behind the post. Nobody who can be reached is an operator's task."""
    name = post.partition(":")[0]
    ours = name not in OF_AGENCY
    link_post: links.LinkPost = next((known for known in OF_AGENCY if known == name), "duty")
    items = []
    for number, one in enumerate(posts_of(office, post)):
        outbox_id = outbox_key(cause, str(number))
        item = (
            _single(office, one, complaints[0], outbox_id, now, ours=ours)
            if len(complaints) == 1
            else _digest(office, one, complaints, outbox_id, now, ours=ours)
        )
        items += [replace(item, link_post=link_post)] if item else []
    if not items:
        logs.error("post_unreachable", post=post, complaints=len(complaints))
    return items


def _single(
    office: Office, post: Post, complaint: Complaint, outbox_id: str, now: datetime, *, ours: bool
) -> OutboxItem | None:
    values = (
        post.title or complaint.agency_name or "petugas BESADU",
        complaint.ticket,
        complaint.title,
        standing(office, complaint, now),
        WANTED.get(complaint.clock, "ditindaklanjuti"),
    )
    return notices.to_post(
        post,
        OutboxItem(
            id=outbox_id,
            kind="agency",
            address=notices.NOWHERE,
            ticket=complaint.ticket,
            created_at=now,
            due=now,
            template="pengingat_kantor" if ours else "pengingat_opd",
            template_values=values,
            link_for="" if ours else complaint.agency,
            disposition=complaint.disposition,
        ),
    )


def _digest(
    office: Office, post: Post, complaints: list[Complaint], outbox_id: str, now: datetime, *, ours: bool
) -> OutboxItem | None:
    listed = tuple(
        Listed(
            ticket=complaint.ticket,
            text=f"{complaint.ticket}: {complaint.title}. {standing(office, complaint, now)}. "
            f"Perlu {WANTED.get(complaint.clock, 'ditindaklanjuti')}.",
            agency="" if ours else complaint.agency,
            disposition=complaint.disposition,
        )
        for complaint in complaints
    )
    name = post.title or (complaints[0].agency_name if not ours else "petugas BESADU")
    brief = _brief([f"{one.ticket} ({_lateness(office, one, now)})" for one in complaints])
    return notices.to_post(
        post,
        OutboxItem(
            id=outbox_id,
            kind="agency",
            address=notices.NOWHERE,
            created_at=now,
            due=now,
            template="ringkasan_kantor" if ours else "ringkasan_opd",
            template_values=(name, str(len(complaints)), brief),
            link_for="" if ours else complaints[0].agency,
            listed=listed,
        ),
    )


def standing(office: Office, complaint: Complaint, now: datetime) -> str:
    """How old it is and how late: ``masuk 12 hari lalu, tenggat Jumat, 11 Desember 2026 (sisa 2 hari kerja)``."""
    days = (now.astimezone(WIB).date() - complaint.created_at.astimezone(WIB).date()).days
    age = f"masuk {days} hari lalu" if days else "masuk hari ini"
    due = date_text(complaint.due) if complaint.due else "-"
    return f"{age}, tenggat {due} ({_lateness(office, complaint, now)})"


def _lateness(office: Office, complaint: Complaint, now: datetime) -> str:
    if complaint.due is None:
        return "tanpa tenggat"
    left = working_days_left(now, complaint.due, office.calendar())
    if left < 0:
        return f"terlambat {-left} hari kerja"
    return f"sisa {left} hari kerja" if left else "tenggat hari ini"


def _brief(parts: Iterable[str]) -> str:
    """As many as fit into a template's value, and how many more there are."""
    every = list(parts)
    kept: list[str] = []
    for part in every:
        if len("; ".join([*kept, part])) > LONGEST_LIST:
            break
        kept.append(part)
    more = len(every) - len(kept)
    return "; ".join(kept) + (f"; dan {more} lainnya" if more else "")


def _defer(office: Office, waiting: list[Stored[Reminder]], closes: datetime, calendar: deadlines.Calendar) -> str:
    """They wait for the next working day: this post has heard today."""
    morning = next_open(closes, calendar) + GATHER
    commit = office.store.commit()
    for stored in waiting:
        office.store.reminders.stage_deferred(commit, stored, morning)
    try:
        commit.run(timeout=PATIENT_TIMEOUT)
    except Conflict:
        return "told by another"
    return "deferred"
