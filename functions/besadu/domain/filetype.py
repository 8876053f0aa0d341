"""What kind of file some bytes are, by the bytes alone: an allow-list. A name or a declared type proves nothing."""

import re
from collections.abc import Callable, Mapping
from typing import Final

HEAD: Final = 64 * 1024  # bytes that `sniff` wants to see, if there are so many

_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# The types we keep and show, and the ending that a saved file gets. What is not here is quarantined.
ENDINGS: Final = {
    "application/pdf": "pdf",
    _EXCEL: "xlsx",
    _WORD: "docx",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/3gpp": "3gp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}


def sniff(first_bytes: bytes) -> str | None:
    """The type that the bytes themselves show, one of ENDINGS; None for all else (SVG, HTML, programs, archives).

    ``first_bytes``: the first HEAD bytes, or the whole file when it is smaller.
    """
    head = first_bytes
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    look = _WRAPPINGS.get(head[:4], _audio_frame)
    return look(head)


def suspected(first_bytes: bytes) -> str:
    """What a file that `sniff` does not know looks like, Indonesian; for the person who reads why it is locked away."""
    head = first_bytes[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\x00").lower()
    return next((name for magic, name in _SUSPECTS if head.startswith(magic)), "jenis yang tidak dikenal")


def names_macros(directory: bytes) -> bool:
    """Whether an Office file's directory (the end of its archive) names a part that holds programs."""
    return bool(
        re.search(rb"vbaproject|vbadata|activex|\.exe|\.dll|\.js\b|/embeddings/.*\.bin", directory, re.IGNORECASE)
    )


_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr"),
)
_SUSPECTS: Final = (
    (b"<svg", "gambar SVG"),
    (b"<?xml", "berkas XML atau SVG"),
    (b"<!doctype", "halaman web"),
    (b"<html", "halaman web"),
    (b"<script", "halaman web"),
    (b"<", "halaman web"),
    (b"mz", "program Windows"),
    (b"\x7felf", "program Linux"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"#!", "program"),
    (b"dex\n", "program Android"),
    (b"pk\x03\x04", "arsip ZIP, program Android, atau dokumen dengan makro"),
    (b"rar!", "arsip RAR"),
    (b"7z\xbc\xaf\x27\x1c", "arsip 7z"),
    (b"\x1f\x8b", "arsip gzip"),
    (b"bzh", "arsip bzip2"),
    (b"\xd0\xcf\x11\xe0", "dokumen Office lama, yang dapat berisi makro"),
    (b"{\\rtf", "dokumen RTF"),
    (b"gif8", "gambar GIF"),
    (b"bm", "gambar BMP"),
    (b"l\x00\x00\x00", "pintasan Windows"),
)
_OGG_AUDIO: Final = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV", b"M4V ", b"mmp4"),
        "video/mp4",
    ),
    b"qt  ": "video/quicktime",
}


def _riff(head: bytes) -> str | None:
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])


def _ogg(head: bytes) -> str | None:
    return "audio/ogg" if any(codec in head[:96] for codec in _OGG_AUDIO) else None


def _matroska(head: bytes) -> str | None:
    return "video/webm" if b"webm" in head[:64] else None


def _iso_media(head: bytes) -> str | None:
    """MP4 and its family, by the brand in the first box (ISO/IEC 14496-12)."""
    brand = head[8:12]
    compatible = head[16 : int.from_bytes(head[:4], "big")]
    if brand[:3] in (b"3gp", b"3g2"):
        return "video/3gpp"
    if brand in (b"mif1", b"msf1") and b"hei" not in compatible:  # AVIF and others in the same wrapping
        return None
    return _BRANDS.get(brand)


def _office(head: bytes) -> str | None:
    """Word and Excel files are archives; the names of their parts tell them from any other archive, and macros off."""
    names = []
    for entry in re.finditer(rb"PK\x03\x04.{22}(..)..", head, re.DOTALL):
        length = int.from_bytes(entry[1], "little")
        names.append(head[entry.end() : entry.end() + length])
    if not names or names[0] not in (b"[Content_Types].xml", b"_rels/.rels", b"docProps/app.xml"):
        return None
    if any(name.lower().endswith(b".bin") and b"vba" in name.lower() for name in names):
        return None
    if any(name.startswith(b"word/") for name in names):
        return _WORD
    if any(name.startswith(b"xl/") for name in names):
        return _EXCEL
    return None


def _audio_frame(head: bytes) -> str | None:
    """Bare MP3 (MPEG layer III) or AAC (ADTS), which have no magic but a frame's first bits."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    layer_three = head[1] & 0xE6 == 0xE2
    real_rates = head[2] & 0xF0 not in (0x00, 0xF0) and head[2] & 0x0C != 0x0C
    return "audio/mpeg" if layer_three and real_rates else None


_WRAPPINGS: Final[Mapping[bytes, Callable[[bytes], str | None]]] = {
    b"OggS": _ogg,
    b"PK\x03\x04": _office,
    b"RIFF": _riff,
    b"\x1a\x45\xdf\xa3": _matroska,
}
