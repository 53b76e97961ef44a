"""Tests that are stopped end what they have started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.served import ROOT

STORY = """
import pathlib, time, pytest

@pytest.fixture(scope="session")
def server():
    up = pathlib.Path("up")
    up.touch()
    yield
    up.unlink()

def test_that_takes_long(server):
    time.sleep(60)
"""


def _until(condition: Callable[[], object], deadline_s: float = 30.0) -> None:
    ends = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends, f"not within {deadline_s:g} s"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("workers", "number"),
    [("0", signal.SIGTERM), ("0", signal.SIGINT), ("2", signal.SIGTERM), ("2", signal.SIGINT), ("2", signal.SIGKILL)],
)
def test_servers_of_tests_that_are_stopped_are_ended(tmp_path: Path, workers: str, number: signal.Signals) -> None:
    (tmp_path / "test_story.py").write_text(STORY)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    up = tmp_path / "up"
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-n", workers],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _until(up.exists)
        run.send_signal(number)
        _until(lambda: not up.exists())
        run.wait(30)
    finally:
        run.kill()
        run.wait()
