"""Addresses of files come from outside: which of them may be fetched, and the one machine that is then talked to.

A name is resolved once, every address that it has is checked, and the connection goes to the one that was: a name that
answers differently the second time (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from typing import Final
from urllib.parse import SplitResult, urlsplit

from besadu.errors import MediaGone, Unavailable
from besadu.frozen import dataclass

# Addresses that lead on to an IPv4 address of the sender's choice, which had to be checked again: none is needed.
_LEADS_ON: Final = tuple(
    map(ipaddress.ip_network, ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An address that may be fetched. ``machine``: the IP address to connect to; "" for an emulator on this machine."""

    url: str
    host: str
    machine: str = ""


def allow(url: str, *, hosts: frozenset[str], configured: str) -> Checked:
    """Let through an https address on one of ``hosts``, or one on the very origin of ``configured``.

    A host is meant exactly, ``*.domain`` is any below it. Only where the settings name this very machine (the local
    platform's emulators do) is plain http and a loopback address let through. Raises MediaGone for any other, and for a
    name with a private address (somebody meddled with the name service); Unavailable when it cannot be resolved now.
    """
    parts = _split(url)
    host = parts.hostname or ""
    own = _origin(parts) == _origin(_split(configured))
    if own and _this_machine(host):
        return Checked(url=url, host=host)
    listed = parts.port in (None, 443) and _listed(host, hosts)
    if parts.scheme != "https" or not (own or listed):
        raise MediaGone("address_not_allowed")
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable("media host cannot be resolved") from None
    machines = [str(row[4][0]) for row in found]
    if not machines or not all(map(_public, machines)):
        raise MediaGone("address_not_allowed")
    return Checked(url=url, host=host, machine=machines[0])


def _public(machine: str) -> bool:
    try:
        address = ipaddress.ip_address(machine)
    except ValueError:  # with a zone, and so on this network
        return False
    leads_on = any(address in network for network in _LEADS_ON if network.version == address.version)
    return address.is_global and not address.is_multicast and not leads_on


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(host: str, hosts: frozenset[str]) -> bool:
    return host in hosts or any(host.endswith(listed[1:]) for listed in hosts if listed.startswith("*."))


def _split(url: str) -> SplitResult:
    # Parsers disagree about these characters, and a check by one parser must hold for the other.
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>^`{|}'):
        raise MediaGone("address_not_allowed")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise MediaGone("address_not_allowed") from None
    if "@" in parts.netloc or "%" in parts.netloc or not parts.hostname:
        raise MediaGone("address_not_allowed")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
