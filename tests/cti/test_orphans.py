"""Only what is surely ours is ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti import orphans

DEAF = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """It does not listen to being asked, and has `our-mark` in its command line."""
    with subprocess.Popen(
        [sys.executable, "-c", DEAF, "our-mark"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        one.stdout.readline()
        yield one
        one.kill()


async def test_our_own_is_asked_and_then_killed(process: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(str(process.pid))

    ended = await orphans.end(tmp_path / "pid", "our-mark", grace_s=0.2)

    assert ended == process.pid
    assert process.wait(timeout=20) == -9


@pytest.mark.parametrize("text", ["{pid}", "nonsense", "", "999999999"])
async def test_a_pid_used_by_somebody_else_is_left_alone(
    process: subprocess.Popen[str], tmp_path: Path, text: str
) -> None:
    (tmp_path / "pid").write_text(text.format(pid=process.pid))

    assert await orphans.end(tmp_path / "pid", "another-mark", grace_s=0.2) is None
    assert process.poll() is None


async def test_no_file_is_nobody(tmp_path: Path) -> None:
    assert await orphans.end(tmp_path / "pid", "our-mark") is None
