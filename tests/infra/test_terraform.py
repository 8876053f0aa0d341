"""The real terraform reads infra/: its form, its words, its plan; and it notices faults."""

import re
from pathlib import Path

import pytest

from tests.infra.terraform import Plan, Terraform

# What is spoilt: in which file, which words become which, and what terraform must then say.
FAULTS = {
    "a misspelt argument": ("functions.tf", "available_memory  ", "available_memry  ", "Unsupported argument"),
    "a missing argument": ("queues.tf", "  name     = each.key\n", "", "Missing required argument"),
    "a block that there is not": (
        "database.tf",
        "daily_recurrence {}",
        "hourly_recurrence {}",
        "Unsupported block type",
    ),
    "a block too few": (
        "settings.tf",
        "replication {",
        "replicas {",
        "Unsupported block type|Insufficient replication",
    ),
    "an unknown kind": ("keys.tf", '"google_kms_key_ring"', '"google_kms_keyring"', "Invalid resource type"),
    "an unknown function": ("source.tf", "fileset(", "filesets(", "Call to unknown function"),
    "an unknown name": ("schedules.tf", "local.functions_url", "local.function_url", "undeclared local value"),
    "an attribute that there is not": ("identities.tf", "invoker.name", "invoker.nom", "Unsupported attribute"),
    "a wrong type": ("evidence.tf", "max_age_seconds = 3600", 'max_age_seconds = "an hour"', "a number is required"),
}


def test_every_file_is_formatted(terraform: Terraform) -> None:
    assert terraform.must("fmt", "-check", "-recursive", "-diff") == ""


def test_infra_is_valid(terraform: Terraform) -> None:
    assert "The configuration is valid" in terraform.must("validate")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(spoilt: Terraform, fault: str) -> None:
    name, before, after, said = FAULTS[fault]
    file = spoilt.folder / name
    assert before in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(before, after, 1), "utf-8")
    done = spoilt.run("validate")
    assert done.returncode != 0
    assert re.search(said, re.sub(r"[│\s]+", " ", done.stderr))


def test_the_assertions_about_the_design_hold(terraform: Terraform) -> None:
    said = terraform.must("test")
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", said), said


def test_a_setting_that_nobody_takes_is_refused(terraform: Terraform) -> None:
    done = terraform.run("plan", "-input=false", "-var-file=envs/staging.tfvars", '-var=settings={META_APP_SECRET="x"}')
    assert done.returncode != 0
    assert "Not to be chosen here: META_APP_SECRET" in done.stderr


def test_environments_have_the_same_parts(production: Plan, staging: Plan) -> None:
    for kind in ("google_cloudfunctions2_function", "google_cloud_tasks_queue", "google_firestore_index"):
        assert set(production.all(kind)) == set(staging.all(kind))


def test_the_first_apply_makes_places_for_secrets_and_no_function(terraform: Terraform, tmp_path: Path) -> None:
    first = terraform.copy(tmp_path / "first").plan("staging", {"deploy_functions": False})
    assert first.all("google_secret_manager_secret")
    assert first.all("google_cloud_tasks_queue")
    assert first.all("google_cloudfunctions2_function") == {}
    assert first.all("google_cloud_scheduler_job") == {}
