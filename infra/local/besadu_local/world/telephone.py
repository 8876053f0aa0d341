"""The telephone of the phone page: keypad and recorder for people, JSON for programs, recordings for BESADU."""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue

from besadu_local.world import failures
from besadu_local.world.phone import SAMPLES, STEPS, WIB, date_of
from besadu_local.world.sms_gateways import authorised
from besadu_local.world.store import Row
from besadu_local.world.tabs import Impossible, Tab, network
from besadu_local.world.voice import WITHHELD, Line, Voice

SAMPLE = "rekaman-telepon.mp3"
KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")

pages = Blueprint("telephone", __name__, url_prefix="/telephone")


def _voice() -> Voice:
    return network("telephone")  # type: ignore[no-any-return]


@pages.errorhandler(Impossible)
def impossible(fault: Impossible) -> ResponseReturnValue:
    if request.is_json:
        return jsonify({"error": str(fault)}), 400
    return render_template("problem.html", problem=str(fault)), 400


# For programs: {"call", "doing": gather|record|over, "digits": how many are awaited, "heard", "steps"}


@pages.post("/calls")
def call() -> ResponseReturnValue:
    """Dial: ``from`` a number, a ``sip:`` address or ``anonim``; ``name``."""
    given = _given()
    voice = _voice()
    return jsonify(_state(voice.call(voice.person(str(given.get("from", "")), str(given.get("name", ""))))))


@pages.get("/calls/<call_id>")
def state(call_id: str) -> ResponseReturnValue:
    return jsonify(_state(_voice().line(call_id)))


@pages.post("/calls/<call_id>/press")
def press(call_id: str) -> ResponseReturnValue:
    """Keys in ``digits``; none: the caller waits."""
    return jsonify(_state(_voice().press(call_id, str(_given().get("digits", "")))))


@pages.post("/calls/<call_id>/record")
def record(call_id: str) -> ResponseReturnValue:
    """Speak the sample; with ``silence`` say nothing; with ``hang_up`` put the receiver down at the end."""
    given = _given()
    content = b"" if given.get("silence") else (SAMPLES / SAMPLE).read_bytes()
    return jsonify(_state(_voice().record(call_id, content, "audio/mpeg", hang_up=bool(given.get("hang_up")))))


@pages.post("/calls/<call_id>/hangup")
def hang_up(call_id: str) -> ResponseReturnValue:
    return jsonify(_state(_voice().hang_up(call_id)))


def _given() -> Mapping[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _state(line: Line) -> dict[str, Any]:
    digits = getattr(line.at, "digits", 0)
    return {"call": line.id, "doing": line.doing, "digits": digits, "heard": line.heard, "steps": line.steps}


# For BESADU: recordings, as Twilio keeps them


@pages.get("/twilio/2010-04-01/Accounts/<account>/Recordings/<name>")
def recording(account: str, name: str) -> ResponseReturnValue:
    voice = _voice()
    settings = voice.settings.sms
    if not authorised("Basic", f"{settings.twilio_account_sid}:{settings.twilio_auth_token}"):
        return Response("Authenticate", 401)
    if planned := failures.take(voice.store, "download"):
        return failures.show(planned, request)
    kept = voice.recording(name.removesuffix(".mp3")) if account == settings.twilio_account_sid else None
    if kept is None or voice.deleted(kept["id"]):
        return Response("The requested resource was not found", 404)
    return Response(voice.store.content(kept["id"]), content_type=kept["mime"])


@pages.delete("/twilio/2010-04-01/Accounts/<account>/Recordings/<name>")
def delete_recording(account: str, name: str) -> ResponseReturnValue:
    """It is gone for BESADU from now on; the person who spoke still hears it on the telephone's page."""
    voice = _voice()
    settings = voice.settings.sms
    if not authorised("Basic", f"{settings.twilio_account_sid}:{settings.twilio_auth_token}"):
        return Response("Authenticate", 401)
    if planned := failures.take(voice.store, "delete"):
        return failures.show(planned, request)
    recording_id = name.removesuffix(".json")
    if account != settings.twilio_account_sid or voice.recording(recording_id) is None or voice.deleted(recording_id):
        return Response("The requested resource was not found", 404)
    voice.delete(recording_id)
    return Response("", 204)


# For people


def page() -> ResponseReturnValue:
    """The telephone of ``p``, or the one that called last."""
    voice = _voice()
    if not voice.store.row("select id from people where channel = 'telephone'"):
        for address, name in TAB.neighbours:
            voice.person(address, name)
    screen = _screen(voice, request.args.get("p", ""))
    return render_template("telephone.html", **screen, tab=TAB, steps=STEPS, keys=KEYS)


@pages.get("/screen/<identity>")
def screen(identity: str) -> ResponseReturnValue:
    """The parts of the screen that change by themselves."""
    return render_template("telephone_screen.html", **_screen(_voice(), identity), keys=KEYS)


@pages.post("/of/<identity>/<act>")
def by_hand(identity: str, act: str) -> ResponseReturnValue:
    """A button of the page."""
    voice = _voice()
    person = voice.store.person(identity) or abort(404)
    line = voice.line_of(identity)
    if act == "call":
        voice.call(person)
    elif line is None:
        raise Impossible("Belum ada panggilan.")
    elif act == "press":
        voice.press(line.id, request.form.get("digits", ""))
    elif act == "record":
        _spoken(voice, line)
    elif act == "hangup":
        voice.hang_up(line.id)
    else:
        abort(404)
    return redirect(f"/?p={identity}", 303)


def _spoken(voice: Voice, line: Line) -> None:
    """A recording of the microphone, the sample, or silence."""
    file = request.files.get("file")
    if file and file.filename:
        voice.record(line.id, file.read(), file.mimetype or "audio/ogg")
    else:
        content = (SAMPLES / SAMPLE).read_bytes() if request.form.get("sample") else b""
        voice.record(line.id, content, "audio/mpeg")


@pages.get("/media/<recording_id>")
def media(recording_id: str) -> ResponseReturnValue:
    kept = _voice().recording(recording_id) or abort(404)
    return send_file(BytesIO(_voice().store.content(recording_id)), mimetype=kept["mime"])


def _screen(voice: Voice, wanted: str) -> dict[str, Any]:
    people = voice.store.rows(
        "select p.*, (select m.text from messages m where m.person = p.id order by m.seq desc limit 1) as last,"
        " 0 as unread from people p where p.channel = 'telephone' order by p.seen desc, p.rowid"
    )
    person = next((one for one in people if one["id"] == wanted), people[0])
    rows = voice.store.rows("select * from messages where person = ? order by seq", person["id"])
    line = voice.line_of(person["id"])
    return {
        "person": person,
        "channel": "telephone",
        "people": people,
        "days": [(day, [*group]) for day, group in groupby(map(_shown, rows), key=lambda message: message["day"])],
        "doing": line.doing if line else "over",
        "digits": getattr(line.at, "digits", 0) if line else 0,
        "withheld": person["address"] == WITHHELD,
        "now": voice.clock.now().astimezone(WIB),
        "ahead": voice.clock.offset(),
    }


def _shown(row: Row) -> Row:
    at = datetime.fromisoformat(row["at"]).astimezone(WIB)
    return {**row, "day": date_of(at), "time": f"{at:%H:%M}"}


TAB = Tab(
    title="Telepon",
    network=Voice,
    page=page,
    blueprints=(pages,),
    address_label="Nomor, atau anonim",
    address_hint="0719 21234",
    neighbours=(("6281200000021", "Pak Hasan"), ("6271921234", "Ibu Ratna (telepon rumah)"), (WITHHELD, "Tanpa nomor")),
    places=False,
)
