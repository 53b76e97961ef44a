"""The tests' own ports."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests import ports

ROOT = Path(__file__).parents[2]
TAKE = "from tests import ports; print(ports._lease({port}))"


def test_a_run_beside_ours_does_not_get_our_port() -> None:
    port = ports.free_port()

    other = subprocess.run(
        [sys.executable, "-c", TAKE.format(port=port)], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert other.stdout.strip() == "False"


def test_those_of_long_ago_are_given_again_when_all_were_given() -> None:
    port = ports.free_port()
    only = range(port, port + 1)

    assert [ports._leased(only, socket.SOCK_STREAM) for _ in range(3)] == [port] * 3
