"""One-ticket links: a signed, expiring token with which a duty post sees and answers one complaint, no other."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from itsdangerous import BadData, URLSafeSerializer

from besadu.config import Settings, secrets_of
from besadu.errors import MissingSetting, Refused
from besadu.frozen import dataclass

LinkPost = Literal["duty", "deputy", "head"]
POSTS: tuple[LinkPost, ...] = get_args(LinkPost)
LIFE = timedelta(days=120)  # the longest answer clock is 60 working days
LIST_LIFE = timedelta(days=7)
_SALT = "desk"
_PICTURE = "picture"
_LIST = "list"
_UPLOAD = "upload"
_STAFF_UPLOAD = "staff-upload"


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a token stands for. It dies when the complaint is handed over again: ``disposition`` no longer matches.

    And when an admin revokes the links of ``post`` that were issued until then.
    """

    ticket: str
    agency: str
    disposition: int
    issued_at: datetime  # to the second
    post: LinkPost = "duty"  # whose link it is, so that the history says who opened it

    @property
    def expires_at(self) -> datetime:
        """The first moment at which it opens nothing."""
        return self.issued_at + LIFE


def issue(settings: Settings, link: Link) -> str:
    """The token for this link."""
    issued = int(link.issued_at.timestamp())
    return _signer(settings).dumps([link.ticket, link.agency, link.disposition, issued, link.post])


def url(settings: Settings, token: str) -> str:
    """Where the token leads."""
    return f"{settings.besadu_public_url}/assignment/t/{token}"


def read(settings: Settings, token: str, now: datetime) -> Link:
    """What the token stands for. Raises Refused when it is altered or expired."""
    try:
        ticket, agency, disposition, issued, post = _signer(settings).loads(token)
        link = Link(
            ticket=ticket,
            agency=agency,
            disposition=int(disposition),
            issued_at=datetime.fromtimestamp(issued, UTC),
            post=_post(post),
        )
    except (BadData, ValueError, TypeError):
        message = "altered link"
        raise Refused(message) from None
    if now >= link.expires_at:
        message = "expired link"
        raise Refused(message)
    return link


def _post(name: object) -> LinkPost:
    """Raises ValueError for none that we know."""
    found = next((known for known in POSTS if known == name), None)
    if found is None:
        raise ValueError("unknown post")
    return found


@dataclass(frozen=True, kw_only=True)
class ListLink:
    """What a token for all that waits for an agency stands for. The links on that page are as old as this one."""

    agency: str
    issued_at: datetime  # to the second
    post: LinkPost = "duty"


def issue_list(settings: Settings, link: ListLink) -> str:
    """The token under which a post finds all that waits for its agency."""
    return _signer(settings, _LIST).dumps([link.agency, int(link.issued_at.timestamp()), link.post])


def list_url(settings: Settings, token: str) -> str:
    """Where that token leads."""
    return f"{settings.besadu_public_url}/assignment/daftar/{token}"


def read_list(settings: Settings, token: str, now: datetime) -> ListLink:
    """What the token stands for. Raises Refused when it is altered or expired."""
    try:
        agency, issued, post = _signer(settings, _LIST).loads(token)
        link = ListLink(agency=agency, issued_at=datetime.fromtimestamp(issued, UTC), post=_post(post))
    except (BadData, ValueError, TypeError):
        raise Refused("altered link") from None
    if now >= link.issued_at + LIST_LIFE:
        raise Refused("expired link")
    return link


@dataclass(frozen=True, kw_only=True)
class UploadLink:
    """What a token for the page of large files stands for: one conversation, and in it one complaint or its draft."""

    sender_key: str
    ticket: str  # "" for the draft of that time, and the complaint that comes of it
    issued_at: datetime  # to the second
    expires_at: datetime


def upload_url(settings: Settings, link: UploadLink) -> str:
    """Where a citizen sends large files."""
    sender = urlsafe_b64encode(bytes.fromhex(link.sender_key)).decode()  # two thirds as long, for SMS
    times = (int(link.issued_at.timestamp()), int(link.expires_at.timestamp()))
    token = _signer(settings, _UPLOAD).dumps([sender, link.ticket, *times])
    return f"{settings.besadu_public_url}/attachments/kirim/{token}"


def read_upload(settings: Settings, token: str, now: datetime) -> UploadLink:
    """What the token stands for. Raises Refused when it is altered or expired."""
    try:
        sender, ticket, issued, expires = _signer(settings, _UPLOAD).loads(token)
        link = UploadLink(
            sender_key=urlsafe_b64decode(sender).hex(),
            ticket=ticket,
            issued_at=datetime.fromtimestamp(issued, UTC),
            expires_at=datetime.fromtimestamp(expires, UTC),
        )
    except (BadData, ValueError, TypeError):
        raise Refused("altered link") from None
    if now >= link.expires_at:
        raise Refused("expired link")
    return link


@dataclass(frozen=True, kw_only=True)
class StaffUpload:
    """What a page of the office or of an agency may upload to: one complaint."""

    ticket: str
    agency: str  # "" for the office
    expires_at: datetime


def staff_upload_url(settings: Settings, upload: StaffUpload) -> str:
    """Where the script of such a page begins and finishes its uploads."""
    token = _signer(settings, _STAFF_UPLOAD).dumps([upload.ticket, upload.agency, int(upload.expires_at.timestamp())])
    return f"{settings.besadu_public_url}/attachments/unggah/{token}"


def read_staff_upload(settings: Settings, token: str, now: datetime) -> StaffUpload:
    """What the token stands for. Raises Refused when it is altered or expired."""
    try:
        ticket, agency, expires = _signer(settings, _STAFF_UPLOAD).loads(token)
        upload = StaffUpload(ticket=ticket, agency=agency, expires_at=datetime.fromtimestamp(expires, UTC))
    except (BadData, ValueError, TypeError):
        raise Refused("altered link") from None
    if now >= upload.expires_at:
        raise Refused("expired link")
    return upload


def picture_url(settings: Settings, evidence_id: str, expires_at: datetime) -> str:
    """A link under which a provider fetches one of the agency's pictures, to show it to the citizen."""
    token = _signer(settings, _PICTURE).dumps([evidence_id, int(expires_at.timestamp())])
    return f"{settings.besadu_public_url}/attachments/gambar/{token}"


def read_picture(settings: Settings, token: str, now: datetime) -> str:
    """The evidence id that the token stands for. Raises Refused when it is altered or expired."""
    try:
        name, expires = _signer(settings, _PICTURE).loads(token)
        valid = now < datetime.fromtimestamp(expires, UTC)
    except (BadData, ValueError, TypeError):
        valid, name = False, ""
    if not valid:
        message = "altered or expired link"
        raise Refused(message)
    return str(name)


def _signer(settings: Settings, salt: str = _SALT) -> URLSafeSerializer:
    keys = secrets_of(settings.link_key)
    if not keys:
        message = "LINK_KEY not set"
        raise MissingSetting(message)
    # The library signs with the last key and verifies with all of them.
    return URLSafeSerializer(list(reversed(keys)), salt=salt)
