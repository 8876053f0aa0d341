"""Posts are reminded: each hears once a working day at most, of one complaint by itself or of several in a digest.

A step of the ladder leaves a reminder for each post that it names (``lines``), in the commit of the step. ``tell``
takes all that wait for a post and makes one message of them, in one commit: nothing is told twice and nothing is
forgotten, wherever it stops. What its complaint no longer needs is dropped then.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, get_args

from besadu import links, logs
from besadu.domain import deadlines, ladder
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import WIB, next_open
from besadu.domain.outbox import OutboxItem
from besadu.domain.support import SupportState
from besadu.errors import Conflict
from besadu.frozen import replace
from besadu.services import digests, notices, supporting, weekly
from besadu.services.digests import Wanted
from besadu.services.office import Office
from besadu.services.weekly import Week
from besadu.store.client import PATIENT_TIMEOUT, AlreadyThere, Commit, Stored
from besadu.store.keys import outbox_key
from besadu.store.officepage import Post
from besadu.store.reminders import CALL, DECIDE, MARK, Reminder

OF_AGENCY: Final[tuple[links.LinkPost, ...]] = get_args(links.LinkPost)
LEADER: Final = "leader"


def lines(complaint: Complaint, step: ladder.Step, now: datetime, calendar: deadlines.Calendar) -> list[Reminder]:
    """What the posts of this step are to be told, and from when on: in office hours, once the morning is gathered."""
    opens = next_open(now, calendar)
    gathered = ladder.gathered(opens.astimezone(WIB).date(), calendar)
    helping = [one.agency for one in complaint.support if one.state is SupportState.ASKED]
    agencies = [complaint.agency, *(helping if complaint.clock == "answer" else ())]
    posts = [post for to in step.to for post in ([f"{to}:{code}" for code in agencies] if to in OF_AGENCY else [to])]
    return [
        Reminder(
            post=post,
            ticket=complaint.ticket,
            clock_revision=complaint.clock_revision,
            step=step.name,
            due=max(opens, gathered),
        )
        for post in posts
    ]


def staging(office: Office, told: Iterable[Reminder]) -> Callable[[Commit], None]:
    """What lets a commit leave these reminders."""

    def stage(commit: Commit) -> None:
        for reminder in told:
            office.store.reminders.stage(commit, reminder)

    return stage


def tell(office: Office, post: str) -> str:
    """Make the message of the day for this post, if it is to be told anything. Returns a word for the log.

    Raises Unavailable.
    """
    now, calendar = office.now(), office.calendar()
    if not ladder.may_be_told(now, calendar):
        return "closed"
    # All of today: what was put off to this morning may be due later than the office opens since.
    waiting = office.store.reminders.of(post, calendar.end_of(now.astimezone(WIB).date()))
    week = weekly.due(office, now) if post == LEADER else None
    if not waiting and week is None:
        return "nothing to tell"
    cause = f"reminders:{post}:{now.astimezone(WIB).date()}"
    if office.store.outbox.read(outbox_key(cause, "0")):
        return _defer(office, waiting, deadlines.due(now, 0, calendar), calendar)
    still = _still_wanted(office, post, waiting)
    items = _messages(office, post, still, cause, week) if still or week else []
    commit = office.store.commit()
    for item in items:
        office.store.outbox.stage(commit, item)
    for stored in waiting:
        office.store.reminders.stage_told(commit, stored)
    if week:
        weekly.stage(office, commit, week)
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


def _still_wanted(office: Office, post: str, waiting: list[Stored[Reminder]]) -> list[Wanted]:
    """Each complaint once, as far as its clock still runs as it did; the most urgent first."""
    agency = post.partition(":")[2]
    found: dict[str, Wanted] = {}
    for reminder in (stored.value for stored in waiting):
        complaint = office.store.complaints.read(reminder.ticket)
        if complaint and (apart := _apart(reminder)):
            if _still_open(office, reminder, complaint.value, apart):
                found.setdefault(reminder.ticket, Wanted(complaint.value, apart=apart))
            continue
        if complaint is None or complaint.value.taken_over_by or complaint.value.due is None:
            continue
        seen = supporting.seen_from(complaint.value, agency) if agency else complaint.value
        if seen and seen.clock_revision == reminder.clock_revision:
            known = found.get(reminder.ticket)
            moved = reminder.step == ladder.MOVED or (known is not None and known.moved)
            found[reminder.ticket] = Wanted(seen, moved=moved)
    return sorted(found.values(), key=lambda one: one.complaint.due or one.complaint.created_at)


def _apart(reminder: Reminder) -> digests.Apart | None:
    """What no clock has made it for."""
    kinds: tuple[digests.Apart, ...] = (MARK, CALL, DECIDE)
    return next((kind for kind in kinds if reminder.step.startswith(f"{kind}:")), None)


def _still_open(office: Office, reminder: Reminder, complaint: Complaint, apart: digests.Apart) -> bool:
    if apart == MARK:
        return complaint.mark_open
    task = office.store.outreach.read(reminder.step.partition(":")[2])
    return task is not None and task.value.state == ("calling" if apart == CALL else "deciding")


def _messages(office: Office, post: str, wanted: list[Wanted], cause: str, week: Week | None) -> list[OutboxItem]:
    """One message to each who stands behind the post. Nobody who can be reached is an operator's task."""
    name = post.partition(":")[0]
    ours = name not in OF_AGENCY
    link_post: links.LinkPost = next((known for known in OF_AGENCY if known == name), "duty")
    figures = weekly.figures(office, week) if week else None
    items = []
    for number, one in enumerate(posts_of(office, post)):
        blank = replace(notices.blank(outbox_key(cause, str(number)), office.now()), link_post=link_post)
        if figures:
            made = weekly.message(office, one, figures, wanted, blank)
        elif len(wanted) == 1:
            made = digests.single(office, one, wanted[0], blank, ours=ours)
        else:
            made = digests.several(office, one, wanted, blank, ours=ours)
        item = notices.to_post(one, made)
        items += [item] if item else []
    if not items:
        logs.error("post_unreachable", post=post, complaints=len(wanted))
    return items


def _defer(office: Office, waiting: list[Stored[Reminder]], closes: datetime, calendar: deadlines.Calendar) -> str:
    """They wait for the next working day: this post has heard today."""
    morning = ladder.gathered(next_open(closes, calendar).astimezone(WIB).date(), calendar)
    if not waiting:
        return "told already"
    commit = office.store.commit()
    for stored in waiting:
        office.store.reminders.stage_deferred(commit, stored, morning)
    try:
        commit.run(timeout=PATIENT_TIMEOUT)
    except Conflict:
        return "told by another"
    return "deferred"
