import io
import zipfile

import pytest

from besadu.domain.filetype import sniff


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
