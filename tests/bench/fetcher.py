"""A worker that brings files until it is killed, or one file and says what that took. Settings are in its environment.

python -m tests.bench.fetcher all SECONDS_AHEAD    python -m tests.bench.fetcher one WARM_ID ID
"""

import json
import os
import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from besadu import config
from besadu.media import Media
from besadu.queue import Queue
from besadu.services import evidence
from besadu.services.office import Office
from besadu.store import open_store
from besadu.store.client import connect


def main() -> None:
    """Do as the arguments say."""
    ahead = timedelta(seconds=float(sys.argv[2])) if sys.argv[1] == "all" else timedelta()
    settings = config.load(os.environ, "attachments")
    office = Office(settings, open_store(connect(settings)), Queue(settings), lambda: datetime.now(UTC) + ahead)
    media = Media(settings)
    if sys.argv[1] == "all":
        while due := office.store.evidence.due(office.now()):
            for stored in due:
                evidence.fetch(office, media, stored.value.id, again=True)
        return
    evidence.fetch(office, media, sys.argv[2])
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak begins anew (proc(5))
    idle = _status("VmRSS")
    outcome = evidence.fetch(office, media, sys.argv[3])
    decoder = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    sys.stdout.write(json.dumps({"outcome": outcome, "idle": idle, "peak": _status("VmHWM"), "decoder": decoder}))


def _status(name: str) -> int:
    """Bytes, as the kernel counts this process's memory."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
