"""What the README shows is what there is."""

import re
from pathlib import Path

from besadu_local import diagram

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_state_diagram_is_that_of_the_table() -> None:
    assert diagram.in_readme(README) == README, "run: python -m besadu_local.diagram"


def test_every_file_that_it_names_is_there() -> None:
    shown = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    shown += re.findall(r"`((?:functions|infra|tests)/[\w./-]+)`", README)
    assert shown
    assert [name for name in shown if not (ROOT / name).exists()] == []
