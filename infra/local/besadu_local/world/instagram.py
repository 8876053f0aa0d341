"""Instagram Direct: people write to the regency's account, which is linked to its page."""

import secrets
from collections.abc import Mapping
from typing import Any

from besadu_local.world.accounts import Accounts
from besadu_local.world.store import Row
from besadu_local.world.tabs import Tab, World

MAX_TEXT = 1000  # bytes of UTF-8


class Instagram(Accounts):
    """An account's conversations. No delivery receipts; a read names its message."""

    channel = "instagram"
    route = "instagram"
    object = "instagram"
    window_subcode = 2534022

    def __init__(self, world: World) -> None:
        super().__init__(world, world.settings.instagram_account_id)

    def too_long(self, text: str) -> str:
        return f"{MAX_TEXT} bytes" if len(text.encode()) > MAX_TEXT else ""

    def mid(self) -> str:
        return f"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOj{secrets.token_urlsafe(60)}"

    def read(self, message: Row) -> Mapping[str, Any]:
        return {"read": {"mid": message["id"]}}


TAB = Tab(
    title="Instagram",
    network=Instagram,
    address_label="Nama akun, atau id-nya",
    address_hint="@melati",
    neighbours=(("@rani.belitong", "Rani"), ("@agus.sijuk", "Agus Salim")),
    places=False,
    longest=MAX_TEXT,
)
