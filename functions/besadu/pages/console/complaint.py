"""One complaint: everything about it on one page, and the forms for what may be done next."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from flask import Flask, abort, redirect, render_template, request
from markupsafe import Markup, escape

from besadu.domain import conditions
from besadu.domain import ticket as tickets
from besadu.domain.complaint import Role
from besadu.domain.phrases import Phrase
from besadu.domain.workflow import ROWS, NotAllowed
from besadu.errors import Conflict, Invalid, Refused
from besadu.frozen import replace
from besadu.pages.console.access import STAFF, Answer, may, person
from besadu.pages.console.forms import FORMS, SUPPORT_LINES, Form, Typed, already_done, what_happened
from besadu.pages.files import upload_fields
from besadu.pages.signs import signs_of
from besadu.services import admission, phrases, preview, reading
from besadu.services.office import Office

_DONE: Final = {"add_evidence": "Bukti ditambahkan dan sedang diperiksa."}
_READERS: Final[tuple[Role, ...]] = ("admin", "leader", "auditor", "manager")


def add(app: Flask, office: Office, mount: str) -> None:
    """The complaint's page and its forms. Officers have a page of their own under the same address."""
    page = _Page(office)
    app.jinja_env.filters["marked"] = marked

    @app.post("/laporan/<number>/pratinjau")
    @may("admin")
    def show_preview(number: str) -> Answer:
        typed = _typed_answer()
        if request.headers.get("HX-Request"):
            case = page.case(ticket_in(number))
            return render_template("console/preview.html", **page.preview(case, typed))
        return page.show(ticket_in(number), typed)

    @app.post("/laporan/<number>/sisipkan")
    @may("admin")
    def insert_phrase(number: str) -> Answer:
        typed, known, key = _typed_answer(), phrases.known(office), _field("phrase")
        if key in {one.key for one in known}:
            complaint = page.case(ticket_in(number)).complaint
            text = phrases.inserted(office, complaint, typed.values["text"], key)
            typed = replace(typed, values={"text": text})
        return page.show(ticket_in(number), typed, ready=known)

    @app.post("/laporan/<number>/nik")
    @may("admin")
    def reveal(number: str) -> Answer:
        typed = Typed(action="reveal", values={"reason": _field("reason")})
        try:
            nik = reading.reveal_nik(office, person().actor, ticket_in(number), reason=typed.values["reason"])
        except KeyError:
            abort(404)
        except Invalid as fault:
            return page.show(ticket_in(number), _with(typed, "invalid", str(fault))), 422
        # Shown in this very answer: a redirect would have to carry it in an address or a cookie.
        return page.show(ticket_in(number), nik=nik)

    for form in FORMS.values():
        roles = [role for role in STAFF if role in ROWS[form.action].actors and role != "officer"]
        app.add_url_rule(
            f"/laporan/<number>/{form.action}",
            endpoint=form.action,
            view_func=may(*roles)(_taker(office, page, form, mount)),
            methods=["POST"],
        )


def _typed_answer() -> Typed:
    """What stands in the form of the answer, of which nothing is taken yet."""
    action = "promise" if request.form.get("action") == "promise" else "deliver"
    return Typed(action=action, values={"text": _field("text")})


def show(office: Office, number: str) -> str:
    """The page of a complaint for whoever reads all of them. 404 when there is none."""
    return _Page(office).show(ticket_in(number), done=request.args.get("kabar", ""))


def show_again(office: Office, number: str, typed: Typed) -> str:
    """The same with a form that could not be taken."""
    return _Page(office).show(number, typed)


def marked(text: str, suggestions: Iterable[reading.Suggested]) -> Markup:
    """The text with the words that led to a suggestion highlighted."""
    words = sorted({word for one in suggestions for word in one.words if word}, key=len, reverse=True)
    if not words:
        return escape(text)
    pieces = re.split(f"({'|'.join(re.escape(word) for word in words)})", text)
    # Splitting at one group leaves the matches at the odd places.
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece) if at % 2 else piece for at, piece in enumerate(pieces)
    )


def _all_messages() -> bool:
    return request.args.get("pesan") == "semua"


class _Page:
    def __init__(self, office: Office) -> None:
        self._office = office

    def case(self, number: str) -> reading.CaseFile:
        try:
            return reading.case_file(self._office, person().actor, number, news=_all_messages())
        except (KeyError, Refused):
            abort(404)

    def show(
        self,
        number: str,
        typed: Typed | None = None,
        *,
        done: str = "",
        nik: str = "",
        ready: tuple[Phrase, ...] | None = None,
    ) -> str:
        case = self.case(number)
        typed = typed or Typed()
        names = {row.action for row in case.steps}
        return render_template(
            "console/complaint.html",
            case=case,
            all_messages=_all_messages(),
            complaint=case.complaint,
            steps={row.action: row.label for row in case.steps},
            files={item.id: item for item in case.evidence},
            signs={item.id: signs_of(item, case.complaint) for item in case.evidence},
            holders=admission.holders(self._office, case.complaint) if "revoke_links" in names else (),
            most_support=len(SUPPORT_LINES),
            agencies=self._office.store.directory.agencies(),
            typed=typed,
            notice=FORMS[done].done if done in FORMS else _DONE.get(done, ""),
            **upload_fields(self._office, number),
            nik=nik,
            ready=ready,
            masked=reading.masked_phone(case.phone) if person().role == "admin" else case.phone,
            chosen=request.args.get("opd", "") or (case.complaint.suggested_agency if "forward" in names else ""),
            awaits_leader=conditions.awaits_leader(case.complaint),
            referred=self._office.store.directory.agency(request.args.get("rujuk", "")),
            happened=what_happened(case.complaint) if typed.trouble == "too_late" else "",
            **self.preview(case, typed),
        )

    def preview(self, case: reading.CaseFile, typed: Typed) -> dict[str, object]:
        """What the citizen would get, with the text as typed or as the agency wrote it."""
        action = next((row.action for row in case.steps if row.action in ("deliver", "promise")), "")
        if not action or case.complaint.answer is None:
            return {"previews": ()}
        text = typed.value(action, "text", case.complaint.answer.text)
        return {"previews": preview.of_answer(self._office, case.complaint, text)}


def _taker(office: Office, page: _Page, form: Form, mount: str) -> Callable[[str], Answer]:
    """The view that takes this form."""

    def take(number: str) -> Answer:
        number = ticket_in(number)
        actor = person().actor
        values = {name: _field(name) for name in form.fields}
        typed = Typed(action=form.action, values=values)
        taken = redirect(f"{mount}/laporan/{number}?kabar={form.action}", 303)
        # What leaves the state as it is can be done again, so a second press of the button has to be seen beforehand.
        if ROWS[form.action].target == "same":
            before = office.store.complaints.read(number)
            if before and already_done(before.value, actor, form, values, _field("revision")):
                return taken
        try:
            form.run(office, actor, number, values)
        except KeyError:
            abort(404)
        except Invalid as fault:
            return page.show(number, _with(typed, "invalid", str(fault))), 422
        except (NotAllowed, Conflict) as fault:
            complaint = page.case(number).complaint
            if not already_done(complaint, actor, form, values, _field("revision")):
                return page.show(
                    number, _with(typed, "too_late", str(fault) if isinstance(fault, NotAllowed) else "")
                ), 409
        return taken

    return take


def _with(typed: Typed, trouble: str, problem: str) -> Typed:
    return Typed(
        action=typed.action,
        values=typed.values,
        problem=problem,
        trouble="invalid" if trouble == "invalid" else "too_late",
    )


def ticket_in(text: str) -> str:
    """The ticket in an address, in its one form; 404 for anything else, before the database is asked."""
    number = tickets.parse(text)
    if number is None or number != text:
        abort(404)
    return number


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n")
