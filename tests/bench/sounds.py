"""How fast sounds are made: recordings made small after the call, prompts spoken, levelled and written."""

from __future__ import annotations

import random
import tempfile
import time
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

from cti.audio import _levelled, _spoken, _write
from cti.recordings.tracks import convert

CALL_S = 300
SENTENCE = "您好，欢迎致电证券客户服务中心，请选择您需要的服务。"


def _talk(path: Path, seed: int) -> None:
    """Noise in bursts, as speech is for a coder: 8 kHz, 16 bit, mono."""
    chance = random.Random(seed)
    second = array("h", (int(chance.gauss(0, 3000)) for _ in range(8000)))
    silence = array("h", bytes(16000))
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        for n in range(CALL_S):
            out.writeframes((second if (n + seed) % 3 else silence).tobytes())


def bench() -> Iterator[tuple[str, float, str, str]]:
    with tempfile.TemporaryDirectory(prefix="zj") as name:
        folder = Path(name)
        said, heard = folder / "r.wav", folder / "t.wav"
        _talk(said, 0)
        _talk(heard, 1)
        for kind in ("opus", "mp3"):
            begun = time.perf_counter()
            convert(said, heard, folder / f"call.{kind}")
            yield f"sounds.recording.{kind}", CALL_S / (time.perf_counter() - begun), "x real time", ""
        begun = time.perf_counter()
        spoken = _spoken("bench", "zh", SENTENCE)
        _write(_levelled(spoken, "bench"), folder / "prompt")
        yield "sounds.prompt", len(spoken) / 1000 / (time.perf_counter() - begun), "x real time", ""
