"""WhatsApp seen from outside: what a phone sends goes to BESADU as a webhook, what BESADU sends appears on a phone."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import requests

from besadu_local.world import graph_rules
from besadu_local.world.approved import approved
from besadu_local.world.store import Row, person_id
from besadu_local.world.tabs import Impossible, Upload, World

WINDOW = timedelta(hours=24)
LINK_LIFE = timedelta(minutes=5)
_WABA = "102290129340398"
# Templates whose first value names the post that gets them.
TO_POSTS = (
    "disposisi_baru",
    "dukungan_diminta",
    "dukungan_masuk",
    "pengingat_kantor",
    "pengingat_opd",
    "ringkasan_kantor",
    "ringkasan_mingguan",
    "ringkasan_opd",
)


class WhatsApp:
    """The network: phones on one side, the Cloud API on the other."""

    def __init__(self, world: World) -> None:
        self.settings, self.store, self.webhooks, self.clock = (
            world.settings,
            world.store,
            world.webhooks,
            world.clock,
        )
        self.templates = approved(world.settings.public_url)
        self._errands = ThreadPoolExecutor(max_workers=2)

    def close(self) -> None:
        """Finish the errands under way."""
        self._errands.shutdown()

    # Phones

    def person(self, address: str, name: str = "", *, role: str = "citizen") -> Row:
        """The phone with this number, or of this ``@username`` (it has no number towards businesses)."""
        phone, user_id = identity_of(address)
        identity = person_id(phone or user_id)
        row = {
            "id": identity,
            "address": address if user_id and not phone else phone,
            "phone": phone,
            "user_id": user_id,
        }
        with self.store.together():
            self.store.insert("people", {**row, "name": name, "role": role})
            if name:
                self.store.run("update people set name = ? where id = ?", name, identity)
            if role == "citizen":
                self.store.run("update people set role = 'citizen' where id = ?", identity)
            return self.store.rows("select * from people where id = ?", identity)[0]

    def say(self, person: Row, items: Sequence[Mapping[str, Any] | Upload], *, reply_to: str = "") -> list[str]:
        """Send each item as a message of its own; several at once travel side by side, as they do in reality.

        An item is an Upload or one of ``{"text"}``, ``{"location": {latitude, longitude, name, address}}``,
        ``{"button": {id, title}}`` (a reply button), ``{"quick_reply": {text, payload}}`` (a template's button).
        Returns the message ids. Raises Impossible.
        """
        contents = [self._content(item) for item in items]
        if not contents:
            raise Impossible("Pesan kosong.")
        ids = []
        for kind, content, shown in contents:
            message_id = _wamid()
            at = self.clock.now()
            message = {
                **({"from": person["phone"]} if person["phone"] else {}),
                "from_user_id": _scoped_id(person),
                "id": message_id,
                "timestamp": str(int(at.timestamp())),
                "type": kind,
                kind: content,
                **({"context": {"from": self.settings.display_number, "id": reply_to}} if reply_to else {}),
            }
            self._keep(message_id, person, "to_besadu", at, shown, message)
            lane = person["id"] if len(contents) == 1 else message_id
            self.webhooks.put(self._messages(person, message), lane=lane, message=message_id)
            ids.append(message_id)
        return ids

    def _content(self, item: Mapping[str, Any] | Upload) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The message's type, its object as Meta sends it, and what the page shows."""
        if isinstance(item, Upload):
            return self._file(item)
        if "location" in item:
            place = dict(item["location"])
            shown = {
                "text": ", ".join(filter(None, (place.get("name"), place.get("address")))),
                "extra": {"location": place},
            }
            return "location", place, shown
        if "button" in item:
            reply = {"id": str(item["button"]["id"]), "title": str(item["button"]["title"])}
            return "interactive", {"type": "button_reply", "button_reply": reply}, {"text": reply["title"]}
        if "quick_reply" in item:
            pressed = {"text": str(item["quick_reply"]["text"]), "payload": str(item["quick_reply"]["payload"])}
            return "button", pressed, {"text": pressed["text"]}
        text = str(item.get("text") or "").replace("\r\n", "\n").strip()
        if not text:
            raise Impossible("Pesan kosong.")
        if len(text) > 4096:
            raise Impossible("Pesan terlalu panjang: paling banyak 4.096 huruf.")
        return "text", {"body": text}, {"text": text}

    def _file(self, upload: Upload) -> tuple[str, dict[str, Any], dict[str, Any]]:
        if not upload.content:
            raise Impossible("Berkas kosong.")
        family = upload.mime.partition("/")[0]
        kind = (
            "sticker"
            if upload.mime == "image/webp"
            else family
            if family in ("image", "audio", "video")
            else "document"
        )
        media_id = str(secrets.randbelow(9 * 10**15) + 10**15)
        kept = self.store.keep_file(media_id, upload.content, upload.mime, upload.filename)
        content: dict[str, Any] = {
            "mime_type": upload.mime,
            "sha256": kept["sha256"],
            "id": media_id,
            "url": f"{self.settings.graph_origin}{self.media_path(media_id)}",
        }
        if kind == "audio":
            content["voice"] = upload.voice
        elif kind == "document":
            content["filename"] = upload.filename or "berkas"
        if upload.caption and kind in ("image", "video", "document"):
            content["caption"] = upload.caption
        return kind, content, {"text": upload.caption, "media": media_id, "extra": {"kind": kind}}

    def _messages(self, person: Row, message: Mapping[str, Any]) -> dict[str, Any]:
        contact = {
            "profile": {"name": person["name"] or "-"},
            **({"wa_id": person["phone"]} if person["phone"] else {}),
            "user_id": _scoped_id(person),
        }
        return self._webhook({"contacts": [contact], "messages": [message]})

    def _webhook(self, value: Mapping[str, Any]) -> dict[str, Any]:
        metadata = {
            "display_phone_number": self.settings.display_number,
            "phone_number_id": self.settings.phone_number_id,
        }
        full = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        changes = [{"value": full, "field": "messages"}]
        return {"object": "whatsapp_business_account", "entry": [{"id": _WABA, "changes": changes}]}

    # The Cloud API

    def window_open(self, identity: str) -> bool:
        since = (self.clock.now() - WINDOW).isoformat()
        recent = "select 1 from messages where person = ? and direction = 'to_besadu' and at > ?"
        return self.store.row(recent, identity, since) is not None

    def accept(self, frame: Mapping[str, Any]) -> tuple[str, str]:
        """Take a checked message for delivery to its phone. Returns its id and the phone's."""
        shown = self._shown(frame)
        known = self.store.person(person_id(graph_rules.address(frame)))
        role = "post" if frame.get("type") == "template" else "citizen"
        person = known or self.person(graph_rules.address(frame), shown.get("post", ""), role=role)
        if person["role"] == "post" and not person["name"]:
            self.store.run("update people set name = ? where id = ?", shown.get("post", ""), person["id"])
        message_id = _wamid()
        self._keep(message_id, person, "from_besadu", self.clock.now(), shown, frame)
        return message_id, person["id"]

    def travel(self, message_id: str, *, failed: int | None = None) -> None:
        """Let an accepted message's status webhooks go out: sent, delivered, and read unless that is switched off."""
        link = self._link_of(message_id)
        if failed is not None:
            self._status(message_id, "failed", code=failed)
        elif link:
            # Not in the caller's time: it may be the very server that the link leads to.
            self._errands.submit(self._fetch_and_arrive, message_id, link)
        else:
            self._arrive(message_id)

    def _fetch_and_arrive(self, message_id: str, link: str) -> None:
        if self._fetch(message_id, link):
            self._arrive(message_id)
        else:
            self._status(message_id, "failed", code=131053)

    def _arrive(self, message_id: str) -> None:
        self._status(message_id, "sent")
        self._status(message_id, "delivered", after=0.2)
        if self.store.flag("auto_read", default=True):
            self._status(message_id, "read", after=self.settings.read_after)

    def looked(self, identity: str) -> None:
        """The person has the chat open: what arrived is read."""
        unread = self.store.rows(
            "select id from messages where person = ? and direction = 'from_besadu' and state in ('sent', 'delivered')",
            identity,
        )
        for message in unread:
            self._status(message["id"], "read")

    def _status(self, message_id: str, status: str, *, after: float = 0.0, code: int | None = None) -> None:
        message = self.store.row(
            "select m.*, p.phone, p.user_id from messages m join people p on p.id = m.person where m.id = ?", message_id
        )
        if message is None or message["state"] in (status, "read"):
            return
        frame = json.loads(message["body"])
        notice = {
            "id": message_id,
            "status": status,
            "timestamp": str(int((self.clock.now() + timedelta(seconds=after)).timestamp())),
            **({"recipient_id": message["phone"]} if message["phone"] else {"recipient_user_id": message["user_id"]}),
            **({"pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"}} if code is None else {}),
        }
        if "biz_opaque_callback_data" in frame:
            notice["biz_opaque_callback_data"] = frame["biz_opaque_callback_data"]
        if code is not None:
            error = graph_rules.GraphError(code, "Message undeliverable.").body("")["error"]
            notice["errors"] = [
                {
                    "code": code,
                    "title": error["message"],
                    "message": error["message"],
                    "error_data": error["error_data"],
                }
            ]
        self.store.run("update messages set state = ? where id = ?", status, message_id)
        self.webhooks.put(self._webhook({"statuses": [notice]}), lane=message_id, message="", after=after)

    def _shown(self, frame: Mapping[str, Any]) -> dict[str, Any]:
        """What the person sees of a message that BESADU sent."""
        kind = str(frame.get("type", "text"))
        part = frame[kind]
        if kind == "text":
            return {"text": part["body"]}
        if kind == "interactive":
            buttons = [{"button": button["reply"]} for button in part["action"]["buttons"]]
            return {"text": part["body"]["text"], "extra": {"buttons": buttons}}
        if kind == "template":
            values, buttons = graph_rules.template_values(part)
            approved = self.templates[part["name"]]
            extra: dict[str, Any] = {"template": part["name"]}
            for button in buttons:
                if button["sub_type"] == "url":
                    extra["link"] = {"title": approved.url_title, "url": approved.url + button["value"]}
            if approved.quick_reply:
                payload = next((b["value"] for b in buttons if b["sub_type"] == "quick_reply"), approved.quick_reply)
                extra["buttons"] = [{"quick_reply": {"text": approved.quick_reply, "payload": payload}}]
            post = values[0] if values and part["name"] in TO_POSTS else ""
            return {"text": approved.text(values), "extra": extra, "post": post}
        return {"text": part.get("caption", ""), "extra": {"kind": kind, "pending": part.get("link", "")}}

    def _link_of(self, message_id: str) -> str:
        row = self.store.row("select extra from messages where id = ?", message_id)
        return str(json.loads(row["extra"]).get("pending", "")) if row else ""

    def _fetch(self, message_id: str, link: str) -> bool:
        """Fetch a file that BESADU sent by link, as Meta does before it delivers."""
        try:
            with requests.get(link, timeout=(3, 10)) as answer:
                answer.raise_for_status()
                mime = answer.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
                media_id = f"out{secrets.token_hex(8)}"
                self.store.keep_file(media_id, answer.content, mime, "")
        except requests.RequestException:
            return False
        self.store.run("update messages set media = ? where id = ?", media_id, message_id)
        return True

    # Files

    def media_path(self, media_id: str) -> str:
        """Where a file can be fetched for five minutes, with the bearer; the origin is the Graph API's own."""
        token = secrets.token_urlsafe(24)
        expires = (self.clock.now() + LINK_LIFE).timestamp()
        self.store.insert("links", {"token": token, "media": media_id, "expires": expires})
        return f"/graph/lookaside/{token}"

    def linked(self, token: str) -> Row | None:
        """The file behind a fresh address."""
        return self.store.row(
            "select m.* from links l join media m on m.id = l.media where l.token = ? and l.expires > ?",
            token,
            self.clock.now().timestamp(),
        )

    def _keep(
        self,
        message_id: str,
        person: Row,
        direction: str,
        at: datetime,
        shown: Mapping[str, Any],
        body: Mapping[str, Any],
    ) -> None:
        row = {
            "id": message_id,
            "person": person["id"],
            "direction": direction,
            "at": at.isoformat(),
            "kind": body.get("type", "text"),
            "text": shown.get("text") or "",
            "media": shown.get("media", ""),
            "extra": json.dumps(shown.get("extra", {})),
            "state": "travelling",
            "body": json.dumps(body),
        }
        with self.store.together():
            self.store.insert("messages", row)
            self.store.run("update people set seen = ? where id = ?", at.timestamp(), person["id"])


def identity_of(address: str) -> tuple[str, str]:
    """``(phone, user id)`` of what somebody typed: 0812…, +62 812…, an @username, or a user id itself."""
    typed = address.strip()
    if re.fullmatch(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}", typed, re.ASCII):
        return "", typed
    if typed.startswith("@") and len(typed) > 1:
        digest = int.from_bytes(hashlib.sha256(typed.lower().encode()).digest()[:7], "big")
        return "", f"ID.{digest}"
    digits = re.sub(r"[ ().-]", "", typed).removeprefix("+")
    if digits.startswith("0"):
        digits = f"62{digits[1:]}"
    if not re.fullmatch(r"[0-9]{7,15}", digits, re.ASCII):
        raise Impossible("Nomor telepon tidak dikenali. Tulis seperti 0812 0000 0001, atau @nama untuk tanpa nomor.")
    return digits, ""


def _scoped_id(person: Row) -> str:
    return person["user_id"] or f"ID.{int.from_bytes(hashlib.sha256(person['id'].encode()).digest()[:7], 'big')}"


def _wamid() -> str:
    return f"wamid.HBgNNjI{secrets.token_urlsafe(30)}="
