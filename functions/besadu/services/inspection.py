"""What lies in the bucket and came from outside: what it is, how large, and whether it may be shown at all."""

from dataclasses import field
from typing import Final

from besadu.domain.evidence import PARTLY_PLAYED
from besadu.domain.filetype import ENDINGS, HEAD, names_macros, sniff, suspected
from besadu.domain.measuring import Facts, Read, measure, too_large
from besadu.domain.message import MediaKind
from besadu.frozen import dataclass
from besadu.media import Media

ACCEPTED: Final = "Yang diterima: foto, video, rekaman suara, PDF, Word, Excel."
WRONG_TYPE: Final = f"Jenis berkas tidak dapat diterima: {{what}}. {ACCEPTED}"
MISMATCH: Final = "Isi berkas adalah {found}, padahal dikirim sebagai {said}."
EMPTY: Final = "Berkas kosong."
MACROS: Final = "Dokumen berisi makro atau program, sehingga tidak dibuka."
TOO_LARGE: Final = "Ukuran gambar terlalu besar untuk dibuka dengan aman: {width} x {height} titik."


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``problem`` (Indonesian): why the file must be locked away; then ``mime`` is empty."""

    mime: str = ""
    facts: Facts = field(default_factory=Facts)
    problem: str = ""


def inspect(media: Media, object_name: str, size: int, *, kind: MediaKind, said: str = "") -> Verdict:
    """Look at a file where it lies, without bringing it here: a few reads of its headers. Raises as ``Media.open``.

    ``said``: the type under which it was sent. A photo that is a document inside was made to deceive; between types of
    one family senders err every day, and the bytes decide.
    """
    if size == 0:
        return Verdict(problem=EMPTY)
    read = media.reader(object_name)
    head = read(0, HEAD)
    mime = sniff(head)
    if mime is None:
        return Verdict(problem=WRONG_TYPE.format(what=suspected(head)))
    if _family(said) and _family(said) != _family(mime):
        return Verdict(problem=MISMATCH.format(found=_family(mime), said=_family(said)))
    if mime.startswith("application/vnd.") and names_macros(_directory(read, size)):
        return Verdict(problem=MACROS)
    facts = measure(mime, read, size)
    if too_large(mime, facts):
        return Verdict(problem=TOO_LARGE.format(width=facts.width, height=facts.height))
    return Verdict(mime=_as_sent(mime, kind, facts), facts=facts)


def _family(mime: str) -> str:
    """What a type is in the office's words; "" for one that says nothing, such as bytes of no kind."""
    families = {"audio": "suara atau video", "image": "gambar", "video": "suara atau video"}
    return families.get(mime.partition("/")[0]) or ("dokumen" if mime in ENDINGS else "")


def _directory(read: Read, size: int) -> bytes:
    """The end of an archive, where the names of all its parts stand."""
    return read(max(0, size - HEAD), HEAD)


def _as_sent(mime: str, kind: MediaKind, facts: Facts) -> str:
    """A voice recording may lie in a video's wrapping; what came as sound is played as sound.

    A QuickTime film is an MP4 in all but name when its codecs are MP4's, and under that name every browser plays it.
    """
    if kind == "audio" and mime in ("video/mp4", "video/3gpp"):
        return "audio/mp4"
    if mime == "video/quicktime" and "avc1" in facts.codecs and not PARTLY_PLAYED.intersection(facts.codecs):
        return "video/mp4"
    return mime
