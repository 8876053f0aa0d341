"""The forms of an agency's steps, the same behind a one-ticket link and in the console: read, taken, or shown again."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Final, get_args

from flask import request

from besadu.domain.complaint import Actor, Complaint
from besadu.domain.workflow import NotAllowed
from besadu.errors import Conflict, Invalid
from besadu.frozen import dataclass
from besadu.media import Media
from besadu.pages.files import MOST_FILES, keep_files
from besadu.services import desk
from besadu.services.desk import DeskAction, Typed
from besadu.services.office import Office

STEPS: Final[tuple[DeskAction, ...]] = get_args(DeskAction)
_FIELDS: Final = ("text", "day", "how", "agency")

# Said once, after the step: what happens next.
DONE: Final = {
    "accept": "Laporan diterima. Silakan tindak lanjuti, lalu kirim jawaban sebelum batas waktunya.",
    "return": "Laporan dikembalikan kepada admin BESADU. Tidak ada lagi yang perlu Anda lakukan.",
    "ask": "Pertanyaan dikirim kepada pelapor. Batas waktu Anda berhenti sampai pelapor menjawab atau waktunya habis.",
    "extend": "Permintaan tambahan waktu tersimpan. Lihat batas waktu yang berlaku di bawah ini.",
    "progress": "Kabar perkembangan disimpan.",
    "answer": "Jawaban dikirim kepada admin BESADU.",
    "note": "Catatan disimpan.",
    "contribute": "Kiriman Anda tersimpan dan dapat dibaca OPD yang menjawab.",
    "decline_support": "Terima kasih. OPD yang menjawab dan admin BESADU sudah diberi tahu.",
}


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What was typed into a form that could not be taken, to be shown again. ``step`` names the form."""

    step: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()  # evidence ids of files that came through
    before: tuple[str, ...] = ()  # the same, of the place before the work
    problem: str = ""  # something to mend in the form
    too_late: str = ""  # what happened meanwhile; the form may be gone

    @property
    def text(self) -> str:
        """The words."""
        return self.values.get("text", "")

    @property
    def status(self) -> int:
        """Of the answer that shows it."""
        return 409 if self.too_late else 422

    def value(self, step: str, name: str, otherwise: str = "") -> str:
        """What to show in a field of this step's form."""
        return self.values.get(name, otherwise) if self.step == step else otherwise


def step_named(name: str) -> DeskAction | None:
    """The step with this name, if an agency has it."""
    return next((known for known in STEPS if known == name), None)


def take(
    office: Office, media: Media, actor: Actor, ticket: str, action: DeskAction, seen: Complaint | None = None
) -> Filled | None:
    """Take the step that the request's form is for; None when it is done, else the form as typed and why it is not.

    ``seen`` is the complaint if the caller has just read it. Raises KeyError, Unavailable.
    """
    values = {name: request.form.get(name, "").replace("\r\n", "\n") for name in _FIELDS}
    values |= {name: "ya" for name in ("tell", "finished") if name in request.form}
    kept, before, problem = _files(office, media, ticket, actor) if action in ("answer", "contribute") else ((), (), "")
    filled = Filled(step=action, values=values, kept=kept, before=before, problem=problem)
    if problem:
        return filled
    try:
        desk.act(office, actor, ticket, action, _typed(filled), seen=seen)
    except Invalid as fault:
        return Filled(step=action, values=values, kept=kept, before=before, problem=str(fault))
    except (NotAllowed, Conflict):
        happened = desk.what_happened(desk.agency_file(office, actor, ticket))
        return Filled(step=action, values=values, kept=kept, before=before, too_late=happened)
    return None


def _files(office: Office, media: Media, ticket: str, actor: Actor) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Files of the work done, files of the place before it, and what is wrong with one of them."""
    brought = any(file.filename for file in request.files.values())
    if brought and not {"answer", "contribute"} & {row.action for row in desk.agency_file(office, actor, ticket).steps}:
        return (), (), ""  # nothing is kept for a step that cannot be taken
    before, first = keep_files(office, media, ticket, actor.agency, field="before")
    kept, second = keep_files(office, media, ticket, actor.agency, room=MOST_FILES - len(before))
    return kept, before, first or second


def _typed(filled: Filled) -> Typed:
    """Raises Invalid for a day that is none."""
    return Typed(
        text=filled.text,
        evidence=tuple(dict.fromkeys((*filled.before, *filled.kept))),
        before=filled.before,
        day=_day(filled.values["day"]),
        scheduled=filled.values["how"] == "jadwal",
        tell="tell" in filled.values,
        agency=filled.values["agency"],
        finished="finished" in filled.values,
        revision=_number(request.form.get("revision", "")),
    )


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("Tanggal belum terbaca. Contoh: 2026-03-31.") from None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
