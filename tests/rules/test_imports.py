"""Imports point down only: doors and pages -> services -> store, channels, queue, media, vault, texts -> domain."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
FILES = sorted(path for path in FUNCTIONS.rglob("*.py") if "__pycache__" not in path.parts)
DOORS = sorted(FUNCTIONS.glob("*.py"))
IDS = {path: str(path.relative_to(FUNCTIONS)) for path in FILES}

# Who alone may import what from outside.
OWNERS: dict[str, tuple[str, ...]] = {
    "google.cloud.firestore": ("besadu/store/",),
    "google.cloud.firestore_v1": ("besadu/store/",),
    "google.cloud.tasks_v2": ("besadu/queue.py",),
    "google.cloud.storage": ("besadu/media.py",),
    "functions_framework": tuple(path.name for path in DOORS),
    "flask": ("besadu/pages/", *(path.name for path in DOORS)),
    "jinja2": ("besadu/pages/",),
    "werkzeug": ("besadu/pages/", *(path.name for path in DOORS)),
    "PIL": ("besadu/rendering.py",),
    "pi_heif": ("besadu/rendering.py",),
    "av": ("besadu/rendering.py",),
    "besadu.papers": ("besadu/rendering.py",),
    "besadu.rendering": (),  # a program of its own, so that decoders run in no function's process
    "besadu.services.renditions": ("besadu/services/settling.py",),
    "besadu.services.settling": ("besadu/services/evidence.py", "besadu/services/tidying.py"),
}

# The floors of the house, the lowest first; a file imports from its own floor or from one below.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("besadu/errors.py", "besadu/frozen.py"),
    ("besadu/domain/",),
    ("besadu/config.py", "besadu/clock.py", "besadu/logs.py"),
    (
        "besadu/store/",
        "besadu/channels/",
        "besadu/queue.py",
        "besadu/media.py",
        "besadu/papers.py",
        "besadu/rendering.py",
        "besadu/scanner.py",
        "besadu/vault.py",
        "besadu/texts.py",
        "besadu/links.py",
        "besadu/identity.py",
        "besadu/invoker.py",
    ),
    ("besadu/services/",),
    ("besadu/pages/",),
    tuple(path.name for path in DOORS),
)


def imported(path: Path) -> set[str]:
    """Dotted names of all that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            module = node.module or ""
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def is_below(name: str, root: str) -> bool:
    return name == root or name.startswith(f"{root}.")


def floor_of(relative: str) -> int | None:
    return next((number for number, floor in enumerate(FLOORS) if any(map(relative.startswith, floor))), None)


def file_of(name: str) -> str:
    """The file of a dotted name of ours; "" when it is a name within one."""
    for form in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
        if (FUNCTIONS / form).is_file():
            return form
    return ""


@pytest.mark.parametrize("path", [path for path in FILES if "domain" in path.parts], ids=IDS.get)
def test_the_domain_imports_the_standard_library_and_itself_alone(path: Path) -> None:
    for name in imported(path):
        ours = is_below(name, "besadu.domain") or is_below(name, "besadu.frozen")
        assert ours or name.split(".")[0] in sys.stdlib_module_names, name


@pytest.mark.parametrize("outside", OWNERS)
def test_one_place_alone_imports_a_thing_from_outside(outside: str) -> None:
    strangers = [
        IDS[path]
        for path in FILES
        if any(is_below(name, outside) for name in imported(path)) and not IDS[path].startswith(OWNERS[outside])
    ]
    assert strangers == []


@pytest.mark.parametrize("path", FILES, ids=IDS.get)
def test_every_file_stands_on_a_floor_and_imports_from_there_or_below(path: Path) -> None:
    here = floor_of(IDS[path])
    if IDS[path] == "besadu/__init__.py":
        return
    assert here is not None, "on which floor does it stand?"
    for name in imported(path):
        if target := file_of(name) if is_below(name, "besadu") else "":
            floor = floor_of(target)
            assert target == "besadu/__init__.py" or (floor is not None and floor <= here), f"{name} is above"


@pytest.mark.parametrize("door", DOORS, ids=lambda path: path.stem)
def test_doors_do_not_know_each_other(door: Path) -> None:
    others = {path.stem for path in DOORS}
    assert not imported(door) & others


def loaded(*modules: str) -> set[str]:
    """All modules that a fresh Python has after importing these."""
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=FUNCTIONS, capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_intake_door_loads_neither_storage_nor_pages_nor_pillow() -> None:
    """What a cold start pays for; the Tasks client is loaded with the first task."""
    started = loaded("besadu.services.intake", "besadu.queue", "besadu.store.client", "besadu.channels.meta")
    heavy = {"google.cloud.storage", "google.cloud.tasks_v2", "besadu.pages", "PIL", "jwt", "jinja2"}
    assert started & heavy == set()


def test_a_channel_loads_its_client_with_the_first_message_that_it_sends() -> None:
    assert "requests" not in loaded("besadu.channels")
