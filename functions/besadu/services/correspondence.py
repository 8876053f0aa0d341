"""An admin writes to a citizen who asked for a person, also before there is a ticket."""

from besadu import texts
from besadu.domain.complaint import Actor, TalkLine
from besadu.domain.conversation import Conversation
from besadu.domain.evidence import Evidence
from besadu.domain.nik import mask_in
from besadu.domain.outbox import OutboxItem
from besadu.errors import Conflict, Invalid, Refused
from besadu.frozen import dataclass, replace
from besadu.services.office import Office
from besadu.services.steps import MOST_TEXT
from besadu.store.client import AlreadyThere
from besadu.store.keys import outbox_key

MOST_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class OpenTalk:
    """A conversation as the admin sees it. ``talk`` is the draft's, or that of the complaint it belongs to."""

    sender_key: str
    head: Conversation
    talk: tuple[TalkLine, ...]
    evidence: tuple[Evidence, ...]


def open_talk(office: Office, actor: Actor, sender_key: str) -> OpenTalk:
    """One conversation. Raises KeyError when there is none, Refused for anybody but an admin, Unavailable."""
    _admin_only(actor)
    stored = office.store.senders.read(sender_key, patient=True)
    if stored is None:
        raise KeyError(sender_key)
    head = stored.value
    talk = head.draft.talk if head.draft else ()
    if not head.draft and head.ticket:
        complaint = office.store.complaints.read(head.ticket)
        talk = office.store.complaints.talk(complaint.value) if complaint else ()
    files = office.store.evidence.read_all(one for line in talk for one in line.evidence)
    return OpenTalk(sender_key=sender_key, head=head, talk=talk, evidence=tuple(files))


def evidence_of_talk(office: Office, actor: Actor, sender_key: str, evidence_id: str) -> Evidence:
    """A file that came in this conversation. Raises KeyError, Refused for anybody but an admin, Unavailable."""
    _admin_only(actor)
    stored = office.store.evidence.read(evidence_id)
    if stored is None or not sender_key or stored.value.sender_key != sender_key:
        raise KeyError(evidence_id)
    return stored.value


def write_to_citizen(office: Office, actor: Actor, sender_key: str, *, text: str) -> None:
    """Send the admin's words; the conversation no longer waits for a person.

    The same words twice before the citizen writes again are sent once. Raises Refused for anybody but an admin,
    Invalid, KeyError, Conflict, Unavailable.
    """
    _admin_only(actor)
    text = text.strip()
    if not text:
        raise Invalid("Pesan belum diisi.")
    if len(text) > MOST_TEXT:
        message = f"Pesan terlalu panjang: paling banyak {MOST_TEXT} huruf."
        raise Invalid(message)
    for _ in range(MOST_TRIES):
        try:
            item = _write(office, sender_key, text)
        except AlreadyThere:
            return
        except Conflict:
            continue
        office.send(item)
        return
    raise Conflict(sender_key)


def settle(office: Office, actor: Actor, sender_key: str) -> None:
    """Nothing to write: the conversation no longer waits for a person. Raises as ``write_to_citizen``."""
    _admin_only(actor)
    for _ in range(MOST_TRIES):
        before = office.store.senders.read(sender_key, patient=True)
        if before is None:
            raise KeyError(sender_key)
        commit = office.store.commit()
        office.store.senders.stage(commit, sender_key, replace(before.value, needs_person=False), before)
        try:
            commit.run()
        except Conflict:
            continue
        return
    raise Conflict(sender_key)


def _write(office: Office, sender_key: str, text: str) -> OutboxItem:
    before = office.store.senders.read(sender_key, patient=True)
    if before is None:
        raise KeyError(sender_key)
    head, now = before.value, office.now()
    item = OutboxItem(
        id=outbox_key(f"{sender_key}:{head.sequence}", f"person:{text}"),
        kind="question",
        address=head.address,
        sender_key=sender_key,
        ticket="" if head.draft else head.ticket,
        created_at=now,
        due=now,
        text=texts.say("note_from_officer", text=text),
        template="jawaban_tersedia",
        template_values=(head.ticket or "(belum ada)",),
        by_person=True,
    )
    line = TalkLine(at=now, speaker="admin", text=mask_in(text), key=item.id)
    draft = replace(head.draft, talk=(*head.draft.talk, line)) if head.draft else None
    commit = office.store.commit()
    office.store.senders.stage(commit, sender_key, replace(head, needs_person=False, draft=draft), before)
    office.store.outbox.stage(commit, item)
    if not draft and head.ticket and (complaint := office.store.complaints.read(head.ticket)):
        office.store.complaints.stage_line(commit, complaint.value, line)
    commit.run()
    return item


def _admin_only(actor: Actor) -> None:
    if actor.role != "admin":
        raise Refused("only an admin writes to citizens")
