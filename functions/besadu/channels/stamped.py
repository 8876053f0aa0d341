"""Signatures over body and time, as android-sms-gateway makes them and our own telephone exchange does.

``X-Timestamp``: Unix seconds. ``X-Signature``: hex HMAC-SHA256(key, raw body + timestamp). Good for five minutes.
"""

import hashlib
import hmac
import re
from typing import Final

from besadu.channels.webhook import Webhook
from besadu.config import secrets_of

MAX_AGE: Final = 300  # seconds, before and after: the clocks of small machines go wrong both ways
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)


def signed(webhook: Webhook, secret: str) -> bool:
    """Whether a holder of ``secret`` signed this body in the last five minutes. Never raises; unset: no."""
    timestamp, given = _header(webhook, "x-timestamp"), _header(webhook, "x-signature").strip().lower()
    if not _TIMESTAMP.fullmatch(timestamp):
        return False
    content = webhook.raw + timestamp.encode()
    known = [hmac.new(key, content, hashlib.sha256).hexdigest() for key in secrets_of(secret)]
    equal = [hmac.compare_digest(digest.encode(), given.encode("utf-8", "replace")) for digest in known]
    return any(equal) and abs(webhook.received_at.timestamp() - int(timestamp)) <= MAX_AGE


def _header(webhook: Webhook, name: str) -> str:
    return next((value for key, value in webhook.headers.items() if key.lower() == name), "")
