"""What the office owes at the moment, as numbers in the log: infra/monitoring.tf makes metrics and alerts of them."""

from typing import get_args

from besadu import logs
from besadu.domain.message import Channel
from besadu.services.office import Office


def report(office: Office) -> dict[str, int]:
    """Write a line "standing", and one "channel_heard" for each channel that ever brought anything. Raises Unavailable.

    ``overdue`` and ``failed`` are counts, the last also of citizens who wait to be told an answer by telephone;
    ``waiting`` is seconds that the oldest message is behind its time.
    """
    now = office.now()
    oldest = office.store.outbox.oldest_due(now)
    counts = {
        "overdue": office.store.complaints.overdue(now),
        "failed": office.store.outbox.failures() + office.store.outreach.calls_due(now),
        "waiting": int((now - oldest).total_seconds()) if oldest else 0,
    }
    logs.info("standing", **counts)
    for channel in get_args(Channel):
        if heard := office.store.inbox.last_heard(channel):
            logs.info("channel_heard", channel=channel, hours=int((now - heard).total_seconds()) // 3600)
    return counts
