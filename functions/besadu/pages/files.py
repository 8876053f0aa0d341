"""Files on pages: evidence as an answer that no browser takes for a page, and an agency's photos out of a form."""

import itertools
from collections.abc import Iterator
from typing import Final

from flask import Request, Response, abort, request
from werkzeug.http import parse_range_header

from besadu.domain.filetype import ENDINGS
from besadu.domain.measuring import Span
from besadu.errors import Invalid, MediaGone
from besadu.frozen import dataclass
from besadu.media import OPAQUE, Media, disposition
from besadu.services import arrivals, staff_uploads
from besadu.services.office import Office

MOST_FILES: Final = 5  # with one form
TOO_MANY: Final = f"Paling banyak {MOST_FILES} berkas."
MOST_BODY: Final = arrivals.MOST_IN_A_FORM + 1_000_000  # bytes of a form with files; its frame needs a little
CHOSEN: Final = "image/*,video/*,audio/*,.pdf,.docx,.xlsx"  # what a browser offers to choose from
MOST_AT_ONCE: Final = 8_000_000  # bytes of a part
MOST_WITH_LENGTH: Final = 30_000_000  # bytes; Cloud Run refuses a longer answer unless it comes in chunks

# Whatever the bytes are: no script, no form, no plug-in, no origin.
_SANDBOX = "sandbox; default-src 'none'"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One object of the bucket as it is sent to a browser. ``inline``: to be looked at; else to be saved.

    ``beside``: boxes of an MP4 that are sent empty, because they tell where and by whom it was filmed.
    """

    object_name: str
    mime: str
    size: int
    inline: bool = False
    beside: tuple[Span, ...] = ()


def part_response(media: Media, part: Part, asked: Request) -> Response:
    """200 with the whole object, 206 with the part that ``asked`` wants, 416, or 404 when it is not in the bucket.

    A part ends after MOST_AT_ONCE bytes, and a player asks for the next (RFC 9110, 15.3.7). What is of no type that we
    know (what lies in quarantine, above all) is only ever saved, as bytes of no kind.
    """
    known = part.mime in ENDINGS
    mime = part.mime if known else OPAQUE
    first, last, status = _span(asked, part.size)
    saved = disposition(part.object_name, mime)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Content-Disposition": saved.replace("attachment", "inline", 1) if part.inline and known else saved,
        "Content-Security-Policy": _SANDBOX,
        "Content-Type": mime,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{part.size}"
    if last - first < MOST_WITH_LENGTH:
        headers["Content-Length"] = str(last - first + 1)
    if asked.method == "HEAD":
        return Response(status=status, headers=headers)
    pieces = _without(part.beside, first, media.open(part.object_name, first, last))
    try:
        head = next(pieces, b"")  # asked for before the status line goes out
    except MediaGone:
        abort(404)
    return Response(itertools.chain([head], pieces), status=status, headers=headers)


def keep_files(
    office: Office, media: Media, ticket: str, agency: str, *, field: str = "files", room: int = MOST_FILES
) -> tuple[tuple[str, ...], str]:
    """The files of one field of a form, and those that its page had uploaded before; and what is wrong with one.

    ``agency``: whose form it is, "" for the office's. ``room``: how many files there may be. Raises Unavailable.
    """
    names = tuple(request.form.getlist(kept_name(field))[: MOST_FILES + 1])
    kept = list(staff_uploads.own(office, ticket, "agency" if agency else "office", names))
    if len(kept) > room:
        return tuple(kept[:room]), TOO_MANY
    problem = ""
    for file in request.files.getlist(field):
        if not file.filename:
            continue
        if len(kept) >= room:
            return tuple(kept), TOO_MANY
        try:
            one = staff_uploads.keep(
                office, media, ticket=ticket, agency=agency, stream=file.stream, filename=file.filename
            )
        except Invalid as fault:
            problem = str(fault)
        else:
            kept = list(dict.fromkeys([*kept, one]))
    return tuple(kept), problem


def kept_name(field: str) -> str:
    """Under which name a form names the files of ``field`` that are there already."""
    return "kept" if field == "files" else f"kept_{field}"


def upload_fields(office: Office, ticket: str, agency: str = "") -> dict[str, object]:
    """What the templates of a form with files read."""
    return {
        "upload": staff_uploads.address(office, ticket, agency),
        "most_bytes": arrivals.MOST_BYTES,
        "most_files": MOST_FILES,
        "accepted": CHOSEN,
    }


def _span(asked: Request, size: int) -> tuple[int, int, int]:
    """First and last byte, and the status. Several ranges at once get the whole file, as RFC 9110 allows."""
    wanted = parse_range_header(asked.headers.get("Range"))
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size - 1, 200
    span = wanted.range_for_length(size)
    if span is None:
        abort(Response(status=416, headers={"Content-Range": f"bytes */{size}"}))
    return span[0], min(span[1], span[0] + MOST_AT_ONCE) - 1, 206


def _without(beside: tuple[Span, ...], first: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes from ``first`` on, with these boxes made free space: so all else stays where the film expects it."""
    at = first
    for piece in pieces:
        body = bytearray(piece)
        for span in beside:
            start, end = max(span.start, at), min(span.end, at + len(piece))
            if start < end:
                empty = (b"free"[start - span.start :] + bytes(end - start))[: end - start]
                body[start - at : end - at] = empty
        yield bytes(body)
        at += len(piece)
