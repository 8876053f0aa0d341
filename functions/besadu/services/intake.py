"""What a provider tells us becomes the state of a conversation: one read and one commit a message, then the answer 200.

The status is a promise to the sender: 200 means stored (or known before), 503 that something was not: send it again.
"""

import hashlib
import random
import re
import time
import zlib
from datetime import datetime, timedelta

from besadu import logs, texts, vault
from besadu.channels import SOURCES
from besadu.channels.webhook import Webhook
from besadu.config import Settings
from besadu.domain import dialogue, drafts, nik
from besadu.domain.complaint import Complaint, TalkLine
from besadu.domain.conversation import Conversation, Draft, Outcome, Pending, Reply
from besadu.domain.evidence import Evidence
from besadu.domain.message import Inbound, Unparsed
from besadu.domain.outbox import OutboxItem
from besadu.domain.turn import evidence_ids
from besadu.errors import Conflict, Unavailable
from besadu.frozen import replace
from besadu.services import citizen_acts, receipts, registration, status
from besadu.services.office import Office
from besadu.services.sealing import sealer
from besadu.store.client import AlreadyThere, Stored
from besadu.store.inbox import InboxItem
from besadu.store.keys import inbox_key, outbox_key
from besadu.store.senders import key_of

# A prompt waits this long after the last message of a burst, and at most that long after the first.
QUIET = timedelta(seconds=4)
LONGEST_WAIT = timedelta(seconds=12)
MOST_TRIES = 20
ARRIVED = "upload_arrived"  # said before all else, for the page and the talk are two places
PATIENCE = 2.2  # seconds; with one more call the answer still goes out within 3
MOST_RAW = 700_000  # bytes; a Firestore document holds 1 MiB
_LONG_NUMBER = re.compile(r"\d(?:[ .\-]{0,3}\d){7,}")  # of any length from a half NIK on: sealed too often costs little


def receive(office: Office, webhook: Webhook) -> None:
    """Store everything in a verified webhook. Raises Unavailable if something could not be stored."""
    office.queue.client.prepare()
    parsed = SOURCES[webhook.path].parse(webhook, office.settings)
    keep_raw = _Raw(webhook.raw, office.settings, secret=any(map(_holds_number, parsed.messages)))
    for piece in parsed.unparsed:
        _quarantine(office, piece, webhook.received_at)
    for message in parsed.messages:
        if message.kind == "ignored":
            continue
        if message.kind == "receipt":
            receipts.record(office, message)
        elif message.kind == "event" and not message.note.startswith("unsupported"):
            _keep_event(office, message, keep_raw)
        else:
            # What the provider could not carry is heard as an empty message: the citizen is told to send it otherwise.
            heard = replace(message, kind="message") if message.kind == "event" else message
            _hear(office, heard, keep_raw)


def hear_upload(office: Office, message: Inbound) -> None:
    """Take what came over our own page, as if it had come over the citizen's channel. Raises Unavailable."""
    _hear(office, message, _Raw(b"", office.settings, secret=False))


class _Plan:
    """What one message leads to, collected for its commit. ``head`` grows into the one that is written."""

    def __init__(
        self,
        office: Office,
        message: Inbound,
        outcome: Outcome,
        *,
        key: str,
        sender: str,
        now: datetime,
    ) -> None:
        self._office, self._message, self._outcome = office, message, outcome
        self._key, self._sender, self._now = key, sender, now
        self.head = outcome.head
        self.commit = office.store.commit()
        self.sends: list[OutboxItem] = []
        self.replies: list[tuple[str, datetime]] = []  # that stand in the head and need a task
        self.fetches: list[Evidence] = []
        self.released: tuple[str, ...] = ()

    def stage_files(self) -> None:
        """One evidence document a file, with the ids that the dialogue gave them."""
        files = self._outcome.files
        self.fetches = [
            Evidence(
                id=evidence_id,
                ticket=self._outcome.act.ticket if self._outcome.act else "",
                sender_key=self._sender,
                attachment=attachment,
                created_at=self._now,
                channel=self._message.address.channel,
                due=self._now,
                uploaded=self._message.uploaded,
            )
            for evidence_id, attachment in zip(evidence_ids(self._key, len(files)), files, strict=True)
        ]
        for item in self.fetches:
            self._office.store.evidence.stage(self.commit, item)

    def stage_act(self, current: Stored[Complaint] | None) -> Reply | None:
        """What the message does to a complaint; returns what the step itself tells the citizen."""
        act = self._outcome.act
        if act and (current is None or current.value.ticket != act.ticket):
            current = self._office.store.complaints.read(act.ticket, patient=False)
        if act is None or current is None:
            return None
        line = TalkLine(
            at=self._now,
            speaker="citizen",
            text=act.text or self._outcome.text,
            key=self._key,
            evidence=tuple(item.id for item in self.fetches),
        )
        return citizen_acts.stage(self._office, self.commit, current, act, line)

    def stage_reply(self, reply: Reply) -> None:
        """Put the reply on its way. In a burst the newest prompt takes the place of the one that waits, at no cost."""
        text, now, waiting = texts.compose(reply, brief=self.head.address.brief), self._now, self.head.pending
        if waiting and (reply.urgent or waiting.due <= now):
            waiting = None
        outbox_id = waiting.outbox_id if waiting else outbox_key(self._key, "reply")
        # The answer to a command in mid-burst leaves the waiting prompt alone, unless it brings that prompt along.
        pending = self.head.pending if self.head.draft and not reply.before else None
        if not reply.urgent:
            first = waiting.first_at if waiting else now
            due = min(now + QUIET, first + LONGEST_WAIT)
            pending = Pending(outbox_id=outbox_id, first_at=first, due=due, text=text, buttons=reply.buttons)
            if not waiting:
                self.replies.append((outbox_id, due))
        else:
            said = Pending(outbox_id=outbox_id, first_at=now, due=now, text=text, buttons=reply.buttons)
            self.say(self.head.reply(said, self._sender))
        self.head = replace(self.head, pending=pending, draft=_with_line(self.head.draft, text, outbox_id, now))

    def say(self, item: OutboxItem) -> None:
        """Let the head hold this reply, due now, until it is sent."""
        self.head = replace(self.head, said=item)
        self.replies.append((item.id, self._now))

    def stage_said(self) -> None:
        """The reply before this message: into the outbox unless somebody has claimed it, for its place is wanted."""
        said = self.head.said
        if said is None:
            return
        if not self._office.store.outbox.has(said.id):
            self._office.store.outbox.stage(self.commit, said)
            self.sends.append(said)
        self.head = replace(self.head, said=None)

    def stage_held(self) -> None:
        """The citizen has written, so the window is open: what was held goes out now."""
        if self._message.uploaded or not self.head.held:
            return
        self.released = self.head.held
        for outbox_id in self.released:
            self._office.store.outbox.stage_release(self.commit, outbox_id, self._now)
        self.head = replace(self.head, held=())

    def hurry(self) -> None:
        """Make the tasks, once the commit stands."""
        self._office.send(*self.sends)
        for outbox_id, due in self.replies:
            self._office.queue.reply(self._sender, outbox_id, due, channel=self.head.address.channel)
        for outbox_id in self.released:
            self._office.queue.send(outbox_id, self._now, channel=self.head.address.channel)
        for item in self.fetches:
            self._office.queue.fetch(item.id, item.due)


def _with_line(draft: Draft | None, text: str, outbox_id: str, now: datetime) -> Draft | None:
    """The draft with what BESADU says in its talk; a prompt that takes another's place takes its line too."""
    if draft is None:
        return None
    line = TalkLine(at=now, speaker="besadu", text=text, key=outbox_id)
    return replace(draft, talk=(*(said for said in draft.talk if said.key != outbox_id), line))


class _Raw:
    """The body as its first message keeps it; the others of a batch point there instead of keeping copies."""

    def __init__(self, raw: bytes, settings: Settings, *, secret: bool) -> None:
        self._raw = raw
        self._settings = settings
        self._secret = secret
        self._kept_with = ""

    def fields(self, key: str, *, secret: bool = False) -> dict[str, object]:
        """The fields of the inbox item with this key. ``secret``: a NIK may stand in the bytes, so they are sealed."""
        if self._kept_with not in ("", key):
            return {"raw": b"", "raw_with": self._kept_with}
        self._kept_with = key
        secret = secret or self._secret
        packed = len(self._raw) > MOST_RAW
        raw = zlib.compress(self._raw)[:MOST_RAW] if packed else self._raw
        if secret:
            raw = vault.seal(self._settings.nik_public_key, raw)
        return {"raw": raw, "raw_packed": packed, "raw_sealed": secret}


def _hear(office: Office, message: Inbound, keep_raw: _Raw) -> None:
    """One message of a citizen. Losers of a race read again; who cannot win in time asks the provider to send again."""
    started = time.monotonic()
    for attempt in range(MOST_TRIES):
        try:
            plan = _plan(office, message, keep_raw)
            if plan is None:
                return
            plan.commit.run()
        except Unavailable:
            raise
        except (AlreadyThere, Conflict) as fault:
            # A head that somebody else has written meanwhile is seen by the next read, and so is a late repetition.
            if isinstance(fault, AlreadyThere) and office.store.inbox.has(_key(message)):
                return
            if time.monotonic() - started > PATIENCE:
                break
            time.sleep(random.uniform(0.005, 0.02) * min(attempt + 1, 8))  # noqa: S311 - jitter
            continue
        except Exception as fault:  # noqa: BLE001 - our own bug must not make the provider send the same message for a week
            logs.error("message_not_handled", fault=type(fault).__name__, line=logs.line_of(fault))
            _keep_unheard(office, message, keep_raw, type(fault).__name__)
            return
        plan.hurry()
        return
    logs.warning("sender_contended", channel=message.address.channel)
    raise Unavailable("contended")


def _plan(office: Office, message: Inbound, keep_raw: _Raw) -> _Plan | None:
    """Read once, decide, and collect what is to be written; None for a duplicate."""
    store, now = office.store, office.now()
    address = message.address
    key = inbox_key(address.channel, address.account, message.provider_id)
    sender = key_of(address)
    before = store.senders.read(sender)
    head = before.value if before else Conversation(address=address)
    if head.knows(key):
        return None
    current = store.complaints.read(head.ticket, patient=False) if head.ticket else None
    target = inbox_key(address.channel, address.account, message.target_id) if message.target_id else ""
    outcome = dialogue.advance(
        head.with_message(key),
        message,
        key=key,
        complaint=current.value if current else None,
        now=now,
        seal=sealer(office.settings, now),
        target_key=target,
        calendar=office.calendar(),
    )
    plan = _Plan(office, message, outcome, key=key, sender=sender, now=now)
    raw = keep_raw.fields(key, secret=outcome.text != message.text)
    store.inbox.stage(plan.commit, _inbox_item(message, outcome.text, raw))
    plan.stage_said()
    plan.stage_files()
    reply = outcome.reply
    if outcome.submit:
        plan.head, told = registration.register(office, plan.commit, plan.head, sender, key, now)
        plan.say(told)
        reply = None
    elif outcome.act:
        reply = _agreed(reply, plan.stage_act(current))
    elif outcome.status_of:
        reply = status.of(office, sender, outcome.status_of, current)
    elif outcome.upload:
        from besadu.services import uploads  # few want it, and a cold start waits for nothing that it does not need

        reply = uploads.link_reply(office, sender, plan.head, now)
    if message.uploaded:
        reply = replace(reply, before=(ARRIVED, *reply.before)) if reply else Reply(key=ARRIVED)
    if reply:
        plan.stage_reply(reply)
    plan.stage_held()
    plan.head = drafts.planned(plan.head, office.calendar())
    store.senders.stage(plan.commit, sender, plan.head, before)
    return plan


def _agreed(planned: Reply | None, said: Reply | None) -> Reply | None:
    """What the dialogue would say, with what only the step knows: a date, or that it came too late."""
    if planned is None or said is None or said.key == "closed_hint":
        return said or planned
    return replace(planned, values={**said.values, **planned.values}) if said.key == planned.key else planned


def _holds_number(message: Inbound) -> bool:
    """Whether a number that may be a NIK stands in anything that the citizen wrote or named."""
    files = (part for file in message.attachments for part in (file.filename, file.label))
    return any(_LONG_NUMBER.search(part) for part in (message.text, message.name, message.payload, *files))


def _inbox_item(message: Inbound, text: str, raw: dict[str, object], **more: object) -> InboxItem:
    fields: dict[str, object] = {
        "channel": message.address.channel,
        "account": message.address.account,
        "provider_id": message.provider_id,
        "sender": message.address.sender,
        "kind": message.kind,
        "received_at": message.received_at,
        "sent_at": message.sent_at,
        "text": text,
        "attachments": tuple(
            replace(file, filename=nik.mask_in(file.filename), label=nik.mask_in(file.label), content=b"")
            for file in message.attachments
        ),
        "note": message.note,
        **raw,
        **more,
    }
    return InboxItem(**fields)  # type: ignore[arg-type]  # a dict of the fields by name


def _keep_event(office: Office, message: Inbound, keep_raw: _Raw) -> None:
    """What is no message but must not be lost: an account warning, a rejected template."""
    logs.warning("provider_event", channel=message.address.channel, note=message.note)
    _keep(office, _inbox_item(message, "", keep_raw.fields(_key(message))))


def _keep_unheard(office: Office, message: Inbound, keep_raw: _Raw, reason: str) -> None:
    raw = keep_raw.fields(_key(message), secret=True)
    text = nik.mask_in(message.text)
    _keep(office, _inbox_item(message, text, raw, state="quarantined", reason=reason))


def _quarantine(office: Office, piece: Unparsed, now: datetime) -> None:
    """Signed but not understood: kept as it came, for an operator; the provider is not asked again."""
    logs.warning("quarantined", channel=piece.channel, reason=piece.reason)
    secret = nik.mask_in(piece.raw.decode("utf-8", "replace")) != piece.raw.decode("utf-8", "replace")
    raw = _Raw(piece.raw, office.settings, secret=secret).fields("")
    item = InboxItem(
        channel=piece.channel,
        account=piece.account,
        provider_id=piece.provider_id or hashlib.sha256(piece.raw).hexdigest(),
        sender="",
        kind="event",
        received_at=now,
        sent_at=now,
        state="quarantined",
        reason=piece.reason,
        **raw,  # type: ignore[arg-type]  # a dict of the fields by name
    )
    _keep(office, item)


def _keep(office: Office, item: InboxItem) -> None:
    try:
        office.store.inbox.add(item)
    except AlreadyThere:
        return


def _key(message: Inbound) -> str:
    return inbox_key(message.address.channel, message.address.account, message.provider_id)
