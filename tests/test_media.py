import hashlib
import secrets
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from besadu import config
from besadu.errors import MediaGone, Unavailable
from besadu.media import LOOK, PIECE, Damaged, Media, disposition
from besadu_local.stack import Stack


@pytest.fixture
def media(stack: Stack) -> Media:
    return Media(config.load(stack.settings, "assignment"))


def a_name() -> str:
    return f"evidence/te/{secrets.token_hex(12)}"


def test_a_file_is_saved_under_a_name_of_ours() -> None:
    assert disposition("evidence/ab/abc-1", "image/jpeg") == 'attachment; filename="bukti-abc1.jpg"'


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_goes_in_comes_out(media: Media, size: int) -> None:
    body = secrets.token_bytes(size)
    name = a_name()
    kept = media.store(name, iter([body[:7], body[7:]]), mime="image/jpeg", limit=size)
    assert (kept.size, kept.sha256) == (size, hashlib.sha256(body).hexdigest())
    assert b"".join(media.open(name)) == body
    assert b"".join(media.open(name, 0, size - 1)) == body
    assert b"".join(media.open(name, size // 2)) == body[size // 2 :]
    assert media.size(name) == size


def test_a_second_writer_changes_nothing_and_learns_what_is_there(media: Media) -> None:
    name = a_name()
    first = media.store(name, iter([b"first"]), mime="image/jpeg", limit=100)
    assert media.store(name, iter([b"second"]), mime="image/jpeg", limit=100) == first
    assert b"".join(media.open(name)) == b"first"


def test_nothing_is_kept_over_the_limit_or_with_another_checksum_or_when_the_sender_breaks_off(media: Media) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(2 * PIECE)
        raise Unavailable("broke off")

    name = a_name()
    with pytest.raises(MediaGone):
        media.store(name, iter([bytes(PIECE)] * 3), mime="image/jpeg", limit=2 * PIECE)
    with pytest.raises(Damaged):
        media.store(name, iter([bytes(2 * PIECE)]), mime="image/jpeg", limit=3 * PIECE, sha256="0" * 64)
    with pytest.raises(Unavailable):
        media.store(name, breaking(), mime="image/jpeg", limit=3 * PIECE)
    assert media.size(name) is None


def test_a_missing_object_is_gone(media: Media) -> None:
    with pytest.raises(MediaGone):
        next(media.open(a_name()))


def test_a_dead_bucket_is_unavailable(stack: Stack) -> None:
    settings = replace(config.load(stack.settings, "assignment"), evidence_bucket="no-such-bucket")
    with pytest.raises((Unavailable, MediaGone)):
        Media(settings).store(a_name(), iter([b"x"]), mime="image/jpeg", limit=10)


def test_a_large_file_does_not_stand_in_memory(media: Media) -> None:
    media.store(a_name(), iter([b"warm"]), mime="video/mp4", limit=10)
    name = a_name()
    tracemalloc.start()
    media.store(name, (bytes(LOOK) for _ in range(640)), mime="video/mp4", limit=LOOK * 640)
    assert sum(map(len, media.open(name))) == LOOK * 640
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * PIECE


def test_the_storage_library_is_loaded_at_first_use_only() -> None:
    code = "import sys, besadu.media, besadu.services.evidence; sys.exit('google.cloud.storage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "functions"}, check=False).returncode == 0
