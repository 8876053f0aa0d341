"""The agency's desk behind a one-ticket link: read the complaint, take a step. No account, no cookie.

One script, which sends large files; without it small ones come in the form.
"""

import traceback
from pathlib import Path

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from besadu import logs
from besadu.errors import Refused, Unavailable
from besadu.media import Media
from besadu.pages.desk import listing, views
from besadu.pages.files import MOST_BODY
from besadu.pages.shell import new_app
from besadu.services.office import Office

_TROUBLES = {
    403: (
        "Permintaan ditolak",
        "Buka kembali tautan dari pesan BESADU, lalu isi formulirnya di sana.",
    ),
    404: (
        "Tidak ditemukan",
        "Halaman atau berkas ini tidak ada. Buka kembali tautan dari pesan BESADU.",
    ),
    413: (
        "Berkas terlalu besar",
        "Seluruh berkas dalam satu kiriman paling besar 30 MB. Tekan tombol kembali, lalu kurangi berkasnya.",
    ),
}
_OTHERWISE = (
    "Terjadi gangguan",
    "Mohon maaf, permintaan belum dapat diproses. Tulisan Anda belum terkirim. Silakan coba lagi.",
)


def create_app(office: Office, media: Media) -> Flask:
    """The app; ``media`` is where evidence lies."""
    app = new_app("desk", office.settings, function="assignment", most_body=MOST_BODY, uploads_to=media.host)
    app.logger.disabled = True  # it writes the path of a failed request, and the token stands in it
    views.add_to(app, office, media)
    listing.add_to(app, office)

    @app.before_request
    def _refuse_other_sites() -> None:
        views.refuse_other_sites(request, office.settings)

    @app.after_request
    def _keep_out_of_indexes(response: Response) -> Response:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    @app.errorhandler(Refused)
    def _(fault: Refused) -> tuple[str, int]:
        return _closed("Tautan tidak dapat dibuka", str(fault)), 410

    @app.errorhandler(Unavailable)
    def _(fault: Unavailable) -> tuple[str, int]:
        logs.warning("desk_unavailable", fault=str(fault))
        return _closed(*_OTHERWISE), 503

    @app.errorhandler(HTTPException)
    def _(fault: HTTPException) -> tuple[str, int] | HTTPException:
        code = fault.code or 500
        if original := getattr(fault, "original_exception", None):
            frame = traceback.extract_tb(original.__traceback__)[-1]
            logs.error(
                "desk_failed", fault=type(original).__name__, place=f"{Path(frame.filename).name}:{frame.lineno}"
            )
        return (_closed(*_TROUBLES.get(code, _OTHERWISE)), code) if code >= 400 else fault

    return app


def _closed(heading: str, advice: str) -> str:
    return render_template("desk/closed.html", heading=heading, advice=advice, typed=_typed())


def _typed() -> list[str]:
    """What stood in the form: a link that expired while somebody wrote must not cost the words."""
    try:
        return [words for words in request.form.getlist("text") if words.strip()]
    except RequestEntityTooLarge:
        return []  # nothing of it was read
