"""Ready replies: texts that the manager keeps, with variables that a complaint fills in."""

import string
from collections.abc import Mapping
from typing import Final

from besadu.frozen import dataclass

# What a text may name in braces, and what stands there then.
VARIABLES: Final[Mapping[str, str]] = {
    "nomor_tiket": "nomor laporan",
    "judul": "judul laporan",
    "lokasi": "tempat kejadian",
    "tanggal_laporan": "tanggal laporan masuk",
    "nama_opd": "nama OPD",
    "tanggal": "tanggal hari ini",
}


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """One ready reply. ``key`` is its id for good, ``title`` what the admin chooses it by."""

    key: str
    title: str
    text: str


def problem(text: str) -> str:
    """What is wrong with the variables in ``text``, in Indonesian; "" when nothing is."""
    try:
        names = [name for _, name, form, conversion in string.Formatter().parse(text) if _named(name, form, conversion)]
    except ValueError:
        return "Kurung kurawalnya tidak lengkap. Tulis variabel seperti {nomor_tiket}."
    if unknown := [name for name in names if name not in VARIABLES]:
        wrong = ", ".join(f"{{{name}}}" for name in dict.fromkeys(unknown))
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        return f"Variabel {wrong} tidak dikenal. Yang tersedia: {known}."
    return ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its variables filled. What stands in a value is taken as it is, braces too. Raises KeyError."""
    pieces = string.Formatter().parse(text)
    return "".join(f"{literal}{'' if name is None else values[name]}" for literal, name, _, _ in pieces)


def _named(name: str | None, form: str | None, conversion: str | None) -> bool:
    if form or conversion:
        raise ValueError("a variable is a name alone")
    return name is not None
