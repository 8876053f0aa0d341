"""Ready replies: the manager keeps them, the admin puts them into an answer."""

import secrets
from collections.abc import Mapping
from typing import Final

from besadu.domain import phrases
from besadu.domain.complaint import Complaint
from besadu.domain.deadlines import date_text
from besadu.domain.phrases import Phrase
from besadu.errors import InvalidFields
from besadu.identity import Person
from besadu.services import upkeep
from besadu.services.office import Office
from besadu.services.upkeep import LONGEST_LINE
from besadu.store.client import Commit
from besadu.store.phrases import PhraseBook

LONGEST: Final = 1500  # characters
MOST: Final = 60


def known(office: Office) -> tuple[Phrase, ...]:
    """All ready replies, by title. Raises Unavailable."""
    stored = office.store.phrases.read()
    return tuple(sorted(stored.value.phrases if stored else (), key=lambda phrase: phrase.title.lower()))


def inserted(office: Office, complaint: Complaint, text: str, key: str) -> str:
    """``text`` with this ready reply after it, filled in for the complaint. Raises KeyError when there is none."""
    phrase = next((one for one in known(office) if one.key == key), None)
    if phrase is None:
        raise KeyError(key)
    return "\n\n".join(filter(None, (text.strip(), phrases.filled(phrase.text, _values(office, complaint)))))


def save(office: Office, by: Person, *, key: str, title: str, text: str) -> None:
    """Add a ready reply, or with ``key`` change that one.

    Raises Refused for anybody but a manager, InvalidFields, KeyError for one that is gone, Conflict, Unavailable.
    """
    upkeep.manager_only(by)
    title, text = " ".join(title.split()), text.strip()
    made = Phrase(key=key or secrets.token_hex(8), title=title, text=text)

    def attempt(commit: Commit) -> None:
        before = office.store.phrases.read()
        others = before.value.phrases if before else ()
        old = next((one for one in others if one.key == made.key), None)
        if key and old is None:
            raise KeyError(key)
        others = tuple(one for one in others if one.key != made.key)
        if problems := _problems(made, others):
            raise InvalidFields(problems)
        office.store.phrases.stage(commit, PhraseBook(phrases=(*others, made)), before)
        upkeep.stage_audit(office, commit, by, "phrase_changed" if old else "phrase_added", title, text[:LONGEST_LINE])

    upkeep.tried(office, attempt)


def remove(office: Office, by: Person, *, key: str) -> None:
    """Take a ready reply away; what was sent with it stays as it was. Raises as ``save``."""
    upkeep.manager_only(by)

    def attempt(commit: Commit) -> None:
        before = office.store.phrases.read()
        old = next((one for one in before.value.phrases if one.key == key), None) if before else None
        if before is None or old is None:
            raise KeyError(key)
        rest = tuple(one for one in before.value.phrases if one.key != key)
        office.store.phrases.stage(commit, PhraseBook(phrases=rest), before)
        upkeep.stage_audit(office, commit, by, "phrase_removed", old.title, old.text[:LONGEST_LINE])

    upkeep.tried(office, attempt)


def _problems(made: Phrase, others: tuple[Phrase, ...]) -> dict[str, str]:
    found = {}
    if not made.title:
        found["title"] = "Nama balasan belum diisi."
    elif len(made.title) > LONGEST_LINE:
        found["title"] = f"Paling banyak {LONGEST_LINE} huruf."
    elif made.title.lower() in {one.title.lower() for one in others}:
        found["title"] = "Nama ini sudah dipakai balasan lain."
    elif len(others) >= MOST:
        found["title"] = f"Sudah ada {MOST} balasan; hapus dahulu yang tidak dipakai."
    if not made.text:
        found["text"] = "Isi balasan belum ditulis."
    elif len(made.text) > LONGEST:
        found["text"] = f"Paling banyak {LONGEST} huruf."
    elif wrong := phrases.problem(made.text):
        found["text"] = wrong
    return found


def _values(office: Office, complaint: Complaint) -> Mapping[str, str]:
    place = complaint.place
    return {
        "nomor_tiket": complaint.ticket,
        "judul": complaint.title,
        "lokasi": ", ".join(filter(None, (place.text, place.village))) or "-",
        "tanggal_laporan": date_text(complaint.created_at),
        "nama_opd": complaint.agency_name or "BESADU",
        "tanggal": date_text(office.now()),
    }
