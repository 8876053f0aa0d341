"""A request from a provider, as the channels see it: no framework's object, and no address taken from the request."""

from collections.abc import Mapping
from datetime import datetime

from besadu.frozen import dataclass


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One call of a provider.

    ``url`` is the public address, built from the configured base: behind Google's front end the request itself says
    ``http`` and a host of the inside, and signatures over the address would fail.
    """

    method: str
    path: str  # below /intake: "/sms/twilio"
    url: str  # with the query
    query: str  # as it came, undecoded
    headers: Mapping[str, str]
    raw: bytes  # the body as it came
    received_at: datetime  # aware, UTC
