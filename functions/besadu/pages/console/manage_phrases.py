"""The manager's pages of ready replies."""

from collections.abc import Mapping

from flask import Flask, abort, redirect, render_template, request

from besadu.domain.phrases import VARIABLES, Phrase
from besadu.errors import InvalidFields
from besadu.pages.console.access import Answer, may, person
from besadu.services import phrases
from besadu.services.office import Office

_DONE = {"simpan": "Balasan disimpan.", "hapus": "Balasan dihapus."}


def add(app: Flask, office: Office, mount: str) -> None:
    """The list, and the form of one."""

    @app.get("/kelola/balasan")
    @may("manager")
    def ready_replies() -> Answer:
        notice = _DONE.get(request.args.get("kabar", ""), "")
        return render_template("console/manage_phrases.html", phrases=phrases.known(office), notice=notice)

    @app.get("/kelola/balasan/baru", endpoint="new_phrase")
    @app.get("/kelola/balasan/<key>")
    @may("manager")
    def a_phrase(key: str = "") -> Answer:
        found = next((one for one in phrases.known(office) if one.key == key), None)
        if key and found is None:
            abort(404)
        return _form(found or Phrase(key="", title="", text=""))

    @app.post("/kelola/balasan/baru", endpoint="add_phrase")
    @app.post("/kelola/balasan/<key>")
    @may("manager")
    def save_phrase(key: str = "") -> Answer:
        typed = Phrase(key=key, title=_field("title"), text=_field("text"))
        try:
            phrases.save(office, person(), key=key, title=typed.title, text=typed.text)
        except KeyError:
            abort(404)
        except InvalidFields as fault:
            return _form(typed, fault.problems), 422
        return redirect(f"{mount}/kelola/balasan?kabar=simpan", 303)

    @app.post("/kelola/balasan/<key>/hapus")
    @may("manager")
    def remove_phrase(key: str) -> Answer:
        try:
            phrases.remove(office, person(), key=key)
        except KeyError:
            abort(404)
        return redirect(f"{mount}/kelola/balasan?kabar=hapus", 303)


def _form(phrase: Phrase, problems: Mapping[str, str] | None = None) -> str:
    return render_template(
        "console/manage_phrase.html",
        form=phrase,
        problems=problems or {},
        variables=VARIABLES,
        longest=phrases.LONGEST,
    )


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n")
