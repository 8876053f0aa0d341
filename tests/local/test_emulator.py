"""Finding the emulator; that it runs is what every other test here shows."""

import hashlib
from pathlib import Path

import pytest

from besadu_local import emulator
from besadu_local.ports import Unready


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine without gcloud; its environment."""
    monkeypatch.setattr(emulator, "_SDK_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the vendor's address leads to."""
    file = tmp_path / "release.jar"
    file.write_bytes(b"jar")
    monkeypatch.setattr(emulator, "_DOWNLOAD", file.as_uri())
    return file


def test_the_named_jar_is_taken(tmp_path: Path) -> None:
    jar = tmp_path / "own.jar"
    jar.touch()
    assert emulator.find_jar({"FIRESTORE_EMULATOR_JAR": str(jar)}, 17, print) == jar


def test_a_named_jar_that_is_not_there_is_said() -> None:
    with pytest.raises(Unready, match=r"FIRESTORE_EMULATOR_JAR names /nowhere\.jar, which is not there"):
        emulator.find_jar({"FIRESTORE_EMULATOR_JAR": "/nowhere.jar"}, 17, print)


def test_without_java_the_mend_is_said(nothing_installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert nothing_installed
    monkeypatch.setattr(emulator.util, "find_spec", lambda _name: None)
    with pytest.raises(Unready, match="install a Java runtime"):
        emulator.find_java()


def test_a_download_is_checked_and_kept(
    nothing_installed: dict[str, str], release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_SHA256", hashlib.sha256(release.read_bytes()).hexdigest())
    said: list[str] = []
    jar = emulator.find_jar(nothing_installed, 21, said.append)
    assert jar.read_bytes() == b"jar"
    assert said
    release.unlink()
    assert emulator.find_jar(nothing_installed, 21, said.append) == jar


def test_a_wrong_download_is_thrown_away(nothing_installed: dict[str, str], release: Path) -> None:
    with pytest.raises(Unready, match="not the expected file"):
        emulator.find_jar(nothing_installed, 21, print)
    assert list(release.parent.glob("cache/**/*.*")) == []


def test_a_failed_download_says_what_else_helps(nothing_installed: dict[str, str], release: Path) -> None:
    release.unlink()
    with pytest.raises(Unready, match="gcloud components install cloud-firestore-emulator"):
        emulator.find_jar(nothing_installed, 21, print)


def test_an_old_java_is_told_before_a_useless_download(nothing_installed: dict[str, str], release: Path) -> None:
    assert release
    with pytest.raises(Unready, match="Java 21"):
        emulator.find_jar(nothing_installed, 17, print)
