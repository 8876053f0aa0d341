"""Document ids. Provider ids hold slashes and grow in order, so they are hashed: no refused id, no hot spot."""

import hashlib


def key(*parts: str) -> str:
    """SHA-256, hex. Only the last part may hold a bar: channels and our own accounts never do."""
    return hashlib.sha256("|".join(parts).encode(errors="replace")).hexdigest()


def sender_key(channel: str, account: str, sender: str) -> str:
    """Of the head of one citizen's conversation."""
    return key(channel, account, sender)


def inbox_key(channel: str, account: str, provider_id: str) -> str:
    """Of one thing that a provider told us."""
    return key(channel, account, provider_id)


def outbox_key(cause: str, what: str) -> str:
    """Of the message ``what`` that ``cause`` makes: the same cause makes it once."""
    return key("outbox", cause, what)[:40]


def officer_key(email: str) -> str:
    """Of a staff person; an e-mail address is compared without case."""
    return key("officer", email.strip().lower())
