"""One message on its way out: claim it, send it, write down what became of it.

Claimed with a compare-and-set and a lease, so that a task that runs twice sends once. When the outcome of an attempt is
unknown (the connection broke after the bytes had left, or we died), the lease runs out first: a receipt in that time
settles it, else it is sent once more, and after that it is `unknown` and a person's task. Cloud API has no idempotency
key, so one extra message is the least that can be promised.
"""

from datetime import datetime, timedelta
from functools import partial

from besadu import links, logs
from besadu.channels import CHANNELS
from besadu.domain import reach
from besadu.domain.message import Address, Channel, Outgoing, SendResult
from besadu.domain.outbox import LEASE, MOST_ATTEMPTS, OutboxItem, marked_id, next_attempt
from besadu.errors import Conflict
from besadu.frozen import replace
from besadu.services import arrival, letters, routing
from besadu.services.office import Office
from besadu.store.client import Commit, Stored
from besadu.store.keys import outbox_key

# A token or account that is refused is an operator's task; nothing is lost while they mend it.
UNAUTHORISED_PAUSE = timedelta(minutes=10)
MOST_BEFORE_NEXT = 4  # attempts, a quarter of an hour, where a post has another address
LOOKED_AT = frozenset({"sent", "held", "delivered"})  # an answer that should have been read by now
PICTURE_LIFE = timedelta(days=2)


def send(office: Office, outbox_id: str, *, sender_key: str = "", again: bool = False) -> str:
    """Send this message if it is due. Returns a word for the log: what was done. Raises Unavailable.

    With ``sender_key`` it is a prompt or reply that stands in the head of that conversation. ``again``: this task ran
    before and gave no good answer, so nobody knows what became of a message in passing.
    """
    stored = office.store.outbox.read(outbox_id) if again or not sender_key else None
    if stored is None:
        return _from_head(office, outbox_id, sender_key) if sender_key else "gone"
    if again and stored.value.passing and stored.value.state == "sent":
        return _send(office, replace(stored, value=replace(stored.value, state="sending", passing=False)), office.now())
    return _send_due(office, stored)


def _send_due(office: Office, stored: Stored[OutboxItem]) -> str:
    item, now = stored.value, office.now()
    if item.due is None or item.due > now:
        office.send(item)  # a task that came early is made anew
        return "early" if item.due else item.state
    if item.state in LOOKED_AT:
        return arrival.look(office, stored)
    if item.state == "sending" and item.ambiguous:
        logs.error("message_unknown", outbox=item.id)
        return _finish(office, stored, replace(item, state="unknown", due=None))
    return _send(office, stored, now)


def _send(office: Office, stored: Stored[OutboxItem], now: datetime) -> str:
    item = stored.value
    stored_head = office.store.senders.read(item.sender_key) if item.sender_key else None
    head = stored_head.value if stored_head else None
    route = routing.Route(item, head)
    if item.attempts == 0 and item.kind in reach.LONG:
        route = routing.last_used(office, item, head)
    return _attempt(office, Stored(route.item, stored.version), route, now)


def _from_head(office: Office, outbox_id: str, sender_key: str) -> str:
    """The message stands in the head until now: a newer one of the burst may have changed a prompt's words or time."""
    stored, now = office.store.senders.read(sender_key), office.now()
    head = stored.value if stored else None
    item = head.waiting(outbox_id, sender_key) if head else None
    if item is None:
        return "superseded"
    if item.due and item.due > now:
        office.queue.reply(sender_key, outbox_id, item.due, channel=item.address.channel)
        return "early"
    return _attempt(office, Stored(item, None), routing.Route(item, head), now)


def _attempt(office: Office, stored: Stored[OutboxItem], route: routing.Route, now: datetime) -> str:
    """Choose the way, claim, send, settle."""
    item = stored.value
    way = reach.way(item, route.head, now)
    if way == "elsewhere":
        other = routing.by_number(office, item, route.head)
        if other is None:
            logs.error("message_failed", outbox=item.id, outcome="window_closed", code="")
            return _finish(office, stored, replace(item, state="failed", due=None, error_code="window_closed"))
        item, route, way = other.item, other, reach.way(other.item, other.head, now)
    if way == "hold":
        return _hold(office, stored, item)
    if way == "drop":
        return _finish(office, stored, replace(item, state="superseded", due=None))
    claimed = replace(
        item,
        state="sending",
        due=now + LEASE,
        attempts=item.attempts + 1,
        ambiguous=item.ambiguous + (item.state == "sending"),
        inviting=way == "invite",
    )
    claimed, rest = _in_pieces(claimed, way)
    claimed = _let_pass(claimed, now) if claimed.passing and not claimed.then else replace(claimed, passing=False)
    try:
        version = office.store.outbox.replace(stored, claimed, partial(_stage_more, office, rest, route))
    except Conflict:
        return "claimed by another"
    message = _outgoing(office, claimed, way, now=now)
    result = CHANNELS[message.address.channel].send(message, settings=office.settings)
    return _settle(office, Stored(claimed, version), result, now=now)


def _let_pass(claimed: OutboxItem, now: datetime) -> OutboxItem:
    """As if it were sent already. Not by SMS: what those gateways tell later is found by an id that they give."""
    if claimed.address.brief:
        return replace(claimed, passing=False)
    return replace(claimed, state="sent", due=None, sent_at=now)


def _in_pieces(item: OutboxItem, way: reach.Way) -> tuple[OutboxItem, list[OutboxItem]]:
    """The message as its channel can carry it: the first piece, and the others as messages of their own after it.

    Buttons stand under the last piece.
    """
    pieces = [] if way in {"template", "invite"} else CHANNELS[carrier_of(item.address)].split(item.words)
    if len(pieces) <= 1:
        return item, []
    ids = [outbox_key(item.id, f"piece:{number}") for number in range(2, len(pieces) + 1)]
    rest = [
        replace(
            item,
            id=outbox_id,
            text=piece,
            sms_text="" if item.address.brief else item.sms_text,
            confirms=item.confirms and outbox_id == ids[-1],
            buttons=item.buttons if outbox_id == ids[-1] else (),
            state="pending",
            attempts=0,
            ambiguous=0,
            due=None,
            then=following,
        )
        for outbox_id, piece, following in zip(ids, pieces[1:], [*ids[1:], item.then], strict=True)
    ]
    sms_text = "" if item.address.brief else item.sms_text
    return replace(item, text=pieces[0], sms_text=sms_text, buttons=(), confirms=False, then=ids[0]), rest


def _stage_more(office: Office, rest: list[OutboxItem], route: routing.Route, commit: Commit) -> None:
    """What goes with the claim: the pieces that follow, and the complaint that the chosen conversation is now about."""
    for item in rest:
        office.store.outbox.stage(commit, item)
    if route.changed:
        office.store.senders.stage_talk_about(commit, route.item.sender_key, route.item.ticket)


def carrier_of(address: Address) -> Channel:
    """Over which channel a message to this address travels: nobody is rung up by a program."""
    return "sms" if address.channel == "telephone" else address.channel


def _outgoing(office: Office, item: OutboxItem, way: reach.Way, *, now: datetime) -> Outgoing:
    use_template = way in {"template", "invite"}
    message = Outgoing(
        # SMS gateways allow few letters, and send few receipts.
        outbox_id=item.id if item.address.brief else marked_id(item),
        address=replace(item.address, channel=carrier_of(item.address)),
        text="" if use_template else item.words,
        buttons=() if use_template else item.buttons,
        template=item.template if use_template else "",
        template_values=item.template_values if use_template else (),
        media_url=links.picture_url(office.settings, item.media, now + PICTURE_LIFE) if item.media else "",
        media_kind=item.media_kind,
        tag="human_agent" if way == "human_agent" else "",
    )
    return letters.addressed(office, item, message, now=now) if item.kind == "agency" else message


def _settle(office: Office, claimed: Stored[OutboxItem], result: SendResult, *, now: datetime) -> str:
    """Write down what became of the attempt."""
    item = replace(claimed.value, error_code=result.error_code, error_text=result.error_text, passing=False)
    if claimed.value.passing:
        if result.outcome == "sent":
            return "sent"
        item = replace(item, state="sending", due=now + LEASE, sent_at=None)
    if result.outcome == "ambiguous":
        logs.warning("send_ambiguous", outbox=item.id)
        return _finish(office, claimed, item) if claimed.value.passing else "ambiguous"
    if result.outcome == "sent" and item.inviting:
        return _hold(office, claimed, item)
    after = routing.after_refusal(office, item, result, now) or _after(item, result, now)
    if after.state == "failed":
        after = routing.next_address(after, now) or after
    if after.state == "failed":
        logs.error("message_failed", outbox=item.id, outcome=result.outcome, code=result.error_code)
    if result.outcome == "unauthorised":
        logs.error("channel_unauthorised", channel=item.address.channel, code=result.error_code)
    done = _finish(office, claimed, after)
    if done == "pending":
        office.send(after)
    return done


def _after(item: OutboxItem, result: SendResult, now: datetime) -> OutboxItem:
    """The message after an attempt whose outcome is known."""
    match result.outcome:
        case "sent":
            return replace(
                item, state="sent", due=arrival.look_at(item, now), provider_id=result.provider_id, sent_at=now
            )
        case "unauthorised":
            return replace(item, state="pending", due=now + UNAUTHORISED_PAUSE, attempts=item.attempts - 1)
        case "window_closed" if not item.window_was_closed:
            return replace(item, state="pending", due=now, window_was_closed=True)
        case "retry" | "slow_down" if item.attempts < (MOST_BEFORE_NEXT if item.fallbacks else MOST_ATTEMPTS):
            pause = timedelta(seconds=result.retry_after) if result.retry_after else timedelta()
            return replace(item, state="pending", due=max(next_attempt(item.attempts, now), now + pause))
        case _:
            return replace(item, state="failed", due=None)


def _finish(office: Office, before: Stored[OutboxItem], after: OutboxItem) -> str:
    """Write ``after``, and let the message that waited for it go; a lost answer takes another way."""
    after, onward = arrival.after_loss(office, after)
    freed = after.then if after.state in {"sent", "unknown"} else ""
    try:
        office.store.outbox.replace(before, after, partial(_stage_freed, office, freed, onward))
    except Conflict:
        # A receipt was faster, or another run: what they wrote is further than this.
        return "overtaken"
    onward.hurry(office)
    if freed:
        office.queue.send(freed, office.now(), channel=after.address.channel)
    return after.state


def _stage_freed(office: Office, outbox_id: str, onward: arrival.Onward, commit: Commit) -> None:
    onward.stage(office, commit)
    if outbox_id:
        office.store.outbox.stage_release(commit, outbox_id, office.now())


def _hold(office: Office, before: Stored[OutboxItem], item: OutboxItem) -> str:
    """The message waits until the citizen writes; the head remembers it, so that intake lets it go with its commit."""

    def remember(commit: Commit) -> None:
        office.store.senders.stage_held(commit, item.sender_key, item.id)

    held = replace(item, state="held", window_was_closed=False, inviting=False)
    held = replace(held, due=arrival.look_at(held, office.now()))
    try:
        office.store.outbox.replace(before, held, remember)
    except Conflict:
        # The invitation's receipt was faster than its answer, and has done the same.
        return "overtaken"
    return "held"
