"""What WhatsApp, Messenger and Instagram have in common: Meta's handshake, signature, envelope and error objects.

Standard library only, because intake loads it at every cold start.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from besadu.channels.http import Reply
from besadu.config import secrets_of
from besadu.domain.message import Address, Channel, Inbound, Kind, Outcome, Parsed, SendResult, Unparsed
from besadu.frozen import dataclass, replace

SIGNATURE_HEADER: Final = "x-hub-signature-256"
GRAPH_HOSTS: Final = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})  # the only ones that may see our bearer

# What we keep of one field; a real message is far below. Firestore indexes strings up to 1500 bytes.
MAX_KEPT_TEXT: Final = 20_000
MAX_KEPT_LABEL: Final = 300

# Graph error codes and what to do next. Ranges are inclusive.
_ERRORS: tuple[tuple[Outcome, frozenset[int]], ...] = (
    ("window_closed", frozenset({131047})),
    ("permanent", frozenset({130472, 131021, 131026, 131030, 131051, 131062})),
    ("slow_down", frozenset({4, 80007, 130429, 131048, 131056, 133016})),
    ("retry", frozenset({2, 131000, 131016, 131053})),
    ("unauthorised", frozenset({0, 3, 10, 190, *range(200, 300), 368, 131031, 131042})),
    ("bug", frozenset({100, 131008, 131009, *range(132000, 132017)})),
)
OUTCOMES: Final[Mapping[int, Outcome]] = {code: outcome for outcome, codes in _ERRORS for code in codes}

# Without an error object the status alone must do. 5xx is ambiguous: a gateway may answer after the message went on.
_STATUS: Final[Mapping[int, Outcome]] = {
    400: "bug",
    401: "unauthorised",
    403: "unauthorised",
    404: "bug",
    429: "slow_down",
}

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
_CHALLENGE = re.compile(r"[0-9]{1,32}", re.ASCII)
_NUMBER = re.compile(r"\+?\d(?:[ .()-]?\d){5,}")  # long enough to be a phone number or a NIK
_WORD = re.compile(r"[A-Za-z_]+|[0-9]{1,6}", re.ASCII)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # a lone surrogate is legal in JSON and cannot be written as UTF-8
_MILLISECONDS = 10**12


def handshake(query: Mapping[str, str], verify_token: str) -> str | None:
    """The challenge to answer Meta's GET with, as ``text/plain``; None means refuse. An unset token refuses."""
    given = query.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
    known = [hmac.compare_digest(given, token) for token in secrets_of(verify_token)]
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") == "subscribe" and any(known) and _CHALLENGE.fullmatch(challenge):
        return challenge
    return None


def verify(raw: bytes, headers: Mapping[str, str], app_secret: str, /) -> bool:
    """Whether Meta signed these bytes with the app secret (HMAC-SHA256 over the raw body). Never raises."""
    given = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), None)
    if not isinstance(given, str) or not _SIGNATURE.fullmatch(given):
        return False
    known = [hmac.new(secret, raw, hashlib.sha256).hexdigest() for secret in secrets_of(app_secret)]
    equal = [hmac.compare_digest(f"sha256={digest}".encode(), given.encode()) for digest in known]
    return any(equal)


class Odd(Exception):
    """A piece is not of the shape it should have. The argument is the reason, without content."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What holds around every piece of a body. ``object`` is the kind of account that Meta says it is about."""

    raw: bytes
    channel: Channel
    account: str
    received_at: datetime
    object: str = ""


Found = list[Inbound | Unparsed]


def parse(scene: Scene, read_entry: Callable[[dict[str, Any], Scene], Found]) -> Parsed:
    """What ``read_entry`` finds in each entry of a webhook's body. Never raises."""
    try:
        body = _read_json(scene.raw)
    except (ValueError, RecursionError) as fault:
        return Parsed(unparsed=(_unparsed(scene.raw, scene, "", fault),))
    if not isinstance(body, dict) or not isinstance(body.get("entry"), list):
        return Parsed(unparsed=(_unparsed(scene.raw, scene, "", Odd("NoEntries")),))

    def entry(piece: object, around: Scene) -> Found:
        if not isinstance(piece, dict):
            raise Odd("NoEntry")
        return read_entry(piece, around)

    found = each(body["entry"], entry, replace(scene, object=text_of(body.get("object"), 80)))
    return Parsed(
        messages=tuple(item for item in found if isinstance(item, Inbound)),
        unparsed=tuple(item for item in found if isinstance(item, Unparsed)),
    )


def each(pieces: object, read: Callable[[Any, Scene], Found], scene: Scene) -> Found:
    """What ``read`` finds in every piece that is not null; one that it cannot read must not lose its neighbours."""
    found: Found = []
    for piece in sequence(pieces):
        try:
            found += read(piece, scene) if piece is not None else []
        except Exception as fault:  # noqa: BLE001 - whatever a hostile shape provokes, the piece is kept, the rest goes on
            try:
                kept = json.dumps(piece).encode()
            except (ValueError, RecursionError):
                kept = scene.raw
            found.append(_unparsed(kept, scene, _id_of(mapping(piece)), fault))
    return found


def _id_of(piece: Mapping[str, Any]) -> str:
    return text_of(piece.get("id") or mapping(piece.get("message")).get("mid"), 1000)


def _unparsed(raw: bytes, scene: Scene, provider_id: str, fault: Exception) -> Unparsed:
    reason = str(fault) if isinstance(fault, Odd) else type(fault).__name__
    return Unparsed(channel=scene.channel, account=scene.account, provider_id=provider_id, raw=raw, reason=reason)


def signal(piece: object, note: str, scene: Scene, kind: Kind = "ignored") -> Found:
    """A notice that is no citizen's message. It has no id of its own, so its content is its key."""
    digest = hashlib.sha256(json.dumps(piece, sort_keys=True).encode()).hexdigest()
    found = Inbound(
        address=Address(channel=scene.channel, account=scene.account),
        provider_id=f"notice:{digest}",
        kind=kind,
        received_at=scene.received_at,
        sent_at=scene.received_at,
        note=note,
    )
    return [found]


def word_of(value: object) -> str:
    """A provider's word for a note that is logged: never anything that could be a citizen's."""
    word = text_of(value, 60)
    return word if _WORD.fullmatch(word) else "?"


def _read_json(raw: bytes) -> object:
    """The body as JSON. Raises ValueError (not JSON, not UTF-8, NaN, endless digits) or RecursionError (too deep)."""
    return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def mapping(value: object) -> dict[str, Any]:
    """``value`` if it is an object, else an empty one: any level of a webhook may be null or of another type."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: object, limit: int) -> str:
    """A string (or a whole number, as some gateways send ids) that every database and page takes, cut at ``limit``."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**40 else ""
    if not isinstance(value, str):
        return ""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value[:limit])


def time_of(value: object, fallback: datetime) -> datetime:
    """A Unix time in seconds or milliseconds, as number or string; ``fallback`` when it is missing or broken."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
        if number >= _MILLISECONDS:
            number /= 1000
        return datetime.fromtimestamp(number, UTC) if number > 0 else fallback
    except (ValueError, OverflowError, OSError):
        return fallback


def degrees(value: object, limit: float) -> float:
    """A latitude or longitude. Raises Odd when it is none."""
    number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    if not abs(number) <= limit:  # also true for NaN
        raise Odd("NoPlace")
    return number


def bearer(token: str) -> dict[str, str]:
    """The header that opens the Graph API. In a header, because query strings land in logs."""
    return {"Authorization": f"Bearer {next(iter(secrets_of(token)), b'').decode()}"}


def masked(text: str) -> str:
    """An error's words without anything that may be a phone number."""
    return _NUMBER.sub("…", text)


def result_of(
    reply: Reply, provider_id: str, special: Mapping[tuple[int, int | None], Outcome] | None = None
) -> SendResult:
    """What a Graph reply to a send means. Meta also puts error objects under HTTP 200.

    ``special``: what a code with a subcode (or with any, None) means on a channel, where the common table differs.
    """
    error = mapping((reply.body or {}).get("error"))
    if not error and reply.status < 300 and provider_id:
        return SendResult(outcome="sent", provider_id=provider_id)
    raw_code = error.get("code")
    code = raw_code if isinstance(raw_code, int) else -1
    details = mapping(error.get("error_data")).get("details") or error.get("message")
    subcode = error.get("error_subcode")
    outcomes = special or {}
    told = outcomes.get((code, subcode if isinstance(subcode, int) else None)) or outcomes.get((code, None))
    return SendResult(
        outcome=told or OUTCOMES.get(code) or _by_status(reply, known=bool(error)),
        error_code=str(code) if code >= 0 else f"http_{reply.status}",
        error_text=masked(text_of(details, 300)),
        retry_after=reply.retry_after,
    )


def _by_status(reply: Reply, *, known: bool) -> Outcome:
    if reply.status == 503 and reply.retry_after is not None:
        return "retry"  # a service that names a time to come back has not taken the message
    if reply.status in _STATUS and not (known and reply.status == 400):
        return _STATUS[reply.status]
    if reply.status >= 500 or reply.status < 400:
        return "ambiguous"
    return "permanent"
