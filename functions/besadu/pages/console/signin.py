"""Signing in and out."""

from typing import Final

from flask import Flask, redirect, render_template, request

from besadu import logs
from besadu.errors import Refused, Unavailable
from besadu.identity import SIGN_IN_TIME, SignIn
from besadu.pages import shell
from besadu.pages.console.access import STAFF, Answer, Door, anybody, may, person
from besadu.services.office import Office

LONGEST_PATH: Final = 300
_NOT_KNOWN: Final = (
    "Anda sudah dikenali oleh penyedia akun, tetapi alamat itu belum terdaftar sebagai petugas BESADU atau sudah "
    "dinonaktifkan. Silakan hubungi pengelola BESADU di Diskominfo."
)
_REASONS: Final = {
    "denied": "Proses masuk dibatalkan.",
    "email_unverified": "Alamat surel Anda belum diverifikasi oleh penyedia akun.",
    "no_email": "Penyedia akun tidak menyebutkan alamat surel Anda.",
}
_TRY_AGAIN: Final = "Proses masuk tidak selesai atau sudah kedaluwarsa. Silakan coba masuk sekali lagi."


def add(app: Flask, office: Office, door: Door, mount: str) -> None:
    """The pages of signing in and out."""
    sign_in = SignIn(office.settings, f"{office.settings.besadu_public_url}/console/masuk/kembali")
    cookie = f"{door.cookie}-masuk"

    @app.get("/masuk")
    @anybody
    def sign_in_page() -> Answer:
        return render_template("console/sign_in.html", wanted=_inside(request.args.get("lanjut", "")))

    @app.get("/masuk/mulai")
    @anybody
    def leave() -> Answer:
        try:
            departure = sign_in.leave(_inside(request.args.get("lanjut", "")), office.now())
        except (Unavailable, Refused) as fault:
            logs.error("sign_in_provider_unavailable", fault=str(fault))
            return shell.trouble(503, "Penyedia akun tidak dapat dihubungi. Silakan coba lagi sebentar lagi.")
        response = redirect(departure.url, 303)
        door.set_cookie(response, cookie, departure.cookie, seconds=int(SIGN_IN_TIME.total_seconds()))
        return response

    @app.get("/masuk/kembali")
    @anybody
    def come_back() -> Answer:
        now = office.now()
        try:
            arrival = sign_in.arrive(request.cookies.get(cookie, ""), request.args, now)
        except Refused as fault:
            logs.warning("sign_in_refused", reason=str(fault))
            return shell.trouble(403, _REASONS.get(str(fault), _TRY_AGAIN), "Belum berhasil masuk")
        officer = office.store.directory.officer(arrival.email)
        if officer is None or not officer.active:
            logs.warning("sign_in_not_staff", known=officer is not None)
            return shell.trouble(403, _NOT_KNOWN, "Belum terdaftar")
        response = redirect(f"{mount}{_inside(arrival.wanted)}", 303)
        door.admit(response, door.sessions.open(officer, now))
        door.forget(response, cookie)
        logs.info("signed_in", role=officer.role)
        return response

    @app.post("/keluar")
    @may(*STAFF)
    def sign_out() -> Answer:
        logs.info("signed_out", role=person().role)
        response = redirect(f"{mount}/masuk?kabar=keluar", 303)
        door.forget(response, door.cookie)
        # Not "cookies": that would reach all sites of the regency's domain.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


def _inside(path: str) -> str:
    """A path of the console, or its start page: nobody is sent elsewhere after signing in."""
    usual = path.startswith("/") and not path.startswith(("//", "/\\", "/masuk", "/keluar"))
    return path if usual and path.isprintable() and len(path) <= LONGEST_PATH else "/"
