"""How large a picture is and how long a recording, read from headers: nothing is decoded, and nothing read whole.

A 20 kB picture can decode to 800 MB, so what is too large must be known before any decoder sees it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from besadu.domain.filetype import HEAD
from besadu.frozen import dataclass

Read = Callable[[int, int], bytes]  # offset, length -> those bytes, fewer at the end of the file

MOST_PIXELS: Final = 50_000_000  # decoded at four bytes each: 200 MB
MOST_JPEG_PIXELS: Final = 250_000_000  # phones make 200 megapixels, and a JPEG is decoded at an eighth of its size
_MOST_STEPS: Final = 400  # of a walk through a file, so that a made-up one cannot keep us busy


@dataclass(frozen=True)
class Span:
    """Bytes of a file from ``start`` up to, not including, ``end``."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a header says; 0 and empty where it says nothing or is broken."""

    width: int = 0  # pixels
    height: int = 0
    seconds: float = 0.0
    codecs: tuple[str, ...] = ()  # of an MP4's tracks (``avc1``, ``mp4a``, ``samr``) or a WAV's format (``wav:1``)
    beside: tuple[Span, ...] = ()  # of an MP4: boxes, from their type on, that tell of place, device or owner

    @property
    def pixels(self) -> int:
        """Of the picture once decoded."""
        return self.width * self.height


def measure(mime: str, read: Read, size: int) -> Facts:
    """The facts of a file of this type. Never raises for what stands in it; what ``read`` raises goes through."""
    look = _LOOKS.get(mime)
    return look(read, size) if look else Facts()


def too_large(mime: str, facts: Facts) -> bool:
    """Whether decoding this picture would take more memory than anybody has to give."""
    return facts.pixels > (MOST_JPEG_PIXELS if mime == "image/jpeg" else MOST_PIXELS)


def _png(read: Read, _size: int) -> Facts:
    head = read(0, 24)
    if head[12:16] != b"IHDR":
        return Facts()
    return Facts(width=_big(head[16:20]), height=_big(head[20:24]))


def _jpeg(read: Read, size: int) -> Facts:
    """The frame header lies behind whatever the camera put before it, so the segments are stepped over."""
    at = 2
    for _ in range(_MOST_STEPS):
        part = read(at, 9)
        if len(part) < 9 or part[0] != 0xFF or at >= size:
            break
        marker = part[1]
        if marker == 0xFF:  # filling
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return Facts(width=_big(part[7:9]), height=_big(part[5:7]))
        elif marker in (0xD9, 0xDA):
            break
        else:
            at += 2 + max(2, _big(part[2:4]))
    return Facts()


def _webp(read: Read, _size: int) -> Facts:
    head = read(0, 30)
    kind = head[12:16]
    if len(head) < 30:
        return Facts()
    if kind == b"VP8X":
        return Facts(width=1 + _little(head[24:27]), height=1 + _little(head[27:30]))
    if kind == b"VP8L":
        bits = _little(head[21:25])
        return Facts(width=1 + (bits & 0x3FFF), height=1 + (bits >> 14 & 0x3FFF))
    return Facts(width=_little(head[26:28]) & 0x3FFF, height=_little(head[28:30]) & 0x3FFF)


def _heic(read: Read, _size: int) -> Facts:
    """The largest extent named: the whole picture's; its tiles are smaller."""
    sizes = re.findall(rb"ispe\x00{4}(.{4})(.{4})", read(0, HEAD), re.DOTALL)
    width, height = max(((_big(w), _big(h)) for w, h in sizes), key=lambda s: s[0] * s[1], default=(0, 0))
    return Facts(width=width, height=height)


def _iso_media(read: Read, size: int) -> Facts:
    """Duration from the movie's header, size and codecs from its tracks (ISO/IEC 14496-12, 8.2 and 8.3)."""
    seconds, width, height, codecs, beside = 0.0, 0, 0, list[str](), list[Span]()
    for kind, at, start, end in _boxes(read, size):
        if kind in _BESIDE:
            beside.append(Span(at + 4 if start == at + 8 else start, end))
            continue
        body = read(start, min(end - start, 96))
        if kind == b"mvhd":
            wide = body[:1] == b"\x01"
            scale, length = (_big(body[20:24]), _big(body[24:32])) if wide else (_big(body[12:16]), _big(body[16:20]))
            seconds = length / scale if scale else 0.0
        elif kind == b"tkhd":
            size_at = 88 if body[:1] == b"\x01" else 76
            width = max(width, _big(body[size_at : size_at + 2]))
            height = max(height, _big(body[size_at + 4 : size_at + 6]))
        elif kind == b"stsd":
            codecs.append(body[12:16].decode("ascii", "replace"))
    return Facts(
        width=width,
        height=height,
        seconds=round(min(seconds, 1e6), 2),
        codecs=tuple(codecs[:8]),
        beside=tuple(beside[:_MOST_BESIDE]),
    )


_CONTAINERS: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
# User data, metadata (ISO/IEC 14496-12, 8.10 and 8.11; QuickTime's own), and a maker's own box.
_BESIDE: Final = (b"udta", b"meta", b"uuid")
_MOST_BESIDE: Final = 12  # a phone writes one or two


def _boxes(read: Read, size: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind and place of each box, where its content begins and where it ends; those inside containers too."""
    spans = [(0, size)]
    steps = 0
    while spans:
        at, end = spans.pop()
        while at + 8 <= end and steps < _MOST_STEPS:
            steps += 1
            head = read(at, 16)
            length, start = _big(head[:4]), at + 8
            if length == 1:
                length, start = _big(head[8:16]), at + 16
            elif length == 0:
                length = end - at
            last = at + length
            if len(head) < 8 or last < start or last > end:
                break
            yield head[4:8], at, start, last
            if head[4:8] in _CONTAINERS:
                spans.append((start, last))
            at = last


def _wav(read: Read, size: int) -> Facts:
    at, codec, rate = 12, 0, 0
    for _ in range(_MOST_STEPS):
        part = read(at, 20)
        if len(part) < 8 or at >= size:
            break
        length = _little(part[4:8])
        if part[:4] == b"fmt ":
            codec, rate = _little(part[8:10]), _little(part[16:20])
        elif part[:4] == b"data":
            seconds = min(length, size - at - 8) / rate if rate else 0.0
            return Facts(seconds=round(seconds, 2), codecs=(f"wav:{codec}",))
        at += 8 + length + length % 2
    return Facts(codecs=(f"wav:{codec}",) if codec else ())


def _ogg(read: Read, size: int) -> Facts:
    """Length from the last page's position, in samples of 48 kHz for Opus (RFC 7845, 4)."""
    head = read(0, 128)
    if b"OpusHead" not in head:
        return Facts(codecs=("speex",) if b"Speex   " in head else ())
    tail = read(max(0, size - HEAD), HEAD)
    at = tail.rfind(b"OggS")
    samples = _little(tail[at + 6 : at + 14]) if at >= 0 else 0
    return Facts(seconds=round(samples / 48_000, 2) if samples < 1 << 40 else 0.0, codecs=("opus",))


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


_LOOKS: Final[dict[str, Callable[[Read, int], Facts]]] = {
    "audio/mp4": _iso_media,
    "audio/ogg": _ogg,
    "audio/wav": _wav,
    "image/heic": _heic,
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "video/3gpp": _iso_media,
    "video/mp4": _iso_media,
    "video/quicktime": _iso_media,
}
