"""Sounds: prompts spoken by espeak-ng or recorded by people, levelled by pydub, cached by content."""

from __future__ import annotations

import asyncio
import glob
import io
import math
import os
import subprocess
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import structlog
from pydub import AudioSegment
from pydub.silence import detect_leading_silence

from ivr import spoken
from ivr.prompts import Catalogue, sound_name, word_name

log = structlog.get_logger(__name__)
LEVEL_DBFS = -20.0
# espeak-ng's speed is in English words a minute: 230 is some four Mandarin syllables a second
VOICES = {"zh": ["-v", "cmn", "-s", "230"], "en": ["-v", "en-us", "-s", "150"]}
RECIPE = f"4: level -20 dBFS, trimmed, 8 kHz wav and 16 kHz sln16; {VOICES}"
SILENCE_DBFS = -50.0
PROMPT_EDGES_MS = (60, 120)  # silence before and after
WORD_EDGES_MS = (0, 30)


class AudioError(Exception):
    """A sound cannot be made; the message says which, and the cure."""


@dataclass(frozen=True, slots=True)
class PromptFiles:
    """Where each prompt and word lies, without extension, as Asterisk wants it."""

    paths: dict[tuple[str, str], Path]
    words: dict[tuple[str, str], Path] = field(default_factory=dict)

    def path(self, prompt: str, language: str) -> Path:
        """Raises KeyError naming the prompt that is absent."""
        return self.paths[prompt, language]

    def word(self, word: str, language: str) -> Path:
        """Raises KeyError naming the word that is absent."""
        return self.words[word, language]


class PromptMaker:
    """Makes what is missing, keeps what is there. `recordings/<language>/<prompt>.*` replaces the spoken text.

    The words of spoken values are in `recordings/<language>/words/<word>.*`. What lies in `uploads` goes before both.
    """

    def __init__(self, cache: Path, recordings: Path | None = None, uploads: Path | None = None) -> None:
        self._cache, self._recordings, self._uploads = cache, recordings, uploads

    async def ensure(
        self, catalogue: Catalogue, languages: Sequence[str], progress: Callable[[int, int], None] = lambda *_: None
    ) -> PromptFiles:
        """Every prompt and word in every language is a file afterwards; raises AudioError."""
        prompts = [(prompt, language) for language in languages for prompt in catalogue]
        words = [(word, language) for language in languages for word in sorted(spoken.vocabulary(language))]
        wanted = [*((*one, catalogue[one[0]][one[1]]) for one in prompts), *((*one, "") for one in words)]
        gate = asyncio.Semaphore(2)
        done = 0

        async def one(name: str, language: str, text: str) -> Path:
            nonlocal done
            async with gate:
                make = self._prompt if text else self._word
                path = await asyncio.to_thread(make, name, language, text)
            done += 1
            progress(done, len(wanted))
            return path

        paths = await asyncio.gather(*(one(*each) for each in wanted))
        made = dict(zip((*prompts, *words), paths, strict=True))
        return PromptFiles({one: made[one] for one in prompts}, {one: made[one] for one in words})

    def made_of(self, prompt: str, language: str, text: str, recording: Path | None) -> Path:
        """The sound of one prompt, from this recording or spoken; raises AudioError."""
        return self._ensure(prompt, language, text, recording, PROMPT_EDGES_MS)

    def made_without_upload(self, prompt: str, language: str, text: str) -> Path:
        """As it was said before anything was uploaded; raises AudioError."""
        return self.made_of(prompt, language, text, self.recording(prompt, language))

    def recording(self, prompt: str, language: str) -> Path | None:
        """The house's own file, if there is one."""
        return self._recording(self._recordings, language, prompt)

    def _prompt(self, prompt: str, language: str, text: str) -> Path:
        upload = self._recording(self._uploads, language, prompt)
        if upload is not None:
            try:
                return self.made_of(prompt, language, text, upload)
            except AudioError as error:
                log.error("an uploaded prompt cannot be said any more", reason=str(error))  # noqa: TRY400
        return self.made_without_upload(prompt, language, text)

    def _word(self, word: str, language: str, _: str) -> Path:
        recording = self._recording(self._recordings, f"{language}/words", word)
        return self._ensure(word_name(word), language, word, recording, WORD_EDGES_MS)

    def _ensure(self, name: str, language: str, text: str, recording: Path | None, edges_ms: tuple[int, int]) -> Path:
        content = recording.read_bytes() if recording else text.encode()
        target = (self._cache / language / sound_name(name, content, f"{RECIPE}; {edges_ms}")).resolve()
        if not target.with_suffix(".wav").exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            sound = _recorded(recording) if recording else _spoken(name, language, text)
            _write(_levelled(sound, str(recording or f"prompt {name!r} in {language!r}"), edges_ms), target)
        return target

    def _recording(self, shelf: Path | None, folder: str, name: str) -> Path | None:
        if shelf is None:
            return None
        return next(iter(sorted((shelf / folder).glob(f"{glob.escape(name)}.*"))), None)


@cache
def _has_voice(voice: str) -> bool:
    """espeak-ng itself would speak with another voice and say nothing of it."""
    done = subprocess.run(["espeak-ng", f"--voices={voice}"], capture_output=True, check=True, timeout=60)
    return voice in {line.split()[1] for line in done.stdout.decode().splitlines()[1:]}


def _spoken(prompt: str, language: str, words: str) -> AudioSegment:
    try:
        voice = VOICES[language][1]
        if not _has_voice(voice):
            raise AudioError(f"espeak-ng has no voice {voice!r} for {language!r}: apt-get install espeak-ng-data")
        done = subprocess.run(
            ["espeak-ng", *VOICES[language], "--stdout", words], capture_output=True, check=True, timeout=60
        )
    except FileNotFoundError:
        raise AudioError("espeak-ng is missing: apt-get install espeak-ng") from None
    except (subprocess.SubprocessError, KeyError) as error:
        raise AudioError(f"prompt {prompt!r} in {language!r} could not be spoken: {error}") from None
    return AudioSegment.from_file(io.BytesIO(done.stdout), format="wav")


def _recorded(path: Path) -> AudioSegment:
    try:
        # pydub leaves open what it opens itself, and tells the kind by the name only then
        with path.open("rb") as recording:
            return AudioSegment.from_file(recording, format=path.suffix[1:].lower())
    except Exception as error:
        raise AudioError(f"{path} cannot be read as sound: {str(error).splitlines()[0]}") from None


def _levelled(sound: AudioSegment, what: str, edges_ms: tuple[int, int] = PROMPT_EDGES_MS) -> AudioSegment:
    start = detect_leading_silence(sound, SILENCE_DBFS)
    end = detect_leading_silence(sound.reverse(), SILENCE_DBFS)
    trimmed = sound[start : len(sound) - end].set_channels(1).set_sample_width(2)
    if not len(trimmed):
        raise AudioError(f"{what} is nothing but silence: record it again")
    gain = min(LEVEL_DBFS - trimmed.dBFS, -1.0 - trimmed.max_dBFS)
    before, after = (AudioSegment.silent(edge_ms, trimmed.frame_rate) for edge_ms in edges_ms)
    return before + trimmed.apply_gain(gain) + after


def _write(sound: AudioSegment, target: Path) -> None:
    """Both rates; the .wav comes last, so that its presence means that all is there."""
    _replace(target.with_suffix(".sln16"), sound.set_frame_rate(16000).raw_data)
    wav = io.BytesIO()
    sound.set_frame_rate(8000).export(wav, format="wav")
    _replace(target.with_suffix(".wav"), wav.getvalue())


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


# -- sounds without words ---------------------------------------------------------------------------------------------

NOTE_PEAK = 2400  # some 8 dB below a prompt: waiting music is to be talked over
_CHORDS = [(220.0, 277.2, 329.6), (246.9, 293.7, 370.0), (196.0, 246.9, 293.7), (220.0, 261.6, 329.6)]


def write_tone(path: Path, hz: int, seconds: int, level: float = 0.3) -> None:
    """A steady tone of whole hertz and seconds, 8 kHz 16 bit mono."""
    second = array("h", (int(32767 * level * math.sin(2 * math.pi * hz * n / 8000)) for n in range(8000)))
    _save_frames(path, second * seconds)


def write_beep(path: Path) -> None:
    """A short tone after which one speaks; made once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = array("h", (int(32767 * 0.2 * math.sin(2 * math.pi * 1000 * n / 8000)) for n in range(2400)))
        _save_frames(path, frames)


def write_hold_music(path: Path) -> None:
    """A calm loop of broken chords, 16 s, made once; any folder of recordings may replace it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = array("h", bytes(2 * 8000 * 16))
    for note in range(32):
        hz = _CHORDS[note // 8][note % 3] * (2 if note % 4 == 3 else 1)
        for n in range(12000):
            at = (note * 4000 + n) % len(frames)
            fade = min(n / 200, 1.0) * math.exp(-n / 4500)
            frames[at] = max(
                -32767, min(32767, frames[at] + int(NOTE_PEAK * fade * math.sin(2 * math.pi * hz * n / 8000)))
            )
    _save_frames(path, frames)


def _save_frames(path: Path, frames: array[int]) -> None:
    wav = io.BytesIO()
    AudioSegment(frames.tobytes(), frame_rate=8000, sample_width=2, channels=1).export(wav, format="wav")
    _replace(path, wav.getvalue())
