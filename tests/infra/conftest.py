"""Plans of the whole infrastructure, each made once."""

import shutil
from pathlib import Path

import pytest

from tests.infra.terraform import Plan, Terraform


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """An initialised copy of infra/."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed: what infra/ says was not checked")
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
