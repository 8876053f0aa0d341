"""THE table: every step a complaint can take. A step that has no row does not exist.

The console draws its buttons from it, the tests walk every allowed and forbidden pair, the README's diagram is
generated from it. The clocks are those of ``deadlines.CLOCKS``; how they run stands in ``clocks``.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal

from besadu.domain import clocks, conditions, deadlines, ladder
from besadu.domain.complaint import ARRIVING, FINAL, Actor, Complaint, Role, State
from besadu.frozen import dataclass, replace

Action = Literal[
    "ask",
    "reply",
    "lapse",
    "reject",
    "refer",
    "merge",
    "forward",
    "accept",
    "return",
    "extend",
    "ask_extension",
    "grant_extension",
    "refuse_extension",
    "progress",
    "answer",
    "send_back",
    "deliver",
    "confirm",
    "recall",
    "give_up",
    "promise",
    "ask_support",
    "end_support",
    "contribute",
    "decline_support",
    "revoke_links",
    "satisfied",
    "dissatisfied",
    "appeal",
    "close_silently",
    "rate",
    "see_mark",
    "withdraw",
    "note",
    "add_evidence",
    "take_over",
    "let_go",
    "classify",
]
ANSWERABLE = frozenset({State.ASSIGNED, State.IN_PROGRESS})
OPEN = frozenset(State) - FINAL
# With whom an open complaint lies.
DESK_OF = {
    State.RECEIVED: "admin",
    State.RETURNED: "admin",
    State.REOPENED: "admin",
    State.ANSWERED: "admin",
    State.ASSIGNED: "agency",
    State.IN_PROGRESS: "agency",
    State.ASKED: "citizen",
    State.SENDING: "citizen",
    State.DELIVERED: "citizen",
}
SUPPORTING = frozenset({"contribute", "decline_support"})  # steps of an OPD that helps
RESUMABLE = frozenset({State.RECEIVED, State.ASSIGNED, State.IN_PROGRESS, State.REOPENED, State.RETURNED})


class NotAllowed(Exception):
    """The workflow has no such step from this state for this person. The text is Indonesian, for the page."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One step: who may take it from where to where, which clock it starts, what it tells whom."""

    action: Action
    label: str  # on the button, Indonesian
    sources: frozenset[State]
    target: State | Literal["same", "resume"]
    actors: frozenset[Role]
    clock: str = ""  # "" keeps the running clock on "same" and stops it otherwise
    tells_citizen: str = ""  # key of texts.id.toml; "" for the reason that stands in ``untold``
    tells_citizen_by: Mapping[Role, str] = field(default_factory=dict)  # other words when this role takes the step
    tells_followers: str = ""  # the reporters of complaints merged into this one; their answer comes with "deliver"
    tells_agency: str = ""


def _row(
    action: Action,
    label: str,
    sources: set[State] | frozenset[State],
    target: State | Literal["same", "resume"],
    actors: set[Role],
    **more: Any,  # noqa: ANN401 - the fields of Row that have a default
) -> Row:
    return Row(
        action=action,
        label=label,
        sources=frozenset(sources),
        target=target,
        actors=frozenset(actors),
        **more,
    )


S = State
DESK = {S.RECEIVED, S.RETURNED, S.REOPENED}  # lies on the admin's desk, before or between hand-overs

REMINDED = DESK | ANSWERABLE | {S.ANSWERED}  # where the office or an agency is reminded

TABLE: tuple[Row, ...] = (
    _row(
        "ask",
        "Tanya pelapor",
        RESUMABLE,
        S.ASKED,
        {"admin", "officer"},
        clock="citizen_answer",
        tells_citizen="question",
        tells_citizen_by={"admin": "question_from_admin"},
    ),
    _row("reply", "Pelapor menjawab", {S.ASKED}, "resume", {"citizen"}),
    _row("lapse", "Pelapor tidak menjawab", {S.ASKED}, "resume", {"system"}),
    _row("reject", "Tidak layak", DESK, S.REJECTED, {"admin"}, tells_citizen="rejected", tells_followers="rejected"),
    _row(
        "refer",
        "Rujuk ke instansi lain",
        DESK,
        S.REFERRED,
        {"admin"},
        tells_citizen="referred",
        tells_followers="referred",
    ),
    _row("merge", "Gabungkan", DESK, S.MERGED, {"admin"}, tells_citizen="merged"),
    _row(
        "forward",
        "Disposisi ke OPD",
        DESK,
        S.ASSIGNED,
        {"admin", "leader"},
        clock="accept",
        tells_citizen="forwarded",
        tells_agency="disposisi_baru",
    ),
    _row("accept", "Terima", {S.ASSIGNED}, S.IN_PROGRESS, {"officer"}, clock="answer"),
    _row("return", "Kembalikan", ANSWERABLE, S.RETURNED, {"officer"}, clock="verify"),
    _row("extend", "Tambah waktu", {S.IN_PROGRESS}, "same", {"officer"}, tells_citizen="extended"),
    _row("ask_extension", "Minta tambahan waktu", {S.IN_PROGRESS}, "same", {"officer"}),
    _row(
        "grant_extension",
        "Setujui tambahan waktu",
        {S.IN_PROGRESS},
        "same",
        {"admin", "leader"},
        tells_citizen="extended",
    ),
    _row("refuse_extension", "Tolak tambahan waktu", {S.IN_PROGRESS}, "same", {"admin", "leader"}),
    _row("progress", "Kabari perkembangan", {S.IN_PROGRESS}, "same", {"officer"}, tells_citizen="progress"),
    _row("answer", "Kirim jawaban", ANSWERABLE, S.ANSWERED, {"officer"}, clock="review"),
    _row(
        "send_back",
        "Kembalikan ke OPD",
        {S.ANSWERED},
        S.IN_PROGRESS,
        {"admin"},
        clock="answer",
        tells_agency="disposisi_baru",
    ),
    _row(
        "deliver",
        "Sampaikan jawaban",
        {S.ANSWERED},
        S.SENDING,
        {"admin"},
        tells_citizen="answer",
        tells_followers="answer",
    ),
    # A channel's receipt, an admin's call, or a mark from the citizen. PUAS and BELUM need no step before them.
    _row("confirm", "Jawaban sampai", {S.SENDING}, S.DELIVERED, {"system", "admin", "citizen"}, clock="reply"),
    # Neither a message nor a call has reached the citizen.
    _row(
        "give_up",
        "Tutup, jawaban tidak tersampaikan",
        {S.SENDING},
        S.CLOSED_SILENTLY,
        {"manager", "leader"},
        tells_citizen="given_up",
    ),
    _row("recall", "Tarik kembali jawaban", {S.SENDING}, S.ANSWERED, {"admin"}, clock="review"),
    _row(
        "promise",
        "Sampaikan jadwal",
        {S.ANSWERED},
        S.IN_PROGRESS,
        {"admin"},
        clock="answer",  # and due at the promised date
        tells_citizen="scheduled",
        tells_followers="scheduled",
    ),
    _row("satisfied", "Pelapor puas", ARRIVING, S.CLOSED, {"citizen"}, tells_citizen="thanks_ask_rating"),
    _row(
        "dissatisfied",
        "Pelapor belum puas",
        ARRIVING,
        S.REOPENED,
        {"citizen"},
        clock="verify",
        tells_citizen="reopened",
    ),
    _row("appeal", "Tetap belum puas", ARRIVING, S.CLOSED, {"citizen"}, tells_citizen="appeal"),
    _row("rate", "Pelapor menilai", {S.DELIVERED, S.CLOSED, S.REOPENED}, "same", {"citizen"}),
    _row("see_mark", "Nilai rendah ditindaklanjuti", set(S), "same", {"admin"}),
    _row("close_silently", "Tutup tanpa tanggapan", {S.DELIVERED}, S.CLOSED_SILENTLY, {"system"}),
    _row(
        "withdraw",
        "Dicabut pelapor",
        OPEN - ARRIVING,
        S.WITHDRAWN,
        {"citizen"},
        tells_citizen="withdrawn",
        tells_followers="leading_withdrawn",
    ),
    _row("note", "Catatan", OPEN, "same", {"admin", "officer", "leader"}),
    _row("add_evidence", "Tambah bukti", OPEN, "same", {"admin"}),
    _row("take_over", "Tangani langsung", REMINDED, "same", {"admin", "leader"}),
    _row("let_go", "Kembali diingatkan", REMINDED, "same", {"admin", "leader"}),
    _row("classify", "Ubah klasifikasi", DESK, "same", {"admin"}),
    _row(
        "ask_support",
        "Minta dukungan OPD lain",
        ANSWERABLE | {S.ASKED},
        "same",
        {"admin"},
        tells_agency="dukungan_diminta",  # the one that is asked
    ),
    _row("end_support", "Batalkan permintaan dukungan", ANSWERABLE | {S.ASKED}, "same", {"admin"}),
    _row(
        "contribute",
        "Bagian OPD pendukung",
        ANSWERABLE | {S.ASKED},
        "same",
        {"officer"},
        tells_agency="dukungan_masuk",  # the one that leads
    ),
    _row(
        "decline_support",
        "Bukan urusan OPD pendukung",
        ANSWERABLE | {S.ASKED},
        "same",
        {"officer"},
        tells_agency="dukungan_masuk",
    ),
    _row(
        "revoke_links",
        "Cabut tautan OPD",
        ANSWERABLE | {S.ASKED},
        "same",
        {"admin"},
        tells_agency="disposisi_baru",
    ),
)

ROWS: Mapping[str, Row] = {row.action: row for row in TABLE}


def allowed(complaint: Complaint, actor: Actor) -> tuple[Row, ...]:
    """The steps that this person may take now, in the table's order."""
    return tuple(row for row in TABLE if _refusal(row, complaint, actor) == "")


def step(
    complaint: Complaint,
    action: Action,
    actor: Actor,
    *,
    now: datetime,
    calendar: deadlines.Calendar,
    agreed: datetime | None = None,
    **changes: Any,  # noqa: ANN401 - fields of Complaint, checked by dataclasses.replace
) -> Complaint:
    """The complaint after ``action``, with its clock set; ``changes`` are further fields of it.

    ``agreed``: the date on which the clock ends then, whatever is counted.

    Raises NotAllowed, in Indonesian, when the table has no such step for this person from this state.
    """
    row = ROWS[action]
    if refusal := _refusal(row, complaint, actor):
        raise NotAllowed(refusal)
    target = _target(row, complaint)
    after = replace(complaint, state=target, updated_at=now, **changes)
    if row.target == "same" and agreed is None:
        return after
    if row.target != "same":
        after = replace(_clock(row, complaint, after, now=now, calendar=calendar), taken_over_by="")
    if agreed:
        after = clocks.agreed(after, agreed, calendar)
    return ladder.replanned(after, now, calendar)


def words(action: str, role: Role) -> str:
    """The key of the text with which the citizen is told of this step; "" when nothing is said."""
    row = ROWS[action]
    return row.tells_citizen_by.get(role, row.tells_citizen)


def answer_due(complaint: Complaint, *, now: datetime, calendar: deadlines.Calendar) -> datetime:
    """The date a citizen is promised at the hand-over: the agency's days to accept and to answer."""
    days = sum(clocks.days(clock, complaint, calendar) for clock in ("accept", "answer"))
    return deadlines.due(now, days, calendar)


def _refusal(row: Row, complaint: Complaint, actor: Actor) -> str:
    """Why not, in Indonesian; "" when nothing stands against it."""
    if complaint.state not in row.sources:
        return f"Langkah “{row.label}” tidak dapat dilakukan: laporan sudah berstatus lain."
    if actor.role not in row.actors:
        return f"Langkah “{row.label}” bukan kewenangan Anda."
    if refusal := conditions.refusal(row.action, complaint, actor):
        return refusal
    if actor.role == "officer":
        return _refusal_of_officer(row, complaint, actor)
    return ""


def _refusal_of_officer(row: Row, complaint: Complaint, actor: Actor) -> str:
    """An officer acts for the own agency, and only while the complaint lies there and not on the admin's desk."""
    # Who may take the steps of a supporting agency, its conditions say.
    if row.action not in SUPPORTING and (not actor.agency or actor.agency != complaint.agency):
        return "Laporan ini tidak ditujukan kepada instansi Anda."
    return "Laporan ini sedang berada di meja admin." if complaint.home in DESK else ""


def _target(row: Row, complaint: Complaint) -> State:
    if row.target == "same":
        return complaint.state
    if row.target == "resume":
        return complaint.resume or State.RECEIVED
    return row.target


def _clock(
    row: Row,
    before: Complaint,
    after: Complaint,
    *,
    now: datetime,
    calendar: deadlines.Calendar,
) -> Complaint:
    """With the clock as it runs after the step. A question pauses the office's clock; the reply lets it go on."""
    if row.target == "resume":
        return clocks.resumed(after, _clock_of(after.state), now=now, calendar=calendar)
    if row.clock == "":
        return clocks.stopped(after)
    if row.action == "ask":
        asking = replace(after, state=before.state)
        return replace(clocks.paused(asking, row.clock, now=now, calendar=calendar), state=after.state)
    return clocks.started(after, row.clock, now=now, calendar=calendar)


def _clock_of(state: State) -> str:
    return {State.ASSIGNED: "accept", State.IN_PROGRESS: "answer"}.get(state, "verify")
