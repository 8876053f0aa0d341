"""The one thin client that channels send and fetch with: one policy for time-outs, redirects and secrets.

``requests`` is loaded at the first call, not at import: intake verifies and parses, and never sends.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from besadu import clock
from besadu.channels.addresses import Checked, allow
from besadu.errors import BesaduError, MediaGone, Unavailable
from besadu.frozen import dataclass

if TYPE_CHECKING:
    import requests

__all__ = [
    "Checked",
    "Media",
    "NotSentError",
    "Reply",
    "UncertainError",
    "allow",
    "call",
    "delete",
    "session_to",
    "stream",
]

TIMEOUTS = (3.05, 10.0)  # seconds: connect (just over one TCP retransmission), then between two reads
MAX_HOPS = 3  # redirects of one file
FETCH_SECONDS = 240.0  # a whole file; below the time limit of a task, so that a slow drip cannot hold an instance
MAX_REPLY = 1_000_000  # bytes of a provider's answer to a call
CHUNK = 256 * 1024


class NotSentError(BesaduError):
    """No byte of the request left: it can be sent again without any risk of a double."""


class UncertainError(BesaduError):
    """The request left and no answer came: the provider may or may not have acted on it."""


class Media(NamedTuple):
    """A file on its way: its bytes in pieces, and type and size in bytes as the provider says (not to be trusted)."""

    chunks: Iterator[bytes]
    mime: str
    size: int | None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A provider's answer. ``body`` is None when it is not a JSON object (a gateway's HTML page, say)."""

    status: int
    body: Mapping[str, Any] | None
    retry_after: float | None = None  # seconds


def _session() -> "requests.Session":
    import requests  # 60 ms that intake must not pay

    session = requests.Session()
    session.trust_env = False  # a .netrc or a proxy variable must not replace or see the bearer
    return session


def call(method: str, url: str, *, headers: Mapping[str, str], body: Mapping[str, Any] | None = None) -> Reply:
    """One JSON call, no redirects followed. Raises NotSentError or UncertainError when there is no answer."""
    import requests  # late, see _session

    try:
        with (
            _session() as session,
            session.request(
                method, url, json=body, headers=dict(headers), timeout=TIMEOUTS, allow_redirects=False, stream=True
            ) as response,
        ):
            content = response.raw.read(MAX_REPLY, decode_content=True)
            return Reply(
                status=response.status_code,
                body=_json_object(content),
                retry_after=_seconds(response.headers.get("Retry-After", "")),
            )
    except requests.RequestException as fault:
        raise _no_answer(fault) from None  # the fault's text holds the URL and maybe an address
    except ValueError:  # a redirect to an address that is none
        raise UncertainError("redirect") from None
    except Exception as fault:
        if type(fault).__module__.startswith("urllib3"):  # raised by reading the body
            raise UncertainError(type(fault).__name__) from None
        raise


def _no_answer(fault: "requests.RequestException") -> BesaduError:
    """Whether any byte had left when the call broke."""
    import requests  # late, see _session
    import urllib3  # late, see _session

    name = type(fault).__name__
    if isinstance(fault, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return NotSentError(name)
    if isinstance(fault, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return NotSentError(name)
    cause = fault.args[0] if fault.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
        return NotSentError(type(reason).__name__)
    return UncertainError(name)


def _json_object(content: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _seconds(retry_after: str) -> float | None:
    """A Retry-After header, which is a number of seconds or an HTTP date, as seconds from now."""
    value = retry_after.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when: datetime = parsedate_to_datetime(value)
        return max(0.0, (when - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return None


@contextmanager
def stream(
    source: Checked,
    *,
    headers: Mapping[str, str],
    max_bytes: int,
    gone: frozenset[int],
    hop: Callable[[str], Checked] | None = None,
) -> Iterator[Media]:
    """The file at an address that ``allow`` let through; redirects are followed only where ``hop`` lets each through.

    ``gone``: the statuses after which trying again is useless. Raises MediaGone for those and for a file over
    ``max_bytes``, Unavailable for everything that may pass; both also while ``chunks`` is being read.
    """
    with ExitStack() as connections:
        response = _opened(connections, source, headers, hop)
        if response.status_code != 200:
            if response.status_code in gone:
                raise MediaGone(f"status_{response.status_code}")
            raise Unavailable(f"media not fetched: status {response.status_code}")
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
        if size is not None and size > max_bytes:
            raise MediaGone("too_big")
        yield Media(_chunks(response, max_bytes), response.headers.get("Content-Type", ""), size)


def delete(source: Checked, *, headers: Mapping[str, str]) -> int:
    """Delete what lies at an address that ``allow`` let through; the status. Raises Unavailable without an answer."""
    import requests  # late, see _session

    try:
        with session_to(source) as session:
            return session.delete(
                source.url, headers=dict(headers), timeout=TIMEOUTS, allow_redirects=False
            ).status_code
    except requests.RequestException as fault:
        raise Unavailable(f"not deleted: {type(fault).__name__}") from None


def session_to(source: Checked) -> "requests.Session":
    """A session that talks to the very machine that was checked, under the name that its certificate must have."""
    session = _session()
    if source.machine:
        session.mount("https://", _pinned(source))
    return session


def _pinned(source: Checked) -> "requests.adapters.HTTPAdapter":
    from requests.adapters import HTTPAdapter  # late, see _session

    class Pinned(HTTPAdapter):
        def build_connection_pool_key_attributes(  # type: ignore[override]  # the types have narrower dictionaries
            self, request: "requests.PreparedRequest", verify: "bool | str", cert: "str | tuple[str, str] | None" = None
        ) -> tuple[dict[str, Any], dict[str, Any]]:
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            names = {"server_hostname": source.host, "assert_hostname": source.host}
            return {**host, "host": source.machine}, {**pool, **names}

        def add_headers(self, request: "requests.PreparedRequest", **_: object) -> None:
            request.headers["Host"] = urlsplit(source.url).netloc

    return Pinned()


def _opened(
    connections: ExitStack, source: Checked, headers: Mapping[str, str], hop: Callable[[str], Checked] | None
) -> "requests.Response":
    import requests  # late, see _session

    for _ in range(MAX_HOPS + 1):
        session = connections.enter_context(session_to(source))
        try:
            response = connections.enter_context(
                session.get(source.url, headers=dict(headers), timeout=TIMEOUTS, allow_redirects=False, stream=True)
            )
        except requests.RequestException as fault:
            raise Unavailable(f"media not fetched: {type(fault).__name__}") from None
        except ValueError:  # requests reads where a redirect leads, even when it does not go there
            raise MediaGone("address_not_allowed") from None
        if hop is None or not response.is_redirect:
            return response
        source = hop(_next_hop(source.url, response.headers["Location"]))
    raise MediaGone("too_many_redirects")


def _next_hop(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise MediaGone("address_not_allowed") from None


def _chunks(response: "requests.Response", max_bytes: int) -> Iterator[bytes]:
    import urllib3  # late, see _session

    end = time.monotonic() + FETCH_SECONDS
    total = 0
    while True:
        try:
            # read1, not read: read waits for a full piece, so one byte a second would never reach the deadline below.
            piece: bytes = response.raw.read1(CHUNK, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            raise Unavailable(f"media broke off: {type(fault).__name__}") from None
        if not piece:
            return
        total += len(piece)
        if total > max_bytes:
            raise MediaGone("too_big")
        if time.monotonic() > end:
            raise Unavailable("media took too long")
        yield piece
