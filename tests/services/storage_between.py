"""Stands between BESADU and the storage emulator, and refuses what a test names, as Cloud Storage does on a bad day."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import requests


class StorageBetween:
    """``url`` is what STORAGE_EMULATOR_HOST should say; ``refused`` what was refused so far."""

    def __init__(self, real: str) -> None:
        self._real = real if "//" in real else f"http://{real}"
        self._plan: tuple[str, str, int] | None = None
        self.refused: list[str] = []
        handler = type("Handler", (_Handler,), {"between": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def refuse(self, method: str, part: str, status: int) -> None:
        """Answer requests of this method with ``part`` in their address so, until further notice."""
        self._plan = (method, part, status)

    def relent(self) -> None:
        """Let everything through again."""
        self._plan = None

    def planned(self, method: str, path: str) -> int:
        """The status of a refusal; 0 to pass it on."""
        if self._plan and self._plan[0] == method and self._plan[1] in path.replace("%2F", "/"):
            self.refused.append(path)
            return self._plan[2]
        return 0

    def passed_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> requests.Response:
        """What the emulator says."""
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "accept-encoding")}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self._real + path, headers=kept, data=body, timeout=30, allow_redirects=False
            )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def ours(self, address: str) -> str:
        """An upload goes on where the emulator says; that must lead through here, too."""
        return address.replace(self._real, self.url)


class _Handler(BaseHTTPRequestHandler):
    between: StorageBetween

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.between.planned(self.command, self.path)
        if status:
            self._send(status, {"Content-Type": "application/json"}, b'{"error": {"message": "planned"}}')
            return
        answer = self.between.passed_on(self.command, self.path, dict(self.headers), body)
        kept = {"Content-Type", "Content-Range", "Range", "X-Goog-Hash", "ETag", "X-Goog-Generation"}
        headers = {name: value for name, value in answer.headers.items() if name in kept}
        if location := answer.headers.get("Location"):
            headers["Location"] = self.between.ours(location)
        self._send(answer.status_code, headers, answer.content)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        pass
