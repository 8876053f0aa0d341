"""The whole platform as one object, used by ``up`` and by the tests."""

import fcntl
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from besadu_local import emulator
from besadu_local.clock import Clock
from besadu_local.gateway import READY
from besadu_local.ports import HOST, Unready, is_free, wait_until
from besadu_local.processes import Child, Family
from besadu_local.scheduler import call_sweep
from besadu_local.settings import Ports, compose, google_credentials
from besadu_local.snapshots import Snapshots
from besadu_local.tokens import Signer

LOCAL = Path(__file__).parents[1]
FUNCTIONS = LOCAL.parents[1] / "functions"
Tell = Callable[[str], None]
_SLOWEST = 60.0  # seconds; a cold machine is slow, a hung part is not waited for longer


def _silent(_line: str) -> None:
    """For callers who do not want to hear."""


class Stack:
    """One platform with its own state folder and ports. ``with Stack(folder) as stack:`` starts and stops it.

    ``settings`` are the functions' settings by upper-case name, ``addresses`` what /healthz tells, ``clock`` the
    movable clock. ``environ`` is where settings that win over ours come from (nowhere, unless given). ``sweep_every``
    and ``snapshot_every`` are seconds of real time, 0 for never. ``firestore`` is the address of an emulator that is
    running already; then none is started and nothing is saved.
    """

    def __init__(
        self,
        state: Path,
        *,
        ports: Ports | None = None,
        functions: Path = FUNCTIONS,
        environ: Mapping[str, str] | None = None,
        sweep_every: float = 0.0,
        snapshot_every: float = 0.0,
        firestore: str = "",
    ) -> None:
        self.state, self.ports, self._functions = state.resolve(), ports or Ports.free(), functions.resolve()
        self._environ = dict(environ or {})
        self._sweep_every, self._snapshot_every = sweep_every, snapshot_every
        self._firestore = firestore or self._environ.get("FIRESTORE_EMULATOR_HOST", "")
        self._family: Family | None = None
        self._database: Child | None = None
        self._lock: IO[str] | None = None
        self._snapshots: Snapshots | None = None
        self.clock = Clock(self.state)
        self.settings: dict[str, str] = {}

    @property
    def addresses(self) -> dict[str, str]:
        """Where the parts are, as /healthz tells."""
        return {
            "project": self.settings["GOOGLE_CLOUD_PROJECT"],
            "functions": f"http://{HOST}:{self.ports.gateway}",
            "firestore": self.settings["FIRESTORE_EMULATOR_HOST"],
            "storage": self.settings["STORAGE_EMULATOR_HOST"],
            "tasks": self.settings["TASKS_EMULATOR_HOST"],
            "oidc": self.settings["OIDC_ISSUER"],
            "phone": f"http://{HOST}:{self.ports.phone}",
        }

    def start(self, tell: Tell = _silent, prepare: Callable[["Stack"], None] | None = None) -> None:
        """Start everything; ``prepare`` runs when all parts are up, before /healthz says so. Raises Unready."""
        self.state.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._start(tell, prepare)
        except BaseException:
            self.stop()
            raise

    def stop(self, tell: Tell = _silent) -> None:
        """End what writes, save, end the rest. Safe to call twice."""
        (self.state / READY).unlink(missing_ok=True)
        if self._family:
            tell("stopping")
            self._family.stop(but=self._database)
            if self._snapshots:
                self._snapshots.stop()
                self._save_last(tell)
            self._family.stop()
            self._family.dismiss_guard()
        if self._lock:
            self._lock.close()
        self._family = self._database = self._snapshots = self._lock = None

    def failure(self) -> str | None:
        """Why a part has ended, or None while all run."""
        return self._family.first_failure() if self._family else "the platform is not running"

    def process_environ(self) -> dict[str, str]:
        """What a process needs to take part: the settings, the import path, our credentials and no proxy."""
        return {
            **os.environ,
            **self.settings,
            "BESADU_STATE": str(self.state),
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.state / "keys" / "service-account.json"),
            "PYTHONPATH": os.pathsep.join([str(LOCAL), str(FUNCTIONS)]),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
        }

    def token(self, audience: str) -> str:
        """An identity token of the invoker for ``audience`` (a function's URL), as Cloud Tasks sends it."""
        return self._signer().token(email=self.settings["INVOKER_ACCOUNT"], audience=audience)

    def sweep(self) -> int:
        """Call /reminders/sweep now, as Cloud Scheduler does; the HTTP status."""
        return call_sweep(self.settings["FUNCTIONS_URL"], self._signer(), self.settings["INVOKER_ACCOUNT"])

    def forget(self) -> None:
        """Delete the state folder. Raises Unready while a platform runs on it."""
        if self.state.exists():
            self._take_lock()
            shutil.rmtree(self.state)
            self.stop()

    def save(self) -> None:
        """Save the database now. Raises OSError."""
        if self._snapshots:
            self._snapshots.take(self.ports.firestore, self.settings["GOOGLE_CLOUD_PROJECT"])

    def __enter__(self) -> Self:
        """Started."""
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stopped."""
        self.stop()

    def _start(self, tell: Tell, prepare: Callable[["Stack"], None] | None) -> None:
        self._check_ports()
        (self.state / READY).unlink(missing_ok=True)
        environ = {**self._environ, **({"FIRESTORE_EMULATOR_HOST": self._firestore} if self._firestore else {})}
        self.settings = compose(self.state, self.ports, environ)
        google_credentials(self.state, self.ports, self.settings["GOOGLE_CLOUD_PROJECT"])
        self._signer()
        self._family = family = Family(self.state / "logs")
        self._database = None if self._firestore else self._start_emulator(family, tell)
        # All at once: each of them spends its first second importing.
        cloud, gateway, world = self._start_cloud(family), self._start_gateway(family), self._start_world(family)
        tell("starting queues, bucket and sign-in")
        for port in (self.ports.storage, self.ports.oidc, self.ports.google, self.ports.tasks):
            cloud.wait_for(port)
        tell("starting the functions")
        self._wait_for_gateway(gateway)
        if world:
            tell("starting the phone")
            world.wait_for(self.ports.phone)
        if self._database:
            tell("waiting for the database")
            self._wait_for_database(self._database)
            self._begin_saving()
        if prepare:
            prepare(self)
        self._announce()

    def _start_emulator(self, family: Family, tell: Tell) -> Child:
        java, version = emulator.find_java()
        jar = emulator.find_jar(os.environ, version, tell)
        latest = Snapshots(self.state / "firestore").latest()
        tell("starting the database" + (" with the last run's data" if latest else ""))
        command = emulator.command(java, jar, self.ports.firestore, latest)
        return family.start("firestore", command, self.process_environ())

    def _start_cloud(self, family: Family) -> Child:
        command = [sys.executable, "-m", "besadu_local.cloud", "--state", str(self.state)]
        for name in ("tasks", "storage", "oidc", "google"):
            command += [f"--{name}", str(getattr(self.ports, name))]
        return family.start("cloud", [*command, "--sweep-every", str(self._sweep_every)], self.process_environ())

    def _start_gateway(self, family: Family) -> Child:
        options = ["--port", str(self.ports.gateway), "--functions", str(self._functions), "--state", str(self.state)]
        return family.start(
            "functions", [sys.executable, "-m", "besadu_local.gateway", *options], self.process_environ()
        )

    def _start_world(self, family: Family) -> Child | None:
        if not (Path(__file__).parent / "world" / "__main__.py").is_file():
            return None
        command = [sys.executable, "-m", "besadu_local.world", "--port", str(self.ports.phone)]
        return family.start("phone", command, self.process_environ())

    def _wait_for_gateway(self, gateway: Child) -> None:
        url = f"http://{HOST}:{self.ports.gateway}/healthz"
        wait_until(lambda: _answers(url), what="the functions", seconds=_SLOWEST, failed=gateway.failure)

    def _wait_for_database(self, database: Child) -> None:
        port = self.ports.firestore
        wait_until(lambda: emulator.is_ready(port), what="the database", seconds=_SLOWEST, failed=database.failure)

    def _begin_saving(self) -> None:
        if self._snapshot_every:
            self._snapshots = Snapshots(self.state / "firestore")
            project = self.settings["GOOGLE_CLOUD_PROJECT"]
            self._snapshots.take_every(self._snapshot_every, self.ports.firestore, project)

    def _save_last(self, tell: Tell) -> None:
        tell("saving the database")
        try:
            self.save()
        except OSError as error:
            tell(f"the database could not be saved ({error}); the next start has the data of the save before")

    def _announce(self) -> None:
        ready = self.state / f"{READY}.new"
        ready.write_text(json.dumps(self.addresses, indent=2) + "\n", "utf-8")
        ready.replace(self.state / READY)

    def _signer(self) -> Signer:
        return Signer(self.state / "keys" / "google.pem", self.settings["INVOKER_ISSUER"])

    def _take_lock(self) -> None:
        lock = (self.state / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            message = f"BESADU runs already with the data in {self.state}: stop it there with Ctrl-C first."
            raise Unready(message) from error
        self._lock = lock

    def _check_ports(self) -> None:
        for name, port in (("functions", self.ports.gateway), ("phone", self.ports.phone)):
            if not is_free(port):
                message = f"Port {port} ({name}) is in use: stop what listens there, or choose another with --port."
                raise Unready(message)


def _answers(url: str) -> bool:
    """Whether a server answers at all, be it with an error."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
