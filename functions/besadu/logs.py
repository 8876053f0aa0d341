"""Structured log lines for Cloud Logging: one JSON object a line, named events, no NIK or phone number in any value."""

import json
import re
import sys
from datetime import UTC, datetime

# Runs of ten or more digits, however broken up: NIKs, phone numbers, account ids. Our own ids and tickets stay.
_DIGITS = re.compile(
    r"(?P<ours>(?<![0-9A-Za-z])(?:(?=[0-9]*[a-f])[0-9a-f]{20,}(?![0-9A-Za-z])|BSD-\d\d-\d{4}-\d{4}(?!\d)))"
    r"|\+?\d(?:[ .\-]{0,3}\d){9,}"
)


def info(event: str, **facts: object) -> None:
    """Something that happened as it should."""
    _write("INFO", event, facts)


def warning(event: str, **facts: object) -> None:
    """Something that mends itself, or that an operator may want to look at."""
    _write("WARNING", event, facts)


def error(event: str, **facts: object) -> None:
    """Something that a person must look at."""
    _write("ERROR", event, facts)


def _write(severity: str, event: str, facts: dict[str, object]) -> None:
    line = {
        "severity": severity,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": event,
        **{name: redact(str(value)) for name, value in facts.items()},
    }
    # One write: lines of parallel requests must not run into each other.
    sys.stderr.write(json.dumps(line, ensure_ascii=True) + "\n")


def redact(text: str) -> str:
    """``text`` with long numbers taken out."""
    return _DIGITS.sub(lambda match: match["ours"] or "[number]", text)


def line_of(fault: Exception) -> str:
    """Where it happened; never its text, which may quote the citizen."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
