"""The lists: what waits, the archive, and finding a ticket."""

from datetime import UTC, datetime

from flask import Flask, abort, redirect, render_template, request

from besadu.domain.complaint import State
from besadu.pages.console.access import STAFF, Answer, may, person
from besadu.services import reading, worklists
from besadu.services.office import Office


def add(app: Flask, office: Office, mount: str) -> None:
    """The pages with lists."""

    @app.get("/")
    @may(*STAFF)
    def start() -> Answer:
        return render_template("console/start.html", work=worklists.work(office, person().actor), now=office.now())

    @app.get("/arsip")
    @may(*STAFF)
    def archive() -> Answer:
        state = next((known for known in State if known == request.args.get("status")), None)
        page = reading.archive(office, person().actor, state=state, before=_moment(request.args.get("sebelum", "")))
        return render_template("console/archive.html", page=page, chosen=state, states=list(State))

    @app.get("/cari")
    @may(*STAFF)
    def search() -> Answer:
        text = request.args.get("nomor", "")[:60]
        found = reading.search(office, person().actor, text)
        if found:
            return redirect(f"{mount}/laporan/{found}", 303)
        return render_template("console/not_found.html", text=text), 404


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        abort(400)
