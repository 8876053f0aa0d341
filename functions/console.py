"""Door: the console, where staff sign in and work. Every path is a page of ``besadu.pages.console``."""

import os

import functions_framework
from flask import Request, Response

from besadu import config
from besadu.media import Media
from besadu.pages.console import FUNCTION, create_app
from besadu.pages.wsgi import mount_of, serve
from besadu.queue import Queue
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect, connect_audit

settings = config.load(os.environ, FUNCTION)
office = Office(settings, open_store(connect(settings), connect_audit(settings)), Queue(settings))
app = create_app(office, Media(settings))


@functions_framework.http
def console(request: Request) -> Response:
    """The console's pages."""
    return serve(app, request, mount_of(settings, FUNCTION))
