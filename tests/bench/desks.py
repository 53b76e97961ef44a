"""The server under many pages and a steady stream of calls: how soon records are on screen, and what it costs.

The server is a process of its own: the real `cti.app.Server` with SQLite, uvicorn and a manager link. The pages are in
another process, on real websockets. Asterisk is the fake of `tests/ami` in this one, which speaks in recorded exchanges
and takes no time: what is measured is the server alone.

`event to page`: from the router's offer reaching the agent's stream to the page having the record. `ring minus pop`:
from then to the phone being dialled; below nought when the pages' one process was busy with another page meanwhile.
CPU: the server process's user and system time, of one core.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ami.fake import Channel, FakeAsterisk, fake_asterisk
from tests.ami.tape import Said
from tests.bench.machine import cpu_s
from tests.served import ROOT, agent_ids

TALK_S, WARM_S = 8.0, 12.0
POPS_DESKS, POPS_S, POPS_RATE = 200, 20.0, 10.0
MANY_DESKS, MANY_BOARDS, MANY_S, MANY_RATE = 1_000, 20, 20.0, 5.0
KEYS = "12"  # Mandarin, quotes: the queue `trading`
Figures = Iterator[tuple[str, float, str, str]]


class _Forgotten(list[Said]):
    """What a fake was told in thousands of calls is nobody's interest."""

    def append(self, _said: Said) -> None:
        pass


@dataclass
class Callers:
    """They come at an even rate, talk for a while and hang up; every phone is picked up at once."""

    fake: FakeAsterisk
    dialled: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    bridged: int = 0

    def __post_init__(self) -> None:
        self.fake.received = _Forgotten()
        self.fake.instead |= {"Originate": self._dial, "Redirect": self._redirect}

    def _dial(self, said: Said) -> None:
        self.dialled[said.get("Channel").removeprefix("PJSIP/agent")].append(time.time())
        self.fake.carry_out(said)

    def _redirect(self, said: Said) -> None:
        self.fake.carry_out(said)
        caller = self.fake.channels.get(said.get("Channel"))
        if caller is not None and said.get("Context") == "talks":
            self.bridged += 1
            asyncio.get_running_loop().call_later(TALK_S, self._end, caller)

    def _end(self, caller: Channel) -> None:
        if caller.uniqueid in self.fake.channels:
            self.fake.hangs_up(caller)

    async def come(self, rate: float, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + n / rate - loop.time()))
            caller = self.fake.caller_arrives(f"138{n % 200:08d}")
            for nth, key in enumerate(KEYS, 1):
                loop.call_later(0.1 * nth, self.fake.presses, caller, key)


@dataclass
class House:
    """A server, its pages and its callers. `opening_s`: CPU the server took until all pages were open."""

    server: Process
    pages: Process
    callers: Callers
    opening_s: float

    def cpu_s(self) -> float:
        return cpu_s(self.server.pid)

    def memory_mb(self) -> float:
        return int(Path(f"/proc/{self.server.pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    async def heard(self) -> dict[str, Any]:
        """What the pages have to tell; afterwards they are gone."""
        told, _ = await self.pages.communicate(b"")
        found: dict[str, Any] = json.loads(told)
        assert not found["lost"], f"{found['lost']} pages were closed: {set(found['codes'])}"
        return found


async def _started(*words: object, says: bytes) -> tuple[Process, str]:
    """A Python with these arguments, once it says this."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *map(str, words), cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=2**24
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while not (line := await process.stdout.readline()).startswith(says):
            assert line, f"{words[0]} ended: {await process.wait()}"
    return process, line.decode().strip()


async def _ended(process: Process) -> None:
    if process.returncode is None:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def house(desks: int, boards: int) -> AsyncIterator[House]:
    phones = [f"agent{one}" for one in agent_ids(desks)]
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        async with fake_asterisk() as fake:
            fake.devices |= {f"PJSIP/{one}": "NOT_INUSE" for one in phones}
            fake.auto_answer |= set(phones)
            callers = Callers(fake)
            server, url = await _started("-m", "tests.served", folder, fake.port, desks, says=b"http")
            try:
                before = cpu_s(server.pid)
                pages, _ = await _started("-m", "tests.bench.pages", url, desks, boards, says=b"open")
                try:
                    yield House(server, pages, callers, cpu_s(server.pid) - before)
                finally:
                    await _ended(pages)
            finally:
                await _ended(server)


def _milliseconds(name: str, values: list[float], goal: str = "") -> Figures:
    values = sorted(values)
    for part in (50, 95, 99):
        value = values[min(len(values) - 1, len(values) * part // 100)]
        yield f"desks.{name}.p{part}", value * 1000, "ms", goal if part == 99 else ""


async def pops() -> list[tuple[str, float, str, str]]:
    async with house(POPS_DESKS, 0) as one:
        await one.callers.come(POPS_RATE, POPS_S)
        await asyncio.sleep(2.0)  # those who came last reach their agents
        heard = await one.heard()
    lead: list[float] = []
    dialled = {agent: iter(times) for agent, times in one.callers.dialled.items()}
    for agent, _, _, came_at in heard["pops"]:
        lead.append(next(dialled[agent]) - came_at)
    assert len(lead) == POPS_RATE * POPS_S, f"{len(lead)} records for {POPS_RATE * POPS_S} calls"
    name = f"{POPS_DESKS}_desks"
    return [
        *_milliseconds(f"event_to_page.{name}", [came - sent for _, _, sent, came in heard["pops"]], "< 100"),
        *_milliseconds(f"ring_minus_pop.{name}", lead),
        (f"desks.ring_minus_pop.{name}.least", min(lead) * 1000, "ms", ""),
    ]


async def cpu() -> list[tuple[str, float, str, str]]:
    async with house(MANY_DESKS, MANY_BOARDS) as one:
        flowing = asyncio.create_task(one.callers.come(MANY_RATE, WARM_S + MANY_S))
        await asyncio.sleep(WARM_S)  # as many hang up as come
        before, bridged, begun, since = one.cpu_s(), one.callers.bridged, time.monotonic(), time.time()
        await flowing
        took = time.monotonic() - begun
        used, calls = one.cpu_s() - before, one.callers.bridged - bridged
        memory = one.memory_mb()
        heard = await one.heard()
    late = [came - sent for _, _, sent, came in heard["pops"] if sent > since]
    name = f"{MANY_DESKS}_desks_{MANY_BOARDS}_boards"
    return [
        (f"desks.cpu.{name}", used / took, "of a core", "< 0.5"),
        (f"desks.calls.{name}", calls / took, "calls/s", f"= {MANY_RATE:g}"),
        (f"desks.opening.{name}", one.opening_s / (MANY_DESKS + MANY_BOARDS) * 1000, "ms a page", ""),
        (f"desks.memory.{name}", memory, "MB", ""),
        *_milliseconds(f"event_to_page.{name}", late, "< 100"),
    ]


def bench() -> Figures:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the server's and the pages' too: they inherit it
    yield from asyncio.run(pops())
    yield from asyncio.run(cpu())
