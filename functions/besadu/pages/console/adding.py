"""Evidence that a citizen brought to the office or sent otherwise, added to the complaint by an admin."""

from flask import Flask, abort, redirect, request

from besadu.domain.workflow import NotAllowed
from besadu.errors import Conflict, Invalid
from besadu.media import Media
from besadu.pages.console import complaint
from besadu.pages.console.access import Answer, may, person
from besadu.pages.console.forms import Trouble, Typed
from besadu.pages.files import MOST_BODY, keep_files
from besadu.services import casework
from besadu.services.office import Office

ACTION = "add_evidence"


def add(app: Flask, office: Office, media: Media, mount: str) -> None:
    """The form."""

    @app.post(f"/laporan/<number>/{ACTION}", endpoint=ACTION)
    @may("admin", most_body=MOST_BODY)
    def take(number: str) -> Answer:
        number = complaint.ticket_in(number)
        stored = office.store.complaints.read(number)
        if stored is None:
            abort(404)
        taken = redirect(f"{mount}/laporan/{number}?kabar={ACTION}", 303)
        text = request.form.get("text", "").replace("\r\n", "\n")
        kept, problem = keep_files(office, media, number, "") if stored.value.open else ((), "")
        named = {one for line in office.store.complaints.talk(stored.value) for one in line.evidence}
        if kept and named.issuperset(kept):
            return taken  # sent twice
        values = {"text": text, "kept": " ".join(kept)}
        trouble: Trouble = "invalid" if problem else ""
        try:
            if not problem:
                casework.add_evidence(office, person().actor, number, text=text, evidence=kept)
        except Invalid as fault:
            problem, trouble = str(fault), "invalid"
        except (NotAllowed, Conflict):
            trouble = "too_late"
        if not trouble:
            return taken
        typed = Typed(action=ACTION, values=values, problem=problem, trouble=trouble)
        return complaint.show_again(office, number, typed), 422 if trouble == "invalid" else 409
