"""The page for large files: chosen on the phone, sent straight to the bucket, with progress, and on after a drop."""

from typing import Final

from flask import Flask, Response, jsonify, render_template, request

from besadu.errors import Invalid, Refused
from besadu.media import Media
from besadu.pages.shell import POLICY, new_app, trouble
from besadu.services import uploads
from besadu.services.office import Office

MOST_BODY: Final = uploads.MOST_IN_A_FORM + 1_000_000  # the frame of a multipart body needs a little
MOST_JSON: Final = 2_000
ACCEPTED: Final = "image/*,video/*,audio/*,.pdf,.docx,.xlsx"


def create_app(office: Office, media: Media) -> Flask:
    """The app; ``media`` is where evidence lies."""
    app = new_app("upload", office.settings, function="attachments", most_body=MOST_BODY)
    app.logger.disabled = True  # it writes the path of a failed request, and the token stands in it
    _set_headers(app, media)
    _show_problems(app)
    _add_form(app, office, media)
    _add_steps(app, office, media)
    return app


def _add_form(app: Flask, office: Office, media: Media) -> None:
    """The page, and what it does where no script runs."""

    @app.get("/kirim/<token>")
    def show(token: str) -> str:
        return _page(token, uploads.visit(office, token))

    @app.post("/kirim/<token>")
    def take(token: str) -> str:
        guest = uploads.visit(office, token)
        files = [file for file in request.files.getlist("files") if file.filename]
        problem, arrived = "" if files else "Pilih berkasnya dahulu.", 0
        for file in files:
            name = file.filename or ""
            try:
                uploads.keep(office, media, token, stream=file.stream, mime=file.mimetype, filename=name)
            except Invalid as fault:
                problem = f"{name}: {fault}"
            else:
                arrived += 1
        return _page(token, guest, problem=problem, arrived=arrived)


def _add_steps(app: Flask, office: Office, media: Media) -> None:
    """What the page's script asks for, before and after it sends a file to the bucket."""

    @app.post("/kirim/<token>/mulai")
    def begin(token: str) -> Response:
        said = _said()
        size = said.get("size")
        mime = str(said.get("type", ""))
        begun = uploads.begin(office, media, token, size=size if isinstance(size, int) else 0, mime=mime)
        return jsonify(id=begun.id, url=begun.address.url, headers=begun.address.headers)

    @app.post("/kirim/<token>/selesai")
    def finish(token: str) -> Response:
        said = {name: str(value) for name, value in _said().items()}
        upload_id, mime, filename = (said.get(name, "") for name in ("id", "type", "name"))
        uploads.finish(office, media, token, upload_id=upload_id, mime=mime, filename=filename)
        return jsonify(done=True)


def _set_headers(app: Flask, media: Media) -> None:
    policy = f"{POLICY}; connect-src 'self' {media.host}"

    @app.after_request
    def _(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


def _show_problems(app: Flask) -> None:
    """To the script in JSON, to a person as a page."""

    @app.errorhandler(Refused)
    def _(fault: Refused) -> tuple[str | Response, int]:
        return _problem(fault, 410, "Tautan tidak dapat dibuka")

    @app.errorhandler(Invalid)
    def _(fault: Invalid) -> tuple[str | Response, int]:
        return _problem(fault, 422, "Berkas belum terkirim")


def _problem(fault: Exception, code: int, heading: str) -> tuple[str | Response, int]:
    if request.is_json:
        return jsonify(problem=str(fault)), code
    return trouble(code, str(fault), heading)[0], code


def _said() -> dict[str, object]:
    """The JSON object of the request. Raises Invalid for anything else."""
    body = request.get_json(silent=True) if (request.content_length or 0) <= MOST_JSON else None
    if not isinstance(body, dict):
        raise Invalid("Permintaan tidak terbaca. Muat ulang halaman ini, lalu coba lagi.")
    return body


def _page(token: str, guest: uploads.Visit, *, problem: str = "", arrived: int = 0) -> str:
    return render_template(
        "upload/page.html",
        token=token,
        guest=guest,
        problem=problem,
        arrived=arrived,
        accepted=ACCEPTED,
        most=uploads.MOST_BYTES,
    )
