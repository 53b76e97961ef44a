"""Callers in the menu of the real Asterisk: how many a second, and what each costs in CPU.

SIPp calls, is answered, presses two keys and hangs up after two seconds. The server runs in this process, which does
nothing else meanwhile; Asterisk's time is the kernel's account of its process.
"""

from __future__ import annotations

import asyncio
import csv
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cti.settings import RecordingSettings
from tests.bench.machine import cpu_s
from tests.live.conftest import House, running_pbx
from tests.ports import free_port

SCENARIO = Path(__file__).with_name("sipp_ivr.xml")
RATES = (10, 20, 40)
SECONDS = 12
MEDIA = (50_000, 55_999)
LIMIT = 120  # seconds, for SIPp and all its calls


def bench() -> Iterator[tuple[str, float, str, str]]:
    if shutil.which("sipp") is None:
        raise SystemExit("no SIPp: apt-get install sip-tester")
    yield from asyncio.run(_bench())


async def _bench() -> list[tuple[str, float, str, str]]:
    found = []
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        async with running_pbx(Path(folder), None, MEDIA) as parts:
            settings = parts.settings.model_copy(update={"recording": RecordingSettings(on=False)})
            async with replace(parts, settings=settings).serving() as house:
                for rate in RATES:
                    found += await _at(house, rate, Path(folder))
    return found


async def _at(house: House, rate: int, folder: Path) -> list[tuple[str, float, str, str]]:
    house.events.clear()
    ours, theirs, begun = _own_s(), cpu_s(house.pbx.pid or 0), time.monotonic()
    stats = folder / f"{rate}.csv"
    sipp = await asyncio.create_subprocess_exec(
        "sipp", house.sip, "-sf", str(SCENARIO), "-i", "127.0.0.1", "-p", str(free_port()), "-mi", "127.0.0.1",
        "-s", "8000", "-au", "caller", "-ap", "for-this-test", "-r", str(rate), "-m", str(rate * SECONDS),
        "-l", "2000", "-nostdin", "-trace_stat", "-stf", str(stats), "-timeout", f"{LIMIT}s", "-mp", "30000",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.wait_for(sipp.wait(), LIMIT + 10)
    finally:
        if sipp.returncode is None:
            sipp.kill()
            await sipp.wait()
    await house.holds(lambda: not house.server.calls.calls, 30)
    took_s = time.monotonic() - begun
    calls = house.told("call_ended", "call_id")
    reached = house.told("menu_stepped", "node").count("self_service")
    with stats.open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    failed = int(last["FailedCall(C)"])
    each = max(1, len(calls))
    at = f"ivr.{rate}"
    return [
        (f"{at}.answered", float(len(calls)), f"calls of {rate * SECONDS}", ""),
        (f"{at}.failed", float(failed), "calls", "0"),
        (f"{at}.with_both_keys", 100 * reached / each, "%", ""),
        (f"{at}.server_ms", 1000 * (_own_s() - ours) / each, "ms CPU a call", ""),
        (f"{at}.asterisk_ms", 1000 * (cpu_s(house.pbx.pid or 0) - theirs) / each, "ms CPU a call", ""),
        (f"{at}.rate", each / took_s, "calls a second, with the last one's end", ""),
    ]


def _own_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
