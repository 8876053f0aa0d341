"""Who may run a task or a schedule: the bearer of an OIDC token of our own service account, for this very function.

Cloud Run checks it for the private functions. It is checked here too, because `attachments` has a public path beside
its task, and a header such as X-CloudTasks-TaskName proves nothing.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from besadu import logs
from besadu.config import Settings
from besadu.errors import Refused, Unavailable

if TYPE_CHECKING:
    from jwt import PyJWKClient


def verify(headers: Mapping[str, str], settings: Settings, function: str) -> None:
    """Raises Refused unless the caller is the invoker account, Unavailable when the issuer's keys cannot be fetched."""
    import jwt

    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        message = "no bearer token"
        raise Refused(message)
    try:
        key = _keys(settings.invoker_jwks_url).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=f"{settings.functions_url}/{function}",
            issuer=settings.invoker_issuer,
            leeway=30,
            options={"require": ["exp", "iat", "email"]},
        )
    except jwt.PyJWKClientConnectionError as fault:
        raise Unavailable(type(fault).__name__) from None
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as fault:
        logs.warning("invoker_refused", function=function, fault=type(fault).__name__)
        raise Refused(type(fault).__name__) from None
    if claims["email"] != settings.invoker_account or not claims.get("email_verified"):
        message = "another account"
        raise Refused(message)


@cache
def _keys(url: str) -> "PyJWKClient":
    from jwt import PyJWKClient

    return PyJWKClient(url, cache_keys=True, lifespan=3600, timeout=5)
