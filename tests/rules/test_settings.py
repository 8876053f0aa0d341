"""Settings: the same names in the code, in the README and on the local platform; each is used."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from besadu.config import NEEDS, OPTIONAL, TUNABLE, Settings
from besadu_local.settings import Ports, compose, local_env

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
NAMES = [field.name for field in fields(Settings)]
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \|", re.MULTILINE)


def sources() -> str:
    paths = (path for path in FUNCTIONS.rglob("*.py") if path.name != "config.py")
    return "\n".join(path.read_text("utf-8") for path in paths)


def test_the_readmes_table_has_every_setting_and_no_other() -> None:
    documented = ROW.findall((ROOT / "README.md").read_text("utf-8"))
    assert sorted(documented) == sorted(name.upper() for name in NAMES)


def test_the_local_platform_sets_every_setting_and_no_other() -> None:
    assert sorted(local_env()) == sorted(name.upper() for name in NAMES)


def test_a_setting_that_local_env_leaves_empty_is_decided_by_the_platform(tmp_path: Path) -> None:
    decided = compose(tmp_path, Ports.free(), {})
    needed = {name.upper() for names in NEEDS.values() for name in names}
    assert sorted(name for name in needed if not decided.get(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_used_and_some_door_gets_it(name: str) -> None:
    # Firestore's own library reads the address of its emulator from the environment.
    assert re.search(rf"\.{name}\b", sources()) or name == "firestore_emulator_host"
    given = {one for names in NEEDS.values() for one in names}
    given |= {one for names in TUNABLE.values() for one in names}
    given |= {one for groups in OPTIONAL.values() for group in groups for one in group}
    assert name in given or name.endswith(("_emulator_host", "_url"))


def test_nothing_in_the_product_reads_the_environment_but_the_doors() -> None:
    """And what starts a program of its own, to take our settings out of what that one inherits."""
    readers = [
        path.name for path in FUNCTIONS.rglob("*.py") if re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]
    assert sorted(readers) == sorted(["renditions.py", *(path.name for path in FUNCTIONS.glob("*.py"))])
