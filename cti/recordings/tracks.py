"""One small stereo file of the two mono tracks that Asterisk wrote: the customer left, whom he hears right.

It is work for another thread or process: seconds of one core for an hour of talk. A file of the result has its name
only once it has been decoded again and is as long as what it was made of.
"""

from __future__ import annotations

import json
import os
import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path

from pydub import AudioSegment
from pydub.exceptions import CouldntDecodeError, CouldntEncodeError

RATE = 8000
HEADER = 44
PEAKS = 800
TOLERANCE_MS = 50
BAD = 3  # this program's exit code
BITRATE = {"opus": "24k", "mp3": "32k"}


class BadTrack(Exception):
    """What is there cannot be read as the sound that Asterisk writes, or came out different."""


@dataclass(frozen=True, slots=True)
class Converted:
    """`peaks`: for each side, from 0 to 100, the loudest of each of at most 800 equal parts of the recording."""

    path: Path
    seconds: float
    left: list[int]
    right: list[int]


def convert(said: Path, heard: Path, target: Path) -> Converted:
    """`target` ends in .opus or .mp3. Raises BadTrack, or OSError for a full disk; then nothing is left behind."""
    left, right = _equal(read_track(said), read_track(heard))
    stereo = AudioSegment.from_mono_audiosegments(left, right)
    kind = target.suffix[1:]
    partial = target.with_name(f"{target.name}.partial")
    try:
        _export(stereo, partial, kind)
        _check(partial, kind, len(stereo))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Converted(target, len(stereo) / 1000, peaks(left), peaks(right))


def read_track(path: Path) -> AudioSegment:
    """A .wav or .sln of 8 kHz, 16 bit, mono. A header that a killed Asterisk left without sizes does not matter."""
    data = path.read_bytes()
    if path.suffix == ".wav":
        data = data[HEADER:] if _cut_off(data) else _frames(path)
    return AudioSegment(data[: len(data) & ~1], frame_rate=RATE, sample_width=2, channels=1)


def _cut_off(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[36:40] == b"data" and data[40:44] == bytes(4)


def _frames(path: Path) -> bytes:
    try:
        with wave.open(str(path)) as opened:
            form = (opened.getnchannels(), opened.getsampwidth(), opened.getframerate())
            if form != (1, 2, RATE):
                raise BadTrack(f"{path.name} is not 8 kHz, 16 bit, mono")
            return bytes(opened.readframes(opened.getnframes()))
    except (wave.Error, EOFError) as error:
        raise BadTrack(f"{path.name} cannot be read: {error}") from None


def _equal(one: AudioSegment, other: AudioSegment) -> tuple[AudioSegment, AudioSegment]:
    """Both as long as the longer, silence at the end."""
    size = max(len(one.raw_data), len(other.raw_data))
    if not size:
        raise BadTrack("both tracks are empty")
    filled = [track._spawn(track.raw_data.ljust(size, b"\0")) for track in (one, other)]
    return filled[0], filled[1]


def _export(stereo: AudioSegment, path: Path, kind: str) -> None:
    codec = {"opus": "libopus", "mp3": "libmp3lame"}[kind]
    try:
        stereo.export(path, format=kind, codec=codec, bitrate=BITRATE[kind]).close()
    except CouldntEncodeError as error:
        told = str(error)
        if "No space left" in told:
            raise OSError(28, "No space left on device", str(path)) from None
        raise BadTrack(f"{path.name} could not be encoded: {told.splitlines()[-1]}") from None
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _check(path: Path, kind: str, wanted_ms: int) -> None:
    try:
        with path.open("rb") as written:
            found = AudioSegment.from_file(written, format="ogg" if kind == "opus" else kind)
    except (CouldntDecodeError, IndexError):
        raise BadTrack(f"{path.name} does not decode") from None
    if found.channels != 2 or abs(len(found) - wanted_ms) > TOLERANCE_MS:
        raise BadTrack(f"{path.name} has {found.channels} sides of {len(found)} ms for 2 of {wanted_ms} ms")


def peaks(track: AudioSegment) -> list[int]:
    """From 0 to 100, the loudest of each of at most 800 equal parts."""
    frames = array("h", track.raw_data)
    part = max(1, -(-len(frames) // PEAKS))
    parts = (frames[at : at + part] for at in range(0, len(frames), part))
    return [round(max(*one, -min(one), 0) * 100 / 32768) for one in parts]


def main() -> int:
    """SAID HEARD TARGET: what was made as JSON; else one line of what is wrong, and `BAD` when it is the tracks."""
    try:
        made = convert(*map(Path, sys.argv[1:4]))
    except (BadTrack, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return BAD if isinstance(error, BadTrack) else 1
    sys.stdout.write(json.dumps({"seconds": made.seconds, "peaks": [made.left, made.right]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
