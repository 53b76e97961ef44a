"""Prompts as pairs of tones, so that a recording tells which of them a caller has heard, and in what order.

No tone of a pair is near one of a telephone (up to 1,040 Hz), and each prompt begins with a mark, so that one that is
played twice is heard twice.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from array import array
from pathlib import Path

from pydub import AudioSegment

from cti.phones import HEARD, level_of, sound_of
from ivr import spoken

ROOT = Path(__file__).parents[2]
PROMPTS = tuple(tomllib.loads((ROOT / "ivr" / "menus" / "prompts.toml").read_text("utf-8")))
LANGUAGES = ("zh", "en")
MARK_HZ, MARK_S = 1200, 0.1
LOW, HIGH = tuple(range(1300, 2251, 50)), tuple(range(2350, 3401, 50))
LEVEL = 0.15  # of each of the two
PROMPT_S, WORD_S = 2.0, 0.3
WINDOW_S = 0.04

Name = tuple[str, str]  # language, and prompt or word
PROMPT_NAMES: tuple[Name, ...] = tuple(itertools.product(LANGUAGES, PROMPTS))
WORD_NAMES: tuple[Name, ...] = tuple((one, word) for one in LANGUAGES for word in sorted(spoken.vocabulary(one)))
PAIR_OF = dict(zip((*PROMPT_NAMES, *WORD_NAMES), itertools.product(LOW, HIGH), strict=False))
NAME_OF = {pair: name for name, pair in PAIR_OF.items()}
assert len(NAME_OF) == len(PROMPT_NAMES) + len(WORD_NAMES), "more prompts than pairs of tones"


def write_all(folder: Path) -> None:
    """Recordings of every prompt and word, as the house takes them."""
    for (language, prompt), pair in PAIR_OF.items():
        is_word = (language, prompt) in WORD_NAMES
        path = folder / language / ("words" if is_word else "") / f"{prompt}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, pair, WORD_S if is_word else PROMPT_S)


def _write(path: Path, pair: tuple[int, int], seconds: float) -> None:
    parts = [((MARK_HZ,), MARK_S), (pair, seconds - MARK_S)]
    frames = array("h")
    for tones, length in parts:
        for n in range(int(8000 * length)):
            frames.append(int(32767 * LEVEL * sum(math.sin(2 * math.pi * hz * n / 8000) for hz in tones)))
    AudioSegment(frames.tobytes(), frame_rate=8000, sample_width=2, channels=1).export(path, format="wav").close()


def prompt_seconds(path: Path, language: str, prompt: str) -> float:
    """How long this prompt was heard, its mark included."""
    pair = PAIR_OF[language, prompt]
    windows = [one for one in _windows(path) if one == pair]
    return len(windows) * WINDOW_S + (MARK_S if windows else 0.0)


def heard_prompts(path: Path) -> list[Name]:
    """Every prompt and word that was heard, in order; what was cut off within its mark is none."""
    told: list[Name] = []
    marked = False
    for one in _windows(path):
        if one == (MARK_HZ,):
            marked = True
        elif marked and one in NAME_OF:
            told.append(NAME_OF[one])
            marked = False
    return told


def _windows(path: Path) -> list[tuple[int, ...]]:
    """What each window holds: the mark, a pair, or nothing that we know."""
    frames, rate = sound_of(path)
    size = int(rate * WINDOW_S)
    return [_tones(frames[begin : begin + size], rate) for begin in range(0, len(frames) - size + 1, size)]


def _tones(window: array[int], rate: int) -> tuple[int, ...]:
    if max(window) < 32767 * HEARD:
        return ()
    low, low_hz = max((level_of(window, rate, hz), hz) for hz in LOW)
    high, high_hz = max((level_of(window, rate, hz), hz) for hz in HIGH)
    if min(low, high) > LEVEL / 4 and max(low, high) < 2 * min(low, high):
        return (low_hz, high_hz)
    return (MARK_HZ,) if level_of(window, rate, MARK_HZ) > LEVEL / 4 else ()
