"""One house a folder: a file with our process id, locked as long as we live, so that a stale one deceives nobody."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class AlreadyRunning(Exception):
    """Another process holds the file."""

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(f"{path}: already running as process {pid}: make stop")
        self.pid = pid


class WillNotEnd(Exception):
    """It was asked to end and still runs."""


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Ours until the end of the block; raises AlreadyRunning or OSError."""
    file = _locked(path)
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _locked(path: Path) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid_in(path)
            os.close(file)
            raise AlreadyRunning(path, pid) from None
        with suppress(FileNotFoundError):
            if os.stat(path).st_ino == os.fstat(file).st_ino:  # noqa: PTH116 - beside fstat
                return file
        os.close(file)  # the one before us took it away between our opening and locking it


def running(path: Path) -> int | None:
    """The process that holds the file, None when nobody does, 0 when it has not said yet who it is."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(path)
    finally:
        os.close(file)
    return None


def end(path: Path, deadline_s: float = 30.0) -> int | None:
    """Ask the holder to end and wait until it is gone: its process id, None when there is none. Raises WillNotEnd."""
    ends = time.monotonic() + deadline_s
    while (pid := running(path)) == 0:
        if time.monotonic() > ends:
            raise WillNotEnd(f"{path} is held by a process that does not name itself: see fuser {path}")
        time.sleep(0.05)
    if pid is None:
        if path.exists():  # stale; taken away only under its lock, for somebody may come just now
            with suppress(AlreadyRunning), claimed(path):
                pass
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    while running(path) == pid:
        if time.monotonic() > ends:
            raise WillNotEnd(f"process {pid} still runs after {deadline_s:g} s; see its log, then: kill -9 {pid}")
        time.sleep(0.05)
    return pid


def _pid_in(path: Path) -> int:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return 0


async def ended_by_sigterm(work: Coroutine[Any, Any, T]) -> T:
    """Being asked to end unwinds the work, so that what it has started ends with it."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
