"""One house a folder, and only our own is ended."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.pidfile import AlreadyRunning, WillNotEnd, claimed, end, running

HOLDER = """
import signal, sys, time
from pathlib import Path
from cti.pidfile import claimed
if sys.argv[2:]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pid"


@pytest.fixture
def holder(path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    more = getattr(request, "param", [])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), *more],
        cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_file_is_ours_for_a_while_and_gone_afterwards(path: Path) -> None:
    with claimed(path):
        assert path.read_text().strip() == str(os.getpid())
        assert running(path) == os.getpid()

    assert not path.exists()
    assert running(path) is None


def test_a_second_house_in_the_folder_is_told_who_runs(path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(AlreadyRunning, match=f"already running as process {holder.pid}: make stop"), claimed(path):
        pass

    assert running(path) == holder.pid


def test_end_waits_until_it_is_gone(path: Path, holder: subprocess.Popen[str]) -> None:
    assert end(path) == holder.pid

    assert holder.wait(20) == 0
    assert not path.exists()


def test_a_stale_file_deceives_nobody_even_if_its_number_is_in_use(path: Path) -> None:
    somebody = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    path.write_text(str(somebody.pid))

    try:
        assert end(path) is None
        assert somebody.poll() is None
        assert not path.exists()
        path.write_text(str(somebody.pid))
        with claimed(path):
            assert running(path) == os.getpid()
    finally:
        somebody.kill()
        somebody.wait()


@pytest.mark.parametrize("holder", [["stubborn"]], indirect=True)
def test_one_that_will_not_end_is_said_to(path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(WillNotEnd, match=f"process {holder.pid} still runs after 0.3 s"):
        end(path, deadline_s=0.3)

    assert holder.poll() is None


def test_a_killed_house_leaves_a_file_that_the_next_one_takes(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert path.exists()

    with claimed(path):
        assert running(path) == os.getpid()


def test_a_house_that_has_not_said_yet_who_it_is_keeps_its_file(path: Path) -> None:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        with pytest.raises(WillNotEnd, match="does not name itself"):
            end(path, deadline_s=0.1)

    assert path.exists()
