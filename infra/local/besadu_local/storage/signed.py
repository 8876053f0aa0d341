"""V4 signed URLs, verified as Cloud Storage does: GOOG4-RSA-SHA256 over the canonical request."""

import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from werkzeug import Request

from besadu_local.storage.disk import Refusal

_SKEW = 900  # seconds that a signature may lie in the future
_LONGEST = 7 * 86_400  # seconds


class Verifier:
    """Knows the public keys of the service accounts that may sign."""

    def __init__(self, keys: Mapping[str, rsa.RSAPublicKey]) -> None:
        self._keys = keys

    def check(self, request: Request) -> None:
        """Raises Refusal 403 or 400 unless the URL carries a valid, unexpired signature of a known account."""
        query = request.args
        if "X-Goog-Signature" not in query:
            raise Refusal(403, "AccessDenied", "Anonymous caller does not have storage.objects access.")
        try:
            signed_at = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            lifetime = int(query["X-Goog-Expires"])
            account, scope = query["X-Goog-Credential"].split("/", 1)
            names = query["X-Goog-SignedHeaders"].split(";")
            signature = binascii.unhexlify(query["X-Goog-Signature"])
        except (KeyError, ValueError) as error:
            raise Refusal(400, "AuthenticationQueryParameterError", "A signing parameter is malformed.") from error
        age = (datetime.now(UTC) - signed_at).total_seconds()
        if not -_SKEW <= age <= min(lifetime, _LONGEST):
            raise Refusal(400, "ExpiredToken", "The provided token has expired.")
        digest = hashlib.sha256(_canonical(request, names).encode()).hexdigest()
        message = "\n".join(["GOOG4-RSA-SHA256", query["X-Goog-Date"], scope, digest])
        self._verify(account, signature, message.encode())

    def _verify(self, account: str, signature: bytes, message: bytes) -> None:
        key = self._keys.get(account)
        if key is None:
            raise Refusal(403, "AccessDenied", "The signing account is not known.")
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise Refusal(403, "SignatureDoesNotMatch", "Access denied.") from error


def _canonical(request: Request, names: list[str]) -> str:
    """https://cloud.google.com/storage/docs/authentication/canonical-requests."""
    pairs = sorted((key, value) for key, value in request.args.items(multi=True) if key != "X-Goog-Signature")
    query = "&".join(f"{quote(key, safe='~')}={quote(value, safe='~')}" for key, value in pairs)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    path = request.environ["RAW_URI"].partition("?")[0]
    payload = request.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join([request.method, path, query, headers, ";".join(names), payload])
