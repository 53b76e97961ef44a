"""The journal's spool: JSON lines in a file, appended durably, read in batches from where the last one ended."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)
Entry = dict[str, Any]


class Spool:
    """A queue on disk. Its methods block: call them in a thread. Each raises OSError.

    One thing at a time is done to it, also when whoever asked waits no longer: what is appended while the file is
    found to be read through would go with it. How far it was read is not kept over a restart: then all of it is read
    again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._one_at_a_time = threading.Lock()
        self._read_to = self._reading_to = 0
        self.empty = not path.exists()

    def append(self, entries: Iterable[Entry]) -> None:
        """On disk afterwards, or nothing of it."""
        with self._one_at_a_time:
            append_lines(self.path, entries)
            self.empty = False

    def read(self, count: int) -> list[Entry]:
        """Up to so many of the oldest entries; they stay until `advance`. A torn line is passed over."""
        with self._one_at_a_time:
            return self._read(count)

    def _read(self, count: int) -> list[Entry]:
        found: list[Entry] = []
        self._reading_to = self._read_to
        try:
            spool = self.path.open("rb")
        except FileNotFoundError:
            return found
        with spool:
            spool.seek(self._read_to)
            while len(found) < count and (line := spool.readline()):
                self._reading_to += len(line)
                if (entry := _parsed(line)) is None:
                    log.warning("a torn line in the spool was passed over", spool=str(self.path))
                else:
                    found.append(entry)
        return found

    def advance(self) -> None:
        """What was read is done with; the file goes when all of it is."""
        with self._one_at_a_time:
            self._advance()

    def _advance(self) -> None:
        self._read_to = self._reading_to
        try:
            if self._read_to < self.path.stat().st_size:
                return
            self.path.unlink()
        except FileNotFoundError:
            pass
        self._read_to = self._reading_to = 0
        self.empty = True


def _encoded(entry: Entry) -> str:
    """Never fails: what JSON cannot hold is told as text."""
    try:
        return json.dumps(entry, default=str, skipkeys=True)
    except Exception:  # a loop, or an object that has no text either
        plain = {key: value for key, value in entry.items() if isinstance(value, str | int | float | None)}
        return json.dumps({**plain, "data": {"unreadable": True}})


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "table" in entry else None


def append_lines(path: Path, entries: Iterable[Entry]) -> None:
    """Append and fsync; when that fails the file is as long as before. ASCII, so that no text can be refused."""
    lines = "".join(_encoded(entry) + "\n" for entry in entries).encode("ascii")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(file).st_size
        if before and os.pread(file, 1, before - 1) != b"\n":
            lines = b"\n" + lines  # what a crash left half written is no part of our first line
        try:
            _write_all(file, lines)
            os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file, before)
            raise
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
