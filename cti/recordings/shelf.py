"""The folder of recordings and its ledger, changed together.

A file has its name and its mode (0640) only once it is whole and on the disk; then comes its entry; what an entry
replaces is removed last. Killed in between, a file may be left that no entry knows, never an entry without its file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cti.recordings.timeline import About
from db.recordings import Entry, Head, KeptFile, Link, RecordingLedger, entry_of

MODE, FOLDER_MODE = 0o640, 0o750
HEAD, PARTIAL = "head.json", ".partial"


class UnknownRecording(Exception):
    """There is none of this id, or it has been deleted."""


class Shelf:
    """Raises OSError when the disk is full or refuses, SQLAlchemy's errors while the database is away."""

    def __init__(self, folder: Path, ledger: RecordingLedger) -> None:
        self._folder, self._ledger = folder, ledger
        self._head_lock = asyncio.Lock()

    async def keep(self, about: About, files: Mapping[str, Path], now: float) -> str:
        """Take over finished files (by ending, such as "r.wav") of a call; they stay where they are. The new id.

        `now` is UTC epoch seconds.
        """
        recording_id = secrets.token_urlsafe(16)
        kept = tuple([await self._taken(recording_id, ending, path) for ending, path in files.items()])
        await self._append(Entry("kept", recording_id, now, kept, about.as_facts()))
        return recording_id

    async def replace(self, recording_id: str, files: Mapping[str, Path], facts: dict[str, Any], now: float) -> None:
        """From now on the recording is these files; those before are removed. `facts` are added to what is known."""
        before = await self.last(recording_id)
        kept = tuple([await self._taken(recording_id, ending, path) for ending, path in files.items()])
        await self._append(replace(before, kind="converted", at=now, files=kept, facts={**before.facts, **facts}))
        await asyncio.to_thread(self._remove, {one.name for one in before.files} - {one.name for one in kept})

    async def delete(self, recording_id: str, reason: str, now: float) -> None:
        """The entry comes first: killed in between, `verify` finds nothing amiss and `sweep` removes the files."""
        before = await self.last(recording_id)
        await self._append(Entry("deleted", recording_id, now, (), {"reason": reason}))
        await asyncio.to_thread(self._remove, {one.name for one in before.files})

    async def delete_due(self, now: float) -> list[str]:
        """Delete whatever was to be kept until now at most; the ids."""
        due = [
            one.recording_id for one in await self.present()
            if one.facts.get("keep_until") is not None and one.facts["keep_until"] <= now
        ]  # fmt: skip
        for recording_id in due:
            await self.delete(recording_id, "retention", now)
        return due

    async def sweep(self, before: float) -> list[str]:
        """Remove what a server left that was killed before this time (UTC epoch seconds); the names.

        Files of which the ledger says that others took their place, or nothing, and unfinished ones. Whole files of
        which it knows nothing stay: it may be the wrong ledger.
        """
        entries = readable(await self._ledger.links())
        replaced = _names(entries) - _names(last_of(entries))
        return await asyncio.to_thread(self._sweep, replaced, before)

    async def last(self, recording_id: str) -> Entry:
        """What the recording is now; raises UnknownRecording."""
        history = await self._ledger.history(recording_id)
        if not history or not (entry := entry_of(history[-1])).files:
            raise UnknownRecording(recording_id)
        return entry

    async def present(self) -> list[Entry]:
        """The last entry of every recording that has not been deleted."""
        last = {link.recording_id: link for link in await self._ledger.links()}
        return [entry for entry in readable(last.values()) if entry.files]

    async def unconverted(self) -> list[Entry]:
        """What was kept as it came, and nothing done with it since: asked after each call, so never all is read."""
        return [entry for entry in readable(await self._ledger.alone()) if entry.kind == "kept"]

    def path(self, file: KeptFile) -> Path:
        """Where it lies; raises UnknownRecording for a name that leads out of the folder, or a link."""
        path = self._folder / file.name
        if Path(file.name).name != file.name or file.name == ".." or path.is_symlink():
            raise UnknownRecording(file.name)
        return path

    async def _taken(self, recording_id: str, ending: str, source: Path) -> KeptFile:
        return await asyncio.to_thread(_take, source, self._folder / f"{recording_id}.{ending}")

    async def _append(self, entry: Entry) -> None:
        async with self._head_lock:
            head = await self._ledger.append(entry)
            await asyncio.to_thread(_write_head, self._folder / HEAD, head)

    def _sweep(self, replaced: set[str], before: float) -> list[str]:
        if not self._folder.exists():  # nothing was ever kept
            return []
        there = {one.name: one for one in self._folder.iterdir()}
        halves = {name for name, one in there.items() if name.endswith(PARTIAL) and _is_older(one, before)}
        return self._remove(halves | replaced & there.keys())

    def _remove(self, names: set[str]) -> list[str]:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        return sorted(names)


def readable(links: Iterable[Link]) -> list[Entry]:
    """In their order, without those that cannot be read: `verify` tells of them, and they hold up nobody."""
    entries = []
    for link in links:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entries.append(entry_of(link))
    return entries


def last_of(entries: Iterable[Entry]) -> list[Entry]:
    """What each recording is now, deleted ones too."""
    return list({entry.recording_id: entry for entry in entries}.values())


def _is_older(path: Path, than: float) -> bool:
    try:
        return path.stat().st_mtime < than
    except FileNotFoundError:  # it has just got its name
        return False


def _names(entries: Iterable[Entry]) -> set[str]:
    return {file.name for entry in entries for file in entry.files}


def _take(source: Path, target: Path) -> KeptFile:
    """Copied, hashed on the way, synced, then named; nothing is left behind when it fails."""
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}{PARTIAL}")
    found, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as given, partial.open("wb") as taken:
            while block := given.read(1 << 20):
                found.update(block)
                size += taken.write(block)
            os.fchmod(taken.fileno(), MODE)
            taken.flush()
            os.fsync(taken.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return KeptFile(target.name, found.hexdigest(), size)


def _write_head(path: Path, head: Head) -> None:
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}{PARTIAL}")
    partial.write_text(json.dumps({"seq": head.seq, "hash": head.hash}), "utf-8")
    partial.chmod(MODE)
    partial.replace(path)
