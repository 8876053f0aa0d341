"""What the world remembers between two starts: phones, messages, files, webhooks still to be delivered."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
create table if not exists people (
    id text primary key, address text not null, phone text not null, user_id text not null,
    name text not null, role text not null, seen real not null default 0,
    channel text not null default 'whatsapp');
create table if not exists messages (
    seq integer primary key autoincrement, id text not null unique, person text not null, direction text not null,
    at text not null, kind text not null, text text not null default '', media text not null default '',
    extra text not null default '{}', state text not null default '', body text not null default '{}');
create index if not exists by_person on messages (person, seq);
create table if not exists media (
    id text primary key, mime text not null, filename text not null, sha256 text not null, size integer not null);
create table if not exists links (token text primary key, media text not null, expires real not null);
create table if not exists webhooks (
    seq integer primary key autoincrement, lane text not null, due real not null, attempts integer not null default 0,
    body blob not null, message text not null default '', state text not null default 'pending',
    answer text not null default '', route text not null default 'whatsapp');
create index if not exists open_webhooks on webhooks (state, due);
create table if not exists failures (
    seq integer primary key autoincrement, place text not null, left integer not null, spec text not null);
create table if not exists flags (name text primary key, value text not null);
"""

Row = dict[str, Any]


def person_id(address: str, channel: str = "whatsapp") -> str:
    """A short name for a phone or account that can stand in an address or a log without telling the number."""
    space = "phone" if channel == "whatsapp" else channel
    return hashlib.sha256(f"{space}:{address}".encode()).hexdigest()[:12]


class WorldStore:
    """One SQLite file and a folder of files under ``<state>/world``. Safe to use from many threads."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "world"
        self._files = self._folder / "media"
        self._files.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(self._folder / "world.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_TABLES)
        for table, column in (("people", "channel"), ("webhooks", "route")):  # a state from before the other channels
            if column not in [row["name"] for row in self.rows(f"pragma table_info({table})")]:
                self.run(f"alter table {table} add column {column} text not null default 'whatsapp'")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything inside is written at once or not at all."""
        with self._lock:
            self._db.execute("savepoint together")
            try:
                yield
            except BaseException:
                self._db.execute("rollback to together")
                raise
            finally:
                self._db.execute("release together")

    def rows(self, query: str, *values: object) -> list[Row]:
        with self._lock:
            return [dict(row) for row in self._db.execute(query, values)]

    def row(self, query: str, *values: object) -> Row | None:
        return next(iter(self.rows(query, *values)), None)

    def run(self, statement: str, *values: object) -> int:
        """The number of rows changed."""
        with self._lock:
            return self._db.execute(statement, values).rowcount

    def insert(self, table: str, row: Mapping[str, object], *, replace: bool = False) -> None:
        verb = "insert or replace" if replace else "insert or ignore"
        marks = ", ".join("?" * len(row))
        self.run(f"{verb} into {table} ({', '.join(row)}) values ({marks})", *row.values())

    def person(self, identity: str) -> Row | None:
        return self.row("select * from people where id = ?", identity)

    def keep_file(self, media_id: str, content: bytes, mime: str, filename: str) -> Row:
        row: Row = {
            "id": media_id,
            "mime": mime,
            "filename": filename,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
        }
        (self._files / media_id).write_bytes(content)
        self.insert("media", row)
        return row

    def content(self, media_id: str) -> bytes:
        return (self._files / media_id).read_bytes()

    def flag(self, name: str, *, default: object) -> Any:  # noqa: ANN401 - whatever was set
        found = self.row("select value from flags where name = ?", name)
        return json.loads(found["value"]) if found else default

    def set_flag(self, name: str, value: object) -> None:
        self.insert("flags", {"name": name, "value": json.dumps(value)}, replace=True)

    def reset(self) -> None:
        """Forget everything, files included."""
        with self.together():
            for table in ("people", "messages", "media", "links", "webhooks", "failures", "flags"):
                self.run(f"delete from {table}")  # noqa: S608 - our own names
        for path in self._files.iterdir():
            path.unlink()

    def close(self) -> None:
        with self._lock:
            self._db.close()
