"""Structured log lines for Cloud Logging: one JSON object a line, named events, no NIK or phone number in any value."""

import json
import re
import sys
from datetime import UTC, datetime

# Runs of ten or more digits, however they are broken up: NIKs, phone numbers, account ids. Hashes have letters between.
_DIGITS = re.compile(r"(?<![0-9a-fA-F])\+?\d(?:[ .\-]?\d){9,}(?![0-9a-fA-F])")


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
    return _DIGITS.sub("[number]", text)
