"""Buckets and objects: what they say in SQLite, their bodies in files named by generation."""

import base64
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import google_crc32c

BLOCK = 1 << 18  # bytes held in memory at a time

_SCHEMA = """
pragma journal_mode = wal;
create table if not exists bucket (name text primary key, body text not null);
create table if not exists object (bucket text, name text, body text not null, primary key (bucket, name));
create table if not exists session (id text primary key, body text not null);
"""
_KEPT = ("metadata", "contentDisposition", "cacheControl", "contentEncoding", "contentLanguage", "customTime")

Resource = dict[str, Any]  # a resource as the JSON API shows it


class Refusal(Exception):
    """An answer other than success, with its HTTP status and Google's reason."""

    def __init__(self, status: int, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.status, self.reason, self.message = status, reason, message or reason


@dataclass(frozen=True)
class Body:
    """A complete upload, not yet an object."""

    path: Path
    size: int
    md5: str  # base64
    crc32c: str  # base64, big-endian


def timestamp() -> str:
    """Now, as the JSON API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_preconditions(found: Resource | None, given: Mapping[str, str]) -> None:
    """IfGenerationMatch and its three kin; generation 0 stands for "must not exist". Raises Refusal 412 or 304."""
    generation = found["generation"] if found else "0"
    metageneration = found["metageneration"] if found else None
    for name, actual in (("ifGeneration", generation), ("ifMetageneration", metageneration)):
        if given.get(f"{name}Match", actual) != actual:
            raise Refusal(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
        if f"{name}NotMatch" in given and given[f"{name}NotMatch"] == actual:
            raise Refusal(304 if found else 412, "conditionNotMet", "The object has not changed.")


class Disk:
    """All state, under ``root``. ``base`` is the server's own address, for the links in resources."""

    def __init__(self, root: Path, base: str) -> None:
        self._blobs = root / "blobs"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self.base, self.lock = base, threading.RLock()
        self._db = sqlite3.connect(root / "storage.sqlite", check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def bucket(self, name: str) -> Resource:
        """The bucket; 404 when there is none."""
        rows = self._run("select body from bucket where name = ?", name)
        if not rows:
            raise Refusal(404, "notFound", "The specified bucket does not exist.")
        return dict(json.loads(rows[0][0]))

    def buckets(self) -> list[Resource]:
        """All of them, by name."""
        return [json.loads(body) for (body,) in self._run("select body from bucket order by name")]

    def put_bucket(self, bucket: Resource) -> None:
        """Insert or replace."""
        self._run("insert or replace into bucket values (?, ?)", bucket["name"], json.dumps(bucket))

    def delete_bucket(self, name: str) -> None:
        """Only an empty one goes."""
        if self._run("select 1 from object where bucket = ? limit 1", name):
            raise Refusal(409, "conflict", "The bucket you tried to delete is not empty.")
        self._run("delete from bucket where name = ?", name)

    def find(self, bucket: str, name: str) -> Resource | None:
        """The object, or None."""
        rows = self._run("select body from object where bucket = ? and name = ?", bucket, name)
        return json.loads(rows[0][0]) if rows else None

    def stored(self, bucket: str, name: str) -> Resource:
        """The object; 404 when there is none."""
        found = self.find(bucket, name)
        if found is None:
            self.bucket(bucket)
            raise Refusal(404, "notFound", f"No such object: {bucket}/{name}")
        return found

    def objects(self, bucket: str, prefix: str, after: str) -> list[Resource]:
        """Objects whose name begins with ``prefix`` and comes behind ``after``, by name."""
        select = "select body from object where bucket = ? and name > ? and substr(name, 1, ?) = ? order by name"
        return [json.loads(body) for (body,) in self._run(select, bucket, after, len(prefix), prefix)]

    def put_object(self, found: Resource) -> None:
        """Insert or replace."""
        self._run("insert or replace into object values (?, ?, ?)", found["bucket"], found["name"], json.dumps(found))

    def delete_object(self, found: Resource) -> None:
        """The object and its body."""
        self._run("delete from object where bucket = ? and name = ?", found["bucket"], found["name"])
        self.body_of(found).unlink(missing_ok=True)

    def body_of(self, found: Resource) -> Path:
        """The file with the object's bytes."""
        return self._blobs / found["generation"]

    def receive(self, blocks: Iterable[bytes]) -> Body:
        """Write what comes to a new file, with its checksums."""
        path = self._blobs / f"new-{secrets.token_hex(8)}"
        return self._digest(path, blocks, copy=True)

    def copy(self, found: Resource) -> Body:
        """A body of its own with the same bytes."""
        path = self._blobs / f"new-{secrets.token_hex(8)}"
        shutil.copyfile(self.body_of(found), path)
        return Body(path, int(found["size"]), found["md5Hash"], found["crc32c"])

    def commit(
        self, bucket: str, name: str, body: Body, *, given: Mapping[str, Any], conditions: Mapping[str, str]
    ) -> Resource:
        """Make the body the object's newest generation, if checksums and preconditions hold."""
        try:
            for told, real in ((given.get("md5Hash"), body.md5), (given.get("crc32c"), body.crc32c)):
                if told and told != real:
                    raise Refusal(400, "invalid", "Provided checksum doesn't match calculated checksum.")
            with self.lock:
                self.bucket(bucket)
                old = self.find(bucket, name)
                check_preconditions(old, conditions)
                least = int(old["generation"]) + 1 if old else 0
                made = self._resource(bucket, name, body, given, str(max(time.time_ns() // 1000, least)))
                body.path.replace(self.body_of(made))
                self.put_object(made)
        finally:
            body.path.unlink(missing_ok=True)
        if old:
            self.body_of(old).unlink(missing_ok=True)
        return made

    def open_session(self, bucket: str, name: str, given: Mapping[str, Any], conditions: Mapping[str, str]) -> str:
        """Begin a resumable upload; returns its id."""
        self.bucket(bucket)
        check_preconditions(self.find(bucket, name), conditions)
        session = secrets.token_urlsafe(24)
        body = json.dumps([bucket, name, dict(given), dict(conditions)])
        self._run("insert into session values (?, ?)", session, body)
        self.session_file(session).touch()
        return session

    def session(self, session: str) -> tuple[str, str, Resource, dict[str, str]]:
        """(bucket, name, what was said of the object, preconditions); 404 when there is no such session."""
        rows = self._run("select body from session where id = ?", session)
        if not rows:
            raise Refusal(404, "notFound", "Upload session not found")
        bucket, name, given, conditions = json.loads(rows[0][0])
        return bucket, name, given, conditions

    def session_file(self, session: str) -> Path:
        """The bytes that have come so far."""
        return self._blobs / f"session-{session}"

    def close_session(self, session: str) -> Body:
        """The session's bytes as a complete body."""
        path = self._blobs / f"new-{secrets.token_hex(8)}"
        self.session_file(session).replace(path)
        self._run("delete from session where id = ?", session)
        with path.open("rb") as source:
            return self._digest(path, iter(lambda: source.read(BLOCK), b""), copy=False)

    def drop_session(self, session: str) -> None:
        """Forget an unfinished upload."""
        self._run("delete from session where id = ?", session)
        self.session_file(session).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._db.close()

    def _digest(self, path: Path, blocks: Iterable[bytes], *, copy: bool) -> Body:
        md5, crc, size = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum(), 0
        out = path.open("wb") if copy else None
        try:
            for block in blocks:
                md5.update(block)
                crc.update(block)
                size += len(block)
                if out:
                    out.write(block)
            if out:
                out.flush()
                os.fsync(out.fileno())
        finally:
            if out:
                out.close()
        return Body(path, size, base64.b64encode(md5.digest()).decode(), base64.b64encode(crc.digest()).decode())

    def _resource(self, bucket: str, name: str, body: Body, given: Mapping[str, Any], generation: str) -> Resource:
        at, path = timestamp(), f"storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "bucket": bucket,
            "name": name,
            "generation": generation,
            "metageneration": "1",
            "contentType": given.get("contentType") or "application/octet-stream",
            "size": str(body.size),
            "md5Hash": body.md5,
            "crc32c": body.crc32c,
            "etag": body.md5,
            "storageClass": given.get("storageClass") or "STANDARD",
            "timeCreated": at,
            "updated": at,
            "selfLink": f"{self.base}/{path}",
            "mediaLink": f"{self.base}/download/{path}?generation={generation}&alt=media",
            **{key: given[key] for key in _KEPT if given.get(key)},
        }

    def _run(self, statement: str, *values: object) -> list[Any]:
        with self.lock:
            return self._db.execute(statement, values).fetchall()
