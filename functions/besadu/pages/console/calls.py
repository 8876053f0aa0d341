"""A call that a person answers: the checklist as a form, and the ticket to say aloud."""

import secrets
from collections.abc import Mapping
from typing import Final

from flask import Flask, abort, redirect, render_template, request

from besadu.domain import ticket as tickets
from besadu.errors import InvalidFields
from besadu.pages.console.access import Answer, may, person
from besadu.services import call_form, calls, reading
from besadu.services.office import Office

_DIGITS: Final = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")


def add(app: Flask, office: Office, mount: str) -> None:
    """The form, and the page with the ticket."""

    def page(form: call_form.CallForm, problems: Mapping[str, str], nik_hint: str = "") -> str:
        return render_template(
            "console/call.html",
            form=form,
            problems=problems,
            nik_hint=nik_hint,
            ways=call_form.ways_to_reply(office.settings),
        )

    @app.get("/telepon")
    @may("admin")
    def call() -> Answer:
        return page(call_form.CallForm(form_id=secrets.token_urlsafe(18)), {})

    @app.post("/telepon")
    @may("admin")
    def take_call() -> Answer:
        form = call_form.CallForm(**{name: _field(name) for name in call_form.FIELDS})
        try:
            number = calls.register_call(office, person().actor, form)
        except InvalidFields as fault:
            return page(_again(form, fault.problems), fault.problems, call_form.nik_hint(office, form)), 422
        return redirect(f"{mount}/telepon/{number}", 303)

    @app.get("/telepon/<number>")
    @may("admin")
    def call_taken(number: str) -> Answer:
        if tickets.parse(number) != number:
            abort(404)
        try:
            complaint = reading.case_file(office, person().actor, number).complaint
        except KeyError:
            abort(404)
        if complaint.channel != "telephone":
            abort(404)
        return render_template(
            "console/call_taken.html",
            complaint=complaint,
            groups=[(group, spoken(group)) for group in number.split("-")[1:]],
            told=[item for item in office.store.outbox.of_ticket(number) if item.kind == "notice"],
            phone=reading.masked_phone(complaint.reporter.address.phone),
        )


def spoken(digits: str) -> str:
    """``4839`` as it is read aloud: ``empat delapan tiga sembilan``."""
    return " ".join(_DIGITS[int(digit)] for digit in digits)


def _again(form: call_form.CallForm, problems: Mapping[str, str]) -> call_form.CallForm:
    """The form to be filled in again; one whose number cannot be used gets another."""
    shown = form.shown()
    return shown.numbered(secrets.token_urlsafe(18)) if "form_id" in problems else shown


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n")
