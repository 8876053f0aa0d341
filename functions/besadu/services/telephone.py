"""Calls: each step of one is one read, one decision and at most one commit; then the caller hears what comes next.

Steps may come repeated, late, out of order and at the same time. Everything about a call stands in its document, which
is written by compare-and-set; addresses of steps carry no state.
"""

import hashlib
import json
import random
import time
from collections.abc import Callable
from typing import TypeVar

from besadu import logs, texts, vault
from besadu.channels import exchange, telephone
from besadu.channels.webhook import Webhook
from besadu.domain import ivr, nik
from besadu.domain.conversation import Conversation
from besadu.domain.deadlines import WIB
from besadu.domain.ivr import Call, Prompt, Script, Signal
from besadu.domain.message import Address, Attachment
from besadu.errors import Conflict, Unavailable, Unreadable
from besadu.frozen import replace
from besadu.services import recordings
from besadu.services.intake import MOST_TRIES, PATIENCE
from besadu.services.office import Office
from besadu.services.recordings import Kept
from besadu.services.sealing import sealer
from besadu.store.calls import Calls, call_key
from besadu.store.client import AlreadyThere, Stored
from besadu.store.inbox import InboxItem
from besadu.store.senders import key_of

PBX_ACCOUNT = "pbx"
Answer = tuple[str, str, int]  # body, content type, status
_XML, _JSON, _TEXT = "text/xml", "application/json", "text/plain"
T = TypeVar("T")


def handle(office: Office, webhook: Webhook) -> Answer:
    """Answer a POST below /telephone/. Refuses by itself what is not signed; 503 only when nothing could be stored."""
    step = telephone.step_of(webhook.path)
    if step is None and webhook.path != telephone.PBX:
        return "not found", _TEXT, 404
    if not telephone.authentic(webhook, office.settings):
        logs.error("signature_refused", channel="telephone")
        return "refused", _TEXT, 403
    try:
        return _reported(office, webhook) if step is None else _stepped(office, webhook)
    except Unavailable as fault:
        return _not_stored(office, step, fault)
    except Exception as fault:  # noqa: BLE001 - our own bug must not leave a caller in silence, nor lose the step
        logs.error("call_not_handled", step=step or "pbx", fault=type(fault).__name__, line=logs.line_of(fault))
        try:
            _quarantine(office, webhook, type(fault).__name__)
        except Unavailable as gone:
            return _not_stored(office, step, gone)
        return _spoken(office, ivr.TROUBLE if step in ("answer", "choice", "nik") else ivr.GOODBYE)


def _not_stored(office: Office, step: ivr.Step | None, fault: Unavailable) -> Answer:
    logs.error("not_stored", channel="telephone", fault=str(fault))
    if step == "fallback":
        # The caller is on the line: what is recorded now lies at the exchange, and its status may find us awake.
        return _spoken(office, ivr.TROUBLE)
    return "try again", _TEXT, 503


def _stepped(office: Office, webhook: Webhook) -> Answer:
    signal = telephone.parse(webhook, office.settings)
    if signal is None:
        _quarantine(office, webhook, "NoCall")
        return _spoken(office, ())
    return _spoken(office, _settled(lambda: _heard(office, signal)))


def _settled(attempt: Callable[[], T]) -> T:
    """Losers of a race read again; who cannot win in time asks for the step to be sent again."""
    started = time.monotonic()
    for number in range(MOST_TRIES):
        try:
            return attempt()
        except (AlreadyThere, Conflict):
            if time.monotonic() - started > PATIENCE:
                break
            time.sleep(random.uniform(0.005, 0.02) * min(number + 1, 8))  # noqa: S311 - jitter
    logs.warning("call_contended")
    raise Unavailable("contended")


def _heard(office: Office, signal: Signal) -> Script:
    """One attempt at one step."""
    settings, now = office.settings, office.now()
    calls, key = Calls(office.store.database), call_key(settings.twilio_account_sid, signal.call_id)
    caller = _caller(settings.twilio_account_sid, key, signal.caller)
    asked = recordings.answers_at(settings, caller) if signal.caller else None
    before, head = calls.read_with_head(key, asked)
    call = before.value if before else Call(call_id=signal.call_id, address=caller, started_at=now)
    if not call.address.phone and not call.ticket:
        call = replace(call, address=caller)
    if before is None and signal.step == "answer":
        call = replace(call, open_ticket=_open_ticket(office, head))
    turn = ivr.advance(call, signal, now=now, seal=sealer(settings, now))
    if turn.recording is None:
        if turn.call != (before.value if before else call):
            commit = office.store.commit()
            calls.stage(commit, key, turn.call, before)
            commit.run()
        return turn.script
    sound = Attachment(kind="audio", media_id=turn.recording.id, url=turn.recording.url, mime="audio/mpeg", voice=True)
    ready = signal.step == "recording-status"
    kept = _keep(office, turn.call, before, key=key, head=head if asked else None, sound=sound, ready=ready)
    return ivr.farewell(kept.call) if signal.step == "recorded" else ()


def _caller(account: str, key: str, phone: str) -> Address:
    """A caller. Without a number, this call is all we know of them."""
    user_id = "" if phone else f"call-{key[:24]}"
    return Address(channel="telephone", account=account, phone=phone, user_id=user_id)


def _open_ticket(office: Office, head: Stored[Conversation] | None) -> str:
    if head is None or not head.value.ticket:
        return ""
    current = office.store.complaints.read(head.value.ticket, patient=False)
    return head.value.ticket if current and current.value.open else ""


def _keep(
    office: Office,
    call: Call,
    before: Stored[Call] | None,
    *,
    key: str,
    head: Stored[Conversation] | None,
    sound: Attachment,
    ready: bool,
) -> Kept:
    """Keep the recording, its complaint and the call in one commit, then hurry what it made."""
    address = recordings.answers_at(office.settings, call.address)
    # A recording's status names no caller: only now, with the call, is it known whose conversation it is.
    if head is None or head.value.address != address:
        head = office.store.senders.read(key_of(address))
    conversation = head.value if head else Conversation(address=address)
    commit = office.store.commit()
    kept = recordings.keep(office, commit, call, conversation, call_key=key, attachment=sound, ready=ready)
    Calls(office.store.database).stage(commit, key, kept.call, before)
    office.store.senders.stage(commit, key_of(address), kept.head, head)
    commit.run()
    logs.info("call_kept", ticket=kept.call.ticket, nik=kept.call.nik is not None)
    office.send(*kept.told)
    office.queue.fetch(kept.evidence.id, kept.evidence.due)
    return kept


def _spoken(office: Office, script: Script) -> Answer:
    return telephone.render(script, office.settings, _words), _XML, 200


def _words(prompt: Prompt) -> str:
    return texts.spoken(prompt.key, nik=prompt.nik, ticket=prompt.ticket, count=prompt.count)


def _reported(office: Office, webhook: Webhook) -> Answer:
    """The report of an own exchange. 413: compress the sound and report again."""
    try:
        report = exchange.parse(webhook)
    except exchange.TooLong:
        problem = f"audio over {exchange.MAX_AUDIO} bytes: compress it and report again"
        return json.dumps({"ticket": "", "problem": problem}), _JSON, 413
    except Unreadable as fault:
        _quarantine(office, webhook, str(fault))
        return json.dumps({"ticket": "", "problem": str(fault)}), _JSON, 200
    ticket = _settled(lambda: _finished(office, report)) if report.audio and report.seconds != 0 else ""
    return json.dumps({"ticket": ticket}), _JSON, 200


def _finished(office: Office, report: exchange.Report) -> str:
    """One attempt to make a complaint of a finished call; the ticket, also when the call was reported before."""
    now, key = office.now(), call_key(PBX_ACCOUNT, report.call_id)
    caller = _caller(PBX_ACCOUNT, key, report.caller)
    before, head = Calls(office.store.database).read_with_head(key, recordings.answers_at(office.settings, caller))
    if before is not None:
        return before.value.ticket
    checked = nik.check(report.nik, now.astimezone(WIB).date())
    call = Call(
        call_id=report.call_id,
        address=caller,
        started_at=report.started_at,
        stage="done",
        nik=sealer(office.settings, now)(checked.digits) if isinstance(checked, nik.Nik) else None,
        recordings=(PBX_ACCOUNT,),
        audio=report.audio,
    )
    sound = Attachment(kind="audio", media_id=f"{recordings.KEPT}{key}", voice=True)
    return _keep(office, call, None, key=key, head=head, sound=sound, ready=True).call.ticket


def _quarantine(office: Office, webhook: Webhook, reason: str) -> None:
    """Signed but not understood: kept sealed, because a NIK may stand in it; nobody is asked again."""
    logs.warning("quarantined", channel="telephone", reason=reason)
    item = InboxItem(
        channel="telephone",
        account=office.settings.twilio_account_sid,
        provider_id=hashlib.sha256(webhook.path.encode() + b"\n" + webhook.raw).hexdigest(),
        sender="",
        kind="event",
        received_at=webhook.received_at,
        sent_at=webhook.received_at,
        raw=vault.seal(office.settings.nik_public_key, webhook.raw[:700_000]),
        raw_sealed=True,
        state="quarantined",
        reason=reason,
        note=webhook.path.rpartition("/")[2],
    )
    try:
        office.store.inbox.add(item)
    except AlreadyThere:
        return
