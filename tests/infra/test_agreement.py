"""Code and infra/ say the same: functions, settings, secrets, queues, schedules, threads, and who may call.

The code's side is read off the code, so that whoever adds a setting or a queue is told what infra/ lacks.
"""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from besadu.config import NEEDS, OPTIONAL, TUNABLE
from besadu.queue import QueueName
from besadu_local.gateway import DOORS, PRIVATE
from tests.infra.terraform import ROOT, Plan
from tests.rules.test_imports import DOORS as DOOR_FILES

FUNCTIONS = ROOT / "functions"
SHORTEST_SECRET = ("KEY", "PASSWORD", "SECRET", "TOKEN")


def settings_of_code(door: str) -> set[str]:
    """All settings that this door may be given."""
    grouped = {name for group in OPTIONAL.get(door, ()) for name in group}
    return {name.upper() for name in {*NEEDS[door], *grouped, *TUNABLE.get(door, ())}}


def paths_of(door: str) -> set[str]:
    """What POSTs the function takes: string constants in its file that are paths."""
    tree = ast.parse((FUNCTIONS / f"{door}.py").read_text("utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {value for value in constants if isinstance(value, str) and re.fullmatch(r"/[a-z-]+", value)}


def test_the_functions_are_the_same(production: Plan) -> None:
    deployed = production.all("google_cloudfunctions2_function")
    assert set(deployed) == {path.stem for path in DOOR_FILES} == set(NEEDS) == set(DOORS)
    for door, function in deployed.items():
        (build,) = function["build_config"]
        assert (build["entry_point"], build["environment_variables"]) == (
            door,
            {"GOOGLE_FUNCTION_SOURCE": f"{door}.py"},
        )


@pytest.mark.parametrize("door", NEEDS)
def test_a_function_is_given_the_settings_that_it_takes_and_no_other(everything: Plan, door: str) -> None:
    given = everything.environment(door) - {"THREADS", "LOG_EXECUTION_ID"}
    wanted = settings_of_code(door)
    assert given == wanted, (
        f"settings of {door} in infra/functions.tf: add {sorted(wanted - given)}, take out {sorted(given - wanted)}; "
        "a new one also needs its place in infra/settings.tf"
    )


def test_every_setting_comes_from_one_place(everything: Plan) -> None:
    places = everything.outputs["settings"]
    known = [*places["computed"], *places["chosen"], *places["needed_secrets"], *places["optional_secrets"]]
    assert sorted(known) == sorted({name for door in NEEDS for name in settings_of_code(door)})


def test_what_is_secret_by_its_name_comes_from_secret_manager(everything: Plan) -> None:
    places = everything.outputs["settings"]
    secret = {*places["needed_secrets"], *places["optional_secrets"]}
    assert set(everything.all("google_secret_manager_secret")) == secret
    public = {"NIK_PUBLIC_KEY", "NIK_DECRYPT_KEY"}  # the second is the name of a key
    named = {name for door in NEEDS for name in settings_of_code(door) if name.split("_")[-1] in SHORTEST_SECRET}
    assert named - public == secret


def test_a_secret_without_which_a_function_does_not_start_is_always_given(everything: Plan) -> None:
    places = everything.outputs["settings"]
    secret = {*places["needed_secrets"], *places["optional_secrets"]}
    needed = {name.upper() for names in NEEDS.values() for name in names}
    assert secret & needed == set(places["needed_secrets"])


def test_the_queues_are_the_same(production: Plan) -> None:
    made, wanted = set(production.all("google_cloud_tasks_queue")), set(get_args(QueueName))
    assert made == wanted, f"local.queues in infra/queues.tf: add {wanted - made}, take out {made - wanted}"


def test_the_schedules_call_what_reminders_takes_and_no_task_does(production: Plan) -> None:
    tasks = set(re.findall(r'"reminders", "(/\w+)"', (FUNCTIONS / "besadu" / "queue.py").read_text("utf-8")))
    wanted = {path.removeprefix("/") for path in paths_of("reminders") - tasks}
    jobs = production.all("google_cloud_scheduler_job")
    assert set(jobs) == wanted, f"local.schedules in infra/schedules.tf: {sorted(wanted)}"
    for name, job in jobs.items():
        (target,) = job["http_target"]
        assert target["uri"].endswith(f".cloudfunctions.net/reminders/{name}")
        assert target["oidc_token"][0]["audience"] == target["uri"].removesuffix(f"/{name}")


def test_public_are_the_same_functions_as_on_the_local_platform(production: Plan) -> None:
    assert set(production.all("google_cloud_run_service_iam_member", "invoker")) == PRIVATE
    assert set(production.all("google_cloud_run_service_iam_member", "public")) == set(DOORS) - PRIVATE


def test_a_browser_may_send_to_the_bucket_what_it_may_locally(production: Plan) -> None:
    local = (ROOT / "infra" / "local" / "besadu_local" / "cloud.py").read_text("utf-8")
    (evidence,) = production.all("google_storage_bucket", "evidence").values()
    (cors,) = evidence["cors"]
    assert cors["origin"] == ["https://besadu.belitung.go.id"]
    allowed = re.search(r"allowed = \[(.*?)\]", local, re.DOTALL)
    assert allowed
    asked = {name.lower() for name in re.findall(r'"([\w-]+)"', allowed[1])}
    assert asked <= {name.lower() for name in cors["response_header"]}


def test_a_body_fits_into_memory_and_a_provider_is_answered_in_time(production: Plan) -> None:
    for door, function in production.all("google_cloudfunctions2_function").items():
        (service,) = function["service_config"]
        assert service["environment_variables"]["THREADS"] == str(service["max_instance_request_concurrency"]), door
        if service["max_instance_request_concurrency"] > 1:
            assert float(service["available_cpu"]) >= 1, "Cloud Run gives one request at a time to less than a CPU"


def test_only_text_is_deployed() -> None:
    for path in Path(FUNCTIONS).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            path.read_text("utf-8")
