"""What is made of a file so that it can be shown: by ``besadu.rendering``, in a process of its own, and only here.

A file that bursts a decoder, or keeps it busy for ever, costs that process and nothing else; the file is then kept
without renditions and can be saved, but not looked at.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from besadu import logs
from besadu.config import Settings
from besadu.domain.evidence import PARTLY_PLAYED, Rendition, rendition_name
from besadu.domain.measuring import Facts
from besadu.frozen import dataclass, replace
from besadu.media import Media

PROGRAM: Final = Path(__file__).parents[1] / "rendering.py"
MOST_BYTES: Final = 32_000_000  # of a file that is rendered whole
POSTER_BYTES: Final = 8_000_000  # of a longer film, whose beginning is enough for a thumbnail if its index stands there
MOST_SECONDS: Final = 60  # by the clock
_AT_ONCE: Final = threading.BoundedSemaphore(2)  # decoders; each may take some hundred megabytes
_SETTINGS: Final = frozenset(field.name for field in fields(Settings))
MOST_MADE: Final = 40_000_000  # bytes that the program may answer with


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What was made, and what the picture itself tells."""

    parts: tuple[Rendition, ...] = ()
    look: str = ""  # 16 hexadecimal digits, alike for pictures that look alike
    pages: int = 0  # of a document
    taken_at: str = ""  # the camera's wall clock, ISO 8601 without a zone
    latitude: float | None = None
    longitude: float | None = None


def render(media: Media, object_name: str, *, mime: str, size: int, facts: Facts) -> Rendered:
    """Make what this type needs and store it beside the file; nothing when it cannot be made. Raises Unavailable."""
    for work in _works(mime, size, facts):
        found = _run(work, media.open(object_name, 0, (MOST_BYTES if size <= MOST_BYTES else POSTER_BYTES) - 1))
        if found is not None:
            return _stored(media, object_name, *found)
    return Rendered()


def _works(mime: str, size: int, facts: Facts) -> tuple[str, ...]:
    """What the program is asked for; the second if the first cannot be done."""
    kind = mime.partition("/")[0]
    if kind == "video":
        whole = size <= MOST_BYTES and (mime == "video/3gpp" or bool(PARTLY_PLAYED.intersection(facts.codecs)))
        return ("film", "video") if whole else ("video",)
    if size > MOST_BYTES:
        return ()
    if kind == "audio":
        # Sound that browsers play stays as it is: MP3, AAC, Opus and Vorbis in Ogg, plain WAV.
        strange = mime == "audio/amr" or bool(PARTLY_PLAYED.intersection(facts.codecs))
        strange = strange or (mime == "audio/wav" and "wav:1" not in facts.codecs)
        return ("audio",) if strange else ()
    if kind == "application":
        return ("pages",) if mime == "application/pdf" else ("papers",)
    return ("image",) if kind == "image" else ()


def _run(work: str, chunks: Iterator[bytes]) -> tuple[Mapping[str, Any], bytes] | None:
    """Facts and parts as the program answers; None when it does not."""
    # What Python needs to find its libraries, and none of our settings: a decoder that is taken over learns no secret.
    environ = {name: value for name, value in os.environ.items() if name.lower() not in _SETTINGS}
    environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-P", str(PROGRAM), work]
    pipe = subprocess.PIPE
    with _AT_ONCE, subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environ) as program:  # noqa: S603 - ours
        try:
            with suppress(BrokenPipeError):
                for chunk in chunks:
                    program.stdin.write(chunk)  # type: ignore[union-attr]  # a pipe was asked for
            with suppress(BrokenPipeError):
                program.stdin.flush()  # type: ignore[union-attr]  # (same)
            out, said = program.communicate(timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            logs.warning("not_rendered", work=work, fault="timeout")
            return None
        finally:
            program.kill()
    if program.returncode or len(out) > MOST_MADE:
        logs.info(
            "not_rendered", work=work, fault=said.decode("ascii", "replace").strip()[-60:], code=program.returncode
        )
        return None
    line, _, parts = out.partition(b"\n")
    return json.loads(line), parts


def _stored(media: Media, object_name: str, facts: Mapping[str, Any], content: bytes) -> Rendered:
    parts = []
    for described in facts["parts"]:
        part = Rendition(**described)
        body, content = content[: part.size], content[part.size :]
        kept = media.store(rendition_name(object_name, part.name), iter((body,)), limit=part.size, mime=part.mime)
        parts.append(replace(part, size=kept.size))  # one that an earlier attempt made stays
    return Rendered(
        parts=tuple(parts),
        look=facts.get("look", ""),
        pages=facts.get("pages", 0),
        taken_at=facts.get("taken_at", ""),
        latitude=facts.get("latitude"),
        longitude=facts.get("longitude"),
    )
