"""All figures, or those that are named: a JSON line each. Some have options: --complaints 10000 --seed 7."""

import argparse
import inspect
import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.cold_start import cold_start_over_bare
from tests.bench.cost import cost_of_a_month
from tests.bench.evidence import bytes_of_an_evidence_page, files_after_kills, memory_of_a_film
from tests.bench.followup import followup_of_120_days
from tests.bench.imports import intake_imports
from tests.bench.operations import operations_of_one_complaint
from tests.bench.throughput import duplicates_over_floor, intake_over_floor, rejected_over_floor

FIGURES: Mapping[str, Callable[..., dict[str, Any]]] = {
    figure.__name__: figure
    for figure in (
        intake_imports,
        operations_of_one_complaint,
        cost_of_a_month,
        cold_start_over_bare,
        intake_over_floor,
        duplicates_over_floor,
        rejected_over_floor,
        memory_of_a_film,
        bytes_of_an_evidence_page,
        files_after_kills,
        followup_of_120_days,
    )
}


def main() -> None:
    """Measure what the arguments name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that servers are ended, too
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Figures, a JSON line each.")
    parser.add_argument("names", nargs="*", metavar="figure", help=f"of {', '.join(FIGURES)}; all when none is named")
    for option in ("complaints", "days", "seed"):
        parser.add_argument(f"--{option}", type=int, help="of followup_of_120_days")
    given = vars(parser.parse_args())
    for name in given.pop("names") or FIGURES:
        if name not in FIGURES:
            sys.exit(f"there is no figure {name}; there are {', '.join(FIGURES)}")
        sys.stderr.write(f"measuring {name}\n")
        known = inspect.signature(FIGURES[name]).parameters
        options = {option: value for option, value in given.items() if option in known and value is not None}
        sys.stdout.write(json.dumps(FIGURES[name](**options)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
