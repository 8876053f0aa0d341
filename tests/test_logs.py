"""Log lines: one JSON object each, and no number of a person in any value."""

import json

import pytest

from besadu import logs
from tests.factories import NIK, PHONE

LEAKS = [
    NIK,
    PHONE,
    f"+{PHONE}",
    "0812 0000 0001",
    "0812-0000-0001",
    "0812.0000.0001",
    "1902 0145 0790 0003",
    f"wa{PHONE}",
    f"face{PHONE}",
    f"{PHONE}a",
    f"nik:{NIK};",
    "1902--0145--0790--0003",
    "abc" + NIK,
]
KEPT = [
    "BSD-26-4839-2050",
    "outbox 3f1b7c0123456789abcd3f1b7c0123456789abcd",
    "1234567890a123456789012345678901234567890123456789012345678901ab",
    "3f1b7c0123456789012345ab-0",
    "131047",
    "dialogue.py:120",
    "",
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_number_of_a_person_never_gets_into_a_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.info("event", fact=f"vor {text} nach")
    line = capsys.readouterr().err
    digits = "".join(sign for sign in text if sign.isdigit())
    assert digits not in "".join(sign for sign in json.loads(line)["fact"] if sign.isdigit())
    assert "[number]" in line


@pytest.mark.parametrize("text", KEPT)
def test_our_own_ids_can_be_read(text: str) -> None:
    assert logs.redact(text) == text


def test_a_line_is_one_json_object_with_severity_time_and_event(capsys: pytest.CaptureFixture[str]) -> None:
    logs.info("one", text="a\nb", count=3)
    logs.warning("two")
    logs.error("three")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["severity"], line["event"]) for line in lines] == [
        ("INFO", "one"),
        ("WARNING", "two"),
        ("ERROR", "three"),
    ]
    assert lines[0]["text"] == "a\nb"
    assert all(line["time"] for line in lines)
