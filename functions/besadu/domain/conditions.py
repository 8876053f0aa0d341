"""What a step of the workflow demands besides the right state and role: how often, after what, by whose word."""

from collections.abc import Callable, Mapping

from besadu.domain import support
from besadu.domain.complaint import Actor, Complaint
from besadu.domain.support import SupportState

MOST_REOPENINGS = 2  # after that only the appeal (Ombudsman, SP4N-LAPOR!) is left
MOST_RETURNS = 2  # after that the leader says who is responsible, and that OPD cannot return it
OWN_EXTENSIONS = 1  # of the answer's deadline that an OPD may take by itself
MOST_EXTENSIONS = 2  # the further one an admin or leader grants
MOST_EXTENSION_DAYS = 14  # working days beyond the deadline (or from now, when that has passed), each time
MOST_SUPPORT = 8  # OPDs that are asked to help with one complaint
MOST_CONTRIBUTIONS = 10  # of one of them
LOW_MARK = 2  # a mark up to this one is looked into by the admin
MOST_PROGRESS = 3  # messages about progress that the citizen gets in one hand-over, at most one a day

# Who returns a complaint would undo a colleague's work; more time twice is one more extension, which nobody meant.
_OVERTAKEN_BY: Mapping[str, frozenset[str]] = {
    "extend": frozenset({"extend", "ask_extension"}),
    "return": frozenset({"accept", "ask", "extend", "ask_extension", "progress"}),
}


def refusal(action: str, complaint: Complaint, actor: Actor) -> str:
    """Why this step may not be taken now, in Indonesian; "" when nothing stands against it."""
    rule = _RULES.get(action)
    return rule(complaint, actor) if rule else ""


def overtaken(action: str, complaint: Complaint, seen: int | None) -> bool:
    """Whether a colleague has done something since the revision ``seen`` with which this step is no longer what it was.

    None: nobody knows what was seen.
    """
    since = (entry for entry in complaint.history if seen is not None and entry.number > seen)
    return any(entry.role == "officer" and entry.action in _OVERTAKEN_BY[action] for entry in since)


def awaits_leader(complaint: Complaint) -> bool:
    """Whether OPDs have returned it so often that the leader says who is responsible."""
    return complaint.returns >= MOST_RETURNS and not complaint.decided


def _dissatisfied(complaint: Complaint, _actor: Actor) -> str:
    return "Laporan ini sudah dua kali dibuka kembali." if complaint.reopened >= MOST_REOPENINGS else ""


def _appeal(complaint: Complaint, _actor: Actor) -> str:
    return "Laporan ini masih dapat dibuka kembali." if complaint.reopened < MOST_REOPENINGS else ""


def _forward(complaint: Complaint, actor: Actor) -> str:
    if awaits_leader(complaint) and actor.role != "leader":
        return "Laporan ini sudah dua kali dikembalikan OPD. OPD yang berwenang ditetapkan oleh pimpinan."
    return ""


def _return(complaint: Complaint, _actor: Actor) -> str:
    return "Pimpinan sudah menetapkan bahwa laporan ini urusan instansi Anda." if complaint.decided else ""


def _extend(complaint: Complaint, _actor: Actor) -> str:
    if complaint.extensions < OWN_EXTENSIONS:
        return ""
    return "Waktu sudah pernah ditambah; tambahan berikutnya diputuskan admin."


def _ask_extension(complaint: Complaint, _actor: Actor) -> str:
    if complaint.extension:
        return "Permintaan tambahan waktu sedang menunggu keputusan admin."
    if complaint.extensions < OWN_EXTENSIONS:
        return "Tambahan waktu yang pertama tidak perlu disetujui admin."
    return "Waktu sudah dua kali ditambah." if complaint.extensions >= MOST_EXTENSIONS else ""


def _decide_extension(complaint: Complaint, _actor: Actor) -> str:
    return "" if complaint.extension else "Tidak ada permintaan tambahan waktu."


def _deliver(complaint: Complaint, _actor: Actor) -> str:
    promised = complaint.answer and complaint.answer.scheduled_for
    return "Jawaban ini baru berupa jadwal: sampaikan sebagai jadwal." if promised else ""


def _promise(complaint: Complaint, _actor: Actor) -> str:
    promised = complaint.answer and complaint.answer.scheduled_for
    return "" if promised else "Jawaban ini tidak memuat jadwal."


def _take_over(complaint: Complaint, _actor: Actor) -> str:
    return f"Laporan ini sudah ditangani langsung oleh {complaint.taken_over_by}." if complaint.taken_over_by else ""


def _let_go(complaint: Complaint, _actor: Actor) -> str:
    return "" if complaint.taken_over_by else "Laporan ini tidak sedang ditangani langsung."


def _ask_support(complaint: Complaint, _actor: Actor) -> str:
    if not complaint.with_agency:
        return "Laporan ini sedang berada di meja admin: sebutkan OPD pendukung pada disposisi."
    return "Sudah banyak OPD yang diminta mendukung." if len(complaint.support) >= MOST_SUPPORT else ""


def _end_support(complaint: Complaint, _actor: Actor) -> str:
    asked = any(one.state is SupportState.ASKED for one in complaint.support)
    return "" if asked else "Tidak ada permintaan dukungan yang menunggu."


def _contribute(complaint: Complaint, actor: Actor) -> str:
    own = support.of(complaint.support, actor.agency)
    if own is None or not own.stands:
        return "Instansi Anda tidak diminta mendukung laporan ini."
    return "Kiriman instansi Anda sudah cukup banyak." if len(own.contributions) >= MOST_CONTRIBUTIONS else ""


def _decline_support(complaint: Complaint, actor: Actor) -> str:
    own = support.of(complaint.support, actor.agency)
    if own is None or own.state is not SupportState.ASKED:
        return "Instansi Anda tidak sedang diminta mendukung laporan ini."
    if any(one.at >= own.asked_at for one in own.contributions):
        return "Instansi Anda sudah mengirim bagiannya, jadi tidak dapat lagi menyatakan bukan urusannya."
    return ""


def _see_mark(complaint: Complaint, _actor: Actor) -> str:
    return "" if complaint.mark_open else "Tidak ada nilai rendah yang belum ditindaklanjuti."


# What a step demands besides state and role.
_RULES: Mapping[str, Callable[[Complaint, Actor], str]] = {
    "appeal": _appeal,
    "ask_extension": _ask_extension,
    "ask_support": _ask_support,
    "contribute": _contribute,
    "decline_support": _decline_support,
    "deliver": _deliver,
    "dissatisfied": _dissatisfied,
    "end_support": _end_support,
    "extend": _extend,
    "forward": _forward,
    "grant_extension": _decide_extension,
    "let_go": _let_go,
    "promise": _promise,
    "refuse_extension": _decide_extension,
    "return": _return,
    "take_over": _take_over,
    "see_mark": _see_mark,
}
