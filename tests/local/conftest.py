"""A platform with small functions of its own, so that these tests tell about the platform and not about the product."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from besadu_local.stack import Stack

ECHO = """
import functions_framework
from besadu import clock

@functions_framework.http
def {name}(request):
    said = {{"path": request.path, "script_name": request.script_root, "raw": request.environ["RAW_URI"]}}
    return {{**said, "body": request.get_data().decode("latin-1"), "now": clock.now().isoformat()}}
"""

NOTES = """
import os
import functions_framework
from google.cloud import firestore

@functions_framework.http
def {name}(request):
    database = firestore.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"])
    database.collection("calls").add({{"path": request.path, "body": request.get_data()}})
    return "noted"
"""


def write_doors(folder: Path, **doors: str) -> Path:
    """A functions folder with these doors: ``intake=ECHO``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in doors.items():
        (folder / f"{name}.py").write_text(source.format(name=name), "utf-8")
    return folder


@pytest.fixture(scope="session")
def small_stack(tmp_path_factory: pytest.TempPathFactory, emulator: str) -> Iterator[Stack]:
    """The platform with an echo for `intake` and `delivery`, and a `reminders` that notes its calls in Firestore."""
    folder = tmp_path_factory.mktemp("small")
    doors = write_doors(folder / "functions", intake=ECHO, delivery=ECHO, reminders=NOTES)
    with Stack(folder / "state", functions=doors, firestore=emulator) as stack:
        yield stack
