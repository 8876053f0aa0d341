"""The settings of one platform: the environment first, then what this start decided, then ``local.env``."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from besadu_local.keys import private_key, public_line, service_account_file
from besadu_local.ports import HOST, free_port, is_free

LOCAL_ENV = Path(__file__).parents[1] / "local.env"
QUEUES = (
    "outbox-email",
    "outbox-facebook",
    "outbox-instagram",
    "outbox-sms",
    "outbox-whatsapp",
    "evidence",
    "deadlines",
)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where each part listens."""

    gateway: int
    phone: int
    firestore: int
    tasks: int
    storage: int
    oidc: int
    google: int
    smtp: int

    @classmethod
    def free(cls, gateway: int | None = None) -> "Ports":
        """Free ports; with ``gateway`` that one and those behind it, where they are free."""
        taken: set[int] = set()
        names = ("gateway", "phone", "firestore", "tasks", "storage", "oidc", "google", "smtp")
        chosen = {}
        for step, name in enumerate(names):
            wanted = gateway + step if gateway else None
            # The two that people type are never moved silently: the caller reports them when they are busy.
            keep = wanted is not None and (name in ("gateway", "phone") or (wanted not in taken and is_free(wanted)))
            chosen[name] = wanted if keep and wanted else free_port(taken)
        return cls(**chosen)


def local_env(path: Path = LOCAL_ENV) -> dict[str, str]:
    """``NAME=value`` lines, in order; ``#`` begins a comment line."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def compose(state: Path, ports: Ports, environ: Mapping[str, str]) -> dict[str, str]:
    """All settings by their upper-case names. Makes the keys under ``<state>/keys`` at first."""
    given = local_env()
    decided = {**_addresses(ports), **_keys(state / "keys")}
    chosen = {name: decided.get(name) or value for name, value in given.items()}
    return {name: environ.get(name) or value for name, value in chosen.items()}


def google_credentials(state: Path, ports: Ports, project: str) -> Path:
    """A service-account file for ``google.auth.default()``, so that nothing local ever finds the developer's own."""
    email = f"besadu@{project}.iam.gserviceaccount.com"
    path = state / "keys" / "service-account.json"
    return service_account_file(path, email=email, project=project, token_uri=f"http://{HOST}:{ports.google}/token")


def _addresses(ports: Ports) -> dict[str, str]:
    return {
        "BESADU_PUBLIC_URL": f"http://{HOST}:{ports.gateway}",
        "FUNCTIONS_URL": f"http://{HOST}:{ports.gateway}",
        "INVOKER_ISSUER": f"http://{HOST}:{ports.google}",
        "INVOKER_JWKS_URL": f"http://{HOST}:{ports.google}/certs",
        "META_GRAPH_URL": f"http://{HOST}:{ports.phone}/graph",
        "ANDROID_SMS_URL": f"http://{HOST}:{ports.phone}/sms/android/3rdparty/v1",
        "INFOBIP_URL": f"http://{HOST}:{ports.phone}/sms/infobip",
        "TWILIO_URL": f"http://{HOST}:{ports.phone}/sms/twilio",
        "SMTP_PORT": str(ports.smtp),
        "OIDC_ISSUER": f"http://{HOST}:{ports.oidc}",
        "FIRESTORE_EMULATOR_HOST": f"{HOST}:{ports.firestore}",
        "STORAGE_EMULATOR_HOST": f"http://{HOST}:{ports.storage}",
        "TASKS_EMULATOR_HOST": f"{HOST}:{ports.tasks}",
    }


def _keys(folder: Path) -> dict[str, str]:
    nik = folder / "nik.pem"
    return {
        "NIK_PUBLIC_KEY": public_line(private_key(nik, 3072)),
        "NIK_DECRYPT_KEY": str(nik),
        "NIK_INDEX_KEY": _secret(folder / "nik-index"),
        "SESSION_KEY": _secret(folder / "session"),
        "LINK_KEY": _secret(folder / "link"),
    }


def _secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), "ascii")
    return path.read_text("ascii")
