"""Takes the schema of Terraform's google provider from a package on PyPI, for what infra/ uses of it, as JSON.

    python3 tests/infra/provider/refresh.py

Terraform's own registry serves the provider as a program of 100 MB for one kind of machine. `cdktn-provider-google` is
made from that program's schema, and holds every argument with its type; so validate and plan can run where the registry
is not reached. Run this after infra/ uses a new kind of resource, or to move to another release (VERSION).
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PACKAGE, VERSION, PROVIDER = "cdktn-provider-google", "21.1.0", "8.7.0"
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TARGET = HERE / "google.schema.json"
PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic", "json": "dynamic"}
# What the package adds to every resource and Terraform does not know.
OF_THE_PACKAGE = {
    "cdktf_stack",
    "cdktn_stack",
    "construct_node_metadata",
    "fqn",
    "friendly_unique_id",
    "internal_value",
    "node",
    "raw_overrides",
    "terraform_meta_arguments",
    "terraform_resource_type",
}
_NAME = re.compile(r"\{@link \S*?#\S+? \w+#(\S+?)\}")
Json = dict[str, Any]


class Assembly:
    """The package's description of its own classes (jsii), read as a Terraform schema."""

    def __init__(self, types: Json) -> None:
        self._types = types

    def schema(self, resources: set[str], data: set[str]) -> Json:
        """``resources`` and ``data`` by Terraform name. Raises KeyError for one that there is not."""
        found: Json = {"resources": {}, "data": {}}
        for fqn, described in self._types.items():
            page = re.search(r"/google/([\d.]+)/docs/(resources|data-sources)/(\w+)", json.dumps(described.get("docs")))
            if described["kind"] != "class" or page is None or f"{fqn}Config" not in self._types:
                continue
            assert page[1] == PROVIDER, f"{PACKAGE} {VERSION} is of provider {page[1]}"
            kind, wanted = ("resources", resources) if page[2] == "resources" else ("data", data)
            if (name := f"google_{page[3]}") in wanted:
                found[kind][name] = self._top(fqn)
        if missing := (resources - set(found["resources"])) | (data - set(found["data"])):
            raise KeyError(f"provider google {PROVIDER} has no {', '.join(sorted(missing))}")
        return found

    def _top(self, fqn: str) -> Json:
        block = self._block(f"{fqn}Config")
        block["attributes"].setdefault("id", {"type": "string", "computed": True})
        self._add_computed(block, fqn)
        return block

    def _block(self, fqn: str, above: tuple[str, ...] = ()) -> Json:
        block: Json = {"attributes": {}, "blocks": {}}
        if fqn in above:
            return block
        for item in self._types[fqn].get("properties", []):
            name = _NAME.search(json.dumps(item.get("docs") or {}))  # it is in the summary, the remarks or further down
            if name is None:
                continue  # count, provider and their like: Terraform's own
            kind, nested, many = self._type(item["type"])
            required = not item.get("optional", False)
            if nested:
                inner = self._block(nested, (*above, fqn))
                block["blocks"][name[1]] = {"many": many, "required": required, "block": inner}
            else:
                block["attributes"][name[1]] = {"type": kind, "required": required}
        self._add_computed(block, f"{fqn}OutputReference")
        return block

    def _add_computed(self, block: Json, fqn: str) -> None:
        """What only the provider sets: the properties of the class that are no argument."""
        # By letters alone: layer_7_x is layer7X there.
        known = {name.replace("_", "") for name in (*block["attributes"], *block["blocks"])}
        for name, kind in self._computed(fqn).items():
            if name.replace("_", "") not in known:
                block["attributes"][name] = {"type": kind, "read_only": True}

    def _computed(self, fqn: str) -> Json:
        found: Json = {}
        for item in self._types.get(fqn, {}).get("properties", []):
            name = re.sub(r"([A-Z])", lambda letter: "_" + letter[1].lower(), item["name"])
            if item.get("static") or not item.get("immutable") or name.endswith("_input") or name in OF_THE_PACKAGE:
                continue
            found[name] = self._computed_type(item["type"])
        return found

    def _computed_type(self, described: Json) -> Any:
        if "primitive" in described:
            return PRIMITIVES[described["primitive"]]
        if "collection" in described:
            return ["list", self._computed_type(described["collection"]["elementtype"])]
        fqn = described.get("fqn", "")
        if fqn.endswith("Map"):
            return ["map", "string"]
        if fqn.endswith(".IResolvable"):
            return "bool"
        if fqn.endswith("List") and f"{fqn.removesuffix('List')}OutputReference" in self._types:
            return ["list", ["object", self._computed(f"{fqn.removesuffix('List')}OutputReference")]]
        return "dynamic"

    def _type(self, described: Json) -> tuple[Any, str, bool]:
        """Terraform's type, or the struct of a nested block; and whether there may be many of it."""
        if "primitive" in described:
            return PRIMITIVES[described["primitive"]], "", False
        if "fqn" in described:
            struct = self._types.get(described["fqn"], {})
            nested = described["fqn"] if struct.get("kind") == "interface" and struct.get("datatype") else ""
            return "dynamic", nested, False
        if "collection" in described:
            kind, nested, _ = self._type(described["collection"]["elementtype"])
            return ["list" if described["collection"]["kind"] == "array" else "map", kind], nested, bool(nested)
        choices = [self._type(one) for one in described["union"]["types"] if "IResolvable" not in one.get("fqn", "")]
        choices.sort(key=lambda choice: (not choice[1], choice[0] == "dynamic"))
        return choices[0] if choices else ("bool", "", False)


def used(kind: str) -> set[str]:
    """The google types that infra/ names in blocks of this kind: resource or data."""
    files = (*(ROOT / "infra").glob("*.tf"), *(ROOT / "infra" / "bootstrap").glob("*.tf"))
    return {
        name for file in files for name in re.findall(rf'^{kind} "(google_\w+)"', file.read_text("utf-8"), re.MULTILINE)
    }


def fetch(folder: Path) -> Json:
    """The types of the package's assembly."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*command, f"{PACKAGE}=={VERSION}"], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        with wheel.open(inner) as file, tarfile.open(fileobj=file) as package:
            assembly = package.extractfile("package/.jsii")
            assert assembly
            types: Json = json.load(assembly)["types"]
            return types


def _short(block: Json) -> str:
    return json.dumps(block, sort_keys=True, separators=(",", ":"))


def main() -> None:
    """Writes the schema beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        schema = Assembly(fetch(Path(folder))).schema(used("resource"), used("data"))
    # A line for each resource, so that a change of one is one line's.
    kinds = [
        f'"{kind}":{{\n' + ",\n".join(f'"{name}":{_short(block)}' for name, block in sorted(blocks.items())) + "\n}"
        for kind, blocks in schema.items()
    ]
    TARGET.write_text("{\n" + ",\n".join(kinds) + "\n}\n", "utf-8")
    print(f"{TARGET.name}: {len(schema['resources'])} resources, {len(schema['data'])} data sources")


if __name__ == "__main__":
    main()
