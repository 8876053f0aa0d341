"""Receipts: how far our messages got. Never backwards; a repeated or late one costs no write."""

from datetime import datetime

from besadu import logs
from besadu.domain.message import Inbound, Receipt
from besadu.domain.outbox import INVITATION, PASSING, UNFOLLOWED, OutboxItem, receipt_moves
from besadu.errors import Conflict, Unavailable
from besadu.frozen import replace
from besadu.services import arrival, routing
from besadu.services.office import Office
from besadu.store.client import Commit, Stored

MOST_TRIES = 5
WINDOW_CLOSED = "131047"


def record(office: Office, message: Inbound) -> None:
    """Write the receipt to its message, if it tells something new. Raises Unavailable."""
    receipt = message.receipt
    if receipt is None or _tells_nothing(receipt):
        return
    outbox_id, _, mark = receipt.outbox_id.partition(".")
    invitation = f".{mark}" == INVITATION
    for _ in range(MOST_TRIES):
        stored = office.store.outbox.read(outbox_id) if outbox_id else None
        stored = stored or office.store.outbox.by_provider_id(receipt.provider_id)
        if stored is None:
            return
        item = stored.value
        if _arrived(office, item, receipt, invitation=invitation):
            return
        after = _invited(item, receipt, office.now()) if invitation else _moved(item, receipt, message, office.now())
        if after is None:
            return
        if _written(office, item, after, stored.version):
            return
    raise Unavailable("contended")


def _tells_nothing(receipt: Receipt) -> bool:
    """What its mark says without a look at the message."""
    if receipt.outbox_id.endswith(PASSING):
        return receipt.state != "failed"
    return receipt.outbox_id.endswith(UNFOLLOWED) and receipt.state in {"delivered", "read"}


def _arrived(office: Office, item: OutboxItem, receipt: Receipt, *, invitation: bool) -> bool:
    """Let the complaint know that its answer is there; whether that is all there is to write.

    That it arrived stands in the complaint, that it was read at the message: each is written once.
    """
    if invitation or not item.confirms or receipt.state not in {"delivered", "read"}:
        return False
    if item.state in {"read", "held"}:
        return False
    kept = arrival.confirm(office, item, receipt.state)
    return kept and receipt.state == "delivered" and item.state == "sent"


def _written(office: Office, before: OutboxItem, after: OutboxItem, version: object) -> bool:
    after, onward = arrival.after_loss(office, after)
    # Of an attempt whose own answer was lost: what waited for this message may go now.
    arrived = after.state in {"sent", "delivered", "read"} and before.state in {"pending", "sending"}
    freed = after.then if arrived else ""

    def remember(commit: Commit) -> None:
        if after.state == "held":
            office.store.senders.stage_held(commit, after.sender_key, after.id)
        if freed:
            office.store.outbox.stage_release(commit, freed, office.now())
        onward.stage(office, commit)

    try:
        office.store.outbox.replace(Stored(after, version), after, remember)
    except Conflict:
        return False
    onward.hurry(office)
    if after.state == "failed":
        logs.warning("message_failed", outbox=after.id, code=after.error_code)
    if after.state == "pending":
        office.send(after)
    if freed:
        office.queue.send(freed, office.now(), channel=after.address.channel)
    return True


def _invited(item: OutboxItem, receipt: Receipt, now: datetime) -> OutboxItem | None:
    """The message after news of its invitation; None when that changes nothing."""
    if receipt.state == "failed":
        return _failed(item, receipt) if item.inviting or item.state == "held" else None
    # It arrived although the attempt's own answer was lost. Otherwise the message is held already, or even let go.
    if not item.inviting:
        return None
    held = replace(item, state="held", window_was_closed=False, inviting=False)
    return replace(held, due=arrival.look_at(held, now))


def _moved(item: OutboxItem, receipt: Receipt, message: Inbound, now: datetime) -> OutboxItem | None:
    """The message after news of itself; None when there is nothing new, or nobody asks."""
    if not receipt_moves(item, receipt.state):
        return None
    if receipt.state == "failed":
        return _refused(item, receipt, now)
    if not item.followed:
        return None
    provider_id, at = item.provider_id or receipt.provider_id, message.sent_at
    again = item.due if item.state in {"sent", "delivered"} else arrival.look_at(item, now)
    due = None if receipt.state == "read" else again
    item = replace(item, state=receipt.state, due=due, provider_id=provider_id, sent_at=item.sent_at or at)
    if receipt.state == "delivered":
        return replace(item, delivered_at=at)
    if receipt.state == "read":
        return replace(item, delivered_at=item.delivered_at or at, read_at=at)
    return item


def _refused(item: OutboxItem, receipt: Receipt, now: datetime) -> OutboxItem | None:
    repeated = receipt.provider_id == item.provider_id
    if item.window_was_closed and repeated and item.state != "sent":
        return None  # what has led to the template already
    if item.state == "sent" and item.provider_id and not repeated:
        return None  # of the attempt before
    if receipt.error_code == WINDOW_CLOSED and item.template and not item.window_was_closed:
        return replace(item, state="pending", due=now, window_was_closed=True, provider_id=receipt.provider_id)
    failed = _failed(item, receipt)
    return routing.next_address(failed, now) or failed


def _failed(item: OutboxItem, receipt: Receipt) -> OutboxItem:
    return replace(
        item,
        state="failed",
        due=None,
        inviting=False,
        provider_id=item.provider_id or receipt.provider_id,
        error_code=receipt.error_code,
        error_text=receipt.error_text,
    )
