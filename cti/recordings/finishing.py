"""After the call: each kept recording made small, one after another, behind everything else.

What remains to be done is what the ledger says, so a killed server goes on where it was: a recording whose files are
still Asterisk's tracks is converted, from the beginning. The tracks stay until the small file's entry is written.
Whatever is written on the way, also by the encoder, lies in the workplace, which the next server clears.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cti.recordings.shelf import Shelf
from cti.recordings.timeline import About
from cti.recordings.tracks import BAD, BadTrack
from db.recordings import Entry

log = structlog.get_logger(__name__)
SAID, HEARD = "r.wav", "t.wav"
NICE = ("nice", "-n", "15")
ROOT = Path(__file__).parents[2]


class Finisher:
    """`workplace`: a folder of its own. `alarm` is told what hinders it, None once nothing does."""

    def __init__(
        self,
        shelf: Shelf,
        workplace: Path,
        alarm: Callable[[str | None], None],
        *,
        kind: Literal["opus", "mp3"] = "opus",
    ) -> None:
        self._shelf, self._workplace, self._alarm, self._kind = shelf, workplace, alarm, kind
        self._bad: set[str] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False

    def stop(self) -> None:
        """What is being converted is given up, and `work_off` returns soon; the ledger remembers what is to be done."""
        self._stopped = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def clear(self) -> None:
        """What a killed server left half done is gone. Not while anything is being converted."""
        await asyncio.to_thread(shutil.rmtree, self._workplace, ignore_errors=True)

    async def keep(self, about: About, said: Path, heard: Path, now: float) -> str:
        """A call's finished tracks, as Asterisk wrote them, onto the shelf; they may be removed afterwards. Its id."""
        return await self._shelf.keep(about, {SAID: said, HEARD: heard}, now)

    async def work_off(self, clock: Callable[[], float]) -> int:
        """Convert whatever waits; how many were. What hinders is told and left for the next time; never raises it."""
        done = 0
        try:
            for entry in await self._shelf.unconverted():
                if entry.recording_id not in self._bad and not self._stopped:
                    done += await self._one(entry, clock)
        except (OSError, SQLAlchemyError) as error:
            if not self._stopped:
                log.error("recordings are not converted", error=str(error))  # noqa: TRY400 - one line is enough
                self._alarm(str(error))
        else:
            self._alarm(None)
        return done

    async def _one(self, entry: Entry, clock: Callable[[], float]) -> bool:
        paths = {file.name.partition(".")[2]: self._shelf.path(file) for file in entry.files}
        self._workplace.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._workplace) as folder:
            target = Path(folder) / f"call.{self._kind}"
            try:
                facts = await self._converted(paths[SAID], paths[HEARD], target)
            except (BadTrack, KeyError) as error:
                self._bad.add(entry.recording_id)
                log.error(  # noqa: TRY400 - one line is enough
                    "a recording stays as it is", recording=entry.recording_id, error=str(error)
                )
                return False
            await self._shelf.replace(entry.recording_id, {self._kind: target}, facts, clock())
        return True

    async def _converted(self, said: Path, heard: Path, target: Path) -> dict[str, Any]:
        """In a process of its own, behind everything else, which ends with us. Raises BadTrack and OSError."""
        command = (*NICE, sys.executable, "-m", "cti.recordings.tracks", *map(str, (said, heard, target)))
        process = self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env={**os.environ, "TMPDIR": str(target.parent)},
        )  # fmt: skip
        try:
            told, complaint = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        if process.returncode == 0:
            facts: dict[str, Any] = json.loads(told)
            return facts
        why = next(reversed(complaint.decode("utf-8", "replace").strip().splitlines()), "it said nothing")
        if process.returncode == BAD:
            raise BadTrack(why)
        raise OSError(errno.EIO, why)
