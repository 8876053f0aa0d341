"""What the simulated world must agree on with BESADU: the same variables that BESADU's functions read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from besadu_local.ports import HOST


@dataclass(frozen=True, kw_only=True)
class SmsSettings:
    """What the three SMS gateways agreed on with BESADU; each has one value of a secret."""

    gateway: str = "android"  # whose number citizens write to at first
    android_user: str = "besadu"
    android_password: str = "local-android-sms-password"  # noqa: S105 - for this machine only
    android_signing_key: str = "local-android-sms-signing-key"
    infobip_api_key: str = "local-infobip-api-key"
    infobip_webhook_user: str = "infobip"
    infobip_webhook_password: str = "local-infobip-webhook-password"  # noqa: S105 - for this machine only
    twilio_account_sid: str = "AC00000000000000000000000000000001"
    twilio_auth_token: str = "local-twilio-auth-token"  # noqa: S105 - for this machine only
    twilio_number: str = "+62719000000"


@dataclass(frozen=True, kw_only=True)
class SmtpSettings:
    """Where the mail server listens, and whom it lets in. Port 0: there is none."""

    port: int = 0
    user: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """``public_url`` is where BESADU listens; secrets are the ones that it verifies with and is verified by."""

    state: Path
    public_url: str
    graph_origin: str  # scheme, host and port of the simulated Graph API
    app_secret: str
    access_token: str
    phone_number_id: str
    facebook_page_id: str = "100000000000002"
    instagram_account_id: str = "17841400000000003"
    sms: SmsSettings = SmsSettings()
    smtp: SmtpSettings = SmtpSettings()
    display_number: str = "62719000000"
    read_after: float = 1.5  # seconds until a reply counts as read although nobody looked; see /control/settings

    def door(self, path: str) -> str:
        """Where BESADU takes a provider's calls."""
        return f"{self.public_url.rstrip('/')}/intake/{path}"


def load(environ: Mapping[str, str]) -> WorldSettings:
    """Raises KeyError with the name of the variable that is missing."""
    return WorldSettings(
        state=Path(environ["BESADU_STATE"]),
        public_url=environ["BESADU_PUBLIC_URL"],
        graph_origin=_origin(environ["META_GRAPH_URL"]),
        app_secret=_first(environ["META_APP_SECRET"]),
        access_token=_first(environ["META_ACCESS_TOKEN"]),
        phone_number_id=environ["WHATSAPP_PHONE_NUMBER_ID"],
        facebook_page_id=environ["FACEBOOK_PAGE_ID"],
        instagram_account_id=environ["INSTAGRAM_ACCOUNT_ID"],
        smtp=SmtpSettings(
            port=int(environ["SMTP_PORT"]) if environ["SMTP_HOST"] == HOST else 0,
            user=environ["SMTP_USER"],
            password=_first(environ["SMTP_PASSWORD"]),
        ),
        sms=SmsSettings(
            gateway=environ["SMS_GATEWAY"],
            android_user=environ["ANDROID_SMS_USER"],
            android_password=_first(environ["ANDROID_SMS_PASSWORD"]),
            android_signing_key=_first(environ["ANDROID_SMS_SIGNING_KEY"]),
            infobip_api_key=_first(environ["INFOBIP_API_KEY"]),
            infobip_webhook_user=_first(environ["INFOBIP_WEBHOOK_USER"]),
            infobip_webhook_password=_first(environ["INFOBIP_WEBHOOK_PASSWORD"]),
            twilio_account_sid=environ["TWILIO_ACCOUNT_SID"],
            twilio_auth_token=_first(environ["TWILIO_AUTH_TOKEN"]),
            twilio_number=environ["TWILIO_NUMBER"],
        ),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _first(secret: str) -> str:
    """During a rotation a secret holds two values; a provider has one."""
    return secret.partition(",")[0].strip()
