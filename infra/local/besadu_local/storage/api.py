"""Cloud Storage's JSON API and the signed part of its XML API, as one WSGI application."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from besadu_local.storage.disk import BLOCK, Disk, Refusal, Resource, check_preconditions, timestamp
from besadu_local.storage.signed import Verifier
from besadu_local.storage.uploads import Uploads, answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_RULES = Map(
    [
        Rule("/storage/v1/b", endpoint="buckets"),
        Rule("/storage/v1/b/<bucket>", endpoint="bucket"),
        Rule("/storage/v1/b/<bucket>/o", endpoint="objects"),
        Rule("/storage/v1/b/<bucket>/o/<path:name>", endpoint="object"),
        Rule("/storage/v1/b/<bucket>/o/<path:name>/copyTo/b/<to_bucket>/o/<path:to_name>", endpoint="copy"),
        Rule("/storage/v1/b/<bucket>/o/<path:name>/rewriteTo/b/<to_bucket>/o/<path:to_name>", endpoint="rewrite"),
        Rule("/download/storage/v1/b/<bucket>/o/<path:name>", endpoint="object"),
        Rule("/upload/storage/v1/b/<bucket>/o", endpoint="upload"),
        Rule("/<bucket>/<path:name>", endpoint="signed"),
    ],
    merge_slashes=False,  # an object's name may hold //
)
_SPAN = re.compile(r"bytes=(\d*)-(\d*)")
_PAGE = 1000  # objects in a page of a list


class Storage:
    """The application; give it to any WSGI server."""

    def __init__(self, disk: Disk, verifier: Verifier) -> None:
        self._disk, self._verifier, self._uploads = disk, verifier, Uploads(disk)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        bucket = ""
        try:
            endpoint, args = _RULES.bind_to_environ(environ).match()
            bucket = args.get("bucket", "")
            preflight = request.method == "OPTIONS"
            response = Response() if preflight else getattr(self, f"_{endpoint}")(request, **args)
        except Refusal as refusal:
            response = _refusal(refusal)
        except HTTPException as error:
            response = Response(str(error), error.code)
        self._allow_origin(request, response, bucket)
        return response(environ, start_response)

    def ensure_bucket(self, name: str, cors: list[Resource]) -> None:
        """Make the bucket, unless it is there from last time; its CORS rules are set either way."""
        try:
            bucket = self._disk.bucket(name)
        except Refusal:
            bucket = _new_bucket({"name": name})
        self._disk.put_bucket({**bucket, "cors": cors})

    def _buckets(self, request: Request) -> Response:
        if request.method == "GET":
            return answer({"kind": "storage#buckets", "items": self._disk.buckets()})
        bucket = _new_bucket(json.loads(request.get_data()))
        with self._disk.lock:
            if any(known["name"] == bucket["name"] for known in self._disk.buckets()):
                raise Refusal(409, "conflict", "The bucket exists and is yours.")
            self._disk.put_bucket(bucket)
        return answer(bucket)

    def _bucket(self, request: Request, bucket: str) -> Response:
        with self._disk.lock:
            found = self._disk.bucket(bucket)
            if request.method == "DELETE":
                self._disk.delete_bucket(bucket)
                return Response("", 204)
            if request.method in ("PATCH", "PUT"):
                found = _patched(found, json.loads(request.get_data()))
                self._disk.put_bucket(found)
        return answer(found)

    def _objects(self, request: Request, bucket: str) -> Response:
        self._disk.bucket(bucket)
        query, items, prefixes = request.args, list[Resource](), dict[str, None]()
        prefix, delimiter, size = query.get("prefix", ""), query.get("delimiter"), int(query.get("maxResults", _PAGE))
        more = {}
        for found in self._disk.objects(bucket, prefix, query.get("pageToken", "")):
            rest = found["name"][len(prefix) :]
            if delimiter and delimiter in rest:
                prefixes[prefix + rest.partition(delimiter)[0] + delimiter] = None
                continue
            if len(items) == size:
                more = {"nextPageToken": items[-1]["name"]}
                break
            items.append(found)
        return answer({"kind": "storage#objects", "items": items, "prefixes": list(prefixes), **more})

    def _object(self, request: Request, bucket: str, name: str) -> Response:
        with self._disk.lock:
            found = self._disk.stored(bucket, name)
            if request.args.get("generation", found["generation"]) != found["generation"]:
                raise Refusal(404, "notFound", f"No such object: {bucket}/{name}")
            check_preconditions(found, request.args)
            if request.method == "DELETE":
                if found.get("temporaryHold") or found.get("eventBasedHold"):
                    raise Refusal(403, "forbidden", "Object is under active hold.")
                self._disk.delete_object(found)
                return Response("", 204)
            if request.method in ("PATCH", "PUT"):
                found = _patched(found, json.loads(request.get_data()))
                self._disk.put_object(found)
        return self._media(request, found) if request.args.get("alt") == "media" else answer(found)

    def _copy(self, request: Request, bucket: str, name: str, to_bucket: str, to_name: str) -> Response:
        return answer(self._copied(request, self._disk.stored(bucket, name), to_bucket, to_name))

    def _rewrite(self, request: Request, bucket: str, name: str, to_bucket: str, to_name: str) -> Response:
        made = self._copied(request, self._disk.stored(bucket, name), to_bucket, to_name)
        size = made["size"]
        whole = {"done": True, "resource": made, "objectSize": size, "totalBytesRewritten": size}
        return answer({"kind": "storage#rewriteResponse", **whole})

    def _copied(self, request: Request, found: Resource, to_bucket: str, to_name: str) -> Resource:
        said = {**found, **json.loads(request.get_data() or b"{}")}
        return self._disk.commit(to_bucket, to_name, self._disk.copy(found), given=said, conditions=request.args)

    def _upload(self, request: Request, bucket: str) -> Response:
        return self._uploads.upload(request, bucket)

    def _signed(self, request: Request, bucket: str, name: str) -> Response:
        self._verifier.check(request)
        if request.method in ("GET", "HEAD"):
            return self._media(request, self._disk.stored(bucket, name))
        if request.method == "PUT":
            return self._uploads.signed_put(request, bucket, name)
        if request.method == "POST" and request.headers.get("x-goog-resumable") == "start":
            return self._uploads.signed_start(request, bucket, name)
        raise Refusal(405, "MethodNotAllowed")

    def _media(self, request: Request, found: Resource) -> Response:
        size, status = int(found["size"]), 200
        first, last = 0, size - 1
        span = _SPAN.fullmatch(request.headers.get("Range", ""))
        if span and (span[1] or span[2]):
            status = 206
            first = int(span[1]) if span[1] else max(0, size - int(span[2]))
            last = min(int(span[2]), last) if span[1] and span[2] else last
            if first >= size:
                return Response("", 416, {"Content-Range": f"bytes */{size}"})
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Length": str(last - first + 1),
            "Content-Type": request.args.get("response-content-type") or found["contentType"],
            "ETag": f'"{found["etag"]}"',
            "X-Goog-Generation": found["generation"],
            "X-Goog-Hash": f"crc32c={found['crc32c']},md5={found['md5Hash']}",
        }
        disposition = request.args.get("response-content-disposition") or found.get("contentDisposition")
        if disposition:
            headers["Content-Disposition"] = disposition
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        return Response(_slice(self._disk, found, first, last - first + 1), status, headers)

    def _allow_origin(self, request: Request, response: Response, bucket: str) -> None:
        origin = request.headers.get("Origin")
        if not origin or not bucket:
            return
        try:
            rules: list[dict[str, Any]] = self._disk.bucket(bucket).get("cors", [])
        except Refusal:
            return
        rule = next((rule for rule in rules if {origin, "*"} & set(rule.get("origin", []))), None)
        if rule is None:
            return
        headers = ",".join(rule.get("responseHeader", []))
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = headers
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = ",".join(rule.get("method", []))
            response.headers["Access-Control-Allow-Headers"] = headers
            response.headers["Access-Control-Max-Age"] = str(rule.get("maxAgeSeconds", 3600))


def _slice(disk: Disk, found: Resource, first: int, length: int) -> Iterator[bytes]:
    with disk.body_of(found).open("rb") as source:
        source.seek(first)
        while length > 0 and (block := source.read(min(BLOCK, length))):
            length -= len(block)
            yield block


def _new_bucket(said: Resource) -> Resource:
    return {**said, "kind": "storage#bucket", "id": said["name"], "timeCreated": timestamp(), "metageneration": "1"}


def _patched(found: Resource, changes: Resource) -> Resource:
    """With the changes merged; null takes a field, or a key of ``metadata``, away."""
    for key, value in changes.items():
        merged = {**found.get(key, {}), **value} if key == "metadata" and isinstance(value, dict) else value
        found[key] = {k: v for k, v in merged.items() if v is not None} if isinstance(merged, dict) else merged
    found = {key: value for key, value in found.items() if value is not None}
    return {**found, "metageneration": str(int(found["metageneration"]) + 1), "updated": timestamp()}


def _refusal(refusal: Refusal) -> Response:
    if refusal.status == 304:
        return Response("", 304)
    errors = [{"reason": refusal.reason, "message": refusal.message}]
    body = {"error": {"code": refusal.status, "message": refusal.message, "errors": errors}}
    return Response(json.dumps(body), refusal.status, mimetype="application/json")
