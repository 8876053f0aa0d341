"""What a start of intake loads: every module is paid for by whoever waits for a cold start."""

import json
import os
import subprocess
import sys
from typing import Any

from besadu.config import NEEDS
from tests.bench.site import INTAKE

# Cloud Storage, the pages and the imaging library belong to other functions.
FORBIDDEN = ("google.cloud.storage", "besadu.pages", "PIL")
# Not needed either. google.api_core loads requests by itself where it is installed, and so does the bare function.
UNWELCOME = ("jwt", "requests")
_SETTINGS = {name.upper(): "x" for name in NEEDS["intake"]} | {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}
_ASK = "import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"


def intake_imports() -> dict[str, Any]:
    """The figure: what is loaded and should not be."""
    loaded = modules_of("intake")
    return {
        "figure": "intake_imports",
        "forbidden_present": [name for name in FORBIDDEN if name in loaded],
        "unwelcome_present": [name for name in UNWELCOME if name in loaded],
        "modules": len(loaded),
        "target": "none forbidden",
    }


def modules_of(door: str) -> frozenset[str]:
    """All modules that a fresh interpreter has loaded once it has loaded ``door``. No address is called."""
    environ = {**os.environ, **_SETTINGS, "PYTHONPATH": str(INTAKE.parent)}
    command = [sys.executable, "-c", _ASK.format(module=door)]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True, text=True, timeout=60)
    return frozenset(json.loads(done.stdout))
