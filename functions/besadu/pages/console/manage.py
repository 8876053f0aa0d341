"""The manager's pages: who works here with which rights, the agencies, and what was changed about both."""

from collections.abc import Mapping

from flask import Flask, abort, redirect, render_template, request

from besadu.domain.complaint import Role
from besadu.errors import InvalidFields
from besadu.pages.console.access import Answer, may, person
from besadu.pages.words import CHANNELS
from besadu.services import agencies, posts, staffing, timetable
from besadu.services.office import Office
from besadu.services.upkeep import log_of_changes
from besadu.store.keys import officer_key

_DONE = {
    "keluar": "Petugas itu sudah dikeluarkan dari semua perangkat.",
    "petugas": "Data petugas disimpan.",
    "instansi": "Data instansi disimpan.",
}
ORDERS = [(value, ", lalu ".join(CHANNELS[one] for one in order)) for value, order in posts.ORDERS.items()]
_READERS: tuple[Role, ...] = ("manager", "auditor")


def add(app: Flask, office: Office, mount: str) -> None:
    """All pages and their forms."""

    @app.get("/kelola")
    @may("manager")
    def manage() -> Answer:
        return _overview(office, notice=_DONE.get(request.args.get("kabar", ""), ""))

    @app.get("/kelola/catatan")
    @may(*_READERS)
    def changes() -> Answer:
        return render_template("console/manage_changes.html", entries=log_of_changes(office))

    @app.post("/kelola/keluarkan")
    @may("manager")
    def end_sessions() -> Answer:
        try:
            staffing.end_sessions(office, person(), email=request.form.get("email", ""))
        except KeyError:
            return _overview(office, problem="Tidak ada petugas dengan alamat surel ini."), 422
        return redirect(f"{mount}/kelola?kabar=keluar", 303)

    _add_people(app, office, mount)
    _add_agencies(app, office, mount)


def _add_people(app: Flask, office: Office, mount: str) -> None:
    @app.get("/kelola/petugas", endpoint="new_person")
    @app.get("/kelola/petugas/<key>")
    @may("manager")
    def a_person(key: str = "") -> Answer:
        known = office.store.directory.staff().get(key)
        if key and known is None:
            abort(404)
        return _person_page(office, staffing.person_form(known.value) if known else staffing.PersonForm(), key)

    @app.post("/kelola/petugas", endpoint="add_person")
    @app.post("/kelola/petugas/<key>")
    @may("manager")
    def save_person(key: str = "") -> Answer:
        form = staffing.PersonForm(
            **{name: request.form.get(name, "") for name in ("email", "name", "role", "agency")},
            active="active" in request.form,
        )
        try:
            staffing.save_person(office, person(), form, key=key)
        except KeyError:
            abort(404)
        except InvalidFields as fault:
            return _person_page(office, form, key, fault.problems), 422
        return redirect(f"{mount}/kelola?kabar=petugas", 303)


def _add_agencies(app: Flask, office: Office, mount: str) -> None:
    @app.get("/kelola/instansi", endpoint="new_agency")
    @app.get("/kelola/instansi/<key>")
    @may("manager")
    def an_agency(key: str = "") -> Answer:
        known = office.store.directory.all_agencies().get(key)
        if key and known is None:
            abort(404)
        return _agency_page(agencies.agency_form(known.value) if known else agencies.AgencyForm(), key)

    @app.post("/kelola/instansi", endpoint="add_agency")
    @app.post("/kelola/instansi/<key>")
    @may("manager")
    def save_agency(key: str = "") -> Answer:
        form = agencies.AgencyForm(
            **{name: request.form.get(name, "").replace("\r\n", "\n") for name in agencies.TEXTS},
            outside="outside" in request.form,
            active="active" in request.form,
        )
        try:
            agencies.save_agency(office, person(), form, code=key)
        except KeyError:
            abort(404)
        except InvalidFields as fault:
            return _agency_page(form, key, fault.problems), 422
        return redirect(f"{mount}/kelola?kabar=instansi", 303)


def _overview(office: Office, *, notice: str = "", problem: str = "") -> str:
    staff = [(key, stored.value) for key, stored in office.store.directory.staff().items()]
    known = [stored.value for stored in office.store.directory.all_agencies().values()]
    return render_template(
        "console/manage.html",
        staff=sorted(staff, key=lambda pair: (not pair[1].active, pair[1].name.lower())),
        agencies=sorted(known, key=lambda agency: (not agency.active, agency.outside, agency.name.lower())),
        shorts={agency.code: agency.short or agency.name for agency in known},
        notice=notice,
        problem=problem,
        undecreed=timetable.undecreed(office),
    )


def _person_page(office: Office, form: staffing.PersonForm, key: str, problems: Mapping[str, str] | None = None) -> str:
    known = office.store.directory.staff().get(key)
    return render_template(
        "console/manage_person.html",
        form=form,
        key=key,
        # As stored, whatever was typed into the form.
        known=known.value if known else None,
        own=key == officer_key(person().email),
        roles=staffing.ROLES,
        agencies=[agency for agency in office.store.directory.agencies() if not agency.outside],
        problems=problems or {},
    )


def _agency_page(form: agencies.AgencyForm, key: str, problems: Mapping[str, str] | None = None) -> str:
    return render_template("console/manage_agency.html", form=form, key=key, problems=problems or {}, orders=ORDERS)
