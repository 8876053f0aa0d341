"""Google's part in OIDC: signs the tokens that Cloud Tasks and Cloud Scheduler send along, and shows the keys."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from besadu_local.keys import private_key

_LIFETIME = 3600  # seconds, as Google's


class Signer:
    """Signs with the key in ``key_file``, so that all processes of a platform sign alike, also after a restart."""

    def __init__(self, key_file: Path, issuer: str) -> None:
        self.issuer = issuer
        self._key: rsa.RSAPrivateKey = private_key(key_file, 2048)

    def token(self, *, email: str, audience: str) -> str:
        """An identity token of the service account ``email`` for ``audience``. In real time, as verifiers are."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": email,
            "azp": email,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        return jwt.encode(claims, self._key, "RS256", headers={"kid": "local"})

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": "local", "alg": "RS256", "use": "sig"}]}
