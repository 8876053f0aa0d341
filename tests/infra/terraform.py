"""The real terraform on a copy of infra/, with providers that have the real schemas and no cloud (provider/)."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
PYTHON = ROOT / ".venv" / "aside" / "terraform" / "bin" / "python"
PROVIDER = Path(__file__).parent / "provider" / "provider.py"
# State lies beside the copy: there is no bucket here.
LOCAL_BACKEND = 'terraform {\n  backend "local" {}\n}\n'
Values = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What an apply to an empty project would make."""

    document: Values

    @cached_property
    def _resources(self) -> list[Values]:
        found: list[Values] = self.document["planned_values"]["root_module"]["resources"]
        return found

    def all(self, kind: str, name: str = "") -> dict[str, Values]:
        """Index (or name, where there is one only) -> planned values, of all resources of this type."""
        return {
            str(one.get("index", one["name"])): one["values"]
            for one in self._resources
            if one["type"] == kind and one["mode"] == "managed" and name in ("", one["name"])
        }

    def environment(self, function: str) -> set[str]:
        """Names in the environment of a deployed function, also of what only the cloud knows."""
        (change,) = (
            one["change"]
            for one in self.document["resource_changes"]
            if one["type"] == "google_cloudfunctions2_function" and one["index"] == function
        )
        (service,) = change["after"]["service_config"]
        (unknown,) = change["after_unknown"]["service_config"]
        later = unknown.get("environment_variables") or {}
        secret = {one["key"] for one in service["secret_environment_variables"]}
        return {*service["environment_variables"], *later, *secret}

    @property
    def outputs(self) -> Values:
        """The planned outputs that are known."""
        outputs: Values = self.document["planned_values"]["outputs"]
        return {name: output.get("value") for name, output in outputs.items()}


@dataclass(frozen=True)
class Terraform:
    """terraform in one folder, which is the copy of a root module."""

    folder: Path

    @classmethod
    def on(cls, place: Path, module: str = ".") -> "Terraform":
        """A fresh copy of the repository's deployable parts below ``place``, initialised."""
        ignore = shutil.ignore_patterns("__pycache__", "local", ".terraform*")
        shutil.copytree(INFRA, place / "infra", ignore=ignore)
        shutil.copytree(ROOT / "functions", place / "functions", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "requirements.txt", place)
        folder = place / "infra" / module
        (folder / "backend_override.tf").write_text(LOCAL_BACKEND, "utf-8")
        made = cls(folder)
        made.must("init", "-input=false")
        return made

    def copy(self, place: Path) -> "Terraform":
        """The same in another folder, to be spoilt."""
        shutil.copytree(self.folder.parent, place, symlinks=True)
        return Terraform(place / self.folder.name)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run terraform with these arguments; its output without colours."""
        (self.folder.parent / "terraformrc").touch()  # nobody's own configuration takes part
        environ = {
            **os.environ,
            "TF_CLI_CONFIG_FILE": str(self.folder.parent / "terraformrc"),
            "TF_IN_AUTOMATION": "1",
            "TF_CLI_ARGS": "-no-color",
        }
        command = [str(PYTHON), str(PROVIDER), "terraform", *arguments]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def must(self, *arguments: str) -> str:
        """Standard output of a command that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan(self, environment: str, variables: Mapping[str, object] | None = None) -> Plan:
        """The plan for ``envs/<environment>.tfvars``, with ``variables`` over it."""
        extra = self.folder / "extra.tfvars.json"
        extra.write_text(json.dumps(variables or {}), "utf-8")
        files = [f"-var-file=envs/{environment}.tfvars", f"-var-file={extra.name}"]
        self.must("plan", "-input=false", "-lock=false", "-out=made.plan", *files)
        return Plan(json.loads(self.must("show", "-json", "made.plan")))
