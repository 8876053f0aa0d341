"""The desk's pages: the complaint, its files, and the steps of an agency."""

from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from besadu.config import Settings
from besadu.domain.deadlines import WIB
from besadu.media import Media
from besadu.pages.desk import forms
from besadu.pages.desk.forms import Filled
from besadu.pages.files import upload_fields
from besadu.pages.viewing import Viewer
from besadu.pages.wsgi import mount_of
from besadu.services import admission, desk
from besadu.services.desk import AgencyFile
from besadu.services.office import Office


def add_to(app: Flask, office: Office, media: Media) -> None:
    """Add the routes."""
    mount = mount_of(office.settings, "assignment")
    viewer = Viewer(office, media, key=office.settings.link_key, who=_link, base=lambda: f"{mount}/t/{_link()}")
    app.jinja_env.globals["seen"] = viewer.seen

    @app.get("/t/<token>")
    def show(token: str) -> str:
        file, _ = desk.open_link(office, token)
        return _page(office, token, file, notice=forms.DONE.get(request.args.get("done", ""), ""))

    @app.get("/t/<token>/bukti/<evidence_id>")
    def download(token: str, evidence_id: str) -> BaseResponse:
        complaint, _ = admission.follow(office, token)
        item = desk.evidence_of(office, complaint, evidence_id)
        if item is None:
            abort(404)
        return viewer.lead(item)

    @app.get("/t/<token>/lihat/<view>")
    def look(token: str, view: str) -> Response:  # noqa: ARG001 - the address is bound to the link
        return viewer.serve(view, request)

    @app.post("/t/<token>/<step>")
    def act(token: str, step: str) -> BaseResponse | tuple[str, int]:
        action = forms.step_named(step)
        if action is None:
            abort(404)
        complaint, actor = admission.follow(office, token)
        filled = forms.take(office, media, actor, complaint.ticket, action, complaint)
        if filled:
            return _page(office, token, desk.agency_file(office, actor, complaint.ticket), filled=filled), filled.status
        return redirect(url_for("show", token=token, done=action), code=303)


def _link() -> str:
    """The token of the link by which the page in hand is opened."""
    return str((request.view_args or {}).get("token", ""))


def refuse_other_sites(asked: Request, settings: Settings) -> None:
    """Let no other site's page send our forms: there is no cookie to ride on, but a link that leaked is one as well."""
    if asked.method in ("GET", "HEAD", "OPTIONS"):
        return
    parts = urlsplit(settings.besadu_public_url)
    origin = asked.headers.get("Origin")
    site = asked.headers.get("Sec-Fetch-Site", "none")
    foreign = origin is not None and origin != f"{parts.scheme}://{parts.netloc}"
    if site not in ("same-origin", "none") or foreign:
        abort(403)


def _page(office: Office, token: str, file: AgencyFile, *, notice: str = "", filled: Filled | None = None) -> str:
    return render_template("desk/file.html", token=token, notice=notice, **shown(office, file, filled))


def shown(office: Office, file: AgencyFile, filled: Filled | None) -> dict[str, object]:
    """What the templates of an agency's steps read, here and in the console."""
    today = office.now().astimezone(WIB).date()
    return {
        "file": file,
        "steps": {row.action: row.label for row in file.steps},
        "filled": filled or Filled(),
        **upload_fields(office, file.ticket, file.reader),
        "today": today,
        "others": [
            agency for agency in office.store.directory.agencies() if not agency.outside and agency.code != file.agency
        ],
    }
