"""Signed WhatsApp webhooks, each a new message of a new citizen."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator

# By turns a plain complaint and one with all in it, whose NIK is checked, sealed and masked. The NIK is synthetic.
STORIES = (
    "Jalan di depan SD Negeri 5 Tanjungpandan rusak berat dan berlubang, sudah ada yang jatuh. Mohon ditindaklanjuti.",
    "Lampu jalan di Desa Air Saga padam sejak dua minggu lalu, gelap sekali. NIK saya 1902014708900001. Terima kasih.",
)


def signed(secret: str, account: str, count: int) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Body and headers of ``count`` webhooks for the business number ``account``; no sender or message comes twice."""
    first = secrets.randbelow(9 * 10**8)
    for number in range(first, first + count):
        body = json.dumps(_payload(f"62812{number:09d}", account, STORIES[number % 2]), separators=(",", ":")).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        yield body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}


def _payload(sender: str, account: str, text: str) -> dict[str, object]:
    message = {
        "from": sender,
        "id": f"wamid.{secrets.token_hex(20)}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "62719000000", "phone_number_id": account},
        "contacts": [{"profile": {"name": "Budi Santoso"}, "wa_id": sender}],
        "messages": [message],
    }
    change = {"value": value, "field": "messages"}
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}
