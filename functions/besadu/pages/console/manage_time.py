"""The manager's pages about time: days off, how long each clock runs, and who is reminded."""

from collections.abc import Callable, Mapping

from flask import Flask, abort, redirect, render_template, request

from besadu.domain.deadlines import CLOCKS, NUDGES, WIB
from besadu.errors import InvalidFields
from besadu.pages.console.access import Answer, may, person
from besadu.pages.console.manage import ORDERS
from besadu.services import reached, times, timetable
from besadu.services.office import Office

_LATER = "Laporan yang masih terbuka dihitung ulang sepuluh menit setelah perubahan terakhir."
_TYPED = ("day", "name", "decree")
_DONE: Mapping[str, str] = {
    "kalender": f"Kalender disimpan. {_LATER}",
    "tenggat": f"Tenggat dan jam layanan disimpan. {_LATER}",
    "pos": "Penerima pengingat disimpan.",
}


def add(app: Flask, office: Office, mount: str) -> None:
    """All pages and their forms."""
    _add_calendar(app, office, mount)

    @app.get("/kelola/tenggat")
    @may("manager")
    def clocks() -> Answer:
        return _clocks(times.form(office), notice=_notice())

    @app.post("/kelola/tenggat", endpoint="save_clocks")
    @may("manager")
    def save_clocks() -> Answer:
        typed = {field: request.form.get(field, "") for field in times.form(office)}
        try:
            times.save(office, person(), typed)
        except InvalidFields as fault:
            return _clocks(typed, fault.problems), 422
        return redirect(f"{mount}/kelola/tenggat?kabar=tenggat", 303)

    @app.get("/kelola/pos")
    @may("manager")
    def posts() -> Answer:
        return _posts(reached.form(office), notice=_notice())

    @app.post("/kelola/pos", endpoint="save_posts")
    @may("manager")
    def save_posts() -> Answer:
        typed = {field: request.form.get(field, "") for field in reached.form(office)}
        try:
            reached.save(office, person(), typed)
        except InvalidFields as fault:
            return _posts(typed, fault.problems), 422
        return redirect(f"{mount}/kelola/pos?kabar=pos", 303)


def _add_calendar(app: Flask, office: Office, mount: str) -> None:
    @app.get("/kelola/kalender")
    @may("manager")
    def calendar() -> Answer:
        return _calendar(office, _year(office), notice=_notice())

    steps: Mapping[str, Callable[[], object]] = {
        "usulan": lambda: timetable.propose(office, person(), _year(office)),
        "tambah": lambda: timetable.add_day(office, person(), day=_field("day"), name=_field("name")),
        "hapus": lambda: timetable.remove_day(office, person(), day=_field("day")),
        "tetapkan": lambda: timetable.decree(office, person(), _year(office), decree=_field("decree")),
    }

    @app.post("/kelola/kalender/<step>", endpoint="change_calendar")
    @may("manager")
    def change(step: str) -> Answer:
        if step not in steps:
            abort(404)
        year = _year(office)
        try:
            steps[step]()
        except InvalidFields as fault:
            return _calendar(office, year, fault.problems), 422
        return redirect(f"{mount}/kelola/kalender?tahun={year}&kabar=kalender", 303)


def _field(name: str) -> str:
    return request.form.get(name, "")


def _notice() -> str:
    return _DONE.get(request.args.get("kabar", ""), "")


def _year(office: Office) -> int:
    """The year that is asked for; this one when none is."""
    text = request.values.get("tahun", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 4 else office.now().astimezone(WIB).year


def _calendar(office: Office, year: int, problems: Mapping[str, str] | None = None, *, notice: str = "") -> str:
    this = office.now().astimezone(WIB).year
    return render_template(
        "console/manage_calendar.html",
        year=timetable.year_of(office, year),
        years=range(this - 1, this + 3),
        undecreed=timetable.undecreed(office),
        form={name: _field(name) if problems else "" for name in _TYPED},
        problems=problems or {},
        notice=notice,
    )


def _clocks(values: Mapping[str, str], problems: Mapping[str, str] | None = None, *, notice: str = "") -> str:
    return render_template(
        "console/manage_clocks.html",
        form=values,
        names=times.NAMES,
        defaults={**CLOCKS, "nudges": ", ".join(str(day) for day in NUDGES)},
        problems=problems or {},
        notice=notice,
    )


def _posts(values: Mapping[str, str], problems: Mapping[str, str] | None = None, *, notice: str = "") -> str:
    return render_template(
        "console/manage_posts.html",
        form=values,
        names=reached.NAMES,
        orders=ORDERS,
        problems=problems or {},
        notice=notice,
    )
