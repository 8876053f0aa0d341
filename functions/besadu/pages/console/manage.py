"""The manager's page: agencies as they are known, and signing a staff person out everywhere."""

from flask import Flask, redirect, render_template, request

from besadu import logs
from besadu.pages.console.access import Answer, may
from besadu.services.office import Office


def add(app: Flask, office: Office, mount: str) -> None:
    """The page and its form."""

    def page(*, email: str = "", problem: str = "") -> str:
        return render_template(
            "console/manage.html",
            agencies=office.store.directory.agencies(),
            email=email,
            problem=problem,
            notice="Petugas itu sudah dikeluarkan dari semua perangkat."
            if request.args.get("kabar") == "keluar"
            else "",
        )

    @app.get("/kelola")
    @may("manager")
    def manage() -> Answer:
        return page()

    @app.post("/kelola/keluarkan")
    @may("manager")
    def end_sessions() -> Answer:
        email = request.form.get("email", "").strip()
        officer = office.store.directory.officer(email) if email else None
        if officer is None:
            return page(email=email, problem="Tidak ada petugas dengan alamat surel ini."), 422
        office.store.directory.end_sessions(officer)
        logs.info("sessions_ended", role=officer.role)
        return redirect(f"{mount}/kelola?kabar=keluar", 303)
