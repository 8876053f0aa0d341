"""``infra/local/up``: BESADU on this machine, until Ctrl-C."""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from google.cloud import firestore

from besadu import clock
from besadu_local.ports import Unready
from besadu_local.settings import Ports
from besadu_local.stack import LOCAL, Stack
from besadu_local.staff import STAFF

STATE = LOCAL.parents[1] / ".besadu"
_PORT = 8080
_SWEEP_EVERY = 10.0  # seconds
_SAVE_EVERY = 20.0  # seconds; what a kill -9 may cost at most
_LOOK = 1.0  # seconds between looks at the parts


class Progress:
    """A line a step, and a sign of life each second while a step takes long."""

    def __init__(self) -> None:
        self._began = self._step_began = time.monotonic()
        self._step, self._done = "", threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def tell(self, step: str) -> None:
        """Begin a step."""
        self._step, self._step_began = step, time.monotonic()
        self._print(step)

    def done(self) -> float:
        """No more lines; the seconds since the beginning."""
        self._done.set()
        return time.monotonic() - self._began

    def _tick(self) -> None:
        while not self._done.wait(1.0):
            seconds = time.monotonic() - self._step_began
            if self._step and seconds >= 1:
                self._print(f"  still {self._step} ({seconds:.0f} s)")

    def _print(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:5.1f} s  {line}", flush=True)


def fill(stack: Stack, progress: Progress, *, demo: bool) -> None:
    """The agencies, staff and sample complaints, if the database is empty."""
    # The Google clients look for emulators and credentials in the environment.
    os.environ.update(stack.process_environ())
    clock.use(stack.clock.now)
    database = firestore.Client(project=stack.settings["GOOGLE_CLOUD_PROJECT"])
    if any(database.collection("opds").limit(1).stream()):
        return
    from besadu_local import seed  # needed on the first start only, and not cheap

    progress.tell("filling the empty database" + (" with agencies, staff and sample complaints" if demo else ""))
    seed.load(stack, demo=demo)


def announce(stack: Stack, seconds: float) -> None:
    """Where everything is."""
    functions, phone = stack.addresses["functions"], stack.addresses["phone"]
    print(f"\nBESADU is up after {seconds:.1f} s.\n")
    for name, address in (
        ("phone", f"{phone}/"),
        ("console", f"{functions}/console/"),
        ("portal", f"{functions}/portal/"),
        ("healthz", f"{functions}/healthz"),
    ):
        print(f"  {name:8} {address}")
    print(f"\n  Sign in to the console with one click: {', '.join(person.email for person in STAFF)}")
    print(f"  Logs: {stack.state / 'logs'}. Ctrl-C stops everything; the data stays.", flush=True)


def run(options: argparse.Namespace, state: Path, ports: Ports) -> int:
    """Start, wait or play the story, stop; the exit status."""
    progress = Progress()
    stack = Stack(state, ports=ports, environ=os.environ, sweep_every=_SWEEP_EVERY, snapshot_every=_SAVE_EVERY)
    status = 0
    try:
        stack.start(progress.tell, lambda stack: fill(stack, progress, demo=options.demo and not options.story))
        seconds = progress.done()
        if options.story:
            from besadu_local import story  # the other ways of starting do not need it

            return int(story.play(stack))
        announce(stack, seconds)
        status = _watch(stack)
    except KeyboardInterrupt:
        print(flush=True)
    except Unready as error:
        progress.done()
        print(error, file=sys.stderr)
        status = 1
    finally:
        progress.done()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # stopping takes a second or two and is not to be cut short
        stack.stop(lambda line: print(line, flush=True))
    return status


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if options.story:
        # On a platform of its own: it moves the clock, and what is in .besadu/ is none of its business.
        with tempfile.TemporaryDirectory(prefix="besadu-story-") as folder:
            return run(options, Path(folder), Ports.free(options.port))
    if options.fresh:
        try:
            Stack(STATE).forget()
        except Unready as error:
            print(error, file=sys.stderr)
            return 1
    return run(options, STATE, Ports.free(options.port or _PORT))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra/local/up", description="Run BESADU on this machine until Ctrl-C.")
    parser.add_argument("--fresh", action="store_true", help="forget the last run's data first")
    parser.add_argument("--port", type=int, help=f"where the functions are (default {_PORT}); the phone is one higher")
    parser.add_argument(
        "--no-demo", dest="demo", action="store_false", help="no sample complaints in an empty database"
    )
    parser.add_argument("--story", action="store_true", help="play one whole complaint, print it, end")
    return parser


def _watch(stack: Stack) -> int:
    """Until a part ends by itself; Ctrl-C ends the waiting from outside."""
    pause = threading.Event()
    while not pause.wait(_LOOK):
        if reason := stack.failure():
            print(reason, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
