"""Prompts: levelled, trimmed, in both rates, cached, replaced by a recording; what cannot be made is named."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from pydub import AudioSegment
from pydub.generators import Sine

from cti import audio
from cti.audio import AudioError, PromptMaker, write_hold_music, write_tone
from cti.phones import tone_level, tone_seconds
from ivr import spoken

WORDS = {"welcome": {"zh": "您好，欢迎致电。", "en": "Hello and welcome."}}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "en").mkdir(parents=True)
    return folder


def record(recordings: Path, level_dbfs: float, silence_ms: int = 0) -> None:
    """A second of 1000 Hz between two silences, 44.1 kHz."""
    tone = Sine(1000, sample_rate=44100).to_audio_segment(1000)
    silence = AudioSegment.silent(silence_ms, 44100)
    (silence + tone.apply_gain(level_dbfs - tone.dBFS) + silence).export(
        recordings / "en" / "welcome.wav", format="wav"
    ).close()


def read(path: Path) -> AudioSegment:
    with path.with_suffix(".wav").open("rb") as sound:  # pydub leaves open what it opens itself
        return AudioSegment.from_file(sound, format="wav")


async def made(tmp_path: Path, language: str = "en", recordings: Path | None = None) -> Path:
    files = await PromptMaker(tmp_path / "cache", recordings).ensure(WORDS, [language])
    return files.path("welcome", language)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_spoken_prompt_is_levelled_and_trimmed_in_both_rates(tmp_path: Path, language: str) -> None:
    path = await made(tmp_path, language)

    with wave.open(str(path.with_suffix(".wav"))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        seconds = sound.getnframes() / 8000
    wide = path.with_suffix(".sln16").read_bytes()
    spoken = read(path)
    assert len(wide) / 32000 == pytest.approx(seconds, abs=0.01)
    assert 0.5 < seconds < 5
    assert AudioSegment(wide, frame_rate=16000, sample_width=2, channels=1).dBFS == pytest.approx(-20, abs=2)
    assert spoken.dBFS == pytest.approx(-20, abs=2)
    assert spoken.max_dBFS < -0.5
    assert spoken[:60].dBFS < -50 < spoken[80:300].dBFS


@pytest.mark.parametrize("level_dbfs", [-45.0, -3.0])
async def test_a_recording_replaces_the_words_at_the_same_level_and_without_its_silence(
    tmp_path: Path, recordings: Path, level_dbfs: float
) -> None:
    record(recordings, level_dbfs, silence_ms=1500)

    path = await made(tmp_path, recordings=recordings)

    sound = read(path)
    assert len(sound) == pytest.approx(1180, abs=40)
    assert sound[100:1000].dBFS == pytest.approx(-20, abs=1)
    assert tone_level(path.with_suffix(".wav"), 1000, 0.1, 1.0) > 0.1


async def test_what_is_there_is_kept_and_what_changed_is_made_anew(tmp_path: Path, recordings: Path) -> None:
    spoken = await made(tmp_path, recordings=recordings)
    before = spoken.with_suffix(".wav").stat().st_mtime_ns
    again = await made(tmp_path, recordings=recordings)
    record(recordings, -20)
    recorded = await made(tmp_path, recordings=recordings)
    record(recordings, -30)
    recorded_anew = await made(tmp_path, recordings=recordings)

    assert again == spoken
    assert spoken.with_suffix(".wav").stat().st_mtime_ns == before
    assert len({spoken, recorded, recorded_anew}) == 3


async def test_a_prompt_that_was_cut_off_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    path = await made(tmp_path)
    path.with_suffix(".wav").unlink()

    assert (await made(tmp_path)).with_suffix(".wav").exists()
    assert not list((tmp_path / "cache").rglob("*.partial"))


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF\x24\x00\x00\x00WAVEfmt "])
async def test_a_broken_recording_is_named(tmp_path: Path, recordings: Path, content: bytes) -> None:
    broken = recordings / "en" / "welcome.wav"
    broken.write_bytes(content)

    with pytest.raises(AudioError) as error:
        await made(tmp_path, recordings=recordings)

    assert str(error.value).startswith(f"{broken} cannot be read as sound")
    assert len(str(error.value).splitlines()) == 1


async def test_a_recording_of_silence_is_named(tmp_path: Path, recordings: Path) -> None:
    AudioSegment.silent(500, 8000).export(recordings / "en" / "welcome.wav", format="wav").close()

    with pytest.raises(AudioError, match=r"welcome\.wav is nothing but silence: record it again"):
        await made(tmp_path, recordings=recordings)


async def test_a_missing_voice_is_named_and_no_other_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(audio.VOICES, "en", ["-v", "no-such-voice"])

    with pytest.raises(AudioError, match="espeak-ng has no voice 'no-such-voice' for 'en': apt-get install"):
        await made(tmp_path)


async def test_a_missing_espeak_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(AudioError, match="espeak-ng is missing: apt-get install espeak-ng"):
        await made(tmp_path)


async def test_progress_is_told_prompt_by_prompt(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    await PromptMaker(tmp_path).ensure(WORDS, ["zh", "en"], lambda done, total: told.append((done, total)))

    words = sum(len(spoken.vocabulary(language)) for language in ("zh", "en"))
    assert told == [(n, 2 + words) for n in range(1, 3 + words)]


async def test_every_word_of_a_spoken_value_has_a_sound_and_a_recording_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "recordings" / "zh" / "words").mkdir(parents=True)
    write_tone(tmp_path / "recordings" / "zh" / "words" / "元.wav", 700, 1)

    files = await PromptMaker(tmp_path / "cache", tmp_path / "recordings").ensure(WORDS, ["zh"])

    assert {word for word, _ in files.words} == spoken.vocabulary("zh")
    assert tone_level(files.word("元", "zh").with_suffix(".wav"), 700) > 0.1


@pytest.mark.parametrize("write", [write_hold_music, lambda path: write_tone(path, 440, 1)])
def test_sounds_without_words_are_8_khz_and_not_silent(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "sound.wav")

    sound = read(tmp_path / "sound.wav")
    assert (sound.frame_rate, sound.channels, sound.sample_width) == (8000, 1, 2)
    assert -40 < sound.dBFS < -6


def test_a_rest_too_short_to_tell_tones_apart_in_counts_as_none(tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", 880, 1)
    assert tone_seconds(tmp_path / "tone.wav", 1100, to_s=0.505) == 0.0
    assert tone_seconds(tmp_path / "tone.wav", 880, to_s=0.505) == 0.5
