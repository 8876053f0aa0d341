"""The Graph API as BESADU sees it: send a message, ask for a file's address, fetch the file."""

import hmac
import secrets
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from besadu_local.world import failures
from besadu_local.world.accounts import Accounts
from besadu_local.world.graph_rules import GraphError, address, check
from besadu_local.world.page_rules import PageError, recipient
from besadu_local.world.store import person_id
from besadu_local.world.tabs import network
from besadu_local.world.whatsapp import WhatsApp

graph = Blueprint("graph", __name__, url_prefix="/graph")


def _whatsapp() -> WhatsApp:
    return current_app.extensions["whatsapp"]  # type: ignore[no-any-return]


@graph.errorhandler(GraphError)
def refused(error: GraphError) -> ResponseReturnValue:
    return jsonify(error.body(f"A{secrets.token_urlsafe(12)}")), error.status


@graph.before_request
def bearer() -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = _whatsapp().settings.access_token.encode()
    if scheme != "Bearer" or not hmac.compare_digest(token.encode("utf-8", "surrogateescape"), expected):
        raise GraphError(190, "Invalid OAuth access token.", status=401)


@graph.post("/<account>/messages")
@graph.post("/<_version>/<account>/messages")
def messages(account: str, _version: str = "") -> ResponseReturnValue:
    whatsapp = _whatsapp()
    settings = whatsapp.settings
    if account not in (settings.phone_number_id, settings.facebook_page_id, settings.instagram_account_id):
        raise GraphError(100, "Unsupported post request. Object does not exist.", subcode=33)
    frame: Any = request.get_json(force=True, silent=True)
    planned = failures.take(whatsapp.store, "send") or {}
    breaks = planned.get("mode") not in (None, "status")
    if breaks and not planned.get("accepted"):
        return failures.show(planned, request)
    if account != settings.phone_number_id:
        sent = _to_account(frame, account)
        return failures.show(planned, request) if breaks else sent
    if isinstance(frame, dict) and frame.get("status") == "read":
        return jsonify({"success": True})
    to = address(frame) if isinstance(frame, dict) else ""
    check(frame, window_open=whatsapp.window_open(person_id(to)), templates=whatsapp.templates)
    message_id, _ = whatsapp.accept(frame)
    fails_later = planned.get("mode") == "status"
    whatsapp.travel(message_id, failed=int(planned.get("code", 131026)) if fails_later else None)
    if breaks:
        return failures.show(planned, request)
    contact = {"input": to, **({"wa_id": to} if to.isdigit() else {"user_id": to})}
    return jsonify({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]})


def _to_account(frame: Any, account: str) -> ResponseReturnValue:  # noqa: ANN401 - whatever the JSON holds
    """Send from the page or the Instagram account. A person's id is of the one network or of the other."""
    to = recipient(frame)
    only = ("instagram",) if account == _whatsapp().settings.instagram_account_id else ("facebook", "instagram")
    for channel in only:
        person = _whatsapp().store.person(person_id(to, channel))
        if person:
            accounts: Accounts = network(channel)
            mid = accounts.accept(frame, person)
            accounts.travel(mid)
            return jsonify({"recipient_id": to, "message_id": mid})
    raise PageError(100, "No matching user found", subcode=2018001)


@graph.get("/<media_id>")
@graph.get("/<_version>/<media_id>")
def media(media_id: str, _version: str = "") -> ResponseReturnValue:
    whatsapp = _whatsapp()
    if planned := failures.take(whatsapp.store, "media"):
        return failures.show(planned, request)
    kept = whatsapp.store.row("select * from media where id = ?", media_id)
    if kept is None:
        raise GraphError(100, "Unsupported get request. Object does not exist.", subcode=33)
    return jsonify(
        {
            "url": f"{request.host_url.rstrip('/')}{whatsapp.media_path(media_id)}",
            "mime_type": kept["mime"],
            "sha256": kept["sha256"],
            "file_size": kept["size"],
            "id": media_id,
            "messaging_product": "whatsapp",
        }
    )


@graph.get("/lookaside/<token>")
def download(token: str) -> ResponseReturnValue:
    whatsapp = _whatsapp()
    if planned := failures.take(whatsapp.store, "download"):
        return failures.show(planned, request)
    kept = whatsapp.linked(token)
    if kept is None:
        return Response(status=404)
    return Response(whatsapp.store.content(kept["id"]), content_type=kept["mime"])
