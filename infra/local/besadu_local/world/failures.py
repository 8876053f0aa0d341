"""Failing on purpose: the next answers of a place go wrong as they were told to."""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

from flask import Request, Response, jsonify

from besadu_local.world.graph_rules import GraphError
from besadu_local.world.store import WorldStore

PLACES = ("send", "media", "download", "delete")
MODES = ("error", "html", "reset", "status", "timeout")


def plan(store: WorldStore, spec: Mapping[str, Any]) -> None:
    """Remember that the next ``times`` calls at ``place`` fail. Raises ValueError for an unknown place or mode.

    ``mode``: ``error`` (an error object with ``code`` and ``subcode`` under ``status``, which may be 200, and
    ``retry_after``), ``html`` (a gateway's page under ``status``), ``reset`` (the connection breaks), ``timeout`` (no
    answer for ``seconds``), ``status`` (WhatsApp: taken, then a failed status with ``code``). With ``accepted``, what
    is reset or timed out is sent all the same.
    """
    place, mode = spec.get("place", "send"), spec.get("mode", "error")
    if place not in PLACES or mode not in MODES:
        message = f"place is one of {PLACES}, mode one of {MODES}"
        raise ValueError(message)
    kept = {**spec, "mode": mode}
    store.insert("failures", {"place": place, "left": int(spec.get("times", 1)), "spec": json.dumps(kept)})


def take(store: WorldStore, place: str) -> dict[str, Any] | None:
    """The failure that this call must show, used up by one."""
    with store.together():
        found = store.row("select * from failures where place = ? and left > 0 order by seq limit 1", place)
        if found is None:
            return None
        store.run("update failures set left = left - 1 where seq = ?", found["seq"])
    return dict(json.loads(found["spec"]))


def show(spec: Mapping[str, Any], request: Request) -> Response:
    """The failing answer itself; for a reset the connection is gone before anything is written."""
    mode, status = spec["mode"], int(spec.get("status", 500))
    if mode == "timeout":
        time.sleep(float(spec.get("seconds", 15)))
        return Response(status=504)
    if mode == "reset":
        connection: socket.socket = request.environ["werkzeug.socket"]
        connection.shutdown(socket.SHUT_RDWR)  # the server still holds the file number; this ends the talk at once
        return Response(status=500)
    if mode == "html":
        page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        return Response(page, status=int(spec.get("status", 502)), mimetype="text/html")
    answer = jsonify(
        GraphError(
            int(spec.get("code", 131000)), str(spec.get("details", "planned failure")), subcode=spec.get("subcode")
        ).body("planned")
    )
    answer.status_code = status
    if "retry_after" in spec:
        answer.headers["Retry-After"] = str(spec["retry_after"])
    return answer
