"""A complaint's page, at one address for all staff; and an officer's steps, as on the desk behind a one-ticket link."""

from flask import Flask, abort, redirect, render_template, request

from besadu.media import Media
from besadu.pages.console import complaint
from besadu.pages.console.access import STAFF, Answer, may, person
from besadu.pages.desk.forms import DONE, Filled, step_named, take
from besadu.pages.desk.views import shown
from besadu.pages.files import MOST_BODY
from besadu.services import desk, reading
from besadu.services.office import Office


def add(app: Flask, office: Office, media: Media, mount: str) -> None:
    """The page and an officer's forms."""
    page = _Page(office)

    @app.get("/laporan/<number>")
    @may(*STAFF)
    def show(number: str) -> Answer:
        if person().role != "officer":
            return complaint.show(office, number)
        return page.show(number, notice=DONE.get(request.args.get("kabar", ""), ""))

    @app.post("/laporan/<number>/opd/<step>")
    @may("officer", most_body=MOST_BODY)
    def act(number: str, step: str) -> Answer:
        action = step_named(step)
        if action is None:
            abort(404)
        page.file(number)
        filled = take(office, media, person().actor, number, action)
        if filled:
            return page.show(number, filled), filled.status
        if action in ("return", "decline_support"):  # no longer with this agency: there is no page to come back to
            return redirect(f"{mount}/?kabar={action}", 303)
        return redirect(f"{mount}/laporan/{number}?kabar={action}", 303)


class _Page:
    def __init__(self, office: Office) -> None:
        self._office = office

    def file(self, number: str) -> desk.AgencyFile:
        """The complaint without any identity; 404 unless it lies with the officer's own agency."""
        actor = person().actor
        if reading.search(self._office, actor, number) != number:
            abort(404)
        return desk.agency_file(self._office, actor, number)

    def show(self, number: str, filled: Filled | None = None, *, notice: str = "") -> str:
        return render_template("console/agency.html", notice=notice, **shown(self._office, self.file(number), filled))
