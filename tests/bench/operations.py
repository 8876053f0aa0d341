"""Firestore's writes and reads of one whole complaint, played through the product's services.

The platform runs, but its functions are called by nobody: tasks and webhooks arrive here, one after the other, and
each is given to the service that its function would call, with that function's own settings and caches.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from besadu import clock
from besadu_local import seed
from besadu_local.stack import Stack
from tests.bench.counting import CountedDatabase, Counter
from tests.bench.play import REPORTERS, Arrivals, Play

MOST_WRITES, MOST_READS = 30, 60
AGENCY = "DPUPR"


def operations_of_one_complaint() -> dict[str, Any]:
    """The figure: the dearer of the two endings, and each step of both."""
    endings: dict[str, dict[str, dict[str, Any]]] = {}
    with _platform() as (stack, arrivals):
        for ending, (nik, photo) in zip(("satisfied", "silent"), REPORTERS, strict=True):
            counter = Counter()
            database = CountedDatabase(stack.settings["GOOGLE_CLOUD_PROJECT"], counter)
            _tell(f"a complaint that ends {ending}")
            _play(Play(stack, arrivals, database, counter, nik=nik, photo=photo), counter, ending)
            endings[ending] = {name: asdict(found) for name, found in counter.steps.items()}
    totals = {ending: _total(steps) for ending, steps in endings.items()}
    return {
        "figure": "operations_of_one_complaint",
        **{kind: max(total[kind] for total in totals.values()) for kind in ("writes", "reads", "calls")},
        "target": f"<= {MOST_WRITES} writes, <= {MOST_READS} reads",
        "endings": totals,
        "steps": endings["satisfied"] | endings["silent"],
    }


def _play(play: Play, counter: Counter, ending: str) -> None:
    with counter.step("citizen writes and sends a photo"):
        play.citizen_reports()
    with counter.step("citizen confirms"):
        ticket = play.citizen_confirms()
    play.an_hour_passes()
    with counter.step("admin opens the complaint"):
        play.admin_opens(ticket)
    with counter.step("admin forwards it"):
        token = play.admin_forwards(ticket, AGENCY)
    play.an_hour_passes()
    with counter.step("agency opens its link"):
        play.agency_opens(token)
    with counter.step("agency answers"):
        play.agency_answers(token)
    play.an_hour_passes()
    with counter.step("admin opens the answer"):
        play.admin_opens(ticket)
    with counter.step("admin delivers it"):
        play.admin_delivers(ticket)
    if ending == "satisfied":
        with counter.step("citizen is satisfied"):
            play.citizen_is_satisfied(ticket)
    else:
        with counter.step("nobody answers"):
            play.nobody_answers(ticket)


@contextmanager
def _platform() -> Iterator[tuple[Stack, Arrivals]]:
    """A platform with agencies and staff, whose tasks and webhooks come to us."""
    with tempfile.TemporaryDirectory(prefix="besadu-bench-") as name, Arrivals() as arrivals:
        ours = {
            "BESADU_PUBLIC_URL": arrivals.url,
            "FUNCTIONS_URL": arrivals.url,
            "GOOGLE_CLOUD_PROJECT": f"bench-{secrets.token_hex(4)}",
        }
        with Stack(Path(name), environ=ours) as stack:
            os.environ.update(stack.process_environ())
            clock.use(stack.clock.now)
            seed.load(stack, demo=False)
            yield stack, arrivals


def _total(steps: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {kind: sum(step[kind] for step in steps.values()) for kind in ("writes", "reads", "calls")}


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
