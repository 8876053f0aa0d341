"""The operators' scripts, with Google's command line played by a program that keeps what it is told."""

import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.terraform import INFRA, Plan

# Knows secrets as files, and says what it was asked in a log.
GCLOUD = """#!/bin/sh
echo "$*" >>"$PLAYED/log"
case "$1 $2 $3" in
"secrets list "*) ls "$PLAYED/secrets" ;;
"secrets versions list") [ -s "$PLAYED/secrets/$4" ] && echo 1 || true ;;
"secrets versions add") cat >"$PLAYED/secrets/$4" ;;
"secrets versions access") name=${5#--secret=}; cat "$PLAYED/secrets/$name" ;;
"firestore backups list")
    case "$*" in *"(snapshotTime)"*) echo 2026-11-27T00:00:00Z ;; *) cat "$PLAYED/backup" ;; esac ;;
"firestore operations list") [ -e "$PLAYED/restored" ] || { touch "$PLAYED/restored"; echo running; } ;;
"auth print-access-token "*) echo a-token ;;
esac
"""
CURL = """#!/bin/sh
cat >"$PLAYED/curl-config"
case "$*" in *"databases/(default)/"*) number=100 ;; *) number=$(cat "$PLAYED/count") ;; esac
echo "[{\\"result\\": {\\"aggregateFields\\": {\\"n\\": {\\"integerValue\\": \\"$number\\"}}}}]"
"""


@dataclass(frozen=True)
class Shell:
    """A PATH on which Google's programs are played ones."""

    folder: Path

    def run(self, script: str, *arguments: str, keys: str = "") -> subprocess.CompletedProcess[str]:
        environ = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "PLAYED": str(self.folder), "DRILL_WAIT": "0"}
        command = [str(INFRA / script), *arguments]
        return subprocess.run(command, env=environ, input=keys, capture_output=True, text=True, check=False, timeout=60)

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text("utf-8")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "bin").mkdir()
    for name, program in (("gcloud", GCLOUD), ("curl", CURL)):
        path = tmp_path / "bin" / name
        path.write_text(program, "utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "secrets").mkdir()
    for name in ("LINK_KEY", "META_APP_SECRET", "PBX_SIGNING_KEY"):
        (tmp_path / "secrets" / name).touch()
    return Shell(tmp_path)


def test_what_can_be_made_is_made_and_the_rest_is_asked_for(shell: Shell) -> None:
    done = shell.run("secrets", "besadu-test", keys="from-meta\n")
    assert done.returncode == 0, done.stderr
    assert shell.secret("META_APP_SECRET") == "from-meta"
    assert len(shell.secret("LINK_KEY")) == len(shell.secret("PBX_SIGNING_KEY")) == 64
    assert shell.secret("LINK_KEY") != shell.secret("PBX_SIGNING_KEY")
    for kept in ("from-meta", shell.secret("LINK_KEY")):
        assert kept not in done.stdout + done.stderr + shell.log


def test_what_has_a_value_keeps_it(shell: Shell) -> None:
    shell.run("secrets", "besadu-test", keys="from-meta\n")
    before = shell.secret("LINK_KEY")
    done = shell.run("secrets", "besadu-test")
    assert "LINK_KEY has a value" in done.stdout
    assert shell.secret("LINK_KEY") == before


def test_a_secret_is_rotated_with_two_values_and_finished_with_one(shell: Shell) -> None:
    shell.run("secrets", "besadu-test", keys="old\n")
    assert shell.run("secrets", "besadu-test", "rotate", "META_APP_SECRET", keys="new\n").returncode == 0
    assert shell.secret("META_APP_SECRET") == "new,old"
    assert shell.run("secrets", "besadu-test", "finish", "META_APP_SECRET").returncode == 0
    assert shell.secret("META_APP_SECRET") == "new"


def test_a_comma_in_a_value_is_refused(shell: Shell) -> None:
    done = shell.run("secrets", "besadu-test", "rotate", "META_APP_SECRET", keys="a,b\n")
    assert done.returncode != 0
    assert "no comma" in done.stderr
    assert shell.secret("META_APP_SECRET") == ""


def test_the_script_makes_only_secrets_that_there_are(production: Plan) -> None:
    line = next(line for line in (INFRA / "secrets").read_text("utf-8").splitlines() if line.startswith("generated="))
    assert set(line.split('"')[1].split()) <= set(production.all("google_secret_manager_secret"))


@pytest.mark.parametrize(
    ("restored", "status", "said"), [("95", 0, "is sound"), ("40", 1, "not sound"), ("0", 1, "not sound")]
)
def test_a_drill_compares_what_was_restored_and_takes_it_away(
    shell: Shell, restored: str, status: int, said: str
) -> None:
    (shell.folder / "backup").write_text("projects/p/locations/l/backups/b\n", "utf-8")
    (shell.folder / "count").write_text(restored, "utf-8")
    done = shell.run("restore-drill", "besadu-test")
    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr
    assert f"complaints: 100 in use, {restored} restored" in done.stdout
    made = [line for line in shell.log.splitlines() if line.startswith("firestore databases restore")]
    gone = [line for line in shell.log.splitlines() if line.startswith("firestore databases delete")]
    assert len(made) == len(gone) == 1
    assert "(default)" not in gone[0]
    assert "a-token" not in shell.log


def test_in_an_emergency_the_restored_database_stays_and_is_named(shell: Shell) -> None:
    (shell.folder / "backup").write_text("projects/p/locations/l/backups/b\n", "utf-8")
    (shell.folder / "count").write_text("100", "utf-8")
    done = shell.run("restore-drill", "besadu-test", "keep")
    assert done.returncode == 0, done.stderr
    assert 'firestore_database = "restored-' in done.stdout
    assert "databases delete" not in shell.log


def test_without_a_backup_a_drill_says_so(shell: Shell) -> None:
    (shell.folder / "backup").touch()
    done = shell.run("restore-drill", "besadu-test")
    assert done.returncode == 1
    assert "there is no backup" in done.stderr
