"""House rules that a tool can hold: lint, format, types, and the size of a file."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(path for path in (ROOT / "functions").rglob("*.py") if "__pycache__" not in path.parts)
OURS = sorted(
    path
    for folder in ("functions", "infra", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
MOST_LINES = 400
# One file a channel, in one order; the Cloud API has seventeen types of message and as many of errors.
LONGER = {"functions/besadu/channels/whatsapp.py": 530}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", "--no-cache", "--output-format=concise", ".")


def test_every_file_is_formatted() -> None:
    run("ruff", "format", "--no-cache", "--check", ".")


def test_mypy_finds_nothing() -> None:
    run("mypy", "--no-error-summary")


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_of_the_product_is_short(path: Path) -> None:
    most = LONGER.get(str(path.relative_to(ROOT)), MOST_LINES)
    assert len(path.read_text("utf-8").splitlines()) <= most


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_printed_and_no_log_line_is_put_together(path: Path) -> None:
    """Facts go by name, so that they can be masked and searched for."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        assert not (isinstance(call.func, ast.Name) and call.func.id == "print"), f"print in line {call.lineno}"
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in LEVELS
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id in {"logs", "log", "logger", "logging"}
        ):
            event, *others = call.args
            assert not others, f"line {call.lineno}"
            assert isinstance(event, ast.Constant), f"line {call.lineno}"


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lint_exception_carries_its_reason(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        for mark in ("# noqa", "# type: ignore"):
            if mark in line and "'" not in line.split(mark)[0][-3:] and '"' not in line.split(mark)[0][-3:]:
                assert ":" in line.split(mark)[1] or "[" in line.split(mark)[1], f"line {number}: which rule?"


def test_the_top_of_the_repository_is_as_agreed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    top = {name.split("/")[0] for name in listed.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= {
        "README.md",
        "requirements.txt",
        "functions",
        "infra",
        "tests",
        "pyproject.toml",
        "LICENSE",
    }
