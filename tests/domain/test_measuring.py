import struct

import pytest

from besadu.domain.measuring import Facts, Read, measure, too_large


def reader(body: bytes) -> Read:
    return lambda at, length: body[at : at + length]


def facts(mime: str, body: bytes) -> Facts:
    return measure(mime, reader(body), len(body))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def a_film(*, codec: bytes = b"avc1", seconds: int = 12, width: int = 640, height: int = 360) -> bytes:
    """An MP4 whose description comes last, as phones write it."""
    mvhd = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, seconds * 1000) + bytes(80))
    tkhd = box(b"tkhd", bytes(76) + struct.pack(">HHHH", width, 0, height, 0))
    stsd = box(b"stsd", bytes(8) + box(codec, bytes(70)))
    media = box(b"mdia", box(b"minf", box(b"stbl", stsd)))
    body = box(b"mdat", bytes(100_000))
    return box(b"ftyp", b"isom" + bytes(8)) + body + box(b"moov", mvhd + box(b"trak", tkhd + media))


def a_jpeg(width: int, height: int, before: int = 0) -> bytes:
    camera = (b"\xff\xe1" + struct.pack(">H", 65_000) + bytes(64_998)) * before
    return b"\xff\xd8" + camera + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(50)


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + struct.pack(">II", 30_000, 20_000) + bytes(20)
EXTENDED_WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + struct.pack("<I", 3999)[:3] + struct.pack("<I", 2999)[:3]
LOSSY_WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(10) + struct.pack("<HH", 800, 600)
LOSSLESS_WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8L" + bytes(5) + struct.pack("<I", 799 | 599 << 14) + bytes(9)
HEIC = box(b"ftyp", b"heic") + b"ispe" + bytes(4) + struct.pack(">II", 512, 512) + b"ispe" + bytes(4)
HEIC += struct.pack(">II", 4032, 3024)
WAV = b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + struct.pack("<HHIIHH", 49, 1, 8000, 1625, 65, 0)
WAV += b"data" + struct.pack("<I", 16_250) + bytes(16_250)
OGG = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(90_000)
OGG += b"OggS\x00\x04" + struct.pack("<Q", 48_000 * 7) + bytes(300)


@pytest.mark.parametrize(
    ("mime", "body", "size"),
    [
        ("image/png", PNG, (30_000, 20_000)),
        ("image/jpeg", a_jpeg(4000, 3000), (4000, 3000)),
        ("image/jpeg", a_jpeg(4000, 3000, before=3), (4000, 3000)),
        ("image/webp", EXTENDED_WEBP, (4000, 3000)),
        ("image/webp", LOSSY_WEBP, (800, 600)),
        ("image/webp", LOSSLESS_WEBP, (800, 600)),
        ("image/heic", HEIC, (4032, 3024)),
        ("video/mp4", a_film(), (640, 360)),
    ],
)
def test_the_size_of_a_picture_is_known_without_decoding_it(mime: str, body: bytes, size: tuple[int, int]) -> None:
    found = facts(mime, body)
    assert (found.width, found.height) == size


def test_the_length_and_the_codecs_of_sound_and_films_are_known() -> None:
    assert (facts("video/mp4", a_film()).seconds, facts("video/mp4", a_film()).codecs) == (12.0, ("avc1",))
    assert facts("audio/wav", WAV) == Facts(seconds=10.0, codecs=("wav:49",))
    assert facts("audio/ogg", OGG) == Facts(seconds=7.0, codecs=("opus",))


def test_what_would_burst_memory_is_too_large() -> None:
    assert too_large("image/png", facts("image/png", PNG))
    assert not too_large("image/jpeg", Facts(width=16_000, height=12_500))  # 200 megapixels, as phones make them
    assert too_large("image/jpeg", Facts(width=65_000, height=65_000))


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg", "image/webp", "image/heic", "video/mp4", "audio/wav"])
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xd8" + b"\xff" * 5000, bytes(5000), box(b"moov", b"") * 3000, b"RIFF" * 99]
)
def test_nonsense_is_looked_at_in_vain_and_not_for_long(mime: str, body: bytes) -> None:
    looks = 0

    def read(at: int, length: int) -> bytes:
        nonlocal looks
        looks += 1
        return body[at : at + length]

    assert measure(mime, read, len(body)).seconds == 0
    assert looks <= 900  # of blocks that are mostly remembered


def test_a_wav_and_an_ogg_of_other_kinds_have_no_length() -> None:
    assert facts("audio/ogg", b"OggS\x00\x02" + bytes(22) + b"\x01vorbis" + bytes(99)) == Facts()
    assert facts("audio/wav", WAV[:30]).seconds == 0
    assert facts("application/pdf", b"%PDF-") == Facts()
