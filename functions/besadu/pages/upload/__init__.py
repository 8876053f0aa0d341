"""Files on their way straight into the bucket: the citizen's page for large ones, and what pages of staff ask for."""

from typing import Final

from flask import Flask, Response, jsonify, render_template, request

from besadu.errors import Invalid, Refused
from besadu.media import Media
from besadu.pages.files import CHOSEN
from besadu.pages.shell import new_app, trouble
from besadu.services import arrivals, staff_uploads, uploads
from besadu.services.arrivals import Begun
from besadu.services.office import Office

MOST_BODY: Final = arrivals.MOST_IN_A_FORM + 1_000_000  # the frame of a multipart body needs a little
MOST_JSON: Final = 2_000


def create_app(office: Office, media: Media) -> Flask:
    """The app; ``media`` is where evidence lies."""
    app = new_app("upload", office.settings, function="attachments", most_body=MOST_BODY, uploads_to=media.host)
    app.logger.disabled = True  # it writes the path of a failed request, and the token stands in it
    _set_headers(app)
    _show_problems(app)
    _add_form(app, office, media)
    _add_steps(app, office, media)
    _add_steps_of_staff(app, office, media)
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
        size, mime = _said_of_file()
        return _address(uploads.begin(office, media, token, size=size, mime=mime))

    @app.post("/kirim/<token>/selesai")
    def finish(token: str) -> Response:
        upload_id, mime, filename = _said_of_upload()
        uploads.finish(office, media, token, upload_id=upload_id, mime=mime, filename=filename)
        return jsonify(done=True)


def _add_steps_of_staff(app: Flask, office: Office, media: Media) -> None:
    """The same for a form of the console or of the desk; it names the file by the id that it gets here."""

    @app.post("/unggah/<token>/mulai")
    def begin_of_staff(token: str) -> Response:
        size, mime = _said_of_file()
        return _address(staff_uploads.begin(office, media, token, size=size, mime=mime))

    @app.post("/unggah/<token>/selesai")
    def finish_of_staff(token: str) -> Response:
        upload_id, _, filename = _said_of_upload()
        kept = staff_uploads.finish(office, media, token, upload_id=upload_id, filename=filename)
        return jsonify(done=True, file=kept)


def _address(begun: Begun) -> Response:
    return jsonify(id=begun.id, url=begun.address.url, headers=begun.address.headers)


def _set_headers(app: Flask) -> None:
    @app.after_request
    def _(response: Response) -> Response:
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


def _said_of_file() -> tuple[int, str]:
    """Size and type of the file that is to come."""
    said = _said()
    size = said.get("size")
    return size if isinstance(size, int) else 0, str(said.get("type", ""))


def _said_of_upload() -> tuple[str, str, str]:
    """Name of the upload that ended, and type and name of its file."""
    said = {name: str(value) for name, value in _said().items()}
    return said.get("id", ""), said.get("type", ""), said.get("name", "")


def _page(token: str, guest: uploads.Visit, *, problem: str = "", arrived: int = 0) -> str:
    return render_template(
        "upload/page.html",
        token=token,
        guest=guest,
        problem=problem,
        arrived=arrived,
        accepted=CHOSEN,
        most=arrivals.MOST_BYTES,
    )
