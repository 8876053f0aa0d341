"""What a channel gives to the phone page: a network that carries messages, and the tab in which people write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from besadu_local.clock import Clock
from besadu_local.world.config import WorldSettings
from besadu_local.world.store import Row, WorldStore
from besadu_local.world.webhooks import Webhooks


class Impossible(Exception):
    """A phone cannot send that. The text is Indonesian, for the page."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file from a phone."""

    content: bytes = field(repr=False)
    mime: str
    filename: str = ""
    voice: bool = False
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class World:
    """What all networks share."""

    settings: WorldSettings
    store: WorldStore
    webhooks: Webhooks
    clock: Clock


class Network(Protocol):
    """One channel's simulated provider, seen from the phones."""

    def person(self, address: str, name: str = "") -> Row:
        """The phone or account of this address, made when it is new. Raises Impossible for an odd address."""

    def say(self, person: Row, items: Sequence[Mapping[str, Any] | Upload], *, reply_to: str = "") -> list[str]:
        """Send each item as a message of its own; returns their ids. Raises Impossible."""

    def looked(self, identity: str) -> None:
        """The person has the screen open: what arrived is read."""

    def close(self) -> None:
        """Finish what is under way."""


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One channel of the phone page. ``page`` draws it (None: the chat that WhatsApp has too)."""

    title: str
    network: Callable[[World], Network]
    page: Callable[[], ResponseReturnValue] | None = None
    blueprints: tuple[Blueprint, ...] = ()  # the provider's own addresses
    address_label: str = "Nomor"
    address_hint: str = "0812 0000 0003"
    neighbours: tuple[tuple[str, str], ...] = ()  # address and name of those who are there at the start
    places: bool = True  # whether the chat can send a place
    longest: int = 4096  # characters of one text


def network(channel: str) -> Any:  # noqa: ANN401 - each channel's own class
    """The running network of a channel."""
    return current_app.extensions["networks"][channel]
