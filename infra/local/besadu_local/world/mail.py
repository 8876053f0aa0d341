"""The office's mail server: takes BESADU's letters to posts over real SMTP, and shows them on the phone page.

A mailbox that begins with ``tidak.ada`` does not exist (550); one that begins with ``sibuk`` is busy (451).
"""

import email
import json
import secrets
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from besadu_local.ports import HOST
from besadu_local.world.store import Row, person_id
from besadu_local.world.tabs import Impossible, Tab, Upload, World

_REFUSALS = {"tidak.ada": "550 5.1.1 no such mailbox", "sibuk": "451 4.3.2 try again later"}


class MailServer:
    """One SMTP server on this machine, which wants a sign-in and no TLS: it listens on loopback only."""

    channel = "email"

    def __init__(self, world: World) -> None:
        self._world = world
        self._controller: Controller | None = None
        if world.settings.smtp.port:
            self._controller = Controller(
                self,
                hostname=HOST,
                port=world.settings.smtp.port,
                authenticator=self._knows,
                auth_require_tls=False,
            )
            self._controller.start()

    def close(self) -> None:
        if self._controller:
            self._controller.stop()

    def person(self, address: str, name: str = "") -> Row:
        typed = address.strip().lower()
        if "@" not in typed:
            raise Impossible("Tulis alamat surel yang lengkap.")
        identity = person_id(typed, self.channel)
        row = {"id": identity, "address": typed, "phone": "", "user_id": typed, "name": name}
        self._world.store.insert("people", {**row, "role": "citizen", "channel": self.channel})
        return self._world.store.rows("select * from people where id = ?", identity)[0]

    def say(self, _person: Row, _items: Sequence[Mapping[str, Any] | Upload], *, reply_to: str = "") -> list[str]:  # noqa: ARG002 - see Network
        raise Impossible("Surel BESADU tidak dibalas. Buka tautan di dalamnya.")

    def looked(self, identity: str) -> None:
        self._world.store.run("update messages set state = 'read' where person = ?", identity)

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether somebody has signed in, as our settings want it."""
        if self._world.settings.smtp.user and not session.authenticated:
            return "530 5.7.0 authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether there is such a mailbox."""
        for beginning, refusal in _REFUSALS.items():
            if address.startswith(beginning):
                return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - (same)
        """Put the letter into its mailboxes; one that came before (by its Message-ID) is not put there again."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        letter = email.message_from_bytes(content, policy=default)
        if not isinstance(letter, EmailMessage):
            return "554 5.6.0 not a letter"
        body = letter.get_body(("plain",))
        words = "\n".join(body.get_content().splitlines()).strip() if body else ""
        text = f"*{letter['Subject']}*\n\n{words}"
        for address in envelope.rcpt_tos:
            self._keep(self.person(address), str(letter["Message-ID"] or secrets.token_hex(8)), text)
        return "250 OK"

    def _keep(self, person: Row, message_id: str, text: str) -> None:
        at = self._world.clock.now()
        row = {
            "id": f"{message_id}:{person['id']}",
            "person": person["id"],
            "direction": "from_besadu",
            "at": at.isoformat(),
            "kind": "text",
            "text": text,
            "extra": json.dumps({"links": True}),
            "state": "delivered",
        }
        self._world.store.insert("messages", row)
        self._world.store.run("update people set seen = ? where id = ?", at.timestamp(), person["id"])

    def _knows(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:  # noqa: ANN401 - the library's
        wanted = (self._world.settings.smtp.user.encode(), self._world.settings.smtp.password.encode())
        right = isinstance(given, LoginPassword) and (given.login, given.password) == wanted
        return AuthResult(success=right, handled=False)


TAB = Tab(
    title="Surel",
    network=MailServer,
    address_label="Alamat surel",
    address_hint="wakil.dishub@belitung.example",
    neighbours=(("wakil.dishub@belitung.example", "Wakil penghubung Dishub"),),
    places=False,
)
