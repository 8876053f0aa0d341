"""Plans of the whole infrastructure, each made once. Without terraform, who wants one is left out, in a line."""

import shutil
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.infra.terraform import Plan, Terraform

HAS_TERRAFORM = shutil.which("terraform") is not None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs terraform where there is none."""
    if HAS_TERRAFORM:
        return
    left = [item for item in items if "terraform" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say so."""
    if not HAS_TERRAFORM:
        terminalreporter.write_line("terraform is not installed: what infra/*.tf says was not checked")


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """An initialised copy of infra/."""
    return Terraform.on(tmp_path_factory.mktemp("infra"))


@pytest.fixture
def spoilt(terraform: Terraform, tmp_path: Path) -> Terraform:
    """A copy that a test may spoil."""
    return terraform.copy(tmp_path / "spoilt")


@pytest.fixture(scope="session")
def production(terraform: Terraform) -> Plan:
    return terraform.plan("production")


@pytest.fixture(scope="session")
def staging(terraform: Terraform) -> Plan:
    return terraform.plan("staging")


@pytest.fixture(scope="session")
def everything(terraform: Terraform, production: Plan) -> Plan:
    """Production with every channel connected and every setting chosen."""
    settings = production.outputs["settings"]
    chosen = {name: f"value-of-{name.lower()}" for name in settings["chosen"]}
    return terraform.plan("production", {"settings": chosen, "optional_secrets": settings["optional_secrets"]})
