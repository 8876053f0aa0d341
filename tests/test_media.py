import hashlib
import io
import secrets
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from besadu import config
from besadu.errors import MediaGone, Unavailable
from besadu.media import HEAD, PIECE, Damaged, Media, disposition, sniff
from besadu_local.stack import Stack


@pytest.fixture
def media(stack: Stack) -> Media:
    return Media(config.load(stack.settings, "assignment"))


def a_name() -> str:
    return f"evidence/te/{secrets.token_hex(12)}"


def _archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, f"<x>{name}</x>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\xff\xd8\xff\xe1\x00\x10Exif", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "video/mp4"),
        (b"\x00\x00\x00\x14ftyp3gp5\x00\x00\x00\x003gp5", "video/3gpp"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/quicktime"),
        (b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00M4A ", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"OggS\x00\x02" + bytes(22) + b"OpusHead", "audio/ogg"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"#!AMR\n\x3c", "audio/amr"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7\n", "application/pdf"),
        (
            _archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            _archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ],
)
def test_a_type_is_known_by_its_bytes(head: bytes, mime: str) -> None:
    assert sniff(head) == mime


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<!doctype html><script>",
        b"   <html>",
        b"MZ\x90\x00",
        b"\x7fELF\x02\x01",
        b"#!/bin/sh\n",
        b"GIF89a",
        b"\xff\xfeh\x00t\x00m\x00l\x00",  # UTF-16 text is no MP3
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # the old Word, which may hold macros
        b"Rar!\x1a\x07",
        b"\x1a\x45\xdf\xa3\x9fB\x82\x88matroska",
        b"OggS\x00\x02" + bytes(22) + b"\x80theora",
        b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif",
        b"\x00\x00\x00\x14ftypavif\x00\x00\x00\x00avif",
        b"RIFF\x10\x00\x00\x00AVI LIST",
        _archive("app.exe"),
        _archive("META-INF/MANIFEST.MF", "word/document.xml"),
        _archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        _archive("[Content_Types].xml", "index.html"),
    ],
)
def test_everything_else_is_refused(head: bytes) -> None:
    assert sniff(head) is None


def test_a_file_is_saved_under_a_name_of_ours() -> None:
    assert disposition("evidence/ab/abc-1", "image/jpeg") == 'attachment; filename="bukti-abc1.jpg"'


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_goes_in_comes_out(media: Media, size: int) -> None:
    body = secrets.token_bytes(size)
    name = a_name()
    kept = media.store(name, iter([body[:7], body[7:]]), mime="image/jpeg", limit=size)
    assert (kept.size, kept.sha256) == (size, hashlib.sha256(body).hexdigest())
    assert b"".join(media.open(name)) == body
    assert b"".join(media.open(name, 0, size - 1)) == body
    assert b"".join(media.open(name, size // 2)) == body[size // 2 :]
    assert media.size(name) == size


def test_a_second_writer_changes_nothing_and_learns_what_is_there(media: Media) -> None:
    name = a_name()
    first = media.store(name, iter([b"first"]), mime="image/jpeg", limit=100)
    assert media.store(name, iter([b"second"]), mime="image/jpeg", limit=100) == first
    assert b"".join(media.open(name)) == b"first"


def test_nothing_is_kept_over_the_limit_or_with_another_checksum_or_when_the_sender_breaks_off(media: Media) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(2 * PIECE)
        raise Unavailable("broke off")

    name = a_name()
    with pytest.raises(MediaGone):
        media.store(name, iter([bytes(PIECE)] * 3), mime="image/jpeg", limit=2 * PIECE)
    with pytest.raises(Damaged):
        media.store(name, iter([bytes(2 * PIECE)]), mime="image/jpeg", limit=3 * PIECE, sha256="0" * 64)
    with pytest.raises(Unavailable):
        media.store(name, breaking(), mime="image/jpeg", limit=3 * PIECE)
    assert media.size(name) is None


def test_a_missing_object_is_gone(media: Media) -> None:
    with pytest.raises(MediaGone):
        next(media.open(a_name()))


def test_a_dead_bucket_is_unavailable(stack: Stack) -> None:
    settings = replace(config.load(stack.settings, "assignment"), evidence_bucket="no-such-bucket")
    with pytest.raises((Unavailable, MediaGone)):
        Media(settings).store(a_name(), iter([b"x"]), mime="image/jpeg", limit=10)


def test_a_large_file_does_not_stand_in_memory(media: Media) -> None:
    media.store(a_name(), iter([b"warm"]), mime="video/mp4", limit=10)
    name = a_name()
    tracemalloc.start()
    media.store(name, (bytes(HEAD) for _ in range(640)), mime="video/mp4", limit=HEAD * 640)
    assert sum(map(len, media.open(name))) == HEAD * 640
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * PIECE


def test_the_storage_library_is_loaded_at_first_use_only() -> None:
    code = "import sys, besadu.media, besadu.services.evidence; sys.exit('google.cloud.storage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "functions"}, check=False).returncode == 0
