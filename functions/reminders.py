"""Door: follow-up. Schedules and two kinds of tasks.

POST /deadline {"ticket", …} looks at one deadline, POST /tell {"post"} makes a post's message of the day, and the
schedule POST /sweep finds what lost its task. The schedule POST /standing writes into the log what the office owes.

200: done, or nothing to do any more. 503: run it again.
"""

import os

import functions_framework
from flask import Request, Response

from besadu import config, invoker, logs
from besadu.domain import ticket as tickets
from besadu.errors import Conflict, Refused, Unavailable
from besadu.queue import Queue
from besadu.services import followup, reminding, standing
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect

MOST_BODY = 10_000  # bytes

settings = config.load(os.environ, "reminders")
office = Office(settings, open_store(connect(settings)), Queue(settings))


@functions_framework.http
def reminders(request: Request) -> Response:
    """One task or one sweep."""
    request.max_content_length = MOST_BODY
    try:
        invoker.verify(dict(request.headers), settings, "reminders")
        match (request.method, request.path):
            case ("POST", "/sweep"):
                followup.sweep(office)
                done = "swept"
            case ("POST", "/standing"):
                standing.report(office)
                done = "reported"
            case ("POST", "/deadline"):
                ticket = tickets.parse(_field(request, "ticket"))
                done = followup.look(office, ticket) if ticket else "no such complaint"
            case ("POST", "/tell"):
                done = reminding.tell(office, _field(request, "post"))
            case _:
                return Response("not found", 404)
    except Refused:
        return Response("refused", 403)
    except (Unavailable, Conflict) as fault:
        logs.warning("reminders_unavailable", fault=type(fault).__name__)
        return Response("try again", 503)
    return Response(done, 200)


def _field(request: Request, name: str) -> str:
    body = request.get_json(silent=True)
    return str(body.get(name, "")) if isinstance(body, dict) else ""
