"""What intake is measured against, each a function of its own under the same functions-framework.

``floor``: one signed webhook as a transaction of one read and three writes, which is what a plain intake does at least.
``bare``: one signed webhook as one new document, with nothing loaded but Firestore. ``hello``: no work at all.
"""

import hashlib
import hmac
import json
import os
from typing import Any

import functions_framework
from flask import Request
from google.api_core.exceptions import AlreadyExists
from google.cloud import firestore

SECRET = os.environ["META_APP_SECRET"].encode()
database = firestore.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"])


@functions_framework.http
def floor(request: Request) -> tuple[str, int]:
    """One read and three writes in one transaction."""
    message = _message(request)
    if message is None:
        return "refused", 403
    return _handle(database.transaction(), message), 200


@functions_framework.http
def bare(request: Request) -> tuple[str, int]:
    """One create."""
    message = _message(request)
    if message is None:
        return "refused", 403
    try:
        database.collection("inbox").document(_key(message)).create({"raw": request.get_data()})
    except AlreadyExists:
        return "known", 200
    return "ok", 200


@functions_framework.http
def hello(_request: Request) -> tuple[str, int]:
    """Nothing: what the load generator can reach."""
    return "ok", 200


@firestore.transactional
def _handle(transaction: firestore.Transaction, message: dict[str, Any]) -> str:
    key, sender, text = _key(message), message["from"], message["text"]["body"]
    inbox = database.collection("inbox").document(key)
    if inbox.get(transaction=transaction).exists:
        return "known"
    transaction.create(inbox, {"from": sender, "at": firestore.SERVER_TIMESTAMP})
    transaction.create(database.collection("complaints").document(key), {"from": sender, "text": text})
    transaction.create(database.collection("outbox").document(key), {"to": sender, "state": "pending"})
    return "ok"


def _message(request: Request) -> dict[str, Any] | None:
    raw = request.get_data()
    expected = "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), request.headers.get("X-Hub-Signature-256", "").encode()):
        return None
    message: dict[str, Any] = json.loads(raw)["entry"][0]["changes"][0]["value"]["messages"][0]
    return message


def _key(message: dict[str, Any]) -> str:
    return hashlib.sha256(message["id"].encode()).hexdigest()
