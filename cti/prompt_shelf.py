"""Prompts that administrators upload: taken in, checked, made, and only then put in the place of what was said before.

Implements `agents.ports.Prompts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import structlog

from agents.ports import BadUpload, PromptFacts
from cti import events
from cti.audio import AudioError, PromptFiles, PromptMaker
from cti.bus import Bus
from cti.phones import seconds_of
from ivr.prompts import Catalogue

log = structlog.get_logger(__name__)
MOST_BYTES = 50_000_000
MOST_S = 600
CONVERT_S = 60.0
AT_ONCE = 2
MEMORY_BYTES = 2_000_000_000
# What people record with. What only names other files, such as playlists and concat scripts, is no sound.
FORMATS = "wav,mp3,ogg,flac,aiff,aac,amr,caf,w64,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,au,gsm"


class PromptShelf:
    """`folder` holds what was uploaded, `<language>/<prompt>.wav`; `files` is what every call plays from."""

    def __init__(  # noqa: PLR0913 - what it joins
        self, *, maker: PromptMaker, files: PromptFiles, catalogue: Catalogue, languages: Sequence[str], folder: Path,
        bus: Bus, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._maker, self._files, self._catalogue, self._languages = maker, files, catalogue, tuple(languages)
        self._folder, self._bus, self._clock = folder, bus, clock
        self._gate = asyncio.Semaphore(AT_ONCE)

    def knows(self, prompt: str, language: str) -> bool:
        return prompt in self._catalogue and language in self._languages

    async def all(self) -> list[PromptFacts]:
        """Every prompt in every language, as it is said now."""
        return await asyncio.to_thread(
            lambda: [self._facts(prompt, language) for prompt in self._catalogue for language in self._languages]
        )

    def sound(self, prompt: str, language: str) -> Path:
        """What callers hear; raises KeyError."""
        return self._files.path(prompt, language).with_suffix(".wav")

    def check_size(self, size: int) -> None:
        """Raises BadUpload for more bytes than a recording has."""
        _check_size(size)

    async def put(self, prompt: str, language: str, body: AsyncIterator[bytes], by: str) -> PromptFacts:
        """Said from now on; raises BadUpload, and then nothing has changed. KeyError for no prompt of ours."""
        text = self._catalogue[prompt][language]
        folder = self._folder / language
        taken = folder / f".{secrets.token_hex(8)}.upload"
        made = taken.with_suffix(".wav")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            await _taken_in(body, taken)
            async with self._gate:
                await _as_sound(taken, made)
                path = await asyncio.to_thread(self._maker.made_of, prompt, language, text, made)
                made.chmod(0o640)
                made.replace(folder / f"{prompt}.wav")
        except AudioError as error:
            raise BadUpload("no_sound", str(error).replace(str(made), "the upload")) from None
        except OSError as error:
            raise BadUpload("disk_full" if error.errno == errno.ENOSPC else "not_kept", str(error.strerror)) from None
        finally:
            for left in (taken, made):
                left.unlink(missing_ok=True)
        self._files.paths[prompt, language] = path
        self._changed(prompt, language, by, "uploaded")
        return self._facts(prompt, language)

    async def remove(self, prompt: str, language: str, by: str) -> PromptFacts:
        """What was said before any upload is said again; KeyError when nothing was uploaded."""
        upload = self._upload(prompt, language)
        if upload is None:
            raise KeyError(prompt)
        path = await asyncio.to_thread(
            self._maker.made_without_upload, prompt, language, self._catalogue[prompt][language]
        )
        upload.unlink(missing_ok=True)
        self._files.paths[prompt, language] = path
        self._changed(prompt, language, by, "removed")
        return self._facts(prompt, language)

    def _upload(self, prompt: str, language: str) -> Path | None:
        path = self._folder / language / f"{prompt}.wav"
        return path if self.knows(prompt, language) and path.exists() else None

    def _facts(self, prompt: str, language: str) -> PromptFacts:
        upload = self._upload(prompt, language)
        recorded = self._maker.recording(prompt, language) is not None
        return PromptFacts(
            prompt, language, self._catalogue[prompt][language],
            "uploaded" if upload else "file" if recorded else "spoken",
            round(seconds_of(self.sound(prompt, language)), 2), upload.stat().st_mtime if upload else None,
        )  # fmt: skip

    def _changed(self, prompt: str, language: str, by: str, how: str) -> None:
        self._bus.publish(events.PromptChanged(at=self._clock(), prompt=prompt, language=language, by=by, how=how))


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise BadUpload("too_large", f"a recording has at most {MOST_BYTES // 1_000_000} MB")


async def _taken_in(body: AsyncIterator[bytes], target: Path) -> None:
    """The whole body in a file; raises BadUpload as soon as it is too much."""
    size = 0
    with target.open("wb") as file:
        async for part in body:
            size += len(part)
            _check_size(size)
            await asyncio.to_thread(file.write, part)
    if not size:
        raise BadUpload("no_sound", "there is nothing in the upload")


async def _as_sound(source: Path, target: Path) -> None:
    """Whatever it is made a plain .wav, by a child with little of everything; raises BadUpload, OSError."""
    limits = ("nice", "-n", "10", "prlimit", f"--as={MEMORY_BYTES}", f"--cpu={int(CONVERT_S)}")
    convert = (
        "ffmpeg", "-nostdin", "-v", "error", "-xerror", "-protocol_whitelist", "file", "-format_whitelist", FORMATS,
        "-i", f"file:{source}", "-map", "0:a:0", "-t", str(MOST_S + 1), "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le",
        "-f", "wav", "-y", f"file:{target}",
    )  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        *limits, *convert, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(CONVERT_S):
            _, told = await child.communicate()
    except TimeoutError:
        raise BadUpload("no_sound", f"it could not be read within {CONVERT_S:g} s") from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    if b"No space left" in told:
        raise OSError(errno.ENOSPC, "no space left for it")
    if child.returncode:
        log.info("an upload was refused", reason=told.decode(errors="replace")[:300])
        raise BadUpload("no_sound", "the upload cannot be read as sound: send a .wav, .mp3, .m4a, .ogg or .flac")
    if await asyncio.to_thread(seconds_of, target) > MOST_S:
        raise BadUpload("too_long", f"a prompt lasts at most {MOST_S // 60} minutes")
