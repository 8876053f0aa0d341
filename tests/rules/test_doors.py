"""The doors: every task has one that takes it, and nobody gets through one unasked."""

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from besadu import clock
from besadu.channels import CHANNELS
from besadu.config import NEEDS
from besadu.queue import OUTBOXES, Deadline, Queue, QueueName
from besadu_local.settings import QUEUES
from tests.factories import some_settings

FUNCTIONS = Path(__file__).parents[2] / "functions"
DOORS = sorted(FUNCTIONS.glob("*.py"))
SOURCES = {path.stem: path.read_text("utf-8") for path in DOORS}
# How a door knows who is there.
CHECKS = {
    "assignment": "create_app",  # the desk reads a signed link before anything else; tests/pages
    "attachments": "invoker.verify",
    "console": "create_app",  # every page asks for the session; tests/pages
    "delivery": "invoker.verify",
    "intake": ".authentic(",
    "portal": "create_app",  # public
    "reminders": "invoker.verify",
}


def test_every_door_has_its_settings_and_its_check() -> None:
    assert set(SOURCES) == set(NEEDS) == set(CHECKS)


@pytest.mark.parametrize("door", SOURCES)
def test_a_door_is_one_function_named_like_its_file(door: str) -> None:
    decorated = [
        node.name
        for node in ast.parse(SOURCES[door]).body
        if isinstance(node, ast.FunctionDef) and any("http" in ast.unparse(one) for one in node.decorator_list)
    ]
    assert decorated == [door]


@pytest.mark.parametrize("door", SOURCES)
def test_a_door_makes_sure_who_is_there(door: str) -> None:
    assert CHECKS[door] in SOURCES[door]


@pytest.mark.parametrize("door", [door for door, check in CHECKS.items() if check != "create_app"])
def test_a_door_limits_what_it_reads_before_it_reads(door: str) -> None:
    source = SOURCES[door]
    assert "max_content_length" in source
    assert source.index("max_content_length") < min(
        source.index(reader) for reader in ("get_data(", "get_json(") if reader in source
    )


class Listening(Queue):
    """Hears which tasks would be made."""

    def __init__(self) -> None:
        super().__init__(some_settings("doors"))
        self.heard: list[tuple[str, str, str]] = []

    def _create(self, queue: str, function: str, path: str, *_rest: object) -> bool:  # type: ignore[override]
        self.heard.append((queue, function, path))
        return True


def test_every_task_has_a_door_that_takes_it() -> None:
    queue = Listening()
    queue.send("a", None, channel="sms")
    queue.reply("a", "b", clock.now(), channel="sms")
    queue.fetch("a", None)
    queue.tidy("2026030209")
    deadline = Deadline(ticket="BSD-26-4839-2050", clock="answer", revision=1, step="half")
    queue.remind(deadline, clock.now() + timedelta(days=1))
    queue.tell("duty:DISHUB", clock.now())
    makers = [name for name in vars(Queue) if not name.startswith("_")]
    assert len(queue.heard) == len(makers)
    for _, function, path in queue.heard:
        assert f'"{path}"' in SOURCES[function]
        assert "invoker.verify" in SOURCES[function]


def test_the_queues_of_the_code_are_those_of_the_platform() -> None:
    named = set(re.findall(r'self\._create\("(\w+)"', (FUNCTIONS / "besadu" / "queue.py").read_text("utf-8")))
    assert named | set(OUTBOXES.values()) == set(get_args(QueueName)) == set(QUEUES)


def test_every_carrier_has_a_queue_of_its_own() -> None:
    assert {OUTBOXES[channel] for channel in CHANNELS} == set(OUTBOXES.values())
    assert len(set(OUTBOXES.values())) == len(CHANNELS)
