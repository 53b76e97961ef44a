"""Children of an earlier run that outlived it (`kill -9`): found by the pid they left, ended only if surely ours."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path


def running(pid_file: Path, mark: str) -> int | None:
    """The pid in the file if that process is alive and has `mark` in its command line: pids are used again."""
    try:
        pid = int(pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    return pid if mark in command else None


async def end(pid_file: Path, mark: str, grace_s: float = 5.0) -> int | None:
    """End that process, asked first, killed after `grace_s` seconds; its pid, or None when there was none."""
    found = pid = running(pid_file, mark)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if pid is None:
            break
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        ends = asyncio.get_running_loop().time() + grace_s
        while (pid := running(pid_file, mark)) is not None and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found
