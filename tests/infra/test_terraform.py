"""The real terraform reads infra/: its form, its words, its plan; and it notices faults."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.terraform import ROOT, Plan, Terraform

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


def test_a_spoilt_design_fails_the_assertions(spoilt: Terraform) -> None:
    """Several faults in one run, which is the slow part: each must be told."""
    faults = (
        ("source.tf", '!endswith(name, ".in")', '!endswith(name, "links.py")', "The zip holds each module"),
        ("database.tf", '"POINT_IN_TIME_RECOVERY_ENABLED"', '"POINT_IN_TIME_RECOVERY_DISABLED"', "Any minute"),
        ("functions.tf", '"INFOBIP_SENDER", "SMS', '"AUDIT_DATABASE", "SMS', "cannot read the audit"),
        ("identities.tf", 'Auditor = ["create",', 'Auditor = ["update",', "Nobody changes or removes an entry"),
    )
    for name, before, after, _ in faults:
        file = spoilt.folder / name
        assert before in file.read_text("utf-8"), name
        file.write_text(file.read_text("utf-8").replace(before, after, 1), "utf-8")
    done = spoilt.run("test")
    assert done.returncode != 0
    for *_, said in faults:
        assert said in done.stdout + done.stderr


def test_a_setting_that_nobody_takes_is_refused(terraform: Terraform) -> None:
    done = terraform.run("plan", "-input=false", "-var-file=envs/staging.tfvars", '-var=settings={META_APP_SECRET="x"}')
    assert done.returncode != 0
    assert "Not to be chosen here: META_APP_SECRET" in done.stderr


def test_environments_have_the_same_parts(production: Plan, staging: Plan) -> None:
    for kind in ("google_cloudfunctions2_function", "google_cloud_tasks_queue", "google_firestore_index"):
        assert set(production.all(kind)) == set(staging.all(kind))


def test_a_load_balancer_stands_before_each_public_function_with_a_domain_and_without_one_there_is_none(
    production: Plan, staging: Plan
) -> None:
    (address,) = (one for name, one in production.all("google_compute_url_map", "public").items())
    (matcher,) = address["path_matcher"]
    paths = {path for rule in matcher["path_rule"] for path in rule["paths"]}
    public = production.all("google_cloud_run_service_iam_member", "public")
    assert paths == {"/", *(f"/{name}" for name in public), *(f"/{name}/*" for name in public)}
    assert staging.all("google_compute_url_map") == staging.all("google_compute_backend_service") == {}


def test_the_bootstrap_makes_the_bucket_for_the_state_and_says_how_to_go_on(
    terraform: Terraform,  # noqa: ARG001 - it says whether there is one
    tmp_path: Path,
) -> None:
    bootstrap = Terraform.on(tmp_path, "bootstrap")
    bootstrap.must("plan", "-input=false", "-var=project=besadu-test", "-out=made.plan")
    plan = Plan(json.loads(bootstrap.must("show", "-json", "made.plan")))
    (bucket,) = plan.all("google_storage_bucket").values()
    assert (bucket["name"], bucket["public_access_prevention"]) == ("besadu-test-terraform", "enforced")
    assert bucket["versioning"] == [{"enabled": True}]
    assert plan.outputs["init"] == "terraform -chdir=infra init -backend-config=bucket=besadu-test-terraform"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert plan.outputs["init"].replace("besadu-test", "$PROJECT") in readme


def test_the_first_apply_makes_places_for_secrets_and_no_function(terraform: Terraform, tmp_path: Path) -> None:
    first = terraform.copy(tmp_path / "first").plan("staging", {"deploy_functions": False})
    assert first.all("google_secret_manager_secret")
    assert first.all("google_cloud_tasks_queue")
    assert first.all("google_cloudfunctions2_function") == {}
    assert first.all("google_cloud_scheduler_job") == {}
