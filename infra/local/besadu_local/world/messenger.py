"""Facebook's Messenger: people write to the regency's page."""

import secrets
from collections.abc import Mapping
from typing import Any

from besadu_local.world.accounts import Accounts
from besadu_local.world.store import Row
from besadu_local.world.tabs import Tab, World

MAX_TEXT = 2000  # characters


class Messenger(Accounts):
    """A page's conversations. Receipts: a delivery names messages, a read only a time up to which all is read."""

    channel = "facebook"
    route = "messenger"
    object = "page"
    window_subcode = 2018278

    def __init__(self, world: World) -> None:
        super().__init__(world, world.settings.facebook_page_id)

    def too_long(self, text: str) -> str:
        return f"{MAX_TEXT} characters" if len(text) > MAX_TEXT else ""

    def mid(self) -> str:
        return f"m_{secrets.token_urlsafe(48)}"

    def arrived(self, message_id: str, person: Row) -> None:
        delivery = {"mids": [message_id], "watermark": self._milliseconds()}
        self._tell(self.event(person, {"delivery": delivery}), message_id, after=0.2)

    def read(self, message: Row) -> Mapping[str, Any]:  # noqa: ARG002 - the network does not say which message
        return {"read": {"watermark": self._milliseconds()}}

    def place(self, place: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        coordinates = {"lat": place["latitude"], "long": place["longitude"]}
        title = str(place.get("name") or "Pinned Location")
        attachment = {"type": "location", "title": title, "payload": {"coordinates": coordinates}}
        return {"attachments": [attachment]}, {"text": title, "extra": {"location": dict(place), "kind": "location"}}


TAB = Tab(
    title="Facebook",
    network=Messenger,
    address_label="Nama akun, atau id-nya",
    address_hint="@melati",
    neighbours=(("@rudi.hartono", "Rudi Hartono"), ("@dewi.lestari", "Dewi Lestari")),
    longest=MAX_TEXT,
)
