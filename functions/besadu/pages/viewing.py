"""How evidence is looked at: addresses that show one object to one person, and that for a short while.

A page has already found out who may see what; its addresses carry that, signed, so that thirty thumbnails cost thirty
reads of the bucket and none of the database. The bytes go through our own door: a bucket's signed address would work
for everybody who gets hold of it, and its headers would not be ours.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from flask import Request, Response, abort, redirect, render_template
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from besadu.config import secrets_of
from besadu.domain.evidence import Rendition, RenditionName, rendition_name
from besadu.domain.measuring import Span
from besadu.frozen import dataclass, replace
from besadu.media import Media
from besadu.pages.files import Part, part_response
from besadu.services.office import Office

LIFE: Final = timedelta(minutes=15)
PLAYED_LIFE: Final = timedelta(hours=2)  # a player asks for the next piece when it gets there
_PLAYED: Final = ("audio", "video")
_AT_WORK: Final = ("pending", "fetching")
_AGAIN: Final = 3  # seconds after which a page that waits for a file asks again


class Viewable(Protocol):
    """A file as the office or an agency sees it."""

    @property
    def state(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def object_name(self) -> str: ...
    @property
    def beside(self) -> tuple[Span, ...]: ...
    @property
    def renditions(self) -> tuple[Rendition, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A file's addresses on a page; "" for what there is not. ``width`` and ``height``: of the thumbnail, in pixels."""

    kind: str = "document"  # image, audio, video or document
    thumb: str = ""
    width: int = 0
    height: int = 0
    view: str = ""  # a picture to look at
    play: str = ""
    save: str = ""  # to be saved, without what only the original shows; a picture is not, nor what cannot be read


class Viewer:
    """Makes and serves the addresses of one app. ``who``: to whom the page in hand is shown, no secret."""

    def __init__(
        self, office: Office, media: Media, *, key: str, who: Callable[[], str], base: Callable[[], str]
    ) -> None:
        self._office, self._media, self._who, self._base = office, media, who, base
        # The library signs with the last key and verifies with all of them.
        self._signer = URLSafeSerializer(list(reversed(secrets_of(key))), salt="view")

    def seen(self, item: Viewable) -> Seen:
        """What a page shows of a file; nothing while it may not be seen."""
        kind = item.mime.partition("/")[0] if item.mime.startswith(("image/", "audio/", "video/")) else "document"
        if item.state != "stored":
            return Seen(kind=kind)
        thumb = _rendition(item, "thumb")
        return Seen(
            kind=kind,
            thumb=self._rendered(item, "thumb"),
            width=thumb.width if thumb else 0,
            height=thumb.height if thumb else 0,
            view=self._rendered(item, "view"),
            play=(self._rendered(item, "play") or self.address(original(item, inline=True))) if kind in _PLAYED else "",
            save=self._saved(item),
        )

    def lead(self, item: Viewable) -> BaseResponse:
        """The answer at a file's lasting address: on to where it opens, or a page that waits until it does.

        404 for a file that was not got, is locked away, or is a picture that cannot be shown.
        """
        if item.state in _AT_WORK:
            return Response(render_template("waiting.html"), headers={"Refresh": str(_AGAIN)})
        seen = self.seen(item)
        found = seen.view or seen.play or seen.save
        if not found:
            abort(404)
        return redirect(found, 302)

    def address(self, part: Part) -> str:
        """Where this person may fetch this object now, and for a short while."""
        life = PLAYED_LIFE if part.mime.startswith(_PLAYED) else LIFE
        expires = int((self._office.now() + life).timestamp())
        beside = [[span.start, span.end] for span in part.beside]
        said = [part.object_name, part.mime, part.size, int(part.inline), beside, self._bound(), expires]
        return f"{self._base()}/lihat/{self._signer.dumps(said)}"

    def serve(self, token: str, asked: Request) -> Response:
        """The object that an address stands for; 410 when it is altered, expired, or somebody else's."""
        try:
            name, mime, size, inline, beside, bound, expires = self._signer.loads(token)
            spans = tuple(Span(start, end) for start, end in beside)
            good = bound == self._bound() and self._office.now().timestamp() < expires
        except (BadData, ValueError, TypeError):
            good = False
        if not good:
            abort(410)  # its page says: load the page before once more
        part = Part(object_name=name, mime=mime, size=size, inline=bool(inline), beside=spans)
        return part_response(self._media, part, asked)

    def _saved(self, item: Viewable) -> str:
        """Of a picture and a document only what we made of it; of a film or recording the file."""
        if item.mime.startswith("image/"):
            return ""
        copied = self._rendered(item, "save")
        return copied if copied or item.mime.startswith("application/") else self.address(original(item, inline=False))

    def _rendered(self, item: Viewable, name: RenditionName) -> str:
        found = _rendition(item, name)
        return self.address(rendered(item, found)) if found else ""

    def _bound(self) -> str:
        return hashlib.sha256(self._who().encode()).hexdigest()[:16]


def as_it_came(item: Viewable) -> Part:
    """The file to be saved, with all that a device wrote into it: for admins."""
    return Part(object_name=item.object_name, mime=item.mime, size=item.size)


def original(item: Viewable, *, inline: bool) -> Part:
    """The file for everybody who may see it; a film or recording without what its device wrote beside it."""
    return replace(as_it_came(item), inline=inline, beside=item.beside)


def rendered(item: Viewable, found: Rendition) -> Part:
    """What was made of it."""
    name = rendition_name(item.object_name, found.name)
    return Part(object_name=name, mime=found.mime, size=found.size, inline=found.name != "save")


def _rendition(item: Viewable, name: RenditionName) -> Rendition | None:
    return next((found for found in item.renditions if found.name == name), None)
