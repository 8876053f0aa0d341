"""Every setting, documented once. The same names stand in infra, in local.env and in the README; a test compares them.

A door names what it needs (``NEEDS``); a missing value stops its start with its name, never the first request.
An unset secret refuses; it never opens. During a rotation a secret may hold two values separated by a comma: both
verify, the first signs (see ``secrets_of``).
"""

from collections.abc import Mapping
from dataclasses import fields

from besadu.errors import MissingSetting
from besadu.frozen import dataclass

GRAPH_URL = "https://graph.facebook.com/v26.0"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of all doors; what a door was not given is empty."""

    # The service itself
    besadu_public_url: str = ""  # public base address of the functions, no trailing slash
    functions_url: str = ""  # base address that tasks and schedules call: always Google's own
    google_cloud_project: str = ""
    firestore_database: str = "(default)"  # another one after a restore
    audit_database: str = "besadu-audit"  # of what managers changed; the console alone may read and add to it
    evidence_bucket: str = ""
    tasks_location: str = "asia-southeast2"

    # Who may call the private paths (tasks and schedules)
    invoker_account: str = ""  # e-mail of the service account whose OIDC tokens are let in
    invoker_issuer: str = "https://accounts.google.com"
    invoker_jwks_url: str = "https://www.googleapis.com/oauth2/v3/certs"

    # Meta: WhatsApp, Facebook, Instagram. The last two are optional.
    meta_app_secret: str = ""
    meta_verify_token: str = ""
    meta_access_token: str = ""
    meta_graph_url: str = GRAPH_URL
    whatsapp_phone_number_id: str = ""

    facebook_page_id: str = ""
    facebook_page_token: str = ""  # unset: the access token above serves the page too
    instagram_account_id: str = ""

    # SMS: which gateway sends, and the settings of each that is connected
    sms_gateway: str = ""  # android, infobip or twilio
    android_sms_url: str = ""  # of the private server, with its path
    android_sms_user: str = ""
    android_sms_password: str = ""
    android_sms_signing_key: str = ""
    infobip_url: str = ""
    infobip_api_key: str = ""
    infobip_sender: str = "BESADU"  # the name or number that the operator has registered for us
    infobip_webhook_user: str = ""
    infobip_webhook_password: str = ""

    # Telephone, and SMS over Twilio
    twilio_url: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_number: str = ""  # E.164, with the plus
    pbx_signing_key: str = ""  # an own telephone exchange

    # E-mail to posts. TLS is required unless the server is on this machine.
    smtp_host: str = ""
    smtp_port: str = "587"  # 465 speaks TLS from the start, any other after STARTTLS
    smtp_user: str = ""  # unset: the server wants no sign-in
    smtp_password: str = ""
    smtp_from: str = ""  # as the reader sees it: an address, or a name and <an address>

    # The NIK vault
    nik_public_key: str = ""  # PEM, seals
    nik_decrypt_key: str = ""  # Cloud KMS key version names, or paths to PEM files; open
    nik_index_key: str = ""  # HMAC key for matching, at least 32 characters

    # Staff sign-in and links
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    session_key: str = ""  # signs the console's cookie and forms
    link_key: str = ""  # signs one-ticket links

    # Evidence
    clamd_address: str = ""  # host:port of ClamAV's daemon; unset: files are not scanned

    # Emulators, set on the local platform only
    firestore_emulator_host: str = ""
    storage_emulator_host: str = ""
    tasks_emulator_host: str = ""


_ALWAYS = ("google_cloud_project", "firestore_database")
_QUEUE = ("besadu_public_url", "functions_url", "tasks_location", "invoker_account")
_INVOKED = ("functions_url", "invoker_account", "invoker_issuer", "invoker_jwks_url")
_META_SEND = ("meta_access_token", "meta_graph_url", "whatsapp_phone_number_id")

# What each door cannot start without, and all it gets: intake cannot open a NIK, delivery cannot sign anybody in.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "intake": (
        *_ALWAYS,
        *_QUEUE,
        "meta_app_secret",
        "meta_verify_token",
        "whatsapp_phone_number_id",
        "nik_public_key",
        "nik_index_key",
        "link_key",
    ),
    "attachments": (*_ALWAYS, *_QUEUE, *_INVOKED, *_META_SEND, "evidence_bucket", "link_key"),
    "assignment": (*_ALWAYS, *_QUEUE, "evidence_bucket", "link_key"),
    "delivery": (*_ALWAYS, *_QUEUE, *_INVOKED, *_META_SEND, "link_key"),
    "reminders": (*_ALWAYS, *_QUEUE, *_INVOKED),
    "console": (
        *_ALWAYS,
        *_QUEUE,
        "audit_database",
        "evidence_bucket",
        "session_key",
        "link_key",
        "oidc_issuer",
        "oidc_client_id",
        "oidc_client_secret",
        "nik_public_key",
        "nik_decrypt_key",
        "nik_index_key",
        "whatsapp_phone_number_id",
    ),
    "portal": (*_ALWAYS, "besadu_public_url"),
}


_TWILIO = ("twilio_account_sid", "twilio_auth_token", "twilio_number")

# Channels that an office connects or not: of each group all are set, or none and the channel refuses.
OPTIONAL: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "intake": (
        ("facebook_page_id",),
        ("instagram_account_id",),
        ("android_sms_signing_key",),
        ("infobip_webhook_user", "infobip_webhook_password"),
        _TWILIO,
        ("pbx_signing_key",),
        ("sms_gateway",),
    ),
    "attachments": (
        ("facebook_page_id",),
        ("instagram_account_id",),
        ("infobip_url", "infobip_api_key"),
        _TWILIO,
        ("sms_gateway",),
    ),
    "delivery": (
        ("facebook_page_id",),
        ("instagram_account_id",),
        ("android_sms_url", "android_sms_user", "android_sms_password"),
        ("infobip_url", "infobip_api_key"),
        _TWILIO,
        ("sms_gateway",),
        ("smtp_host", "smtp_from"),
    ),
    "console": (("sms_gateway",),),
}
# What a door may also be given; without it the default serves.
TUNABLE: Mapping[str, tuple[str, ...]] = {
    "attachments": ("twilio_url", "clamd_address"),
    "delivery": (
        "twilio_url",
        "infobip_sender",
        "facebook_page_token",
        "smtp_port",
        "smtp_user",
        "smtp_password",
    ),
}


def load(environ: Mapping[str, str], door: str) -> Settings:
    """The settings of ``door``, and the emulators' addresses; nothing else, even if it is set.

    Raises MissingSetting with the names of all that are missing.
    """
    emulators = ("firestore_emulator_host", "storage_emulator_host", "tasks_emulator_host")
    groups = OPTIONAL.get(door, ())
    wanted = {*NEEDS[door], *emulators, *TUNABLE.get(door, ()), *(name for group in groups for name in group)}
    defaults = {field.name: str(field.default) for field in fields(Settings)}
    values = {name: environ.get(name.upper(), "").strip() or defaults[name] for name in wanted}
    begun = {name for group in groups if any(values[name] for name in group) for name in group}
    missing = sorted(name.upper() for name in {*NEEDS[door], *begun} if not values[name])
    if missing:
        message = f"{door} cannot start: {', '.join(missing)} not set"
        raise MissingSetting(message)
    return Settings(**values)


def secrets_of(value: str) -> tuple[bytes, ...]:
    """The one or two values of a secret, newest first; none when it is unset, so that nothing verifies."""
    return tuple(part.strip().encode() for part in value.split(",") if part.strip())
