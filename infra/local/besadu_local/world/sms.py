"""SMS seen from outside: a phone's texts go to BESADU through a gateway, BESADU's arrive on the phone."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from besadu.channels import gsm
from besadu_local.world.phone import STEPS, WIB, date_of
from besadu_local.world.sms_android import Android
from besadu_local.world.sms_android import api as android_api
from besadu_local.world.sms_gateways import Gateway, Text
from besadu_local.world.sms_infobip import Infobip
from besadu_local.world.sms_infobip import api as infobip_api
from besadu_local.world.sms_twilio import Twilio
from besadu_local.world.sms_twilio import api as twilio_api
from besadu_local.world.store import Row, person_id
from besadu_local.world.tabs import Impossible, Tab, Upload, World, network
from besadu_local.world.webhooks import Route

MAX_PARTS = 10  # what a phone makes of one text; more than that it sends as a picture message
ARRIVES_AFTER = timedelta(seconds=0.2)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ]{1,10}|[0-9]{3,6}")  # what businesses write from

pages = Blueprint("sms", __name__, url_prefix="/sms")


class Sms:
    """The mobile network, with three gateways at its edge."""

    def __init__(self, world: World) -> None:
        self.settings, self.store = world.settings.sms, world.store
        self.webhooks, self.clock = world.webhooks, world.clock
        self.gateways: dict[str, Gateway] = {
            one.name: one for one in (Android(self.settings), Infobip(self.settings), Twilio(self.settings))
        }
        self._door = world.settings.door
        for row in self.store.rows("select distinct route from webhooks where state = 'pending'"):
            self._route(row["route"])

    def close(self) -> None:
        """Nothing runs on its own."""

    def looked(self, identity: str) -> None:
        """Nobody is told that an SMS was read."""

    # Phones

    def person(self, address: str, name: str = "") -> Row:
        """The phone with this number, or a business that writes from a name or a short code."""
        phone, sender = number_of(address)
        identity = person_id(phone or sender, "sms")
        row = {"id": identity, "address": phone or sender, "phone": phone, "user_id": sender, "name": name}
        with self.store.together():
            self.store.insert("people", {**row, "role": "citizen", "channel": "sms"})
            if name:
                self.store.run("update people set name = ? where id = ?", name, identity)
            return self.store.rows("select * from people where id = ?", identity)[0]

    def say(self, person: Row, items: Sequence[Mapping[str, Any] | Upload], *, reply_to: str = "") -> list[str]:  # noqa: ARG002 - an SMS quotes nothing
        """Send each ``{"text", "gateway"?}`` as an SMS of its own; a gateway that takes batches gets them as one."""
        texts = [self._text(person, item) for item in items]
        if not texts:
            raise Impossible("Pesan kosong.")
        for name, together in groupby(texts, key=lambda text: text.gateway):
            gateway = self.gateways[name]
            for bodies in gateway.bundled([*together]):
                first = bodies[0]
                self._put(name, gateway.inbound(bodies), lane=person["id"], message=first.id)
                for text in bodies:
                    self._keep(text, person, "to_besadu", state="travelling" if text is first else "delivered")
        return [text.id for text in texts]

    def _text(self, person: Row, item: Mapping[str, Any] | Upload) -> Text:
        if isinstance(item, Upload) or "location" in item:
            raise Impossible("SMS hanya dapat membawa tulisan. Foto dan lokasi dapat dikirim lewat WhatsApp.")
        words = str(item.get("text") or "").replace("\r\n", "\n").strip()
        name = str(item.get("gateway") or self.settings.gateway)
        if not words:
            raise Impossible("Pesan kosong.")
        if gsm.segments(words) > MAX_PARTS:
            raise Impossible(f"Pesan terlalu panjang: paling banyak {MAX_PARTS} SMS.")
        if name not in self.gateways:
            raise Impossible("Gerbang SMS tidak dikenal.")
        sender = f"+{person['phone']}" if person["phone"] else person["user_id"]
        return Text(id=self.gateways[name].new_id(), gateway=name, number=sender, words=words, at=self.clock.now())

    # Gateways

    def accept(self, text: Text, body: Mapping[str, Any]) -> str:
        """Take a text of BESADU's; it is on its phone at once. Returns the phone's id."""
        person = self.person(text.number)
        self._keep(text, person, "from_besadu", state="delivered", body=body)
        return str(person["id"])

    def travel(self, text: Text, *, failed: bool = False, callback: str = "") -> None:
        """Let the gateway tell BESADU how far an accepted text got."""
        gateway = self.gateways[text.gateway]
        if failed:
            self.store.run("update messages set state = 'failed' where id = ?", text.id)
        for step, news in enumerate(gateway.news(text, failed=failed)):
            route = f"{text.gateway} {callback}" if callback else text.gateway
            after = step * ARRIVES_AFTER.total_seconds()
            self._put(route, news, lane=text.id, message="", after=after)

    def knows(self, message_id: str) -> bool:
        return self.store.row("select 1 from messages where id = ?", message_id) is not None

    def _put(self, route: str, body: bytes, *, lane: str, message: str, after: float = 0.0) -> None:
        self._route(route)
        self.webhooks.put(body, lane=lane, message=message, after=after, route=route)

    def _route(self, name: str) -> None:
        """Make the route known: of a gateway, or of a callback address that BESADU gave with a message."""
        gateway, _, callback = name.partition(" ")
        if gateway in self.gateways:
            url, made = callback or self._door(f"sms/{gateway}"), self.gateways[gateway].headers
            self.webhooks.routes[name] = Route(url, lambda body: made(url, body, self.clock.now()))

    def _keep(
        self, text: Text, person: Row, direction: str, *, state: str, body: Mapping[str, Any] | None = None
    ) -> None:
        row = {
            "id": text.id,
            "person": person["id"],
            "direction": direction,
            "at": text.at.isoformat(),
            "kind": "text",
            "text": text.words,
            "extra": json.dumps({"gateway": text.gateway}),
            "state": state,
            "body": json.dumps(body or {}),
        }
        with self.store.together():
            self.store.insert("messages", row)
            self.store.run("update people set seen = ? where id = ?", text.at.timestamp(), person["id"])


def number_of(address: str) -> tuple[str, str]:
    """``(phone, name)`` of what somebody typed: 0812…, +62 812…, or a business's name or short code."""
    typed = address.strip()
    digits = re.sub(r"[ ().-]", "", typed).removeprefix("+")
    if re.fullmatch(r"0[0-9]{7,13}", digits, re.ASCII):
        digits = f"62{digits[1:]}"
    if re.fullmatch(r"[1-9][0-9]{7,14}", digits, re.ASCII):
        return digits, ""
    if _NAME.fullmatch(typed):
        return "", typed
    raise Impossible("Nomor telepon tidak dikenali. Tulis seperti 0812 0000 0001.")


def page() -> ResponseReturnValue:
    """The SMS screen of ``p``, or of the phone that wrote last."""
    sms: Sms = network("sms")
    if not sms.store.row("select id from people where role = 'citizen' and channel = 'sms'"):
        for address, name in TAB.neighbours:
            sms.person(address, name)
    return render_template("sms.html", **_screen(sms, request.args.get("p", "")), tab=TAB, steps=STEPS)


@pages.get("/screen/<identity>")
def screen(identity: str) -> ResponseReturnValue:
    """The parts of the screen that change by themselves."""
    return render_template("sms_screen.html", **_screen(network("sms"), identity))


@pages.post("/write/<identity>")
def write(identity: str) -> ResponseReturnValue:
    sms: Sms = network("sms")
    person = sms.store.person(identity) or abort(404)
    try:
        sms.say(person, [{"text": request.form.get("text", ""), "gateway": request.form.get("gateway", "")}])
    except Impossible as fault:
        return render_template("problem.html", problem=str(fault)), 400
    return redirect(f"/?p={identity}", 303)


def _screen(sms: Sms, wanted: str) -> dict[str, Any]:
    """What both the page and its refresh show."""
    people = sms.store.rows(
        "select p.*, (select m.text from messages m where m.person = p.id order by m.seq desc limit 1) as last,"
        " (select count(*) from messages m where m.person = p.id and m.direction = 'from_besadu' and m.seq >"
        " coalesce((select value from flags where name = 'looked_' || p.id), 0)) as unread"
        " from people p where p.channel = 'sms' order by p.seen desc, p.rowid"
    )
    person = next((one for one in people if one["id"] == wanted), people[0])
    rows = sms.store.rows("select * from messages where person = ? order by seq", person["id"])
    if rows:
        sms.store.set_flag(f"looked_{person['id']}", rows[-1]["seq"])
    return {
        "person": person,
        "channel": "sms",
        "people": people,
        "days": [(day, [*group]) for day, group in groupby(_shown(rows), key=lambda message: message["day"])],
        "gateways": [(one.name, one.title) for one in sms.gateways.values()],
        "chosen": sms.settings.gateway,
        "now": sms.clock.now().astimezone(WIB),
        "ahead": sms.clock.offset(),
        "waiting": sms.store.rows("select seq from webhooks where state = 'pending' and attempts > 1"),
    }


def _shown(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        at = datetime.fromisoformat(row["at"]).astimezone(WIB)
        size = gsm.size(row["text"])
        room = gsm.SINGLE[size.alphabet] if size.segments == 1 else size.segments * gsm.PART[size.alphabet]
        yield {
            **row,
            "day": date_of(at),
            "time": f"{at:%H:%M}",
            "size": size,
            "room": room,
            "alphabet": "GSM-7" if size.alphabet == "gsm7" else "UCS-2",
            "gateway": json.loads(row["extra"]).get("gateway", ""),
        }


TAB = Tab(
    title="SMS",
    network=Sms,
    page=page,
    blueprints=(pages, android_api, infobip_api, twilio_api),
    neighbours=(("6281200000011", "Pak Rahmat"), ("6281200000012", "Bu Yanti")),
    places=False,
    longest=1530,
)
