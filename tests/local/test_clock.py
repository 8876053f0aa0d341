from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from besadu_local.clock import Clock


def test_a_new_clock_shows_real_time(tmp_path: Path) -> None:
    assert abs(Clock(tmp_path).now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_every_reader_of_the_same_folder_sees_a_move(tmp_path: Path) -> None:
    mover, reader = Clock(tmp_path), Clock(tmp_path)
    reader.now()
    mover.advance(3600)
    assert mover.advance(86_400) == 90_000
    assert reader.now() - datetime.now(UTC) > timedelta(hours=24)


def test_time_does_not_go_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="forward only"):
        Clock(tmp_path).advance(-1)
