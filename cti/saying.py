"""What is said, as Asterisk finds it: prompts, and values in words as one sound that is played and gone.

Implements `cti.caller.Sounds`.
"""

from __future__ import annotations

import secrets
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cti.audio import PromptFiles

KINDS = (".wav", ".sln16")


class HouseSounds:
    """What is joined lies in `folder` while it is played. `seen`: the path by which Asterisk opens one of ours."""

    def __init__(self, files: PromptFiles, folder: Path, seen: Callable[[Path], Path] = lambda path: path) -> None:
        self.files, self._folder, self._seen = files, folder, seen
        self._sounds: dict[Path, tuple[bytes, bytes]] = {}

    def prompt(self, prompt: str, language: str) -> Path:
        return self._seen(self.files.path(prompt, language))

    def clear(self) -> None:
        """What a server that was killed has left."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.iterdir():
            left.unlink(missing_ok=True)

    @contextmanager
    def words(self, words: Sequence[str], language: str) -> Iterator[Path]:
        """One sound of these words, without extension; raises KeyError for a word that has none."""
        sounds = [self._sound(self.files.word(word, language)) for word in words]
        target = self._folder.resolve() / secrets.token_hex(8)
        try:
            with wave.open(str(target.with_suffix(".wav")), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(b"".join(narrow for narrow, _ in sounds))
            target.with_suffix(".sln16").write_bytes(b"".join(wide for _, wide in sounds))
            yield self._seen(target)
        finally:
            for kind in KINDS:
                with suppress(OSError):
                    target.with_suffix(kind).unlink()

    def _sound(self, path: Path) -> tuple[bytes, bytes]:
        """Its frames at 8 and at 16 kHz; there are some hundred words, so they are kept."""
        if path not in self._sounds:
            with wave.open(str(path.with_suffix(".wav"))) as file:
                narrow = file.readframes(file.getnframes())
            self._sounds[path] = (narrow, path.with_suffix(".sln16").read_bytes())
        return self._sounds[path]
