"""What the simulated world must agree on with BESADU: the same variables that BESADU's functions read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """``public_url`` is where BESADU listens; secrets are the ones that it verifies with and is verified by."""

    state: Path
    public_url: str
    graph_origin: str  # scheme, host and port of the simulated Graph API
    app_secret: str
    access_token: str
    phone_number_id: str
    display_number: str = "62719000000"
    read_after: float = 1.5  # seconds until a reply counts as read although nobody looked; see /control/settings

    @property
    def webhook(self) -> str:
        return f"{self.public_url.rstrip('/')}/intake/whatsapp"


def load(environ: Mapping[str, str]) -> WorldSettings:
    """Raises KeyError with the name of the variable that is missing."""
    return WorldSettings(
        state=Path(environ["BESADU_STATE"]),
        public_url=environ["BESADU_PUBLIC_URL"],
        graph_origin=_origin(environ["META_GRAPH_URL"]),
        app_secret=_first(environ["META_APP_SECRET"]),
        access_token=_first(environ["META_ACCESS_TOKEN"]),
        phone_number_id=environ["WHATSAPP_PHONE_NUMBER_ID"],
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _first(secret: str) -> str:
    """During a rotation a secret holds two values; a provider has one."""
    return secret.partition(",")[0].strip()
