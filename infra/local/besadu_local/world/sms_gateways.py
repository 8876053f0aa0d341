"""What the simulated SMS gateways have in common."""

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask import Response, request

from besadu_local.world import failures
from besadu_local.world.store import WorldStore


@dataclass(frozen=True, kw_only=True)
class Text:
    """One SMS. ``number`` is the other side: E.164 with plus, or a business's name or short code."""

    id: str
    gateway: str
    number: str
    words: str
    at: datetime


class Gateway(Protocol):
    """A provider at the edge of the mobile network."""

    name: str
    title: str

    def new_id(self) -> str:
        """The id of a text that a citizen sends."""

    def bundled(self, texts: Sequence[Text]) -> Iterable[Sequence[Text]]:
        """The texts as they go into webhooks: one by one, or in batches."""

    def inbound(self, texts: Sequence[Text]) -> bytes:
        """The webhook that brings texts to BESADU."""

    def headers(self, url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        """What proves who sends a webhook."""

    def news(self, text: Text, *, failed: bool) -> Iterable[bytes]:
        """The webhooks that tell how far a text of BESADU's got, in their order."""


def planned(store: WorldStore) -> tuple[dict[str, Any], bool]:
    """The failure that this call must show, and whether the call breaks; see ``failures.plan``.

    For a gateway an ``error`` has ``status``, ``code`` and ``details``, in the gateway's own form.
    """
    spec = failures.take(store, "send") or {}
    return spec, spec.get("mode") not in (None, "status")


def broken(spec: Mapping[str, Any], own_form: Response) -> Response:
    """The failing answer: a gateway's own form of an error, or what happens on the way."""
    if spec["mode"] != "error":
        return failures.show(spec, request)
    own_form.status_code = int(spec.get("status", 500))
    if "retry_after" in spec:
        own_form.headers["Retry-After"] = str(spec["retry_after"])
    return own_form


def authorised(scheme: str, secret: str) -> bool:
    """Whether the call brings ``secret`` (for Basic: ``user:password``) under this scheme."""
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    packed = base64.b64encode(secret.encode()) if scheme == "Basic" else secret.encode()
    return hmac.compare_digest(given, scheme.encode() + b" " + packed)
