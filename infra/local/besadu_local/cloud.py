"""The stand-ins in one process, as one starts quicker than five: queues, bucket, sign-in, timer, keys."""

import argparse
import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from besadu_local.clock import Clock
from besadu_local.keys import private_key
from besadu_local.ports import HOST
from besadu_local.scheduler import Scheduler
from besadu_local.settings import QUEUES
from besadu_local.signin import provider
from besadu_local.storage import Disk, Storage, Verifier
from besadu_local.tasks import Tasks
from besadu_local.tokens import Signer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _Quiet(WSGIRequestHandler):
    """Errors are logged, requests are not: their URLs carry signatures and codes."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def certificates(signer: Signer) -> "WSGIApplication":
    """Google's key set at /certs, and /token for service-account files."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = Request(environ).path
        answers: dict[str, Any] = {
            "/certs": signer.jwks(),
            "/token": {"access_token": "local", "token_type": "Bearer", "expires_in": 3600},
        }
        body = answers.get(path)
        response = Response(json.dumps(body), 200 if body else 404, mimetype="application/json")
        return response(environ, start_response)

    return app


def serve(app: "WSGIApplication", port: int) -> Callable[[], None]:
    """Serve in the background; returns what stops it."""
    server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    return server.shutdown


def storage_app(state: Path, port: int, account_key: Path, account: str) -> Storage:
    """The bucket server, with one account that may sign."""
    disk = Disk(state / "storage", f"http://{HOST}:{port}")
    return Storage(disk, Verifier({account: private_key(account_key, 2048).public_key()}))


def run(options: argparse.Namespace) -> None:
    """Start all, wait for SIGTERM, stop all."""
    settings, state = os.environ, Path(options.state)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    clock = Clock(state)
    signer = Signer(state / "keys" / "google.pem", settings["INVOKER_ISSUER"])
    credentials = json.loads(Path(settings["GOOGLE_APPLICATION_CREDENTIALS"]).read_text("utf-8"))
    bucket_server = storage_app(
        state, options.storage, state / "keys" / "service-account.pem", credentials["client_email"]
    )
    browser = {"origin": [settings["BESADU_PUBLIC_URL"]], "method": ["GET", "PUT", "POST"]}
    allowed = [
        *("Content-Type", "Content-Range", "Location", "Range"),
        *("x-goog-content-length-range", "x-goog-if-generation-match", "x-goog-meta-awaited-until", "x-goog-resumable"),
    ]
    bucket_server.ensure_bucket(settings["EVIDENCE_BUCKET"], [{**browser, "responseHeader": allowed}])
    stops = [
        serve(bucket_server, options.storage),
        serve(provider(), options.oidc),
        serve(certificates(signer), options.google),
    ]
    tasks = Tasks(state / "tasks.sqlite", clock, signer)
    for queue in QUEUES:
        tasks.ensure_queue(settings["GOOGLE_CLOUD_PROJECT"], settings["TASKS_LOCATION"], queue)
    tasks.start(options.tasks)
    scheduler = Scheduler(
        public_url=settings["FUNCTIONS_URL"],
        signer=signer,
        account=settings["INVOKER_ACCOUNT"],
        clock=clock,
        every=options.sweep_every,
    )
    if options.sweep_every:
        scheduler.start()
    stopped.wait()
    scheduler.stop()
    tasks.stop()
    for stop in stops:
        stop()


def main() -> None:
    """``python -m besadu_local.cloud``; the settings come from the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    for name in ("tasks", "storage", "oidc", "google"):
        parser.add_argument(f"--{name}", type=int, required=True, help="port")
    parser.add_argument("--sweep-every", type=float, default=0.0, help="seconds; 0 leaves it to the caller")
    logging.basicConfig(level=logging.WARNING)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
