"""The README's state diagram, made from the workflow's table: ``python -m besadu_local.diagram`` puts it there."""

import sys
from pathlib import Path

from besadu.domain.complaint import FINAL, State
from besadu.domain.workflow import ANSWERABLE, DESK, OPEN, TABLE, Row

README = Path(__file__).parents[3] / "README.md"
BEGIN, END = "<!-- states: made by besadu_local.diagram -->\n", "<!-- /states -->"


# States that most steps treat alike, drawn as one box.
BOXES = {"on_admins_desk": frozenset(DESK), "with_agency": ANSWERABLE}


def draw() -> str:
    """A Mermaid state diagram of all steps that change the state; a step from nearly everywhere is drawn once."""
    lines = ["```mermaid", "stateDiagram-v2"]
    for name, states in BOXES.items():
        lines += [f"    state {name} {{", *(f"        {state.value}" for state in State if state in states), "    }"]
    lines.append(f"    [*] --> {State.RECEIVED.value}: ticket given")
    for row in TABLE:
        if row.target != "same":
            lines += [f"    {source} --> {_target(row)}: {row.action}" for source in _sources(row)]
    lines += [f"    {state.value} --> [*]" for state in State if state in FINAL]
    return "\n".join([*lines, "```", ""])


def _sources(row: Row) -> list[str]:
    if len(row.sources) > len(OPEN) / 2:
        return ["any_open_state"]
    box = [name for name, states in BOXES.items() if states == row.sources]
    return box or [state.value for state in State if state in row.sources]


def _target(row: Row) -> str:
    return "where_it_was" if row.target == "resume" else str(row.target)


def in_readme(text: str) -> str:
    """``text`` with the diagram of today's table."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{draw()}{END}{after}"


if __name__ == "__main__":
    README.write_text(in_readme(README.read_text("utf-8")), "utf-8")
    sys.stdout.write("README.md has today's states\n")
