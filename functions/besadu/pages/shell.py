"""What every Flask app of ours has: templates, assets, security headers, and a friendly page for each error."""

import traceback
from pathlib import Path

from flask import Flask, Response, render_template
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError

from besadu import errors, logs
from besadu.config import Settings
from besadu.pages import assets, words
from besadu.pages.wsgi import mount_of

_HERE = Path(__file__).parent
MOST_BODY = 1_000_000  # bytes; forms are small, and only the desk takes files
# Nothing from elsewhere, and no script or style inside a page: what a citizen wrote can never run.
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_TROUBLES = {
    400: ("Permintaan tidak terbaca", "Silakan muat ulang halaman sebelumnya, lalu coba lagi."),
    403: ("Tidak diizinkan", "Halaman atau tindakan ini bukan kewenangan Anda."),
    404: (
        "Tidak ditemukan",
        "Halaman ini tidak ada, atau tidak ditujukan kepada Anda. Mohon periksa kembali alamat atau nomornya.",
    ),
    405: ("Tidak diizinkan", "Tindakan ini tidak tersedia di alamat tersebut."),
    409: (
        "Sudah berubah",
        "Data ini baru saja diubah orang lain. Muat ulang halamannya untuk melihat keadaan terbaru.",
    ),
    413: ("Terlalu besar", "Kiriman melebihi batas ukuran. Mohon perkecil atau kurangi berkasnya."),
    500: (
        "Terjadi gangguan",
        "Mohon maaf, ada kesalahan pada sistem kami dan sudah tercatat. Silakan coba lagi sebentar lagi.",
    ),
    503: ("Layanan sedang sibuk", "Mohon maaf, data belum dapat dibaca. Silakan coba lagi sebentar lagi."),
}


def new_app(
    name: str,
    settings: Settings,
    *,
    function: str,
    most_body: int = MOST_BODY,
    also: tuple[str, ...] = (),
    uploads_to: str = "",
) -> Flask:
    """A Flask app for ``pages/<name>`` behind the door ``function``; ``most_body`` in bytes.

    ``uploads_to``: the origin that its pages may send files to.

    Templates lie in pages/templates and pages/<name>/templates, and in those of the apps named in ``also``. They know
    ``mount`` (the path that links begin with), ``asset(file)`` and the filters of ``words``; an unknown name in a
    template is an error.
    """
    app = Flask(f"besadu.pages.{name}", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = most_body
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BODY
    folders = [str(_HERE / "templates"), *(str(_HERE / part / "templates") for part in (name, *also))]
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    mount = mount_of(settings, function)
    app.jinja_env.globals["mount"] = mount
    app.jinja_env.filters.update(words.FILTERS)
    assets.serve_from(app, mount)
    _show_troubles(app)
    policy = f"{POLICY}; connect-src 'self' {uploads_to}" if uploads_to else POLICY
    _set_headers(app, policy, https=settings.besadu_public_url.startswith("https:"))
    return app


def trouble(code: int, advice: str = "", heading: str = "") -> tuple[str, int]:
    """The page for an error: what happened, and what to do next."""
    usual_heading, usual_advice = _TROUBLES.get(code, _TROUBLES[500 if code >= 500 else 400])
    page = render_template("trouble.html", code=code, heading=heading or usual_heading, advice=advice or usual_advice)
    return page, code


def _show_troubles(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def _(fault: HTTPException) -> tuple[str, int] | HTTPException:
        if fault.code is None or fault.code < 400:
            return fault  # a redirect made by the router
        if isinstance(fault, InternalServerError) and fault.original_exception:
            _log(fault.original_exception)
        return trouble(fault.code)

    @app.errorhandler(errors.Conflict)
    def _(_fault: errors.Conflict) -> tuple[str, int]:
        return trouble(409)

    @app.errorhandler(errors.Refused)
    def _(_fault: errors.Refused) -> tuple[str, int]:
        return trouble(403)

    @app.errorhandler(errors.Unavailable)
    def _(fault: errors.Unavailable) -> tuple[str, int]:
        logs.warning("page_unavailable", fault=str(fault))
        return trouble(503)


def _log(fault: BaseException) -> None:
    """Where it happened, without values: those may be a citizen's."""
    frames = traceback.extract_tb(fault.__traceback__)[-6:]
    place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    logs.error("page_failed", fault=type(fault).__name__, place=place)


def _set_headers(app: Flask, policy: str, *, https: bool) -> None:
    @app.after_request
    def _(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
