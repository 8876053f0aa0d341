"""Door: channel webhooks. POST /whatsapp takes messages and receipts, GET /whatsapp is Meta's handshake.

200: stored, or known before. 403: not signed by the provider, nothing was touched. 503: not stored, send it again.
"""

import os

import functions_framework
from flask import Request, Response

from besadu import config, logs
from besadu.channels import CHANNELS, meta
from besadu.errors import Unavailable
from besadu.queue import Queue
from besadu.services.intake import receive
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect

MOST_BODY = 3_500_000  # bytes; Meta sends up to 3 MB. functions-framework itself sets no limit.
META_CHANNELS = {"/whatsapp": "whatsapp"}

settings = config.load(os.environ, "intake")
office = Office(settings, open_store(connect(settings)), Queue(settings))


@functions_framework.http
def intake(request: Request) -> Response:
    """One webhook."""
    channel = META_CHANNELS.get(request.path.rstrip("/"))
    if channel is None:
        return _plain("not found", 404)
    if request.method == "GET":
        challenge = meta.handshake(request.args, settings.meta_verify_token)
        return _plain(challenge, 200) if challenge else _plain("refused", 403)
    if request.method != "POST":
        return _plain("method not allowed", 405)
    request.max_content_length = MOST_BODY
    # The raw bytes first: whatever looks at the form before leaves an empty body behind.
    raw = request.get_data()
    if not CHANNELS[channel].verify(raw, dict(request.headers), settings.meta_app_secret):
        # An error, not a warning: with a wrong META_APP_SECRET all genuine traffic ends here.
        logs.error("signature_refused", channel=channel)
        return _plain("refused", 403)
    try:
        receive(office, channel, raw)
    except Unavailable as fault:
        logs.error("not_stored", channel=channel, fault=str(fault))
        return _plain("try again", 503)
    return _plain("ok", 200)


def _plain(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain", headers={"X-Content-Type-Options": "nosniff"})
