"""The NIK vault. Intake seals with a public key and cannot open; only the console may ask KMS to open.

A sealed value is the byte 1, the wrapped key (as long as the RSA modulus), the nonce (12 bytes) and the AES-256-GCM
ciphertext: the same form for a NIK and for a raw webhook that holds one. Cloud KMS opens the wrapped key
(RSA_DECRYPT_OAEP_3072_SHA256).
"""

import base64
import hashlib
import hmac
import secrets
import time
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from besadu.config import Settings, secrets_of
from besadu.errors import MissingSetting, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.padding import OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = b"\x01"
_NONCE = 12
_KEY_LIFE = 60.0  # seconds for which what is sealed shares a key
_KMS = "https://cloudkms.googleapis.com/v1/"


def seal(public_key: str, content: bytes) -> bytes:
    """``content`` so that only the private key opens it. ``public_key``: PEM, or one line of base64 DER."""
    cipher, wrapped = _data_key(public_key, int(time.monotonic() // _KEY_LIFE))
    nonce = secrets.token_bytes(_NONCE)
    return _FORM + wrapped + nonce + cipher.encrypt(nonce, content, None)


def open_sealed(settings: Settings, sealed: bytes) -> bytes:
    """What was sealed, with whichever of our keys it was sealed for.

    Raises Refused when it was altered or is for another key, Unavailable when KMS is silent.
    """
    *others, last = secrets_of(settings.nik_decrypt_key)
    for name in others:
        with suppress(Refused):
            return _open_with(name.decode(), sealed)
    return _open_with(last.decode(), sealed)


def _open_with(name: str, sealed: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    unwrap, wrapped_length = _private(name)
    if sealed[:1] != _FORM or len(sealed) < 1 + wrapped_length + _NONCE:
        message = "sealed value of an unknown form"
        raise Refused(message)
    wrapped = sealed[1 : 1 + wrapped_length]
    nonce = sealed[1 + wrapped_length : 1 + wrapped_length + _NONCE]
    try:
        return AESGCM(unwrap(wrapped)).decrypt(nonce, sealed[1 + wrapped_length + _NONCE :], None)
    except (Refused, Unavailable):
        raise
    except Exception as fault:
        # The library raises InvalidTag, ValueError or TypeError, all meaning: not for this key, or altered.
        message = "sealed value cannot be opened"
        raise Refused(message) from fault


def indexes(index_key: str, nik: str) -> tuple[str, ...]:
    """HMACs that match the same NIK, one for each value of the key.

    Keyed, because the few million NIKs of a regency are tried out in seconds.
    """
    return tuple(hmac.new(key, nik.encode(), hashlib.sha256).hexdigest() for key in secrets_of(index_key))


@lru_cache(maxsize=2)
def _data_key(public_key: str, _period: int) -> "tuple[AESGCM, bytes]":
    """A cipher and its key wrapped, new in each period: RSA takes a tenth of a message's processor time.

    Who could read the key in this process reads the messages in it as well. The nonce is random and the key soon gone,
    so that no nonce comes twice.
    """
    # The library is loaded by the first NIK and not at the start: it takes a twentieth of intake's cold start.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = secrets.token_bytes(32)
    return AESGCM(key), _public(public_key).encrypt(key, _oaep())


@cache
def _oaep() -> "OAEP":
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


@cache
def _public(text: str) -> "RSAPublicKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    if "BEGIN" in text:
        key = serialization.load_pem_public_key(text.replace("\\n", "\n").encode())
    else:
        key = serialization.load_der_public_key(base64.b64decode(text))
    if not isinstance(key, rsa.RSAPublicKey):
        message = "NIK_PUBLIC_KEY is not an RSA public key"
        raise MissingSetting(message)
    return key


@cache
def _private(name: str) -> "tuple[Callable[[bytes], bytes], int]":
    """How to unwrap a key, and how long a wrapped one is: through Cloud KMS, or with a file on a single machine."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    if name.startswith("projects/"):
        return lambda wrapped: _kms_unwrap(name, wrapped), 384  # the infrastructure makes 3072-bit keys
    key = serialization.load_pem_private_key(Path(name).read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        message = "NIK_DECRYPT_KEY is not an RSA private key"
        raise MissingSetting(message)
    return lambda wrapped: key.decrypt(wrapped, _oaep()), key.key_size // 8


def _kms_unwrap(name: str, wrapped: bytes) -> bytes:
    """Ask KMS over REST: one call does not pay for its client library in the deployed closure."""
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloudkms"])
    body = {"ciphertext": base64.b64encode(wrapped).decode()}
    try:
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth has no types here
        answer = session.post(f"{_KMS}{name}:asymmetricDecrypt", json=body, timeout=5)
        if answer.status_code == 400:  # wrapped for another version
            raise Refused("KMS cannot open it")
        answer.raise_for_status()
        return base64.b64decode(answer.json()["plaintext"])
    except (OSError, KeyError, ValueError) as fault:
        raise Unavailable(type(fault).__name__) from None
