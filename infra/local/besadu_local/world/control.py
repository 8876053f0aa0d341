"""Levers for tests and for the story: the clock, planned failures, what was sent, a citizen's messages as JSON."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from besadu_local.world import failures
from besadu_local.world.phone import after_working_days, sample, written
from besadu_local.world.tabs import Impossible, Network, Upload
from besadu_local.world.whatsapp import WhatsApp

control = Blueprint("control", __name__)


def _whatsapp() -> WhatsApp:
    return current_app.extensions["whatsapp"]  # type: ignore[no-any-return]


def _network(channel: str) -> Network:
    return current_app.extensions["networks"].get(channel) or abort(404)  # type: ignore[no-any-return]


@control.errorhandler(Impossible)
def impossible(fault: Impossible) -> ResponseReturnValue:
    return jsonify({"error": str(fault)}), 400


@control.errorhandler(ValueError)
def wrong(fault: ValueError) -> ResponseReturnValue:
    return jsonify({"error": str(fault)}), 400


@control.get("/healthz")
def healthz() -> ResponseReturnValue:
    return jsonify({"ready": True})


@control.post("/clock")
def clock() -> ResponseReturnValue:
    """Move the clock: ``advance_seconds`` or ``advance_working_days``, as JSON or as a form."""
    whatsapp = _whatsapp()
    given: Mapping[str, Any] = request.get_json(silent=True) or request.form
    days = int(given.get("advance_working_days") or 0)
    now = whatsapp.clock.now()
    seconds = int(given.get("advance_seconds") or 0) + round((after_working_days(now, days) - now).total_seconds())
    whatsapp.clock.advance(seconds)
    if request.form and "text/html" in request.headers.get("Accept", ""):
        return redirect(f"/?p={request.form.get('p', '')}", 303)
    return jsonify({"now": whatsapp.clock.now().isoformat(), "advanced_seconds": seconds})


@control.get("/clock")
def what_time() -> ResponseReturnValue:
    return jsonify({"now": _whatsapp().clock.now().isoformat()})


@control.post("/citizen/<channel>")
def citizen(channel: str) -> ResponseReturnValue:
    """A citizen writes; answers ``{"ids": […], "person": …}``.

    JSON: ``from`` (number, account id or @name), ``name``, and one message: ``text``, ``location``, ``button``,
    ``quick_reply``, ``sample`` with ``caption``, or ``file`` {base64, mime, filename, voice, caption}; or several in
    ``burst``, which travel at the same time. Or a multipart form with one ``file`` or more, as the page sends.
    """
    network = _network(channel)
    given: Any = request.get_json(silent=True)
    if isinstance(given, dict):
        sender, name, reply_to = given.get("from", ""), given.get("name", ""), given.get("reply_to", "")
        burst = given.get("burst") or [given]
        items: Sequence[Mapping[str, Any] | Upload] = [_item(each) for each in burst]
    else:
        form = request.form
        sender, name, reply_to = form.get("from", ""), form.get("name", ""), form.get("reply_to", "")
        items = written()
    person = network.person(str(sender), str(name))
    return jsonify({"ids": network.say(person, items, reply_to=str(reply_to)), "person": person["id"]})


def _item(given: Mapping[str, Any]) -> Mapping[str, Any] | Upload:
    if "sample" in given:
        return sample(str(given["sample"]), caption=str(given.get("caption", "")))
    if "file" in given:
        file = given["file"]
        try:
            content = base64.b64decode(file["base64"], validate=True)
        except (binascii.Error, KeyError, TypeError):
            raise Impossible("Berkas tidak terbaca.") from None
        return Upload(
            content=content,
            mime=str(file.get("mime", "application/octet-stream")),
            filename=str(file.get("filename", "")),
            voice=bool(file.get("voice")),
            caption=str(file.get("caption", "")),
        )
    return given


@control.get("/citizen/<_channel>/<identity>/messages")
def inbox(identity: str, _channel: str) -> ResponseReturnValue:
    """What a phone received, oldest first; ``after`` (a sequence number) leaves out the earlier ones."""
    rows = _whatsapp().store.rows(
        "select m.*, f.mime, f.sha256 from messages m left join media f on f.id = m.media"
        " where person = ? and direction = 'from_besadu' and seq > ? order by seq",
        *(identity, request.args.get("after", 0, type=int)),
    )
    return jsonify([_received(row) for row in rows])


def _received(row: Mapping[str, Any]) -> dict[str, Any]:
    extra = json.loads(row["extra"])
    return {
        "id": row["id"],
        "seq": row["seq"],
        "at": row["at"],
        "kind": row["kind"],
        "text": row["text"],
        "state": row["state"],
        "template": extra.get("template", ""),
        "link": (extra.get("link") or {}).get("url", ""),
        "buttons": extra.get("buttons") or [],
        "mime": row["mime"] or "",
        "sha256": row["sha256"] or "",
    }


@control.get("/control/sends")
def sends() -> ResponseReturnValue:
    """Every message that the Graph API took, oldest first, with the body as it came."""
    rows = _whatsapp().store.rows("select * from messages where direction = 'from_besadu' order by seq")
    kept = ("id", "seq", "person", "at", "kind", "text", "state")
    return jsonify([{**{key: row[key] for key in kept}, "body": json.loads(row["body"])} for row in rows])


@control.get("/control/webhooks")
def webhooks() -> ResponseReturnValue:
    """How many webhooks there are by state, and the last answers to those that were not taken."""
    store = _whatsapp().store
    counts = {row["state"]: row["n"] for row in store.rows("select state, count(*) as n from webhooks group by state")}
    trouble = store.rows("select seq, attempts, answer from webhooks where state != 'taken' and attempts > 0")
    return jsonify({"counts": counts, "trouble": trouble})


@control.post("/control/redeliver")
def redeliver() -> ResponseReturnValue:
    """Send a message's webhook again: ``{"message": id, "times": n}``."""
    given = request.get_json()
    return jsonify({"put": _whatsapp().webhooks.again(str(given["message"]), int(given.get("times", 1)))})


@control.post("/control/fail")
def fail() -> ResponseReturnValue:
    failures.plan(_whatsapp().store, request.get_json())
    return jsonify({"planned": True})


@control.post("/control/settings")
def settings() -> ResponseReturnValue:
    """``auto_read``: whether replies count as read after a moment though nobody looked (they do at first)."""
    for name, value in request.get_json().items():
        if name != "auto_read" or not isinstance(value, bool):
            message = "the only setting is auto_read, true or false"
            raise ValueError(message)
        _whatsapp().store.set_flag(name, value)
    return jsonify({"auto_read": _whatsapp().store.flag("auto_read", default=True)})


@control.post("/control/reset")
def reset() -> ResponseReturnValue:
    """Forget phones, messages, files, failures and webhooks under way; the clock stays."""
    _whatsapp().store.reset()
    return jsonify({"now": datetime.isoformat(_whatsapp().clock.now())})
