"""Word and Excel files without their authors, and without what they would fetch from elsewhere when they are opened.

Part of ``besadu.rendering``: hostile bytes meet the unpacker there, in that process. A copy keeps every part that a
reader needs; what it leaves empty is what ECMA-376 calls core, extended and custom properties, and names of reviewers.
"""

import io
import re
import zipfile
from typing import Final

MOST_PARTS: Final = 5_000
MOST_UNPACKED: Final = 200_000_000  # bytes; a small archive may claim any size
WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_XML: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_FORMATS: Final = "http://schemas.openxmlformats.org"
_EMPTY: Final = {
    "docProps/core.xml": _XML
    + f'<cp:coreProperties xmlns:cp="{_FORMATS}/package/2006/metadata/core-properties"/>'.encode(),
    "docProps/app.xml": _XML + f'<Properties xmlns="{_FORMATS}/officeDocument/2006/extended-properties"/>'.encode(),
    "docProps/custom.xml": _XML + f'<Properties xmlns="{_FORMATS}/officeDocument/2006/custom-properties"/>'.encode(),
}
# Who wrote, changed or commented, in the attributes of Word's and Excel's parts.
_NAMES: Final = re.compile(
    rb"""(\b(?:w:author|w:initials|w15:author|w15:userId|displayName|userId|providerId|lastEdited)=)("[^"]*"|'[^']*')"""
)
_EXCEL_AUTHOR: Final = re.compile(rb"(<author\b[^>]*>)[^<]*(</author>)")
_RELATION: Final = re.compile(rb"<Relationship\b[^>]*?(?:/>|>\s*</Relationship>)", re.DOTALL)
_TARGET: Final = re.compile(rb"""\bTarget\s*=\s*("[^"]*"|'[^']*')""")
_AWAY: Final = re.compile(rb"""TargetMode\s*=\s*["']External["']""", re.IGNORECASE)
_LINK: Final = re.compile(rb"""Type\s*=\s*["'][^"']*/hyperlink["']""", re.IGNORECASE)


def copied(body: bytes) -> tuple[str, bytes]:
    """The type of the document, and its copy. Raises ValueError, and what ``zipfile`` raises for what is no archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as found, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        parts = found.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise ValueError("too large")
        for part in parts:
            made.writestr(zipfile.ZipInfo(part.filename), _bare(part.filename, found.read(part)), zipfile.ZIP_DEFLATED)
        word = any(part.filename.startswith("word/") for part in parts)
    return WORD if word else EXCEL, out.getvalue()


def _bare(name: str, content: bytes) -> bytes:
    if name in _EMPTY:
        return _EMPTY[name]
    if name.lower().endswith((".jpg", ".jpeg")):
        return _bare_jpeg(content)
    if name.endswith(".rels"):
        return _RELATION.sub(_unless_away, content)
    if name.endswith(".xml"):
        return _EXCEL_AUTHOR.sub(rb"\1\2", _NAMES.sub(rb'\1""', content))
    return content


def _unless_away(relation: re.Match[bytes]) -> bytes:
    """A template or picture from elsewhere would be fetched when the file is opened; a link waits to be pressed.

    The relation stays, since other parts name it; its target becomes what Word writes for a picture that is gone.
    """
    fetched = _AWAY.search(relation[0]) and not _LINK.search(relation[0])
    return _TARGET.sub(b'Target="NULL"', relation[0]) if fetched else relation[0]


def _bare_jpeg(content: bytes) -> bytes:
    """Without EXIF and comments: its segments before the picture are stepped over (ITU-T T.81, B.1.1.4)."""
    kept, at = [content[:2]], 2
    while content[:2] == b"\xff\xd8" and at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] not in (*range(0xE1, 0xEE), 0xEF, 0xFE):
            kept.append(content[at:end])
        at = end
    return b"".join((*kept, content[at:]))
