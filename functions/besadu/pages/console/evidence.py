"""Evidence in the console: lasting addresses that lead to short-lived ones, and originals, which admins alone open."""

import re

from flask import Flask, abort, redirect, request

from besadu.pages import viewing
from besadu.pages.console.access import STAFF, Answer, may, person
from besadu.pages.console.complaint import ticket_in
from besadu.pages.viewing import Viewer
from besadu.services import correspondence, reading
from besadu.services.office import Office


def add(app: Flask, office: Office, viewer: Viewer) -> None:
    """The addresses of files."""

    @app.get("/laporan/<number>/bukti/<evidence_id>")
    @may(*STAFF)
    def evidence(number: str, evidence_id: str) -> Answer:
        try:
            item = reading.evidence_for(office, person().actor, ticket_in(number), _file_id(evidence_id))
        except KeyError:
            abort(404)
        return viewer.lead(item)

    @app.post("/laporan/<number>/bukti/<evidence_id>/asli")
    @may("admin")
    def open_original(number: str, evidence_id: str) -> Answer:
        try:
            item = reading.open_original(office, person().actor, ticket_in(number), _file_id(evidence_id))
        except KeyError:
            abort(404)
        return redirect(viewer.address(viewing.as_it_came(item)), 303)

    @app.get("/percakapan/<key>/bukti/<evidence_id>")
    @may("admin")
    def talk_evidence(key: str, evidence_id: str) -> Answer:
        if not re.fullmatch(r"[0-9a-f]{64}", key):
            abort(404)
        try:
            item = correspondence.evidence_of_talk(office, person().actor, key, _file_id(evidence_id))
        except KeyError:
            abort(404)
        return viewer.lead(item)

    @app.get("/lihat/<token>")
    @may(*STAFF)
    def look(token: str) -> Answer:
        return viewer.serve(token, request)


def _file_id(text: str) -> str:
    """The id in a file's address; 404 for what can be none, before the database is asked."""
    if not re.fullmatch(r"[0-9A-Za-z-]{1,80}", text):
        abort(404)
    return text
