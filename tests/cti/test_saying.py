"""Words joined to one sound that is gone after it was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.audio import PromptFiles, PromptMaker
from cti.phones import seconds_of
from cti.saying import HouseSounds


@pytest.fixture
async def files(tmp_path: Path) -> PromptFiles:
    return await PromptMaker(tmp_path / "sounds").ensure({"hello": {"zh": "您好"}}, ["zh"])


async def test_a_value_is_one_sound_as_long_as_its_words_and_gone_afterwards(
    tmp_path: Path, files: PromptFiles
) -> None:
    sounds = HouseSounds(files, tmp_path / "said")
    sounds.clear()

    with sounds.words(("十", "元"), "zh") as path:
        seconds = seconds_of(path.with_suffix(".wav"))
        assert path.with_suffix(".sln16").stat().st_size == pytest.approx(seconds * 32000, rel=0.01)

    words = [seconds_of(files.word(word, "zh").with_suffix(".wav")) for word in ("十", "元")]
    assert seconds == pytest.approx(sum(words), abs=0.001)
    assert list((tmp_path / "said").iterdir()) == []


async def test_what_a_killed_server_left_is_gone_with_the_next(tmp_path: Path, files: PromptFiles) -> None:
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "left.wav").write_bytes(b"somebody's money")

    HouseSounds(files, tmp_path / "said").clear()

    assert list((tmp_path / "said").iterdir()) == []


async def test_a_word_without_a_sound_is_named(tmp_path: Path, files: PromptFiles) -> None:
    sounds = HouseSounds(files, tmp_path / "said")
    sounds.clear()

    with pytest.raises(KeyError, match="鞋"), sounds.words(("鞋",), "zh"):
        pass
