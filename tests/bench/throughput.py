"""Intake's throughput over the floor: both served alike, by turns, so that a busy machine slows both."""

import json
import os
import statistics
import subprocess
import sys
from typing import Any

from google.cloud import firestore

from tests.bench.site import FLOOR, INTAKE, ROOT, Site, open_site

ROUNDS, SECONDS, CLIENTS = 6, 4.0, 8
WARM_UP = 1.5  # seconds, before the first round: connections, the emulator's code
MOST = 6000  # bodies a round
WIDEST_SPREAD = 2.0


def intake_over_floor() -> dict[str, Any]:
    """New messages of new citizens: how many a second, over the floor's."""
    figure, answered, site_says = _measure("intake_over_floor", "fresh", 1.0)
    if not answered == site_says["stored"] == site_says["tasks"]:
        message = f"intake answered 200 {answered} times, but: {site_says}"
        raise AssertionError(message)
    return figure | site_says


def duplicates_over_floor() -> dict[str, Any]:
    """The same webhooks again and again."""
    return _measure("duplicates_over_floor", "repeated", 1.5)[0]


def rejected_over_floor() -> dict[str, Any]:
    """Webhooks that somebody else has signed: nothing is read or written."""
    return _measure("rejected_over_floor", "forged", 4.0)[0]


def _measure(figure: str, manner: str, target: float) -> tuple[dict[str, Any], int, dict[str, int]]:
    """The figure, how often intake answered as it should, and what the platform has of it.

    ``rounds`` are ratios; ``void`` when they lie too far apart to say anything.
    """
    with open_site() as site, site.serving(FLOOR, "hello") as hello:
        ceiling = _per_second(_load(site, hello, 2.0, "fresh"), "hello")
        other = f"{site.settings['GOOGLE_CLOUD_PROJECT']}-floor"
        with (
            site.serving(FLOOR, "floor", GOOGLE_CLOUD_PROJECT=other) as floor,
            site.serving(INTAKE, "intake") as intake,
        ):
            doors = {"floor": (floor, "fresh"), "intake": (f"{intake}/whatsapp", manner)}
            answers = {name: [_load(site, url, WARM_UP, how)] for name, (url, how) in doors.items()}
            for number in range(ROUNDS):
                for name, (url, how) in doors.items():
                    answers[name].append(_load(site, url, SECONDS, how))
                _tell(
                    f"round {number + 1}: "
                    + ", ".join(f"{n} {_per_second(a[-1], n):.0f}/s" for n, a in answers.items())
                )
        kept = _kept(site)
    rates = {name: [_per_second(answer, name) for answer in found[1:]] for name, found in answers.items()}
    ratios = [ours / theirs for ours, theirs in zip(rates["intake"], rates["floor"], strict=True)]
    spread = max(ratios) / min(ratios)
    found = {
        "figure": figure,
        "median": round(statistics.median(ratios), 2),
        "rounds": [round(ratio, 2) for ratio in ratios],
        "spread": round(spread, 2),
        "void": spread > WIDEST_SPREAD,
        "target": f">= {target}",
        "per_second": {name: round(statistics.median(rate)) for name, rate in rates.items()}
        | {"hello": round(ceiling)},
    }
    answered = sum(answer["ok"] for answer in answers["intake"])
    return found, answered, {"stored": kept, "tasks": site.tasks.taken}


def _load(site: Site, url: str, seconds: float, manner: str) -> dict[str, Any]:
    numbers = [str(seconds), str(CLIENTS), str(MOST)]
    command = [sys.executable, "-m", "tests.bench.load", url, site.account, *numbers, manner]
    environ = site.environ(PYTHONPATH=str(ROOT))
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True, text=True, timeout=120)
    answer: dict[str, Any] = json.loads(done.stdout)
    if manner == "forged":
        answer["ok"] = answer["other"].pop("403", 0)
    return answer


def _per_second(answer: dict[str, Any], name: str) -> float:
    if answer["other"]:
        message = f"{name} answered something that it should not: {answer['other']}"
        raise AssertionError(message)
    return float(answer["ok"] / answer["seconds"])


def _kept(site: Site) -> int:
    os.environ["FIRESTORE_EMULATOR_HOST"] = site.settings["FIRESTORE_EMULATOR_HOST"]
    database = firestore.Client(project=site.settings["GOOGLE_CLOUD_PROJECT"])
    return int(database.collection("inbox").count().get()[0][0].value)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
