"""Alerts and metrics speak of log lines that the code writes, and each alert has its line in the runbook."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import requests

from besadu_local.stack import Stack
from tests.infra.terraform import ROOT, Plan

README = (ROOT / "README.md").read_text("utf-8")


def logged() -> Iterator[tuple[str, set[str], bool]]:
    """Event, names of its facts, and whether there may be more of them, of each line that the product can log."""
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "logs"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                names = {keyword.arg for keyword in node.keywords}
                yield str(node.args[0].value), {name for name in names if name}, None in names


def metrics(plan: Plan) -> Iterator[tuple[str, set[str], dict[str, Any]]]:
    """Event, names of the facts that are taken out of it, and the metric."""
    for metric in plan.all("google_logging_metric").values():
        event = re.search(r'jsonPayload\.event="(\w+)"', metric["filter"])
        assert event
        taken = [*(metric.get("label_extractors") or {}).values(), metric.get("value_extractor") or ""]
        yield event[1], set(re.findall(r"EXTRACT\(jsonPayload\.(\w+)\)", " ".join(taken))), metric


def test_every_metric_is_of_a_line_that_the_code_writes(production: Plan) -> None:
    lines = list(logged())
    for event, facts, _ in metrics(production):
        # A line may be written in several places; each fact is in one of them at least.
        mine = [(names, more) for name, names, more in lines if name == event]
        assert mine, f"nothing logs {event}"
        known = set().union(*(names for names, _ in mine))
        assert facts <= known or any(more for _, more in mine), f"{event} has no {facts - known}"


def test_what_a_person_must_look_at_is_counted(production: Plan) -> None:
    errors = {
        event
        for path in (ROOT / "functions").rglob("*.py")
        for event in re.findall(r'logs\.error\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    counted = {event for event, _, _ in metrics(production)}
    assert errors - counted == set(), "add to local.counted in infra/monitoring.tf"


def test_every_alert_has_its_line_in_the_runbook(production: Plan) -> None:
    alerts = {
        one["display_name"].removeprefix("BESADU ") for one in production.all("google_monitoring_alert_policy").values()
    }
    section = README.split("### Alerts", 1)[1].split("\n### ", 1)[0]
    lines = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert lines == alerts | {"budget"}


def test_what_is_asked_from_outside_answers_so(production: Plan, stack: Stack) -> None:
    for check in production.all("google_monitoring_uptime_check_config").values():
        (asked,) = check["http_check"]
        url = stack.addresses["functions"] + asked["path"]
        wanted = asked["accepted_response_status_codes"][0]["status_value"]
        assert requests.get(url, timeout=20, allow_redirects=False).status_code == wanted, url


def test_every_alert_reaches_somebody(production: Plan) -> None:
    (channel,) = production.all("google_monitoring_notification_channel").values()
    assert channel["labels"] == {"email_address": "besadu@belitung.go.id"}
    for name in ("alert", "schedules"):
        assert production.all("google_monitoring_alert_policy", name)
