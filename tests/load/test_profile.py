"""Samples become milliseconds a call, by what they are for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.load.profile import ROOT, sampled, table

PAGE = "\n".join(
    ["/x/websockets/frames.py:serialize", f"{ROOT}/agents/socket.py:_write", f"{ROOT}/cti/__main__.py:_run"]
)
NOTE = "\n".join([f"{ROOT}/cti/asterisk/link.py:write", f"{ROOT}/cti/call.py:move"])
LOOP = "\n".join(["/x/asyncio/tasks.py:sleep", f"{ROOT}/cti/__main__.py:_run"])
BUSY = """
import os, signal, time

def burns():
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass

os.kill(os.getpid(), signal.SIGUSR1)
burns()
"""


def test_what_a_call_costs_is_shared_out_by_the_innermost_function_that_tells_what_it_is_for() -> None:
    rows = table({PAGE: 6, NOTE: 3, LOOP: 1}, 5.0)

    assert [(kind, name, round(ms, 6)) for kind, name, ms in rows] == [
        ("area", "pages", 3.0), ("area", "AMI", 1.5), ("area", "asyncio", 0.5),
        ("function", "agents/socket.py:_write", 3.0), ("function", "cti/asterisk/link.py:write", 1.5),
        ("function", "cti/__main__.py:_run", 0.5),
    ]  # fmt: skip


def test_a_process_is_sampled_from_its_signal_to_its_end(tmp_path: Path) -> None:
    into = tmp_path / "samples.json"
    subprocess.run([sys.executable, "-c", BUSY], env={**os.environ, **sampled(into)}, check=True, timeout=30)

    samples = json.loads(into.read_text())
    assert sum(count for stack, count in samples.items() if stack.startswith("<string>:burns")) > 50
