"""The leaders' digest: once a week, on its first working morning, how many complaints came, wait and are late.

It takes the place of that morning's message, and brings along what the leaders are to be told that day.
"""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Final

from besadu.domain.deadlines import WIB
from besadu.domain.outbox import OutboxItem
from besadu.frozen import dataclass, replace
from besadu.services import digests
from besadu.services.digests import Wanted
from besadu.services.office import Office
from besadu.store.client import Commit, Stored
from besadu.store.officepage import Post

SWEEP: Final = "weekly"
WEEK: Final = timedelta(days=7)
MOST_NAMED: Final = 5  # agencies
LONGEST_LIST: Final = 160  # characters of what waits; the agencies stand before it in the same value


@dataclass(frozen=True, kw_only=True)
class Week:
    """The week whose digest is to be sent, from its Monday on; ``before``: which one was sent last."""

    monday: datetime
    before: Stored[datetime] | None


def due(office: Office, now: datetime) -> Week | None:
    """The digest of this week, until it is sent; only to be asked when posts may be told. Raises Unavailable."""
    monday, before = _monday(now), office.store.progress.read(SWEEP)
    return None if before and before.value >= monday else Week(monday=monday, before=before)


def stage(office: Office, commit: Commit, week: Week) -> None:
    """Let ``commit`` note that it is sent; it fails when another run was faster."""
    office.store.progress.stage(commit, SWEEP, week.monday, week.before)


def figures(office: Office, week: Week) -> tuple[str, str, str, str]:
    """What came, what was closed, what is open, and whose is late."""
    complaints = office.store.complaints
    late = complaints.late(office.now())
    return (
        str(complaints.count_between("created_at", week.monday - WEEK, week.monday)),
        str(complaints.count_between("closed_at", week.monday - WEEK, week.monday)),
        f"terbuka {complaints.count_open()} laporan, di antaranya {len(late)} terlambat",
        _worst(late),
    )


def message(
    office: Office, post: Post, known: tuple[str, str, str, str], wanted: list[Wanted], blank: OutboxItem
) -> OutboxItem:
    """``blank`` with the week's figures, and with what waits for the leaders today."""
    came, closed, still, worst = known
    waits = digests.within((f"{one.complaint.ticket}" for one in wanted), LONGEST_LIST)
    return replace(
        blank,
        template="ringkasan_mingguan",
        template_values=(
            post.title or "pimpinan",
            came,
            closed,
            still,
            f"{worst}; menunggu hari ini: {waits}" if waits else worst,
        ),
        listed=digests.listed(office, wanted, ours=True),
    )


def _worst(late: list[str]) -> str:
    """``Dinas PUPR (4), Dishub (2)``: the agencies with the most late complaints; "" stands for the office itself."""
    most = sorted(Counter(late).items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMED]
    return ", ".join(f"{name or 'meja admin'} ({count})" for name, count in most) or "tidak ada"


def _monday(now: datetime) -> datetime:
    today = now.astimezone(WIB).date()
    return datetime.combine(today - timedelta(days=today.weekday()), time(), WIB).astimezone(UTC)
