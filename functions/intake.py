"""Door: channel webhooks. POST below one of the registry's paths, or a step of a call; GET is Meta's handshake.

200: stored, or known before. 403: not from the provider, nothing was touched. 503: not stored, send it again.
"""

import gc
import os

gc.disable()  # what is imported stays: looking through it for garbage takes a tenth of a cold start

import functions_framework  # noqa: E402 - the pause must come before the imports it is for
from flask import Request, Response  # noqa: E402

from besadu import config, logs  # noqa: E402
from besadu.channels import ANSWERS, HANDSHAKES, SOURCES, meta  # noqa: E402
from besadu.channels.webhook import Webhook  # noqa: E402
from besadu.errors import Unavailable  # noqa: E402
from besadu.queue import Queue  # noqa: E402
from besadu.services.intake import receive  # noqa: E402
from besadu.services.office import Office  # noqa: E402
from besadu.store import open_store  # noqa: E402
from besadu.store.client import connect  # noqa: E402

TELEPHONE = "/telephone/"  # a call is led step by step, each with an answer of its own
_PLAIN = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
MOST_BODY = 3_500_000  # bytes; Meta sends up to 3 MB. functions-framework itself sets no limit.

settings = config.load(os.environ, "intake")
office = Office(settings, open_store(connect(settings)), Queue(settings))
gc.freeze()
gc.enable()


@functions_framework.http
def intake(request: Request) -> Response:
    """One webhook."""
    path = request.path.rstrip("/")
    if path.startswith(TELEPHONE) and request.method == "POST":
        # Imported here: calls are few, and a first message waits for nothing that it does not need.
        from besadu.services import telephone

        body, content_type, status = telephone.handle(office, _webhook(request, path))
        return Response(body, status, content_type=content_type)
    if path not in SOURCES:
        return _plain("not found", 404)
    if request.method == "GET" and path in HANDSHAKES:
        challenge = meta.handshake(request.args, settings.meta_verify_token)
        return _plain(challenge, 200) if challenge else _plain("refused", 403)
    if request.method != "POST":
        return _plain("method not allowed", 405)
    return _take(_webhook(request, path))


def _take(webhook: Webhook) -> Response:
    if not SOURCES[webhook.path].authentic(webhook, settings):
        # An error, not a warning: with a wrong secret all genuine traffic ends here.
        logs.error("signature_refused", path=webhook.path)
        return _plain("refused", 403)
    try:
        receive(office, webhook)
    except Unavailable as fault:
        logs.error("not_stored", path=webhook.path, fault=str(fault))
        return _plain("try again", 503)
    if webhook.path in ANSWERS:
        body, content_type = ANSWERS[webhook.path](webhook)
        return Response(body, 200, content_type=content_type)
    return _plain("ok", 200)


def _webhook(request: Request, path: str) -> Webhook:
    request.max_content_length = MOST_BODY
    query = request.query_string.decode("latin-1")
    return Webhook(
        method=request.method,
        path=path,
        url=f"{settings.besadu_public_url}/intake{path}" + (f"?{query}" if query else ""),
        query=query,
        headers=dict(request.headers),
        # Whatever looks at the form before leaves an empty body behind.
        raw=request.get_data(),
        received_at=office.now(),
    )


def _plain(text: str, status: int) -> Response:
    return Response(text.encode(), status, headers=_PLAIN)
