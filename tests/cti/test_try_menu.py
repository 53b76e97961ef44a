"""A menu in the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def played(name: str, typed: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cti", "menu", name], input=typed, capture_output=True, text=True, timeout=60,
        cwd=ROOT, check=False, env={"ZONGJI_RUN_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_keys_lead_to_a_queue_and_everything_said_is_printed(tmp_path: Path) -> None:
    done = played("broker", "2\n1\n10000001#\n", tmp_path)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  For English, press two." in lines
    assert "  Please enter your account number, followed by the pound key." in lines
    assert lines[-1] == "to queue accounts: english >= 1 and accounts >= 1, priority +0"


def test_a_pin_is_not_printed_and_no_host_is_said_so(tmp_path: Path) -> None:
    done = played("broker", "1\n5\n1\n10000001#\n135790\n", tmp_path)

    assert "(the host is asked for balance: there is none in the terminal)" in done.stdout
    assert "135790" not in done.stdout
    assert done.stdout.splitlines()[-1] == "hung up"


@pytest.mark.parametrize("typed", ["13900000000#1\n", "13900000000#\n1\n"])
def test_menus_of_those_who_wait_are_played_too(typed: str, tmp_path: Path) -> None:
    assert "goodbye: callback" in played("callback", typed, tmp_path).stdout


def test_a_menu_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    done = played("nothing", "", tmp_path)

    assert done.returncode == 2
    assert "menu 'nothing': there is no ivr/menus/nothing.toml" in done.stderr
