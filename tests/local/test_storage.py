"""The unmodified google-cloud-storage client, and a browser's requests, against the stand-in."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import google.auth
import pytest
import requests
from google.api_core import exceptions
from google.cloud import storage

from besadu_local.stack import Stack

MEBIBYTE = 1 << 20


@pytest.fixture
def client(small_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Client]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", small_stack.settings["STORAGE_EMULATOR_HOST"])
    monkeypatch.setenv(
        "GOOGLE_APPLICATION_CREDENTIALS", small_stack.process_environ()["GOOGLE_APPLICATION_CREDENTIALS"]
    )
    made = storage.Client(project="test")
    yield made
    made.close()


@pytest.fixture
def bucket(client: storage.Client, small_stack: Stack) -> storage.Bucket:
    return client.bucket(small_stack.settings["EVIDENCE_BUCKET"])


@pytest.fixture
def blob(bucket: storage.Bucket) -> storage.Blob:
    return bucket.blob(f"{secrets.token_hex(4)}/bukti foto #1.jpg")


def signed(blob: storage.Blob, method: str, **options: object) -> str:
    credentials, _ = google.auth.default()
    lifetime = timedelta(minutes=5)
    return str(
        blob.generate_signed_url(version="v4", expiration=lifetime, method=method, credentials=credentials, **options)
    )


def test_what_is_uploaded_comes_back(blob: storage.Blob) -> None:
    blob.metadata = {"ticket": "BSD-1"}
    blob.upload_from_string(
        b"\xff\xd8 bytes\r\n--looks like a boundary", content_type="image/jpeg", if_generation_match=0
    )
    assert blob.download_as_bytes() == b"\xff\xd8 bytes\r\n--looks like a boundary"
    blob.reload()
    assert (blob.content_type, blob.metadata, blob.size) == ("image/jpeg", {"ticket": "BSD-1"}, 33)


def test_an_empty_object_is_an_object(blob: storage.Blob) -> None:
    blob.upload_from_string(b"")
    assert blob.download_as_bytes() == b""


def test_a_large_upload_goes_in_chunks(bucket: storage.Bucket) -> None:
    content = secrets.token_bytes(MEBIBYTE) * 9
    blob = bucket.blob(secrets.token_hex(4), chunk_size=2 * MEBIBYTE)
    blob.upload_from_file(BytesIO(content), size=len(content), checksum="crc32c")
    assert blob.download_as_bytes(checksum="crc32c") == content


def test_a_part_can_be_read(blob: storage.Blob) -> None:
    blob.upload_from_string(b"0123456789")
    assert blob.download_as_bytes(start=2, end=4) == b"234"


def test_an_object_must_not_exist_yet(blob: storage.Blob) -> None:
    blob.upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string(b"second", if_generation_match=0)
    assert blob.download_as_bytes() == b"first"


def test_metadata_changes_and_null_takes_away(blob: storage.Blob) -> None:
    blob.metadata = {"a": "1", "b": "2"}
    blob.upload_from_string(b"x")
    blob.metadata = {"a": "3", "b": None}
    blob.patch()
    blob.reload()
    assert blob.metadata == {"a": "3"}


def test_lists_have_prefixes_pages_and_folders(bucket: storage.Bucket, client: storage.Client) -> None:
    top = secrets.token_hex(4)
    for name in ("a", "b", "sub/c", "sub/d"):
        bucket.blob(f"{top}/{name}").upload_from_string(name)
    assert [blob.name for blob in client.list_blobs(bucket, prefix=f"{top}/", page_size=3)] == [
        f"{top}/{name}" for name in ("a", "b", "sub/c", "sub/d")
    ]
    page = client.list_blobs(bucket, prefix=f"{top}/", delimiter="/")
    assert len(list(page)) == 2
    assert page.prefixes == {f"{top}/sub/"}


def test_a_deleted_object_is_gone(blob: storage.Blob) -> None:
    blob.upload_from_string(b"x")
    blob.delete()
    assert not blob.exists()
    with pytest.raises(exceptions.NotFound):
        blob.download_as_bytes()


def test_a_copy_is_independent(bucket: storage.Bucket, blob: storage.Blob) -> None:
    blob.upload_from_string(b"x")
    copy = bucket.copy_blob(blob, bucket, f"{blob.name}-copy")
    blob.delete()
    assert copy.download_as_bytes() == b"x"


def test_a_bucket_that_exists_cannot_be_made_again(client: storage.Client, bucket: storage.Bucket) -> None:
    assert client.lookup_bucket(bucket.name) is not None
    with pytest.raises(exceptions.Conflict):
        client.create_bucket(bucket.name)


def test_a_signed_url_shows_the_object_with_the_asked_disposition(blob: storage.Blob) -> None:
    blob.upload_from_string(b"photo", content_type="image/jpeg")
    answer = requests.get(signed(blob, "GET", response_disposition="attachment"), timeout=5)
    assert (answer.content, answer.headers["Content-Disposition"]) == (b"photo", "attachment")


def test_a_signed_put_uploads_within_its_length_range(blob: storage.Blob) -> None:
    headers = {"Content-Type": "video/mp4", "x-goog-content-length-range": "0,10", "x-goog-if-generation-match": "0"}
    url = signed(blob, "PUT", headers=headers)
    assert requests.put(url, b"x" * 11, headers=headers, timeout=5).status_code == 400
    assert requests.put(url, b"x" * 10, headers=headers, timeout=5).status_code == 200
    assert requests.put(url, b"x" * 10, headers=headers, timeout=5).status_code == 412
    blob.reload()
    assert (blob.size, blob.content_type) == (10, "video/mp4")


def test_a_signed_resumable_upload_goes_on_after_a_break(blob: storage.Blob, small_stack: Stack) -> None:
    origin = {"Origin": small_stack.settings["BESADU_PUBLIC_URL"]}
    headers = {"x-goog-resumable": "start", "x-goog-content-length-range": "0,100", "Content-Type": "video/mp4"}
    begun = requests.post(signed(blob, "POST", headers=headers), headers={**headers, **origin}, timeout=5)
    assert begun.status_code == 201
    place = begun.headers["Location"]
    first = requests.put(place, b"01234", headers={"Content-Range": "bytes 0-4/10", **origin}, timeout=5)
    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-4")
    assert first.headers["Access-Control-Allow-Origin"] == origin["Origin"]
    assert requests.put(place, headers={"Content-Range": "bytes */10"}, timeout=5).status_code == 308
    assert requests.put(place, b"56789", headers={"Content-Range": "bytes 5-9/10"}, timeout=5).status_code == 200
    assert blob.download_as_bytes() == b"0123456789"


@pytest.mark.parametrize(
    "change", [("X-Goog-Expires=300", "X-Goog-Expires=301"), ("bukti", "lain"), ("X-Goog-Sig", "X-No")]
)
def test_an_altered_url_is_refused(blob: storage.Blob, change: tuple[str, str]) -> None:
    blob.upload_from_string(b"photo")
    altered = signed(blob, "GET").replace(*change)
    assert requests.get(altered, timeout=5).status_code == 403


def test_a_signed_url_is_for_one_method(blob: storage.Blob) -> None:
    assert requests.put(signed(blob, "GET"), b"x", timeout=5).status_code == 403


def test_a_browser_of_another_origin_is_not_let_in(blob: storage.Blob, small_stack: Stack) -> None:
    ask = {"Access-Control-Request-Method": "PUT"}
    own = {"Origin": small_stack.settings["BESADU_PUBLIC_URL"], **ask}
    url = signed(blob, "PUT")
    assert "PUT" in requests.options(url, headers=own, timeout=5).headers["Access-Control-Allow-Methods"]
    other = requests.options(url, headers={"Origin": "http://evil.example", **ask}, timeout=5)
    assert "Access-Control-Allow-Origin" not in other.headers


def test_bodies_are_on_disk_and_old_ones_go(blob: storage.Blob, small_stack: Stack) -> None:
    for content in (b"old", b"new"):
        blob.upload_from_string(content)
    bodies = [path.read_bytes() for path in Path(small_stack.state / "storage" / "blobs").iterdir()]
    assert b"new" in bodies
    assert b"old" not in bodies
