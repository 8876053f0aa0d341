"""The words of a post's message: of one complaint, or of several in a digest."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from besadu.domain.complaint import Complaint
from besadu.domain.conditions import awaits_leader
from besadu.domain.deadlines import WIB, date_text, working_days_left
from besadu.domain.outbox import Listed, OutboxItem
from besadu.frozen import dataclass, replace
from besadu.services.office import Office
from besadu.store.officepage import Post

LONGEST_LIST: Final = 300  # characters, in a template's value
WANTED: Final = {
    "accept": "diterima, atau dikembalikan dengan alasan",
    "answer": "dijawab",
    "support": "dilengkapi dengan bagian instansi Anda",
    "call": "disampaikan jawabannya lewat telepon",
    "decide": "diputuskan kelanjutannya",
    "review": "ditelaah jawabannya, lalu disampaikan",
    "verify": "diverifikasi, lalu didisposisikan",
}

Apart = Literal["mark", "call", "decide"]


DECISION: Final = "ditetapkan OPD-nya oleh pimpinan: sudah dua kali dikembalikan"


@dataclass(frozen=True)
class Wanted:
    """A complaint that a post is to be told of. ``moved``: also that its deadline is another now.

    ``apart``: what it is told of for, whatever clock runs.
    """

    complaint: Complaint
    moved: bool = False
    apart: Apart | None = None

    @property
    def what(self) -> str:
        """What the post is to do."""
        if not self.apart and awaits_leader(self.complaint):
            return DECISION
        return WANTED.get(self.apart or self.complaint.clock, "ditindaklanjuti")

    @property
    def why(self) -> str:
        """What it is told of for, instead of a deadline."""
        if self.apart == "mark":
            return f"nilai {self.complaint.rating} dari 5 oleh pelapor"
        return "jawabannya tidak sampai lewat pesan" if self.apart == "call" else "pelapor tidak terhubung"


def single(office: Office, post: Post, wanted: Wanted, blank: OutboxItem, *, ours: bool) -> OutboxItem:
    """``blank`` with the words about one complaint. ``ours``: the post is the office's own and no agency's."""
    complaint = wanted.complaint
    values = (
        post.title or complaint.agency_name or "petugas BESADU",
        complaint.ticket,
        complaint.title,
        _standing(office, wanted),
        wanted.what,
    )
    return replace(
        blank,
        ticket=complaint.ticket,
        template="pengingat_kantor" if ours else "pengingat_opd",
        template_values=values,
        link_for="" if ours else complaint.agency,
        disposition=complaint.disposition,
    )


def several(office: Office, post: Post, wanted: list[Wanted], blank: OutboxItem, *, ours: bool) -> OutboxItem:
    """``blank`` with the words about several complaints."""
    first = wanted[0].complaint
    return replace(
        blank,
        template="ringkasan_kantor" if ours else "ringkasan_opd",
        template_values=(
            post.title or (first.agency_name if not ours else "petugas BESADU"),
            str(len(wanted)),
            brief(office, wanted),
        ),
        link_for="" if ours else first.agency,
        listed=listed(office, wanted, ours=ours),
    )


def listed(office: Office, wanted: list[Wanted], *, ours: bool) -> tuple[Listed, ...]:
    """A line each, with its link, for where there is room."""
    return tuple(
        Listed(
            ticket=one.complaint.ticket,
            text=f"{one.complaint.ticket}: {one.complaint.title}. {_standing(office, one)}. Perlu {one.what}.",
            agency="" if ours else one.complaint.agency,
            disposition=one.complaint.disposition,
        )
        for one in wanted
    )


def brief(office: Office, wanted: list[Wanted]) -> str:
    """Tickets and how late they are, as many as fit into a template's value."""
    now = office.now()
    return within(
        f"{one.complaint.ticket} ({'tenggat baru, ' if one.moved else ''}"
        f"{one.why if one.apart else _lateness(office, one.complaint, now)})"
        for one in wanted
    )


def within(parts: Iterable[str], longest: int = LONGEST_LIST) -> str:
    """As many as fit, and how many more there are."""
    every = list(parts)
    kept: list[str] = []
    for part in every:
        if len("; ".join([*kept, part])) > longest:
            break
        kept.append(part)
    more = len(every) - len(kept)
    return "; ".join(kept) + (f"; dan {more} lainnya" if more else "")


def _standing(office: Office, wanted: Wanted) -> str:
    """How old it is and how late: ``masuk 12 hari lalu, tenggat Jumat, 11 Desember 2026 (sisa 2 hari kerja)``."""
    complaint, now = wanted.complaint, office.now()
    days = (now.astimezone(WIB).date() - complaint.created_at.astimezone(WIB).date()).days
    age = f"masuk {days} hari lalu" if days else "masuk hari ini"
    if wanted.apart:
        return f"{age}, {wanted.why}"
    due = date_text(complaint.due) if complaint.due else "-"
    return f"{age}, tenggat {'baru ' if wanted.moved else ''}{due} ({_lateness(office, complaint, now)})"


def _lateness(office: Office, complaint: Complaint, now: datetime) -> str:
    if complaint.due is None:
        return "tanpa tenggat"
    left = working_days_left(now, complaint.due, office.calendar())
    if left < 0:
        return f"terlambat {-left} hari kerja"
    return f"sisa {left} hari kerja" if left else "tenggat hari ini"
