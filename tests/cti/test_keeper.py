"""A server that is killed comes again; one that ends, or is asked to, does not. With real processes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cti.keeper import pause_s

ROOT = Path(__file__).parents[2]
KEPT = """
import os, signal, sys, time
from cti.keeper import keep, take_signals
{server}
def say(text):
    print("keeper:", text, flush=True)
sys.exit(keep(serve, say))
"""
ASKED = """
def end(number, _):
    print("asked", flush=True)
    raise SystemExit(7)
def serve():
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    print("server", os.getpid(), flush=True)
    time.sleep({late})
    take_signals()
    time.sleep(60)
"""
ENDS = """
def serve():
    print("server", os.getpid(), flush=True)
    raise SystemExit(3)
"""
BREAKS = """
def serve():
    raise RuntimeError("it cannot start")
"""


@contextmanager
def kept(server: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", KEPT.format(server=server)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str], word: str) -> str:
    """The next line that begins with the word."""
    assert process.stdout is not None
    for one in process.stdout:
        if one.startswith(word):
            return one
    raise AssertionError(f"it ended without {word!r}")


def server_of(process: subprocess.Popen[str]) -> int:
    return int(line(process, "server").split()[1])


def is_gone(pid: int, deadline_s: float = 10.0) -> bool:
    ends = time.monotonic() + deadline_s
    with suppress(OSError):
        while time.monotonic() < ends:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            time.sleep(0.01)
        return False
    return True


def test_who_was_in_service_comes_again_at_once_who_dies_starting_later_and_later() -> None:
    assert [pause_s(short) for short in range(9)] == [0, 0, 1, 2, 4, 8, 16, 30, 30]


def test_a_server_that_is_killed_comes_again() -> None:
    with kept(ASKED.format(late=0)) as process:
        first = server_of(process)
        os.kill(first, signal.SIGKILL)

        assert line(process, "keeper") == "keeper: the server was killed (SIGKILL): it starts again\n"
        second = server_of(process)
        os.kill(second, signal.SIGSEGV)
        assert line(process, "keeper") == "keeper: the server was killed (SIGSEGV): it starts again in 1 s\n"
        third = server_of(process)
        process.terminate()
        assert process.wait(20) == 7
        assert is_gone(third)
        assert len({first, second, third}) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("late", [0, 0.5])
def test_who_is_asked_to_end_asks_the_server_which_says_with_what_code(number: signal.Signals, late: float) -> None:
    with kept(ASKED.format(late=late)) as process:
        server_of(process)
        process.send_signal(number)  # for the late one held back until it can be taken
        process.send_signal(number)

        line(process, "asked")
        assert process.wait(20) == 7


def test_a_server_that_ends_by_itself_does_not_come_again() -> None:
    with kept(ENDS) as process:
        told, _ = process.communicate(timeout=20)

    assert (process.returncode, told.count("server")) == (3, 1)


def test_a_server_that_breaks_says_why() -> None:
    with kept(BREAKS) as process:
        told, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert told.count("RuntimeError: it cannot start") == 1


def test_no_server_outlives_its_keeper() -> None:
    with kept(ASKED.format(late=0)) as process:
        server = server_of(process)
        process.kill()

        assert is_gone(server)


def test_who_is_asked_to_end_while_no_server_is_there_ends() -> None:
    with kept(ASKED.format(late=0)) as process:
        for _ in range(2):
            os.kill(server_of(process), signal.SIGKILL)
            line(process, "keeper")
        process.terminate()

        assert process.wait(20) == 128 + signal.SIGKILL
