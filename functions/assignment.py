"""Door: the agency's desk, opened with a one-ticket link. GET and POST /t/<token>…; nothing else is here."""

import os

import functions_framework
from flask import Request
from werkzeug.wrappers import Response

from besadu import config
from besadu.media import Media
from besadu.pages.desk import create_app
from besadu.pages.wsgi import mount_of, serve
from besadu.queue import Queue
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect

settings = config.load(os.environ, "assignment")
office = Office(settings, open_store(connect(settings)), Queue(settings))
app = create_app(office, Media(settings))


@functions_framework.http
def assignment(request: Request) -> Response:
    """The desk's pages."""
    return serve(app, request, mount_of(settings, "assignment"))
