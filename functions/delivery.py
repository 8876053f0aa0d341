"""Door: replies out. Task POST /send {"id"} sends one message of the outbox to its channel.

With {"sender"} it is a prompt that still stands in the head of that conversation.
200: nothing more to do for this task; what is left stands in the outbox, and the sweep finds it. 503: run it again.
"""

import os

import functions_framework
from flask import Request, Response

from besadu import config, invoker, logs
from besadu.errors import Refused, Unavailable
from besadu.queue import Queue
from besadu.services import delivery as service
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect

MOST_BODY = 10_000  # bytes

settings = config.load(os.environ, "delivery")
office = Office(settings, open_store(connect(settings)), Queue(settings))


@functions_framework.http
def delivery(request: Request) -> Response:
    """One task."""
    request.max_content_length = MOST_BODY
    try:
        invoker.verify(dict(request.headers), settings, "delivery")
        if (request.method, request.path) != ("POST", "/send"):
            return Response("not found", 404)
        body = request.get_json(silent=True) or {}
        outbox_id, sender_key = body.get("id"), body.get("sender", "")
        if not (isinstance(outbox_id, str) and outbox_id.isalnum() and _is_key(sender_key)):
            return Response("no such message", 400)
        again = request.headers.get("X-CloudTasks-TaskRetryCount", "0") != "0"
        done = service.send(office, outbox_id, sender_key=sender_key, again=again)
    except Refused:
        return Response("refused", 403)
    except Unavailable as fault:
        logs.warning("delivery_unavailable", fault=str(fault))
        return Response("try again", 503)
    logs.info("delivery", outbox=outbox_id, done=done)
    return Response(done, 200)


def _is_key(text: object) -> bool:
    return isinstance(text, str) and (text == "" or text.isalnum())
