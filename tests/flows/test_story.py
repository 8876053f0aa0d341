import pytest

from besadu_local import seed, story
from besadu_local.stack import Stack


def test_the_story_happens_step_by_step_and_names_nobody(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    seed.load(stack, demo=False)
    assert story.play(stack) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "Every step happened." in told.out
    assert told.out.index("The timeline of BSD-") > told.out.index("The citizen judges")
    for canary in (story.NIK, story.WRONG_NIK, story.CITIZEN, story.CITIZEN.removeprefix("62")):
        assert canary not in told.out
