"""The files that pages need, under a path that changes with their content, so that browsers may keep them for good."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from flask import Flask, Response, abort, request

from besadu.frozen import dataclass

_TYPES = {
    "besadu.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "upload.js": "text/javascript; charset=utf-8",
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Assets:
    """All files with their compressed form, and the version that stands in their path."""

    version: str
    plain: Mapping[str, bytes]
    packed: Mapping[str, bytes]


@cache
def load() -> Assets:
    """The files as shipped."""
    folder = resources.files("besadu.pages").joinpath("assets")
    plain = {name: folder.joinpath(name).read_bytes() for name in sorted(_TYPES)}
    version = hashlib.sha256(b"".join(plain.values())).hexdigest()[:12]
    return Assets(version, plain, {name: gzip.compress(content, mtime=0) for name, content in plain.items()})


def serve_from(app: Flask, mount: str) -> None:
    """Serve the files below ``/assets/`` (the functions framework owns ``/static/``) and tell templates where."""

    @app.get("/assets/<version>/<name>", endpoint="asset")
    def asset(version: str, name: str) -> Response:
        files = load()
        if name not in files.plain:
            abort(404)
        packed = request.accept_encodings.quality("gzip") > 0
        response = Response((files.packed if packed else files.plain)[name], content_type=_TYPES[name])
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        # An old page may ask for an old version: it gets today's file, which it must not keep.
        response.headers["Cache-Control"] = _FOREVER if version == files.version else "no-cache"
        return response

    app.jinja_env.globals["asset"] = lambda name: f"{mount}/assets/{load().version}/{name}"
