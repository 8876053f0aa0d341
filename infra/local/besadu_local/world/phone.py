"""The phone page: chats of citizens and of duty posts, and the bar that moves the clock."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from besadu_local.world.store import Row, WorldStore
from besadu_local.world.tabs import Impossible, Network, Tab, Upload, network
from besadu_local.world.whatsapp import WhatsApp

SAMPLES = Path(__file__).parent.parent / "samples"
WIB = timezone(timedelta(hours=7))
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
_TYPES = {".jpg": "image/jpeg", ".ogg": "audio/ogg; codecs=opus"}
_SHOWN_INLINE = re.compile(r"(image/(jpeg|png|webp|gif)|audio/[\w.+-]+|video/[\w.+-]+)(;.*)?")

PHOTOS = (
    ("foto-jalan-rusak.jpg", "Jalan rusak"),
    ("foto-lampu-padam.jpg", "Lampu padam"),
    ("foto-selesai.jpg", "Jalan sudah diperbaiki"),
)
VOICE = "pesan-suara.ogg"
PLACES = (  # approximate, good enough for a pin
    ("Pasar Tanjungpandan", -2.7411, 107.6339),
    ("Jl. Sriwijaya, Tanjungpandan", -2.7478, 107.6402),
    ("Air Ketekok, Tanjungpandan", -2.7353, 107.6697),
    ("Tanjung Tinggi, Sijuk", -2.5530, 107.7131),
    ("Badau", -2.8130, 107.7970),
    ("Membalong", -3.1060, 107.6520),
    ("Selat Nasik", -2.9200, 107.4200),
)
TAB = Tab(
    title="WhatsApp",
    network=WhatsApp,
    address_label="Nomor, atau @nama tanpa nomor",
    neighbours=(("6281200000001", "Siti Aminah"), ("6281200000002", "Budi Santoso"), ("@melati", "Melati")),
)
STEPS = (
    ("1 jam", {"advance_seconds": 3600}),
    ("1 hari", {"advance_seconds": 86400}),
    ("3 hari kerja", {"advance_working_days": 3}),
    ("14 hari kerja", {"advance_working_days": 14}),
)

phone = Blueprint("phone", __name__)


def _whatsapp() -> WhatsApp:
    return current_app.extensions["whatsapp"]  # type: ignore[no-any-return]


def _store() -> WorldStore:
    return _whatsapp().store


@phone.get("/")
def page() -> ResponseReturnValue:
    """The tab of ``channel``, else of the person ``p``, else WhatsApp's."""
    tabs: Mapping[str, Tab] = current_app.extensions["tabs"]
    asked = _store().person(request.args.get("p", ""))
    channel = request.args.get("channel") or (asked["channel"] if asked else "whatsapp")
    tab = tabs.get(channel) or abort(404)
    return tab.page() if tab.page else chat(channel, tab)


def chat(channel: str, tab: Tab) -> ResponseReturnValue:
    """The page of a channel with chats: the one of ``p``, or the one that wrote last."""
    store = _store()
    if not store.row("select id from people where role = 'citizen' and channel = ?", channel):
        for address, name in tab.neighbours:
            network(channel).person(address, name)
    asked = store.person(request.args.get("p", ""))
    person = asked if asked and asked["channel"] == channel else _people(channel)[0]
    return render_template("phone.html", **_screen(person), tab=tab, photos=PHOTOS, places=PLACES, steps=STEPS)


@phone.get("/screen/<identity>")
def screen(identity: str) -> ResponseReturnValue:
    """The parts of the page that change by themselves."""
    return render_template("screen.html", **_screen(_person(identity)))


@phone.post("/people")
def add() -> ResponseReturnValue:
    try:
        person = _network(request.form.get("channel", "whatsapp")).person(
            request.form.get("address", ""), request.form.get("name", "").strip()[:60]
        )
    except Impossible as fault:
        return render_template("problem.html", problem=str(fault)), 400
    return redirect(url_for("phone.page", p=person["id"]), 303)


@phone.post("/chat/<identity>")
def write(identity: str) -> ResponseReturnValue:
    person = _person(identity)
    try:
        _network(person["channel"]).say(person, written(), reply_to=request.form.get("reply_to", ""))
    except Impossible as fault:
        return render_template("problem.html", problem=str(fault)), 400
    return redirect(url_for("phone.page", p=identity), 303)


def written() -> list[dict[str, Any] | Upload]:
    """The messages that a form makes: a pressed button, a sample, files (the first has the text as caption), a text."""
    form, text = request.form, request.form.get("text", "")
    if form.get("pressed"):
        return [json.loads(form["pressed"])]
    if form.get("sample"):
        return [sample(form["sample"], caption=text)]
    if form.get("kind") == "location":
        name, latitude, longitude = form.get("spot", "").rsplit("|", 2)
        return [{"location": {"latitude": float(latitude), "longitude": float(longitude), "name": name}}]
    voice = form.get("voice") == "1"
    files = [
        Upload(
            content=file.read(),
            mime=file.mimetype or "application/octet-stream",
            filename=file.filename or "",
            voice=voice,
            caption=text if index == 0 else "",
        )
        for index, file in enumerate(file for file in request.files.getlist("file") if file.filename)
    ]
    return [*files] if files else [{"text": text}]


def sample(name: str, *, caption: str = "") -> Upload:
    """One of the shipped files."""
    path = SAMPLES / Path(name).name
    if path.suffix not in _TYPES or not path.is_file():
        raise Impossible("Contoh berkas tidak ada.")
    return Upload(
        content=path.read_bytes(),
        mime=_TYPES[path.suffix],
        filename=path.name,
        voice=path.suffix == ".ogg",
        caption=caption,
    )


@phone.get("/media/<media_id>")
def media(media_id: str) -> ResponseReturnValue:
    store = _store()
    kept = store.row("select * from media where id = ?", media_id) or abort(404)
    inline = bool(_SHOWN_INLINE.fullmatch(kept["mime"]))
    answer = send_file(
        BytesIO(store.content(media_id)),
        mimetype=kept["mime"],
        as_attachment=not inline,
        download_name=kept["filename"] or None,
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


@phone.get("/samples/<name>")
def sample_file(name: str) -> ResponseReturnValue:
    path = SAMPLES / Path(name).name
    return send_file(path, max_age=3600) if path.suffix in _TYPES and path.is_file() else Response(status=404)


def _network(channel: str) -> Network:
    if channel not in current_app.extensions["networks"]:
        abort(404)
    return network(channel)  # type: ignore[no-any-return]


def _person(identity: str) -> Row:
    return _store().person(identity) or abort(404)


def _people(channel: str) -> list[Row]:
    """A channel's phones, the one with the newest message first, each with its last words and the number of unread."""
    return _store().rows(
        "select p.*, (select case when m.text = '' then m.kind else m.text end from messages m where m.person = p.id"
        " order by m.seq desc limit 1) as last,"
        " (select count(*) from messages m where m.person = p.id and m.direction = 'from_besadu' and m.seq >"
        " coalesce((select value from flags where name = 'looked_' || p.id), 0)) as unread"
        " from people p where p.channel = ? order by p.seen desc, p.rowid",
        channel,
    )


def _screen(person: Row) -> dict[str, Any]:
    """What both the page and its refresh show. Showing a chat means that the person reads it."""
    store, clock = _store(), _whatsapp().clock
    rows = store.rows("select * from messages where person = ? order by seq", person["id"])
    if rows:
        store.set_flag(f"looked_{person['id']}", rows[-1]["seq"])
        _network(person["channel"]).looked(person["id"])
    messages = [_message(row) for row in rows]
    days = [(day, list(group)) for day, group in groupby(messages, key=lambda message: message["day"])]
    return {
        "person": person,
        "channel": person["channel"],
        "people": _people(person["channel"]),
        "days": days,
        "now": clock.now().astimezone(WIB),
        "ahead": clock.offset(),
        "waiting": store.rows("select seq from webhooks where state = 'pending' and attempts > 1"),
    }


def _message(row: Row) -> dict[str, Any]:
    at = datetime.fromisoformat(row["at"]).astimezone(WIB)
    extra = json.loads(row["extra"])
    kept = row["media"] and _store().row("select * from media where id = ?", row["media"])
    return {
        **row,
        **{key: extra.get(key) for key in ("buttons", "link", "location", "template")},
        "file": kept or None,
        "file_kind": extra.get("kind", ""),
        "day": date_of(at),
        "time": f"{at:%H:%M}",
    }


def date_of(at: datetime) -> str:
    """``Senin, 5 Januari 2026``."""
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"


def rich(text: str) -> Markup:
    """A message as WhatsApp shows it: *bold*, _slanted_, and links that can be followed."""
    html = str(escape(text))
    html = re.sub(r"(https?://[^\s<]*[^\s<.,;:!?)\]])", r'<a href="\1" target="_blank" rel="noopener">\1</a>', html)
    html = re.sub(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])", r"<strong>\1</strong>", html)
    return Markup(html)  # noqa: S704 - escaped in the first line


def after_working_days(start: datetime, days: int) -> datetime:
    """The same time of day, ``days`` weekdays later; public holidays are not counted out here."""
    end = start
    while days > 0:
        end += timedelta(days=1)
        days -= end.astimezone(WIB).weekday() < 5
    return end
