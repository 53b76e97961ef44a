"""`make chaos`: a house with callers who wait and callers who talk is hurt, by seed, and every promise is checked.

    python -m tests.load.chaos [--seed N] [--only kill,kill-all,cut,half-open,stall,database,mqtt] [--times N]
                               [--away SECONDS]

What is hurt: the server is killed with SIGKILL, or its keeper with it, and somebody starts them again a little later;
the manager's connection is cut, or goes dead without a word; the server gets no processor for a while; the database
(PostgreSQL) and the MQTT broker are away. What must hold each time: no channel ends, nobody loses a place in line, the
music has no gap of 0.1 s and those who talk hear each other all the time, the house is in service again in time (but
for a killed keeper, which is to be imported anew); and in the end Asterisk's own records and our journal tell the same.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cti.notes import NOTE, read, variables
from cti.pidfile import ended_by_sigterm
from tests.db.conftest import Postgres, running_postgres
from tests.listeners.conftest import Broker, running_broker
from tests.load import books
from tests.load.house import LoadHouse, load_house

TALKING, WAITING = 10, 22
GAP_S = 0.1
BACK_S = 3.0
ALL_TIMES = 3
STALL_S = 7.0
STEP_S = 0.4  # between the ends of two calls


@dataclass
class Report:
    """What was measured and what did not hold."""

    faults: list[str] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)

    def say(self, line: str) -> None:
        sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()

    def must(self, holds: object, fault: str) -> None:
        if not holds:
            self.faults.append(fault)
            self.say(f"FAULT: {fault}")


@dataclass
class Scene:
    """The house with everybody in it: who talks with whom, who waits in which order."""

    house: LoadHouse
    report: Report
    chance: random.Random
    broker: Broker
    database: Postgres
    channels: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)
    talks: set[tuple[str, str]] = field(default_factory=set)

    async def look(self) -> tuple[set[str], list[str], set[tuple[str, str]], int]:
        """Every channel, the waiting calls in the order of their notes, those who share a bridge, and how many the
        fallback has."""
        rows = await self.house.channels()
        waits: list[tuple[float, str]] = []
        bridges: dict[str, list[str]] = {}
        for uniqueid, row in rows.items():
            note = read(variables(row).get(NOTE, ""))
            if note is not None and note.state in {"queued", "offered"} and not row.get("bridgeid"):
                waits.append((note.waiting_since or 0.0, note.call))
            if row.get("bridgeid"):
                bridges.setdefault(row["bridgeid"], []).append(uniqueid)
        pairs = {(a, b) for a, b in (sorted(pair) for pair in bridges.values() if len(pair) == 2)}
        away = sum(row.get("context") == "fallback" for row in rows.values())
        return set(rows), [call for _, call in sorted(waits)], pairs, away

    async def holds(self, what: str) -> None:
        """Nobody is gone, nobody has moved."""
        channels, order, talks, away = await self.look()
        self.report.must(self.channels <= channels, f"{what}: {len(self.channels - channels)} channels were dropped")
        self.report.must(not away, f"{what}: {away} callers are in the fallback")
        self.report.must(order == self.order, f"{what}: the order of those who wait is another")
        self.report.must(talks == self.talks, f"{what}: those who talk are others")

    def listen(self, what: str, since: float, until: float) -> None:
        """What callers heard in this time."""
        gaps = [ear.longest_gap(since, until) for ear in self.house.media.ears]
        self.report.say(f"{what}: longest gap in anybody's sound {1000 * max(gaps):.0f} ms")
        for n, gap in enumerate(gaps):
            self.report.must(gap < GAP_S, f"{what}: telephone {n} heard nothing for {gap:.3f} s")

    async def hurt(self, what: str, deed: Callable[[], Awaitable[float]]) -> float:
        """Seconds until all was well again, as the deed says; what must hold is looked at then."""
        begun = time.time()
        back_s = await deed()
        await asyncio.sleep(0.5)
        await self.holds(what)
        self.listen(f"{what} ({back_s:.2f} s)", begun - 1.0, time.time())
        return back_s


async def _kill(scene: Scene, times: int) -> None:
    for n in range(times):
        back_s = await _killed(scene, f"kill {n + 1}", scene.house.comes_again)
        scene.report.must(back_s <= BACK_S, f"kill {n + 1}: {back_s:.2f} s until it was in service again")


async def _kill_all(scene: Scene) -> None:
    """The keeper too, so that all is imported anew: how long that takes is the machine's affair."""

    async def deed() -> float:
        await scene.house.kill()
        await asyncio.sleep(scene.chance.uniform(0.0, 1.5))
        return await scene.house.start()

    for n in range(ALL_TIMES):
        await _killed(scene, f"kill of all {n + 1}", deed)


async def _killed(scene: Scene, what: str, deed: Callable[[], Awaitable[float]]) -> float:
    await asyncio.sleep(scene.chance.uniform(0.3, 2.0))
    began = time.time()
    back_s = await scene.hurt(what, deed)
    scene.report.away.append((began, time.time()))
    await scene.house.until(lambda: all(page.open.is_set() for page in scene.house.pages), 20)
    fit = sum(page.me["status"] == "ready" and page.me["reachable"] for page in scene.house.pages)
    scene.report.must(fit == TALKING, f"{what}: {fit} agents are ready and can be reached, not {TALKING}")
    busy = sum(page.activity == "talking" for page in scene.house.pages)
    scene.report.must(busy == TALKING, f"{what}: {busy} agents are shown as talking, not {TALKING}")
    return back_s


async def _cut(scene: Scene, times: int) -> None:
    for n in range(times):
        await asyncio.sleep(scene.chance.uniform(0.3, 2.0))

        async def deed() -> float:
            begun = time.monotonic()
            scene.house.proxy.cut()
            await asyncio.sleep(0.2)
            await scene.house.until(scene.house.is_ready, 20)
            return time.monotonic() - begun

        await scene.hurt(f"cut {n + 1}", deed)


async def _half_open(scene: Scene) -> None:
    async def deed() -> float:
        begun = time.monotonic()
        scene.house.proxy.half_open(True)
        await scene.house.until(scene.house.is_away, 25)
        noticed = time.monotonic() - begun
        scene.report.say(f"half-open: noticed after {noticed:.1f} s")
        scene.report.must(noticed <= 15.0, f"half-open: noticed only after {noticed:.1f} s")
        scene.house.proxy.half_open(False)
        scene.house.proxy.cut()
        await scene.house.until(scene.house.is_ready, 20)
        return time.monotonic() - begun

    await scene.hurt("half-open", deed)


async def _stall(scene: Scene) -> None:
    """The server gets no processor for longer than Asterisk waits for a reader, then all at once what it missed."""

    async def deed() -> float:
        scene.house.signal(signal.SIGSTOP)
        await asyncio.sleep(STALL_S)
        scene.house.signal(signal.SIGCONT)
        begun = time.monotonic()
        await scene.house.until(scene.house.is_ready, 20)
        return time.monotonic() - begun

    await scene.hurt("stall", deed)


async def _database(scene: Scene, away_s: float) -> None:
    async def deed() -> float:
        scene.database.freeze()
        await asyncio.sleep(away_s)
        scene.database.thaw()
        return away_s

    await scene.hurt("database away", deed)


async def _mqtt(scene: Scene, away_s: float) -> None:
    async def deed() -> float:
        await scene.broker.kill()
        await asyncio.sleep(away_s)
        await scene.broker.start()
        return away_s

    await scene.hurt("mqtt away", deed)


@asynccontextmanager
async def _scene(seed: int, report: Report, lasts_s: float) -> AsyncIterator[Scene]:
    """Ten talk, the others wait; all of them have come one after another, and hang up by themselves much later."""
    async with AsyncExitStack() as stack:
        database = stack.enter_context(running_postgres())
        url = await database.new_database()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zj-mq-")))
        broker = await stack.enter_async_context(running_broker(folder))
        toml = f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        house = await stack.enter_async_context(
            load_house(agents=TALKING, callers=TALKING + WAITING, database_url=url, toml=toml, proxied=True)
        )
        report.say(f"in service after {await house.start_with_agents():.2f} s")
        count = TALKING + WAITING
        rows = [f"{house.media.ears[n].port};{int(1000 * (lasts_s + n * STEP_S))}" for n in range(count)]
        await house.sipp("caller_stays", rows, "-r", "4", "-m", str(count), "-l", str(count))
        scene = Scene(house, report, random.Random(seed), broker, database)

        async def all_there() -> bool:
            scene.channels, scene.order, scene.talks, _ = await scene.look()
            return len(scene.talks) == TALKING and len(scene.order) == WAITING

        await house.until(all_there, 60)
        await asyncio.sleep(1.5)
        scene.channels, scene.order, scene.talks, _ = await scene.look()
        report.say(f"{len(scene.talks)} talk, {len(scene.order)} wait")
        yield scene


async def _the_end(scene: Scene) -> None:
    """Everybody is served in order and hangs up; then both books are compared."""
    house, report = scene.house, scene.report

    await house.until(house.is_empty, 240)
    await asyncio.sleep(1.5)
    await house.stop()
    entries = await books.journal(house)
    served = [one.call_id for one in entries if one.kind == "agent_connected" and one.call_id in set(scene.order)]
    once = list(dict.fromkeys(served))
    report.must(once == scene.order[: len(once)], "those who waited were served in another order")
    report.must(len(served) == len(once), "somebody was connected twice")
    report.say(f"{len(once)} of those who waited were served, in their order: {once == scene.order[: len(once)]}")
    for fault in books.differences(house, entries, report.away):
        report.must(False, fault)
    calls = len({one.uniqueid for one in entries if one.kind == "call_arrived"})
    report.say(f"CEL and journal: {calls} calls compared, {len(report.faults)} faults in all")
    errors = books.errors(house)
    report.must(not errors, f"{len(errors)} errors in the log, such as {errors[:1]}")


async def chaos(seed: int, only: list[str], times: int, away_s: float) -> Report:
    report = Report()
    lasts = {
        "kill": 8.0 * times,
        "kill-all": 10.0 * ALL_TIMES,
        "cut": 5.0 * times,
        "half-open": 25.0,
        "stall": STALL_S + 10,
        "database": away_s + 5,
        "mqtt": away_s + 5,
    }
    report.say(f"seed {seed}: {', '.join(only)}")
    async with _scene(seed, report, 20 + sum(lasts[one] for one in only)) as scene:
        deeds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": lambda: _kill(scene, times),
            "kill-all": lambda: _kill_all(scene),
            "cut": lambda: _cut(scene, times),
            "half-open": lambda: _half_open(scene),
            "stall": lambda: _stall(scene),
            "database": lambda: _database(scene, away_s),
            "mqtt": lambda: _mqtt(scene, away_s),
        }
        for one in only:
            await deeds[one]()
        await _the_end(scene)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", default="kill,kill-all,cut,half-open,stall,database,mqtt")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--away", type=float, default=60.0)
    chosen = parser.parse_args()
    report = asyncio.run(ended_by_sigterm(chaos(chosen.seed, chosen.only.split(","), chosen.times, chosen.away)))
    sys.stdout.write(
        "good\n" if not report.faults else f"{len(report.faults)} faults; again with --seed {chosen.seed}\n"
    )
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
