"""``python -m besadu_local.world --port P``: the simulated world, until it is told to stop."""

import argparse
import logging
import os
import signal
import sys
import threading

from besadu_local.world.app import running
from besadu_local.world.config import load


def main() -> int:
    parser = argparse.ArgumentParser(prog="besadu_local.world", description="Simulated providers and the phone page.")
    parser.add_argument("--port", type=int, default=8081)
    port: int = parser.parse_args().port
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    try:
        settings = load(os.environ)
    except KeyError as missing:
        print(f"The phone page cannot start: {missing.args[0]} is not set.", file=sys.stderr)
        return 1
    with running(settings, port) as server:
        # shutdown() waits for the serving loop, which is this thread: it must be asked from another.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
