"""Pictures and sound made fit to be shown, in a process of its own: hostile bytes meet the decoders here alone.

Run as a program by ``services.renditions``, with no settings and no secrets, little memory and little time. It takes
what to do as its argument (``image``, ``video``, ``film``, ``audio``, ``pages``, ``papers``) and the file on standard
input. It writes one line of JSON with the facts and the parts that it made, then those parts, one behind the other.
Nothing but facts of the picture's EXIF leaves it: when it was taken, and where.
"""

import io
import json
import resource
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from PIL import Image, ImageOps

MOST_MEMORY: Final = 1_200_000_000  # bytes of address space, which is more than what is really used
MOST_SECONDS: Final = 40  # of the processor
VIEW, THUMB = 1600, 320  # pixels, the longer side
MOST_PIXELS: Final = 300_000_000  # a belt to the braces of `domain.measuring`, which has looked before
MOST_PAGES, PAGE = 30, 1400  # of a document that are copied, and the longer side of each: letters stay readable
SHOWN_PAGES: Final = 4  # of them in the view, one below the other
# What every current browser plays: AAC in MP4; H.264 beside it for films.
_SOUND, _SOUND_RATE, _SOUND_BITS = "aac", 32_000, 48_000
_FILM, _FILM_WIDTH = "libx264", 640

Part = tuple[dict[str, Any], bytes]


def picture(body: bytes) -> tuple[dict[str, Any], list[Part]]:
    """A view and a thumbnail, upright and without anything beside the picture; its look; what EXIF said."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with suppress(ImportError):
        from pi_heif import register_heif_opener

        register_heif_opener()
    with Image.open(io.BytesIO(body), formats=["JPEG", "PNG", "WEBP", "HEIF"]) as found:
        facts = _exif(found)
        found.draft("RGB", (VIEW, VIEW))  # a JPEG is decoded at an eighth where that is enough
        shown = ImageOps.exif_transpose(_flat(found, VIEW))
    return {**facts, "look": _look(shown)}, [_saved("view", shown, VIEW), _saved("thumb", shown, THUMB)]


def film(body: bytes, *, play: bool) -> tuple[dict[str, Any], list[Part]]:
    """A thumbnail of an early frame; with ``play`` also the film in codecs that every browser has."""
    import av

    parts: list[Part] = []
    with av.open(io.BytesIO(body), "r") as source:
        frames = iter(source.decode(video=0))
        frame = next(frames)
        for later in frames:  # the first one is often black
            if later.time is None or later.time >= 0.5:
                break
            frame = later
        still: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV has no types there
        parts.append(_saved("thumb", still, THUMB))
    if play:
        parts.append(({"name": "play", "mime": "video/mp4"}, _transcoded(body, with_film=True)))
    return {}, parts


def sound(body: bytes) -> tuple[dict[str, Any], list[Part]]:
    """The recording as every browser plays it."""
    return {}, [({"name": "play", "mime": "audio/mp4"}, _transcoded(body, with_film=False))]


def pages(body: bytes) -> tuple[dict[str, Any], list[Part]]:
    """The first pages of a PDF as one picture to look at, and a copy of it that is made of pictures alone.

    So nothing hidden goes on to who may not have the original: no script, attachment, author, or text below a bar.
    """
    import pypdfium2

    with pypdfium2.PdfDocument(body) as found:
        found.init_forms()  # what somebody filled in is drawn, too; this PDFium has no JavaScript
        count = len(found)
        drawn = [_page(found[at]) for at in range(min(count, MOST_PAGES))]
    copy = io.BytesIO()
    drawn[0].save(copy, "PDF", save_all=True, append_images=drawn[1:], resolution=PAGE / 11.7, quality=72)
    shown = _stacked(drawn[:SHOWN_PAGES])
    parts = [
        _saved("view", shown, max(shown.size)),
        _saved("thumb", drawn[0], THUMB),
        ({"name": "save", "mime": "application/pdf"}, copy.getvalue()),
    ]
    return {"pages": count}, parts


def papers(body: bytes) -> tuple[dict[str, Any], list[Part]]:
    """A copy of a Word or Excel file that says nothing of its author and fetches nothing."""
    from besadu.papers import copied

    mime, copy = copied(body)
    return {}, [({"name": "save", "mime": mime}, copy)]


def _page(page: Any) -> Image.Image:  # noqa: ANN401 - pypdfium2 has no types
    """A page on white; one that says it is a kilometre wide is as large as any other."""
    scale = PAGE / max(*page.get_size(), 1)
    drawn: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    page.close()
    return drawn


def _stacked(drawn: list[Image.Image]) -> Image.Image:
    gap = 12
    size = max(one.width for one in drawn), sum(one.height + gap for one in drawn) - gap
    ground, at = Image.new("RGB", size, "grey"), 0
    for one in drawn:
        ground.paste(one, ((size[0] - one.width) // 2, at))
        at += one.height + gap
    return ground


def _flat(found: Image.Image, most: int) -> Image.Image:
    """Small, in plain colours, on white where it lets light through."""
    found.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=2.0)
    orientation = found.getexif().get(0x0112)
    if found.mode in ("RGBA", "LA", "PA", "P") or "transparency" in found.info:
        layer = found.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        flat = Image.alpha_composite(ground, layer).convert("RGB")
    else:
        flat = found.convert("RGB")
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    flat.info = {"exif": exif.tobytes()} if orientation else {}
    return flat


def _saved(name: str, picture: Image.Image, most: int) -> Part:
    small = picture.copy()
    small.thumbnail((most, most), Image.Resampling.LANCZOS)
    small.info = {}
    out = io.BytesIO()
    small.save(out, "JPEG", quality=72 if most == THUMB else 82, optimize=True, progressive=most != THUMB)
    return {"name": name, "mime": "image/jpeg", "width": small.width, "height": small.height}, out.getvalue()


def _look(picture: Image.Image) -> str:
    """64 bits that stay nearly the same when a picture is scaled or compressed: where it grows brighter to the right.

    A difference hash (N. Krawetz, 2013). Empty for a picture without features, which would look like every other.
    """
    grey = picture.convert("L").resize((9, 8), Image.Resampling.BOX)
    spots = grey.tobytes()
    bits = "".join("1" if spots[row * 9 + at] < spots[row * 9 + at + 1] else "0" for row in range(8) for at in range(8))
    return f"{int(bits, 2):016x}" if max(spots) - min(spots) >= 16 and 6 <= bits.count("1") <= 58 else ""


def _exif(found: Image.Image) -> dict[str, Any]:
    """When and where a picture says that it was taken; anything odd is left out."""
    facts: dict[str, Any] = {}
    with suppress(Exception):
        exif = found.getexif()
        detail, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
        taken = str(detail.get(0x9003) or exif.get(0x0132) or "")
        with suppress(ValueError):
            when = datetime.strptime(taken[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - a camera's wall clock
            facts["taken_at"] = when.isoformat()
        with suppress(KeyError, TypeError, ValueError, ZeroDivisionError):
            latitude = _degrees(place[2]) * (-1 if place[1] in ("S", "s") else 1)
            longitude = _degrees(place[4]) * (-1 if place[3] in ("W", "w") else 1)
            if abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude or longitude):
                facts |= {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}
    return facts


def _degrees(parts: tuple[float, float, float]) -> float:
    whole, minutes, seconds = (float(part) for part in parts)
    return whole + minutes / 60 + seconds / 3600


def _transcoded(body: bytes, *, with_film: bool) -> bytes:
    import av

    out = io.BytesIO()
    with av.open(io.BytesIO(body), "r") as source, av.open(out, "w", format="mp4") as target:
        pairs: dict[int, Any] = {}
        if source.streams.audio:
            speech: Any = target.add_stream(_SOUND, rate=_SOUND_RATE, layout="mono")
            speech.bit_rate = _SOUND_BITS
            pairs[source.streams.audio[0].index] = speech
        if with_film:
            moving = source.streams.video[0]
            width = min(_FILM_WIDTH, moving.codec_context.width) // 2 * 2
            height = round(moving.codec_context.height * width / moving.codec_context.width) // 2 * 2
            shown: Any = target.add_stream(_FILM, rate=15, options={"preset": "veryfast", "crf": "26"})
            shown.width, shown.height, shown.pix_fmt = width, height, "yuv420p"
            pairs[moving.index] = shown
        for packet in source.demux([source.streams[index] for index in pairs]):
            with suppress(av.error.InvalidDataError):  # one broken frame does not make a recording worthless
                for frame in packet.decode():
                    for made in pairs[packet.stream.index].encode(frame):
                        target.mux(made)
        for stream in pairs.values():
            for made in stream.encode(None):
                target.mux(made)
    return out.getvalue()


def main(kind: str) -> None:
    """One file in, its parts out; any fault ends the process with 1 and says its name alone."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    body = sys.stdin.buffer.read()
    try:
        match kind:
            case "image":
                facts, parts = picture(body)
            case "audio":
                facts, parts = sound(body)
            case "pages":
                facts, parts = pages(body)
            case "papers":
                facts, parts = papers(body)
            case _:
                facts, parts = film(body, play=kind == "film")
    except Exception as fault:  # noqa: BLE001 - whatever a decoder finds wrong with a stranger's file
        sys.exit(type(fault).__name__)
    head = {**facts, "parts": [{**described, "size": len(content)} for described, content in parts]}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(content for _, content in parts))


if __name__ == "__main__":
    main(sys.argv[1])
