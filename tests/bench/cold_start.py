"""How long intake takes from process start to its first signed 200, over a function that only has Firestore."""

import compileall
import http.client
import statistics
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

from besadu_local.ports import HOST, free_port, wait_until
from tests.bench.site import FLOOR, INTAKE, Site, end, open_site
from tests.bench.webhooks import signed

TARGET = 1.15
STARTS = 9
DOORS = {"bare": (FLOOR, "/"), "intake": (INTAKE, "/whatsapp")}


def cold_start_over_bare() -> dict[str, Any]:
    """The figure: the ratio of the medians, and in milliseconds the medians themselves."""
    # A deployed image is compiled; the first start here must not pay for it.
    for folder in (sysconfig.get_path("purelib"), str(INTAKE.parent), str(FLOOR.parent)):
        compileall.compile_dir(folder, quiet=2)
    took: dict[str, list[float]] = {name: [] for name in DOORS}
    with open_site() as site:
        for number in range(
            STARTS + 1
        ):  # the first of each warms the disk's cache and the emulator, and does not count
            for name, (source, path) in DOORS.items():
                seconds = _start(site, name, source, path)
                took[name] += [seconds] if number else []
                sys.stderr.write(f"start {number} of {name}: {seconds:.3f} s\n")
    medians = {name: statistics.median(found) for name, found in took.items()}
    ratios = [ours / theirs for ours, theirs in zip(took["intake"], took["bare"], strict=True)]
    return {
        "figure": "cold_start_over_bare",
        "median": round(statistics.median(ratios), 2),
        "rounds": [round(ratio, 2) for ratio in ratios],
        "spread": round(max(ratios) / min(ratios), 2),
        "target": f"<= {TARGET}",
        "milliseconds": {name: round(1000 * median) for name, median in medians.items()},
    }


def _start(site: Site, name: str, source: Path, path: str) -> float:
    """Seconds from the start of the process to the first 200."""
    port = free_port(set())
    [(body, headers)] = signed(site.settings["META_APP_SECRET"], site.account, 1)
    began = time.perf_counter()
    child = site.start(source, name, port)
    try:
        wait_until(
            lambda: _answers(port, path, body, headers),
            what=name,
            seconds=60,
            failed=child.failure,
        )
        return time.perf_counter() - began
    finally:
        end(child)


def _answers(port: int, path: str, body: bytes, headers: dict[str, str]) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
    except OSError:
        return False
    else:
        if status != http.client.OK:
            message = f"the first answer was {status}, not 200"
            raise AssertionError(message)
        return True
    finally:
        connection.close()
