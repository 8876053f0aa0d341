"""All that waits for a post's agency on one page, with a one-ticket link each: where a digest leads."""

from flask import Flask, render_template

from besadu import links
from besadu.errors import Refused
from besadu.services import letters
from besadu.services.admission import DEAD_LINK
from besadu.services.office import Office


def add_to(app: Flask, office: Office) -> None:
    """Add the route."""

    @app.get("/daftar/<token>")
    def listing(token: str) -> str:
        try:
            link = links.read_list(office.settings, token, office.now())
        except Refused:
            raise Refused(DEAD_LINK) from None
        agency = office.store.directory.agency(link.agency)
        if agency is None:
            raise Refused(DEAD_LINK)
        return render_template("desk/list.html", agency=agency, items=letters.waiting(office, link), here=token)
