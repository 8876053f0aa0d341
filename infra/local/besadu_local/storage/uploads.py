"""The three kinds of upload: media, multipart, resumable; and the signed PUT, which is media by another name."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug import Request, Response

from besadu_local.storage import multipart
from besadu_local.storage.disk import BLOCK, Disk, Refusal, Resource

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_LENGTH_RANGE = "x-goog-content-length-range"  # "least,most" bytes, part of what a signed URL allows


def answer(body: Resource) -> Response:
    """A resource as JSON."""
    return Response(json.dumps(body), mimetype="application/json")


class Uploads:
    """Takes bytes in."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def upload(self, request: Request, bucket: str) -> Response:
        """``/upload/storage/v1/b/BUCKET/o``, told apart by ``uploadType``."""
        query, kind = request.args.to_dict(), request.args.get("uploadType")
        if "upload_id" in query:
            return self._resume(request, query["upload_id"])
        self._disk.bucket(bucket)
        if kind == "resumable":
            said = json.loads(request.get_data() or b"{}")
            said.setdefault("contentType", request.headers.get("X-Upload-Content-Type"))
            return self._begin(bucket, query.get("name") or said["name"], said, query)
        if kind == "multipart":
            said, content_type, blocks = multipart.split(request.headers.get("Content-Type", ""), request.stream)
            said.setdefault("contentType", content_type)
        else:
            said, blocks = {"contentType": request.headers.get("Content-Type")}, _blocks(request)
        body = self._disk.receive(blocks)
        return answer(self._disk.commit(bucket, query.get("name") or said["name"], body, given=said, conditions=query))

    def signed_put(self, request: Request, bucket: str, name: str) -> Response:
        """The whole object in one request."""
        self._disk.bucket(bucket)
        said = _said_in_headers(request)
        if request.content_length is None:
            raise Refusal(411, "MissingContentLength")
        _check_length(request.content_length, said)
        body = self._disk.receive(_blocks(request))
        made = self._disk.commit(bucket, name, body, given=said, conditions=_conditions_in_headers(request))
        return Response("", 200, {"ETag": f'"{made["etag"]}"', "X-Goog-Generation": made["generation"]})

    def signed_start(self, request: Request, bucket: str, name: str) -> Response:
        """Begin a resumable upload (``x-goog-resumable: start``)."""
        begun = self._begin(bucket, name, _said_in_headers(request), _conditions_in_headers(request))
        begun.status_code = 201
        return begun

    def _begin(self, bucket: str, name: str, said: Mapping[str, Any], conditions: Mapping[str, str]) -> Response:
        session = self._disk.open_session(bucket, name, said, conditions)
        location = f"{self._disk.base}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={session}"
        return Response("", 200, {"Location": location, "X-GUploader-UploadID": session})

    def _resume(self, request: Request, session: str) -> Response:
        """One chunk, or the question how much has come (``bytes */N``)."""
        bucket, name, said, conditions = self._disk.session(session)
        if request.method == "DELETE":
            self._disk.drop_session(session)
            return Response("", 499)  # sic: Google's answer to a cancelled upload
        path = self._disk.session_file(session)
        have = path.stat().st_size
        found = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
        first = int(found[1]) if found and found[1] is not None else have
        if first > have:
            raise Refusal(400, "invalid", "The chunk leaves a gap.")
        with path.open("r+b") as out:
            out.seek(first)
            for block in _blocks(request):
                out.write(block)
        have = path.stat().st_size
        total = None if found and found[3] == "*" else int(found[3]) if found else have
        if total is None or have < total:
            return Response("", 308, {"Range": f"bytes=0-{have - 1}"} if have else {})
        _check_length(have, said)
        for part in request.headers.get("X-Goog-Hash", "").split(","):
            kind, _, value = part.strip().partition("=")
            said.setdefault({"md5": "md5Hash"}.get(kind, kind), value)
        body = self._disk.close_session(session)
        return answer(self._disk.commit(bucket, name, body, given=said, conditions=conditions))


def _blocks(request: Request) -> Iterator[bytes]:
    return iter(lambda: request.stream.read(BLOCK), b"")


def _said_in_headers(request: Request) -> Resource:
    prefix = "x-goog-meta-"
    metadata = {name.lower()[len(prefix) :]: text for name, text in request.headers if name.lower().startswith(prefix)}
    said: Resource = {"contentType": request.headers.get("Content-Type"), "metadata": metadata}
    if length := request.headers.get(_LENGTH_RANGE):
        said["length"] = [int(part) for part in length.split(",")]
    return said


def _conditions_in_headers(request: Request) -> dict[str, str]:
    generation = request.headers.get("x-goog-if-generation-match")
    return {} if generation is None else {"ifGenerationMatch": generation}


def _check_length(size: int, said: Mapping[str, Any]) -> None:
    if "length" in said and not said["length"][0] <= size <= said["length"][1]:
        raise Refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
