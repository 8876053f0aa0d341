"""The CDN from which files of Facebook and Instagram are fetched: the address is the permission, a token is refused."""

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from besadu_local.world import failures

cdn = Blueprint("cdn", __name__, url_prefix="/cdn")


@cdn.get("/<token>/<_name>")
def file(token: str, _name: str) -> ResponseReturnValue:
    whatsapp = current_app.extensions["whatsapp"]
    if "Authorization" in request.headers:
        return Response("a bearer was sent to the CDN", 400)
    if planned := failures.take(whatsapp.store, "download"):
        return failures.show(planned, request)
    kept = whatsapp.linked(token)
    if kept is None:
        return Response("URL signature expired", 403)
    return Response(whatsapp.store.content(kept["id"]), content_type=kept["mime"])
