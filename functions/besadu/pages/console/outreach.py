"""Citizens to ring up because no message has reached them: the sheet, the number, and what came of the call."""

from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask, abort, redirect, render_template, request

from besadu.domain.workflow import NotAllowed
from besadu.errors import Conflict, Invalid
from besadu.pages.console.access import Answer, may, person
from besadu.services import outreach
from besadu.services.office import Office

_DONE = {
    "hasil": "Hasil panggilan dicatat.",
    "putusan": "Keputusan dicatat.",
}
_FIELDS = ("outcome", "note", "verdict", "choice", "reason")
_TOO_LATE = "Sementara itu sudah ada yang mencatat; keadaan terbaru ada di bawah ini."


def add(app: Flask, office: Office, mount: str) -> None:
    """The page and its forms."""
    page = _Page(office, mount)

    @app.get("/hubungi/<key>")
    @may("admin", "manager", "leader")
    def outreach_sheet(key: str) -> Answer:
        return page.show(key, notice=_DONE.get(request.args.get("kabar", ""), ""))

    @app.post("/hubungi/<key>/nomor")
    @may("admin")
    def show_number(key: str) -> Answer:
        try:
            return page.show(key, number=outreach.show_number(office, person().actor, key))
        except KeyError:
            abort(404)
        except Invalid as fault:
            return page.show(key, problem=str(fault)), 422

    @app.post("/hubungi/<key>/hasil")
    @may("admin")
    def record_call(key: str) -> Answer:
        typed = {name: _field(name) for name in ("outcome", "note", "verdict")}
        seen = request.form.get("calls", "")
        calls_seen = int(seen) if seen.isascii() and seen.isdigit() else -1
        step = partial(outreach.record_call, office, person().actor, key, **typed, calls_seen=calls_seen)
        return page.taken(key, "hasil", typed, step)

    @app.post("/hubungi/<key>/putusan")
    @may("manager", "leader")
    def decide_outreach(key: str) -> Answer:
        typed = {name: _field(name) for name in ("choice", "reason")}
        return page.taken(key, "putusan", typed, partial(outreach.decide, office, person().actor, key, **typed))


class _Page:
    """Shows a task, and what could not be taken with what was typed."""

    def __init__(self, office: Office, mount: str) -> None:
        self._office, self._mount = office, mount

    def show(
        self,
        key: str,
        *,
        notice: str = "",
        problem: str = "",
        number: str = "",
        typed: Mapping[str, str] | None = None,
    ) -> str:
        try:
            sheet = outreach.sheet(self._office, person().actor, key)
        except KeyError:
            abort(404)
        return render_template(
            "console/outreach.html",
            sheet=sheet,
            outcomes=outreach.OUTCOMES,
            notice=notice,
            problem=problem,
            number=number,
            typed={**dict.fromkeys(_FIELDS, ""), **(typed or {})},
        )

    def taken(self, key: str, done: str, typed: Mapping[str, str], step: Callable[[], object]) -> Answer:
        try:
            step()
        except KeyError:
            abort(404)
        except Invalid as fault:
            return self.show(key, problem=str(fault), typed=typed), 422
        except (Conflict, NotAllowed):
            return self.show(key, problem=_TOO_LATE, typed=typed), 409
        return redirect(f"{self._mount}/hubungi/{key}?kabar={done}", 303)


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n")
