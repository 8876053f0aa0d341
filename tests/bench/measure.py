"""All figures, or those that are named: a JSON line each."""

import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.cold_start import cold_start_over_bare
from tests.bench.cost import cost_of_a_month
from tests.bench.evidence import bytes_of_an_evidence_page, files_after_kills, memory_of_a_film
from tests.bench.imports import intake_imports
from tests.bench.operations import operations_of_one_complaint
from tests.bench.throughput import duplicates_over_floor, intake_over_floor, rejected_over_floor

FIGURES: Mapping[str, Callable[[], dict[str, Any]]] = {
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
    )
}


def main() -> None:
    """Measure what the arguments name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that servers are ended, too
    for name in sys.argv[1:] or FIGURES:
        if name not in FIGURES:
            sys.exit(f"there is no figure {name}; there are {', '.join(FIGURES)}")
        sys.stderr.write(f"measuring {name}\n")
        sys.stdout.write(json.dumps(FIGURES[name]()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
