"""An office that sends over the simulated Graph API, and one citizen's phone."""

from dataclasses import dataclass, replace
from typing import Any

import requests

from besadu.domain.conversation import Pending
from besadu.domain.outbox import OutboxItem
from besadu.services import delivery
from besadu.services.office import Office
from besadu.store.keys import outbox_key
from besadu.store.senders import key_of
from besadu_local.clock import Clock
from besadu_local.world.client import Phone
from tests.factories import ADDRESS, PHONE, a_status, a_text, head_of, hear, item_of, keep_item, webhook


@dataclass
class Network:
    """The Graph API, one citizen's phone, and an office that sends over it."""

    url: str
    office: Office
    clock: Clock

    def fail(self, **spec: Any) -> None:
        requests.post(f"{self.url}/control/fail", json=spec, timeout=5).raise_for_status()

    def sends(self, item: OutboxItem) -> list[dict[str, Any]]:
        """What the Graph API took for this message, its invitation included."""
        everything = requests.get(f"{self.url}/control/sends", timeout=5).json()
        return [send for send in everything if send["body"]["biz_opaque_callback_data"].startswith(item.id)]

    def kinds(self, item: OutboxItem) -> list[str]:
        return [send["body"]["type"] for send in self.sends(item)]

    def send(self, item: OutboxItem) -> str:
        return delivery.send(self.office, item.id)

    def prompts(self, text: str) -> Pending:
        """A prompt in the citizen's head, due now."""
        now, stored = self.clock.now(), head_of(self.office)
        asked = Pending(outbox_id=outbox_key(text, "reply"), first_at=now, due=now, text=text)
        commit = self.office.store.commit()
        self.office.store.senders.stage(commit, key_of(ADDRESS), replace(stored.value, pending=asked), stored)
        commit.run()
        return asked

    def send_prompt(self, asked: Pending) -> str:
        return delivery.send(self.office, asked.outbox_id, sender_key=key_of(ADDRESS))

    def state_of(self, item: OutboxItem) -> str:
        return item_of(self.office, item.id).state

    def receipt(self, callback: str, state: str, *, provider_id: str = "wamid.out", code: int = 0) -> None:
        status = a_status(callback, state, provider_id=provider_id, code=code)
        hear(self.office, webhook(statuses=(status,)))

    def citizen_writes(self, text: str = "BUKA") -> None:
        """To BESADU, and as the Graph API sees it."""
        Phone(self.url, PHONE).say(text)
        hear(self.office, webhook(a_text(text, at=self.clock.now())))

    def close_window(self) -> None:
        self.clock.advance(25 * 3600)


def an_answer(network: Network, **changes: Any) -> OutboxItem:
    return keep_item(
        network.office,
        **{
            "kind": "answer",
            "text": "Lampu sudah diperbaiki.",
            "template": "jawaban_tersedia",
            "template_values": ("BSD-26-4839-2050",),
            **changes,
        },
    )
