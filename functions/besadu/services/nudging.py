"""A citizen whose complaint is not complete is reminded of it, and in the end it is given up, with its data."""

from besadu import texts
from besadu.domain import asking, drafts
from besadu.domain.complaint import TalkLine
from besadu.domain.conversation import Conversation, Draft
from besadu.domain.deadlines import date_text, short_date_text
from besadu.domain.outbox import OutboxItem
from besadu.errors import Conflict
from besadu.frozen import replace
from besadu.services.office import Office
from besadu.store.client import PATIENT_TIMEOUT, AlreadyThere
from besadu.store.keys import outbox_key

TEMPLATES = {"draft_nudge": "lanjutkan_laporan", "draft_expired": "laporan_kedaluwarsa"}


def look(office: Office, sender: str) -> str:
    """Remind the citizen with this conversation, or give the draft up, if it is time. Raises Unavailable."""
    stored = office.store.senders.read(sender, patient=True)
    now, calendar = office.now(), office.calendar()
    if stored is None or stored.value.nudge_at is None or stored.value.nudge_at > now:
        return "nothing due"
    head, draft = stored.value, stored.value.draft
    item = None
    if draft and drafts.wants_nudge(head, now, calendar):
        count = drafts.nudges_due(head, now, calendar)
        ends = count > len(calendar.nudges)
        item = _message(office, head, draft, sender, count)
        head = _given_up(head) if ends else _reminded(head, draft, count, item)
    commit = office.store.commit()
    if item:
        office.store.outbox.stage(commit, item)
    office.store.senders.stage(commit, sender, drafts.planned(head, calendar), stored)
    try:
        commit.run(timeout=PATIENT_TIMEOUT)
    except (AlreadyThere, Conflict):
        return "overtaken"
    if item:
        office.send(item)
    return "reminded" if head.draft else "given up"


def _reminded(head: Conversation, draft: Draft, count: int, item: OutboxItem) -> Conversation:
    line = TalkLine(at=item.created_at, speaker="besadu", text=item.text, key=item.id)
    return replace(head, draft=replace(draft, nudged=count, talk=(*draft.talk, line)))


def _given_up(head: Conversation) -> Conversation:
    return replace(head, draft=None, pending=None)


def _message(office: Office, head: Conversation, draft: Draft, sender: str, count: int) -> OutboxItem:
    """Outside the window a template on WhatsApp, nothing on Facebook and Instagram: so it is a mere prompt there."""
    now, brief = office.now(), head.address.brief
    day = short_date_text if brief else date_text
    words = texts.wording(brief=brief)
    missing = ", ".join(words(label) for label in asking.missing_labels(draft))
    until = day(drafts.expires_at(head, office.calendar()))
    if count > len(office.calendar().nudges):
        key, values = "draft_expired", {"started": day(draft.started_at)}
    else:
        key, values = "draft_nudge", {"missing": missing, "until": until}
    return OutboxItem(
        id=outbox_key(f"draft:{sender}:{draft.started_at.isoformat()}", f"{key}:{count}"),
        kind="prompt" if head.address.channel in {"facebook", "instagram"} else "notice",
        address=head.address,
        sender_key=sender,
        created_at=now,
        due=now,
        text=words(key, **values),
        template=TEMPLATES[key],
        template_values=tuple(values.values()),
    )
