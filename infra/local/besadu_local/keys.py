"""Key material of a development machine: made at first start, kept in the state folder, never in the repository."""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def private_key(path: Path, bits: int) -> rsa.RSAPrivateKey:
    """The RSA key in this PEM file; it is made when the file is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(_pem(key))
        fresh.replace(path)
    key_read = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key_read, rsa.RSAPrivateKey):
        message = f"{path} holds no RSA key"
        raise TypeError(message)
    return key_read


def public_line(key: rsa.RSAPrivateKey) -> str:
    """The public half as one line: base64 of the DER SubjectPublicKeyInfo."""
    encoded = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(encoded).decode("ascii")


def service_account_file(path: Path, *, email: str, project: str, token_uri: str) -> Path:
    """A Google service-account file whose signatures our Storage stand-in accepts and nobody else does."""
    key = private_key(path.with_suffix(".pem"), 2048)
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "local",
        "private_key": _pem(key).decode("ascii"),
        "client_email": email,
        "client_id": "0",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account, indent=2), "utf-8")
    path.chmod(0o600)
    return path


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
