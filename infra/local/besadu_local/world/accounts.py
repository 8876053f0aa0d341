"""Facebook and Instagram seen from outside: people write to a page or an account, BESADU writes to them."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import requests

from besadu_local.world import page_rules
from besadu_local.world.page_rules import PageError
from besadu_local.world.store import Row, person_id
from besadu_local.world.tabs import Impossible, Upload, World

LINK_LIFE = timedelta(days=2)  # Meta does not say; long enough that only a forgotten file is lost
_APP = 1517776481860111


class Accounts:
    """What the two networks share. A subclass names the channel, the account, its limits and its own events."""

    channel: str
    route: str  # BESADU's door
    object: str  # the webhook's word for the kind of account
    window_subcode: int

    def __init__(self, world: World, account: str) -> None:
        self.settings, self.store = world.settings, world.store
        self.webhooks, self.clock = world.webhooks, world.clock
        self.account = account

    def close(self) -> None:
        """Nothing runs on its own."""

    def too_long(self, text: str) -> str:
        """The limit that ``text`` is over, in words; empty when it is not."""
        raise NotImplementedError

    def mid(self) -> str:
        raise NotImplementedError

    def arrived(self, message_id: str, person: Row) -> None:
        """Tell BESADU that the message is on the person's phone, where the network does so."""

    def read(self, message: Row) -> Mapping[str, Any]:
        """The event that tells that a message was read."""
        raise NotImplementedError

    # Phones

    def person(self, address: str, name: str = "") -> Row:
        number = identity_of(address, self.channel)
        identity = person_id(number, self.channel)
        with self.store.together():
            row = {"id": identity, "address": address.strip(), "phone": "", "user_id": number, "name": name}
            self.store.insert("people", {**row, "role": "citizen", "channel": self.channel})
            if name:
                self.store.run("update people set name = ? where id = ?", name, identity)
            return self.store.rows("select * from people where id = ?", identity)[0]

    def say(self, person: Row, items: Sequence[Mapping[str, Any] | Upload], *, reply_to: str = "") -> list[str]:
        """Send the items; files that go together are one message, and a caption is a message behind them.

        An item is an Upload or one of ``{"text"}``, ``{"quick_reply": {text, payload}}``, ``{"location": {…}}``,
        ``{"message": …}`` (the message object as Meta would send it, but for its id). Returns the message ids.
        """
        uploads = [item for item in items if isinstance(item, Upload)]
        captions = [{"text": upload.caption} for upload in uploads if upload.caption.strip()]
        contents = [self._content(item) for item in [*captions, *items] if not isinstance(item, Upload)]
        if uploads:
            contents.insert(0, self._files(uploads))
        if not contents:
            raise Impossible("Pesan kosong.")
        return [self._write(person, content, shown, reply_to, alone=len(contents) == 1) for content, shown in contents]

    def _write(
        self, person: Row, content: Mapping[str, Any], shown: Mapping[str, Any], reply_to: str, *, alone: bool
    ) -> str:
        mid = self.mid()
        message = {"mid": mid, **content, **({"reply_to": {"mid": reply_to}} if reply_to else {})}
        self._keep(mid, person, "to_besadu", shown, message)
        event = self.event(person, {"message": message})
        self.webhooks.put(self.webhook(event), lane=person["id"] if alone else mid, message=mid, route=self.route)
        return mid

    def _content(self, item: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The message object as Meta sends it, and what the page shows."""
        if "message" in item:
            return dict(item["message"]), {"text": str(item["message"].get("text", ""))}
        if "quick_reply" in item:
            text, payload = str(item["quick_reply"]["text"]), str(item["quick_reply"]["payload"])
            return {"text": text, "quick_reply": {"payload": payload}}, {"text": text}
        if "location" in item:
            return self.place(item["location"])
        text = str(item.get("text") or "").replace("\r\n", "\n").strip()
        if not text:
            raise Impossible("Pesan kosong.")
        if self.too_long(text):
            raise Impossible("Pesan terlalu panjang.")
        return {"text": text}, {"text": text}

    def place(self, place: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ARG002 - see Messenger
        """A place as a message. Raises Impossible where people cannot send one."""
        raise Impossible("Lokasi tidak dapat dikirim di sini. Tuliskan tempatnya.")

    def _files(self, uploads: Sequence[Upload]) -> tuple[dict[str, Any], dict[str, Any]]:
        attachments = []
        first = ""
        for upload in uploads:
            if not upload.content:
                raise Impossible("Berkas kosong.")
            media_id = secrets.token_hex(10)
            self.store.keep_file(media_id, upload.content, upload.mime, upload.filename)
            family = upload.mime.partition("/")[0]
            kind = family if family in ("image", "audio", "video") else "file"
            attachments.append({"type": kind, "payload": {"url": self.link(media_id, upload.filename)}})
            first = first or media_id
        more = f"(+{len(uploads) - 1} berkas lagi)" if len(uploads) > 1 else ""
        return {"attachments": attachments}, {"media": first, "text": more, "extra": {"kind": attachments[0]["type"]}}

    def event(self, person: Row, content: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "sender": {"id": person["user_id"]},
            "recipient": {"id": self.account},
            "timestamp": self._milliseconds(),
            **content,
        }

    def webhook(self, event: Mapping[str, Any]) -> dict[str, Any]:
        entry = {"id": self.account, "time": self._milliseconds(), "messaging": [event]}
        return {"object": self.object, "entry": [entry]}

    def looked(self, identity: str) -> None:
        unread = self.store.rows(
            "select * from messages where person = ? and direction = 'from_besadu' and state = 'delivered'", identity
        )
        for message in unread:
            self._read(message)

    # The Send API

    def accept(self, frame: Mapping[str, Any], person: Row) -> str:
        """Check a frame, and put it on the person's phone; returns the message's id. Raises PageError."""
        message: Mapping[str, Any] = frame["message"] if isinstance(frame.get("message"), dict) else {}
        page_rules.check_shape(frame, too_long=self.too_long(str(message.get("text") or "")))
        page_rules.check_window(frame, last=self._last(person), now=self.clock.now(), subcode=self.window_subcode)
        mid = self.mid()
        buttons = [
            {"quick_reply": {"text": reply["title"], "payload": reply["payload"]}}
            for reply in message.get("quick_replies", [])
        ]
        attachment = message.get("attachment") or {}
        shown = {
            "text": message.get("text", ""),
            "media": self._fetch(attachment["payload"]["url"]) if attachment else "",
            "extra": {"buttons": buttons, "kind": attachment.get("type", ""), "template": frame.get("tag", "")},
        }
        self._keep(mid, person, "from_besadu", shown, frame)
        return mid

    def travel(self, mid: str) -> None:
        """Let an accepted message's webhooks go out: its echo, that it arrived, and read unless that is off."""
        row = self.store.rows("select * from messages where id = ?", mid)[0]
        person = self.store.rows("select * from people where id = ?", row["person"])[0]
        message = json.loads(row["body"])["message"]
        echo = {key: message[key] for key in ("text", "metadata") if key in message}
        if row["media"]:
            kind = message["attachment"]["type"]
            echo["attachments"] = [{"type": kind, "payload": {"url": self.link(row["media"], "")}}]
        event = {
            **self.event(person, {"message": {"mid": mid, "is_echo": True, "app_id": _APP, **echo}}),
            "sender": {"id": self.account},
            "recipient": {"id": person["user_id"]},
        }
        self._tell(event, mid)
        self.store.run("update messages set state = 'delivered' where id = ?", mid)
        self.arrived(mid, person)
        if self.store.flag("auto_read", default=True):
            self._read(row, after=self.settings.read_after)

    def _read(self, message: Row, after: float = 0.0) -> None:
        person = self.store.rows("select * from people where id = ?", message["person"])[0]
        self.store.run("update messages set state = 'read' where id = ?", message["id"])
        self._tell(self.event(person, self.read(message)), message["id"], after=after)

    def _tell(self, event: Mapping[str, Any], mid: str, after: float = 0.0) -> None:
        self.webhooks.put(self.webhook(event), lane=mid, message="", after=after, route=self.route)

    def _last(self, person: Row) -> datetime | None:
        row = self.store.row(
            "select max(at) as at from messages where person = ? and direction = 'to_besadu'", person["id"]
        )
        return datetime.fromisoformat(row["at"]) if row and row["at"] else None

    def _fetch(self, link: str) -> str:
        """Fetch a file that BESADU sent by link, as Meta does before it answers; returns its id here."""
        try:
            with requests.get(link, timeout=(3, 6)) as answer:
                answer.raise_for_status()
                mime = answer.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
                media_id = f"out{secrets.token_hex(8)}"
                self.store.keep_file(media_id, answer.content, mime, "")
        except requests.RequestException:
            raise PageError(100, "Failed to fetch the file from the url", subcode=2018047) from None
        return media_id

    # Files

    def link(self, media_id: str, filename: str) -> str:
        """The address of a file on the simulated CDN: signed by itself, fetched without a token."""
        token = secrets.token_urlsafe(24)
        expires = (self.clock.now() + LINK_LIFE).timestamp()
        self.store.insert("links", {"token": token, "media": media_id, "expires": expires})
        name = re.sub(r"[^A-Za-z0-9._-]", "_", filename) or "berkas"
        return f"{self.settings.graph_origin}/cdn/{token}/{name}?_nc_cat=1&oe={int(expires):X}"

    def _milliseconds(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def _keep(self, mid: str, person: Row, direction: str, shown: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        at = self.clock.now()
        row = {
            "id": mid,
            "person": person["id"],
            "direction": direction,
            "at": at.isoformat(),
            "kind": (shown.get("extra") or {}).get("kind") or "text",
            "text": shown.get("text") or "",
            "media": shown.get("media", ""),
            "extra": json.dumps(shown.get("extra", {})),
            "state": "travelling",
            "body": json.dumps(body),
        }
        with self.store.together():
            self.store.insert("messages", row)
            self.store.run("update people set seen = ? where id = ?", at.timestamp(), person["id"])


def identity_of(address: str, channel: str) -> str:
    """The account id of what somebody typed: the id itself, or a name that stands for one.

    Ids of Facebook and of Instagram are different spaces: the same name has another id on each.
    """
    typed = address.strip()
    if re.fullmatch(r"[0-9]{5,30}", typed, re.ASCII):
        return typed
    if not typed.strip("@"):
        raise Impossible("Nama akun tidak dikenali. Tulis seperti @melati.")
    digest = int.from_bytes(hashlib.sha256(f"{channel}:{typed.lower().lstrip('@')}".encode()).digest()[:6], "big")
    return f"7{digest:015d}"
