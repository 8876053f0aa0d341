"""Over which of a citizen's channels a message goes: the one last used, or by number where a window has closed.

One citizen is one person on all channels by the HMAC of the NIK. Only an answer or a question is led to another
channel; news stay where the complaint was made.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from besadu.domain.conversation import Conversation
from besadu.domain.message import Address, Channel, SendResult
from besadu.domain.outbox import OutboxItem
from besadu.frozen import dataclass, replace
from besadu.services.office import Office

NAMES: Mapping[Channel, str] = {
    "email": "Surel",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "sms": "SMS",
    "telephone": "SMS",  # nobody is rung up by a program
    "whatsapp": "WhatsApp",
}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Route:
    """A message with the address that it goes to, and the head of that conversation."""

    item: OutboxItem
    head: Conversation | None
    changed: bool = False  # to another conversation than the message was made for


def last_used(office: Office, item: OutboxItem, head: Conversation | None) -> Route:
    """To the conversation in which this person wrote last; a chosen one wins. Raises Unavailable."""
    best = Route(item, head)
    for other in _others(office, item):
        if _rank(other.head) > _rank(best.head):
            best = other
    return best


def by_number(office: Office, item: OutboxItem, head: Conversation | None) -> Route | None:
    """To a conversation of this person that has a number, or by SMS to it; None if there is none."""
    if item.address.phone:
        return _by_sms(office, Route(item, head))
    return next((other for other in _others(office, item) if other.item.address.phone), None)


def after_refusal(office: Office, item: OutboxItem, result: SendResult, now: datetime) -> OutboxItem | None:
    """The same message for another channel, when this one cannot reach its reader; else None.

    A post's goes to its next address when this channel is not set up or refuses our account; a citizen's from WhatsApp
    to SMS, when a gateway is there.
    """
    if item.kind == "agency":
        return next_address(item, now) if result.outcome == "unauthorised" else None
    if item.answer_of:  # has further ways, see ``arrival``
        return None
    if result.outcome != "permanent" or item.address.channel != "whatsapp" or item.kind == "prompt":
        return None
    if not item.address.phone or not office.settings.sms_gateway or item.media:
        return None
    address = Address(channel="sms", account="", phone=item.address.phone)
    return replace(item, address=address, state="pending", due=now, attempts=0, inviting=False)


def next_address(item: OutboxItem, now: datetime) -> OutboxItem | None:
    """A post's message for the next address that it chose; None when none is left."""
    if not item.fallbacks:
        return None
    address, *others = item.fallbacks
    return replace(
        item,
        address=address,
        fallbacks=tuple(others),
        state="pending",
        due=now,
        attempts=0,
        ambiguous=0,
        provider_id="",
    )


def number_of(office: Office, item: OutboxItem) -> str:
    """The number of this citizen, from this conversation or another one of theirs; "" when none is known."""
    own = item.address.phone
    return own or next((other.item.address.phone for other in _others(office, item) if other.item.address.phone), "")


def as_sms(item: OutboxItem, number: str, outbox_id: str, now: datetime) -> OutboxItem:
    """The same words as an SMS of their own, due now."""
    return OutboxItem(
        id=outbox_id,
        kind=item.kind,
        address=Address(channel="sms", account="", phone=number),
        created_at=now,
        due=now,
        sender_key=item.sender_key,
        person=item.person,
        ticket=item.ticket,
        text=item.sms_text or item.text,
        answer_of=item.answer_of,
        confirms=bool(item.answer_of),
        by_person=item.by_person,
    )


def _by_sms(office: Office, route: Route) -> Route | None:
    if not office.settings.sms_gateway:
        return None
    address = Address(channel="sms", account="", phone=route.item.address.phone)
    return Route(replace(route.item, address=address), route.head)


def _others(office: Office, item: OutboxItem) -> Iterator[Route]:
    """The other conversations of the same person, by the complaints made from them."""
    seen = {item.sender_key}
    for reporter in office.store.complaints.reporters_with(item.person) if item.person else ():
        if reporter.sender_key in seen:
            continue
        seen.add(reporter.sender_key)
        head = office.store.senders.read(reporter.sender_key)
        if head:
            there = replace(item, address=reporter.address, sender_key=reporter.sender_key)
            yield Route(there, head.value, changed=True)


def _rank(head: Conversation | None) -> tuple[datetime, datetime]:
    """A conversation that the citizen chose for answers first, then the one with the newest message."""
    if head is None:
        return _NEVER, _NEVER
    return head.chosen_at or _NEVER, head.last_inbound_at or _NEVER
