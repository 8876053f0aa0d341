"""Door: the public page. GET / says what BESADU is, GET /lacak?nomor=… how far a complaint got."""

import os

import functions_framework
from flask import Request
from werkzeug.wrappers import Response

from besadu import config
from besadu.pages.portal import create_app
from besadu.pages.wsgi import mount_of, serve
from besadu.queue import Queue
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect

settings = config.load(os.environ, "portal")
office = Office(settings, open_store(connect(settings)), Queue(settings))
app = create_app(office)


@functions_framework.http
def portal(request: Request) -> Response:
    """The public pages."""
    return serve(app, request, mount_of(settings, "portal"))
