"""Door: evidence into the bucket, and pictures out of it.

POST /fetch {"id"} is a task: bring one file from its provider. 200: done, or a task for the next try stands.
503: run it again. POST /tidy is a task of each hour: take away what a crash left in the bucket. GET /gambar/<token> is
for providers: one picture of an agency's answer, by a link that expires.
/kirim/<token> is for citizens: the page for large files, by a link that expires, too. /unggah/<token> is what the pages
of the console and of the desk ask before and after they send a file to the bucket.
"""

import os
import re

import functions_framework
from flask import Request, Response

from besadu import config, invoker, logs
from besadu.errors import Refused, Unavailable
from besadu.media import Media
from besadu.pages import viewing
from besadu.pages.files import part_response
from besadu.pages.upload import create_app
from besadu.pages.wsgi import mount_of, serve
from besadu.queue import Queue
from besadu.services import evidence, tidying
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect

MOST_BODY = 10_000  # bytes

settings = config.load(os.environ, "attachments")
office = Office(settings, open_store(connect(settings)), Queue(settings))
media = Media(settings)
app = create_app(office, media)


@functions_framework.http
def attachments(request: Request) -> Response:
    """A task, a provider that fetches a picture, or a citizen with a large file."""
    if request.path.startswith(("/kirim/", "/unggah/", "/assets/")):
        return serve(app, request, mount_of(settings, "attachments"))
    request.max_content_length = MOST_BODY
    try:
        return _task_or_picture(request)
    except Refused:
        return Response("refused", 403)
    except Unavailable as fault:
        logs.warning("attachments_unavailable", fault=str(fault))
        return Response("try again", 503)


def _task_or_picture(request: Request) -> Response:
    if request.method == "POST" and request.path == "/fetch":
        return _fetch(request)
    if request.method == "POST" and request.path == "/tidy":
        invoker.verify(dict(request.headers), settings, "attachments")
        tidying.tidy(office, media)
        return Response("tidied", 200)
    if request.method in ("GET", "HEAD") and request.path.startswith("/gambar/"):
        item = evidence.picture(office, request.path.removeprefix("/gambar/"))
        # A photo goes without what the officer's phone wrote beside it, a letter as the office wrote it.
        view = item.rendition("view") if item.mime.startswith("image/") else None
        part = viewing.rendered(item, view) if view else viewing.original(item, inline=False)
        return part_response(media, part, request)
    return Response("not found", 404)


def _fetch(request: Request) -> Response:
    invoker.verify(dict(request.headers), settings, "attachments")
    said = request.get_json(silent=True)
    body = said if isinstance(said, dict) else {}
    evidence_id = body.get("id")
    if not isinstance(evidence_id, str) or not re.fullmatch(r"[A-Za-z0-9-]{1,80}", evidence_id):
        return Response("no such file", 400)
    # A task that Cloud Tasks repeats, or that the sweep made, may follow a worker that died: it is counted beforehand.
    again = request.headers.get("X-CloudTasks-TaskRetryCount", "0") != "0" or bool(body.get("again"))
    outcome = evidence.fetch(office, media, evidence_id, again=again)
    return Response(outcome, 503 if outcome in ("busy", "retry") else 200)
