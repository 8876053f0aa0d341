"""What Twilio's SMS and voice webhooks have in common: form bodies, and the signature over address and parameters.

Source: Twilio, "Webhooks security" (X-Twilio-Signature). Standard library only, because intake loads it.
"""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit, urlunsplit

from besadu.channels.webhook import Webhook
from besadu.config import secrets_of

SIGNATURE_HEADER: Final = "x-twilio-signature"
_STANDARD_PORTS: Final = {"https": 443, "http": 80}


def signed(webhook: Webhook, auth_token: str) -> bool:
    """Whether Twilio signed this very address and body. Never raises; an unset token verifies nothing.

    base64(HMAC-SHA1(token, address + name and value of every parameter in order)); of equal parameters one counts.
    A body that is no form is bound by its hash in the address, ``bodySHA256``. Twilio may or may not write the
    standard port, so both are tried.
    """
    given = _header(webhook, SIGNATURE_HEADER).encode("utf-8", "replace")
    try:
        content = _signed_content(webhook)
        addresses = _spellings(webhook.url)
    except ValueError:
        return False
    if content is None:
        return False
    known = [
        base64.b64encode(hmac.new(token, address.encode() + content, hashlib.sha1).digest())
        for token in secrets_of(auth_token)
        for address in addresses
    ]
    equal = [hmac.compare_digest(digest, given) for digest in known]
    return any(equal)


def form(webhook: Webhook) -> list[tuple[str, str]]:
    """Names and values of a form body in its order: repeated and blank ones are kept, bad UTF-8 is replaced."""
    return [(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in _pairs(webhook.raw)]


def fields(webhook: Webhook) -> dict[str, str]:
    """The parameters by name; of a repeated one the first, which is the one that Twilio documents."""
    return dict(reversed(form(webhook)))


def _pairs(raw: bytes) -> list[tuple[bytes, bytes]]:
    # By hand: urllib's parse_qsl wants ASCII or guesses, and the signature is over the decoded bytes as they are.
    parts = (part.partition(b"=") for part in raw.replace(b"+", b" ").split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def _signed_content(webhook: Webhook) -> bytes | None:
    """What follows the address in the signed text; None when the body is not the one that the address names."""
    if _header(webhook, "content-type").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return b"".join(name + value for name, value in sorted(set(_pairs(webhook.raw))))
    if not webhook.raw:
        return b""
    named = parse_qs(webhook.query).get("bodySHA256", [""])[0].lower().encode("utf-8", "replace")
    same = hmac.compare_digest(hashlib.sha256(webhook.raw).hexdigest().encode(), named)
    return b"" if same else None


def _spellings(url: str) -> tuple[str, ...]:
    """The address with and without the standard port; as it is when it has another. Raises ValueError."""
    parts = urlsplit(url)
    standard = _STANDARD_PORTS.get(parts.scheme)
    if standard is None or parts.hostname is None or parts.port not in (None, standard):
        return (url,)
    bare = parts.netloc.removesuffix(f":{standard}")
    return tuple(urlunsplit(parts._replace(netloc=host)) for host in (bare, f"{bare}:{standard}"))


def _header(webhook: Webhook, name: str) -> str:
    return next((value for key, value in webhook.headers.items() if key.lower() == name), "")
