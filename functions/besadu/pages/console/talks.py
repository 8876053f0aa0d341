"""Conversations in which somebody asked for a person: what was said so far, and a form to answer."""

import re

from flask import Flask, abort, redirect, render_template, request

from besadu.errors import Invalid
from besadu.pages.console.access import Answer, may, person
from besadu.services import correspondence
from besadu.services.office import Office

_KEY = re.compile(r"[0-9a-f]{64}")
_DONE = {
    "kirim": "Pesan dikirim kepada warga.",
    "cukup": "Percakapan ini tidak lagi menunggu petugas.",
}


def add(app: Flask, office: Office, mount: str) -> None:
    """The conversation's page and its forms."""

    def page(key: str, *, text: str = "", problem: str = "") -> str:
        try:
            talk = correspondence.open_talk(office, person().actor, _key(key))
        except KeyError:
            abort(404)
        return render_template(
            "console/talk.html",
            talk=talk,
            files={item.id: item for item in talk.evidence},
            text=text,
            problem=problem,
            notice=_DONE.get(request.args.get("kabar", ""), ""),
        )

    @app.get("/percakapan/<key>")
    @may("admin")
    def conversation(key: str) -> Answer:
        return page(key)

    @app.post("/percakapan/<key>/kirim")
    @may("admin")
    def write(key: str) -> Answer:
        text = request.form.get("text", "").replace("\r\n", "\n")
        try:
            correspondence.write_to_citizen(office, person().actor, _key(key), text=text)
        except KeyError:
            abort(404)
        except Invalid as fault:
            return page(key, text=text, problem=str(fault)), 422
        return redirect(f"{mount}/percakapan/{key}?kabar=kirim", 303)

    @app.post("/percakapan/<key>/cukup")
    @may("admin")
    def settle(key: str) -> Answer:
        try:
            correspondence.settle(office, person().actor, _key(key))
        except KeyError:
            abort(404)
        return redirect(f"{mount}/percakapan/{key}?kabar=cukup", 303)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        abort(404)
    return text
