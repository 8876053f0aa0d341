"""What each function may do: the README's table is what the plan grants, and what the design wants."""

import ast
import re
from pathlib import Path

from tests.infra.terraform import ROOT, Plan
from tests.rules.test_imports import DOORS

README = (ROOT / "README.md").read_text("utf-8")


def granted(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Function -> what the plan grants, in the words of the README's table."""
    roles = plan.all("google_project_iam_member", "documents")
    keepers = plan.all("google_storage_bucket_iam_member", "keeper")
    enqueuers = {name.split("/")[0] for name in plan.all("google_cloud_tasks_queue_iam_member")}
    public = plan.all("google_cloud_run_service_iam_member", "public")
    found = {}
    for name in roles:
        documents = plan.outputs["rights"]["documents"][name]
        bucket = plan.outputs["rights"]["evidence"].get(name, "none") if name in keepers else "none"
        found[name] = (
            {"Reader": "read", "Writer": "read, write", "Remover": "read, write, delete"}[documents],
            {"none": "-", "read": "read", "write": "read, write", "keep": "read, write, delete"}[bucket],
            "yes" if name in plan.all("google_kms_crypto_key_iam_member", "opener") else "-",
            "yes" if name in enqueuers else "-",
            "anybody" if name in public else "tasks and schedules",
        )
    return found


def test_the_readmes_table_is_what_is_granted(production: Plan) -> None:
    section = README.split("### Who may do what", 1)[1].split("\n### ", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE)
    assert {name: tuple(cell.strip() for cell in cells.split(" | ")) for name, cells in rows} == granted(production)


def test_secrets_are_read_by_who_is_given_them_and_by_nobody_else(production: Plan) -> None:
    settings = production.outputs["settings"]
    secret = {*settings["needed_secrets"], *settings["optional_secrets"]}
    wanted = {f"{name}/{one}" for name, taken in settings["functions"].items() for one in secret & set(taken)}
    assert set(production.all("google_secret_manager_secret_iam_member", "reader")) == wanted


def calls_in(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def test_who_deletes_documents_may_and_nobody_else(production: Plan) -> None:
    """By way of the store's method that deletes, and the services that call it."""
    methods = {
        method.name
        for path in (ROOT / "functions" / "besadu" / "store").glob("*.py")
        if path.name != "client.py"
        for method in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(method, ast.FunctionDef)
        and any(isinstance(one, ast.Call) and ast.unparse(one.func).endswith(".delete") for one in ast.walk(method))
    }
    services = {
        path.stem
        for path in (ROOT / "functions" / "besadu" / "services").glob("*.py")
        if any(ast.unparse(call.func).split(".")[-1] in methods for call in calls_in(path))
    }
    wanted = {door.stem for door in DOORS if imports_of(door) & services}
    may = {name for name, right in production.outputs["rights"]["documents"].items() if right == "Remover"}
    assert may == wanted, (
        f"local.documents in infra/identities.tf; {sorted(methods)} delete, {sorted(services)} call them"
    )


def test_only_who_settles_and_tidies_files_may_delete_them(production: Plan) -> None:
    services = {
        path.stem
        for path in (ROOT / "functions" / "besadu" / "services").glob("*.py")
        if any(ast.unparse(call.func) == "media.delete" for call in calls_in(path))
    }
    assert services == {"settling", "tidying"}, "which functions run it?"
    running = ("evidence.fetch(", "tidying.tidy(")
    wanted = {door.stem for door in DOORS if any(call in door.read_text("utf-8") for call in running)}
    may = {name for name, right in production.outputs["rights"]["evidence"].items() if right == "keep"}
    assert may == wanted, "bucket in infra/functions.tf"


def test_a_function_with_the_bucket_has_its_name_and_the_other_way_round(production: Plan) -> None:
    named = {name for name, taken in production.outputs["settings"]["functions"].items() if "EVIDENCE_BUCKET" in taken}
    assert set(production.all("google_storage_bucket_iam_member", "keeper")) == named


def test_no_account_but_the_consoles_reaches_the_audit(production: Plan) -> None:
    """It has a database of its own, because Firestore grants a database and not a collection."""
    assert set(production.all("google_project_iam_member", "audit")) == {"console"}
    named = {name for name, taken in production.outputs["settings"]["functions"].items() if "AUDIT_DATABASE" in taken}
    assert named == {"console"}
    others = [*production.all("google_project_iam_member", "documents").values()]
    assert len(others) == len(DOORS)
    assert all(one["condition"][0]["expression"].endswith('/databases/(default)"') for one in others)


def test_only_the_console_imports_what_touches_the_audit() -> None:
    users = {
        str(path.relative_to(ROOT / "functions"))
        for path in (ROOT / "functions").rglob("*.py")
        if re.search(r"\.audit\b", path.read_text("utf-8")) and path.parent.name != "store"
    }
    assert all(Path(name).parts[:2] == ("besadu", "services") for name in users)
    for door in DOORS:
        if door.stem != "console":
            assert not {Path(name).stem for name in users} & imports_of(door), door.name


def imports_of(door: Path) -> set[str]:
    """Modules of besadu.services that a door reaches, by the imports of all that it reaches."""
    seen: set[Path] = set()
    todo = [door]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in re.findall(r"^\s*(?:from|import) (besadu[\w.]*)", path.read_text("utf-8"), re.MULTILINE):
            todo += _files(name)
        for package, names in re.findall(
            r"^\s*from (besadu[\w.]*) import ([\w, ]+)", path.read_text("utf-8"), re.MULTILINE
        ):
            todo += [file for one in names.split(", ") for file in _files(f"{package}.{one}")]
    return {path.stem for path in seen if path.parent.name == "services"}


def _files(name: str) -> list[Path]:
    base = ROOT / "functions" / name.replace(".", "/")
    return [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
