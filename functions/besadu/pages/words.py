"""How pages say things: states, classes, times and sizes in plain Indonesian. Template filters."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from besadu import clock, texts
from besadu.domain import workflow
from besadu.domain.complaint import State
from besadu.domain.deadlines import WIB, date_text, datetime_text, short_date_text

_TONES: Mapping[str, str] = {
    State.RECEIVED: "warm",
    State.ASKED: "calm",
    State.REJECTED: "bad",
    State.ASSIGNED: "calm",
    State.IN_PROGRESS: "calm",
    State.RETURNED: "warm",
    State.ANSWERED: "warm",
    State.SENDING: "calm",
    State.DELIVERED: "good",
    State.REOPENED: "warm",
    State.CLOSED: "good",
    State.CLOSED_SILENTLY: "good",
}
CLASSES: Mapping[str, str] = {
    "information": "Permintaan informasi",
    "ordinary": "Pengaduan biasa",
    "oversight": "Pengaduan berkadar pengawasan",
}
ROLES: Mapping[str, str] = {
    "admin": "Admin BESADU",
    "officer": "Pejabat penghubung OPD",
    "leader": "Pimpinan",
    "auditor": "Pengawas",
    "manager": "Pengelola",
    "citizen": "Pelapor",
    "system": "Sistem",
}
CHANNELS: Mapping[str, str] = {
    "email": "Surel",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "sms": "SMS",
    "telephone": "Telepon",
    "whatsapp": "WhatsApp",
}
# Entries of the history that are no step of the workflow.
_ENTRIES: Mapping[str, str] = {
    "move": "Tenggat bergeser",
    "call": "Panggilan telepon",
    "open_link": "Tautan OPD dibuka",
    "open_original": "Berkas asli dibuka",
    "receive": "Laporan masuk",
    "remind": "Pengingat",
    "reveal_nik": "NIK dibuka",
    "slip": "Tanggal bagi pelapor terlewat",
    "show_number": "Nomor telepon dibuka",
}
_KINDS: Mapping[str, str] = {
    "image": "Foto",
    "video": "Video",
    "audio": "Rekaman suara",
    "document": "Dokumen",
    "location": "Lokasi",
    "contact": "Kontak",
    "sticker": "Stiker",
}


def age(moment: datetime) -> str:
    """``3 hari lalu``."""
    seconds = (clock.now() - moment).total_seconds()
    for size, unit in ((86400, "hari"), (3600, "jam"), (60, "menit")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} lalu"
    return "baru saja"


def moment_text(moment: datetime) -> str:
    """``2 Mar 2026, 08.05``, in WIB."""
    local = moment.astimezone(WIB)
    return f"{short_date_text(local)}, {local:%H.%M}"


def size_text(size: int) -> str:
    """``1,4 MB``."""
    for limit, unit in ((1_000_000, "MB"), (1_000, "KB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit}".replace(".", ",")
    return f"{size} B"


def length_text(seconds: float) -> str:
    """``1:07``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def count_text(count: int) -> str:
    """``4.096``."""
    return f"{count:,}".replace(",", ".")


def step_name(action: str) -> str:
    """An entry of the history in the office's words."""
    row = workflow.ROWS.get(action)
    return row.label if row else _ENTRIES.get(action, action)


def _looked_up(table: Mapping[str, str], otherwise: str | None = None) -> Callable[[str], str]:
    return lambda key: table.get(key, key if otherwise is None else otherwise)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "age": age,
    "channel": _looked_up(CHANNELS),
    "class_name": _looked_up(CLASSES),
    "count": count_text,
    "date": date_text,
    "datetime": datetime_text,
    "file_kind": _looked_up(_KINDS),
    "file_size": size_text,
    "iso": datetime.isoformat,
    "length_of_time": length_text,
    "moment": moment_text,
    "role": _looked_up(ROLES),
    "state": lambda state: texts.staff_label(State(state)),
    "step": step_name,
    "tone": _looked_up(_TONES, otherwise=""),
}
