"""The desk's pages: the complaint, its files, and the five steps of an agency."""

from dataclasses import dataclass
from typing import Final, get_args
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from besadu.config import Settings
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.workflow import NotAllowed
from besadu.errors import Conflict, Invalid
from besadu.media import Media
from besadu.pages.files import MOST_FILES, keep_files
from besadu.pages.viewing import Viewer
from besadu.pages.wsgi import mount_of
from besadu.services import desk, evidence
from besadu.services.desk import AgencyFile, DeskAction
from besadu.services.office import Office

STEPS: Final[tuple[DeskAction, ...]] = get_args(DeskAction)

# Said once, after the step: what happens next.
DONE: Final = {
    "accept": "Laporan diterima. Silakan tindak lanjuti, lalu kirim jawaban sebelum batas waktunya.",
    "return": "Laporan dikembalikan kepada admin BESADU. Tidak ada lagi yang perlu Anda lakukan.",
    "ask": "Pertanyaan dikirim kepada pelapor. Batas waktu Anda berhenti sampai pelapor menjawab atau waktunya habis.",
    "answer": "Jawaban dikirim kepada admin BESADU.",
    "note": "Catatan disimpan.",
}


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What was typed into a form that could not be taken, to be shown again. ``step`` names the form."""

    step: str = ""
    text: str = ""
    kept: tuple[str, ...] = ()  # evidence ids of files that came through
    problem: str = ""  # something to mend in the form
    too_late: str = ""  # what happened meanwhile; the form may be gone


def add_to(app: Flask, office: Office, media: Media) -> None:
    """Add the routes."""
    mount = mount_of(office.settings, "assignment")
    viewer = Viewer(office, media, key=office.settings.link_key, who=_link, base=lambda: f"{mount}/t/{_link()}")
    app.jinja_env.globals["seen"] = viewer.seen

    @app.get("/t/<token>")
    def show(token: str) -> str:
        file, _ = desk.open_link(office, token)
        return _page(token, file, notice=DONE.get(request.args.get("done", ""), ""))

    @app.get("/t/<token>/bukti/<evidence_id>")
    def download(token: str, evidence_id: str) -> BaseResponse:
        complaint, _ = desk.follow(office, token)
        item = desk.evidence_of(office, complaint, evidence_id)
        if item is None:
            abort(404)
        return redirect(viewer.shown(item), 302)

    @app.get("/t/<token>/lihat/<view>")
    def look(token: str, view: str) -> Response:  # noqa: ARG001 - the address is bound to the link
        return viewer.serve(view, request)

    @app.post("/t/<token>/<step>")
    def act(token: str, step: str) -> BaseResponse | tuple[str, int]:
        action = next((known for known in STEPS if known == step), None)
        if action is None:
            abort(404)
        complaint, actor = desk.follow(office, token)
        return _act(office, media, token, complaint, actor, action)


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


def _act(
    office: Office, media: Media, token: str, complaint: Complaint, actor: Actor, action: DeskAction
) -> BaseResponse | tuple[str, int]:
    ticket = complaint.ticket
    text = request.form.get("text", "").replace("\r\n", "\n")
    kept: tuple[str, ...] = ()
    try:
        kept, problem = keep_files(office, media, ticket, actor) if action == "answer" else ((), "")
        if not problem:
            desk.act(office, actor, ticket, action, text=text, evidence=kept, seen=complaint)
    except Invalid as fault:
        problem = str(fault)
    except (NotAllowed, Conflict):
        file = desk.agency_file(office, actor, ticket)
        filled = Filled(step=action, text=text, kept=kept, too_late=desk.what_happened(file))
        return _page(token, file, filled=filled), 409
    if problem:
        filled = Filled(step=action, text=text, kept=kept, problem=problem)
        return _page(token, desk.agency_file(office, actor, ticket), filled=filled), 422
    return redirect(url_for("show", token=token, done=action), code=303)


def _page(token: str, file: AgencyFile, *, notice: str = "", filled: Filled | None = None) -> str:
    return render_template(
        "desk/file.html",
        token=token,
        file=file,
        steps={row.action: row.label for row in file.steps},
        notice=notice,
        filled=filled or Filled(),
        most_files=MOST_FILES,
        accepted=",".join(evidence.UPLOADS),
    )
