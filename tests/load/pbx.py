"""`make bench-pbx`: the same SIPp callers through Asterisk's own `Queue()` and through us, in one run on one Asterisk.

    python -m tests.load.pbx [--rates 20,40,60,80] [--seconds 15]

120 agents whose telephones answer at once, talk for a second and hang up; callers stay until they are let go.
Everything is on but recording, in both. CPU is the kernel's account of the processes; times are those at which
Asterisk's manager told of them, seen by a connection of the bench's own. At the end the server is sampled at 40 calls a
second, and where its CPU went is told by what it is for.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cti.asterisk.messages import BridgeEnter, Hangup, Message, NewChannel, NewState
from cti.pidfile import ended_by_sigterm
from tests.bench.machine import cpu_s, described
from tests.load import profile
from tests.load.house import FIRST_AGENT, LoadHouse, load_house

OUT = Path(".run/bench-pbx.json")
AGENTS, FEW = 120, 10
OURS, THEIRS = "8000", "8001"
FEW_OURS, FEW_THEIRS, NOBODY = "8002", "8003", "8004"
WAITING = (100, 200, 400)
PROFILED = 40  # calls a second
QUEUES = """
[{name}]
strategy = leastrecent
autofill = yes
ringinuse = no
timeout = 20
retry = 1
wrapuptime = 0
joinempty = yes
{members}
"""
DIALPLAN = """
[arrivals](+)
exten => {all},1,Answer()
 same => n,Queue(bench,,,,300)
 same => n,Hangup()
exten => {few},1,Answer()
 same => n,Queue(benchfew,,,,300)
 same => n,Hangup()
"""


@dataclass
class Told:
    """What the manager's events say of times, in seconds."""

    to_ring: list[float] = field(default_factory=list)
    to_talk: list[float] = field(default_factory=list)
    free_to_talk: list[float] = field(default_factory=list)


def told(heard: list[tuple[float, Message]]) -> Told:
    """Callers are matched with agents by the bridge they meet in. Pure."""
    born: dict[str, tuple[float, str]] = {}
    rang: dict[str, float] = {}
    ended: dict[str, float] = {}  # by agent: when the leg before was over
    bridges: dict[str, list[str]] = {}
    found = Told()
    for at, message in heard:
        match message:
            case NewChannel(uniqueid, channel):
                born[uniqueid] = at, channel.rpartition("-")[0]
            case NewState(uniqueid, "Ringing"):
                rang.setdefault(uniqueid, at)
            case BridgeEnter(uniqueid, bridge) if uniqueid in born and not message.lobby:
                pair = bridges.setdefault(bridge, [])
                pair.append(uniqueid)
                if len(pair) == 2:
                    caller, agent = sorted(pair, key=lambda one: "agent" in born[one][1])
                    arrived = born[caller][0]
                    found.to_ring.append(rang.get(agent, at) - arrived)
                    found.to_talk.append(at - arrived)
                    before = ended.pop(born[agent][1], None)
                    if before is not None:
                        found.free_to_talk.append(at - before)
            case Hangup(uniqueid, _, _) if "agent" in born.get(uniqueid, (0.0, ""))[1]:
                ended[born[uniqueid][1]] = at
    return found


def part(values: list[float], share: float) -> float:
    """The nearest-rank percentile; not a number without values."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("nan")


@dataclass
class Load:
    answered: int
    failed: int
    asterisk_ms: float
    server_ms: float
    times: Told


async def load(house: LoadHouse, number: str, rate: float, count: int, at_once: int) -> Load:
    """So many callers to this number."""
    server = house.server_pid
    house.heard.clear()
    asterisk, ours = cpu_s(house.pbx.pid or 0), cpu_s(server) if server else 0.0
    sipp = await house.sipp(
        "caller_served", [str(house.sink)], "-r", f"{rate:g}", "-m", str(count), "-l", str(at_once), "-s", number,
        "-timeout", "120s", "-recv_timeout", "60000",
    )  # fmt: skip
    await asyncio.wait_for(sipp.wait(), 150)
    await house.until(house.is_empty, 60)
    used, mine = cpu_s(house.pbx.pid or 0) - asterisk, (cpu_s(server) - ours) if server else 0.0
    with sorted(house.folder.glob("caller_served-*.stat"), key=lambda one: one.stat().st_mtime)[-1].open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    done, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
    each = 1000 / max(1, done)
    return Load(done, failed, used * each, mine * each, told(house.heard))


async def bench(rates: list[int], seconds: int) -> dict[str, Any]:
    members = [f"member => PJSIP/agent{FIRST_AGENT + n}" for n in range(AGENTS)]
    queues = QUEUES.format(name="bench", members="\n".join(members))
    queues += QUEUES.format(name="benchfew", members="\n".join(members[:FEW]))
    more = {"queues.conf": queues, "extensions.conf": DIALPLAN.format(all=THEIRS, few=FEW_THEIRS)}
    menus = {FEW_OURS: "few >= 1", NOBODY: "nobody >= 1"}
    found: dict[str, Any] = {"machine": described(), "at": time.time(), "rates": {}, "few": {}, "waiting": {}}
    async with load_house(
        agents=AGENTS, cel=False, templates=more, agent="agent_talks", menus=menus, skills=("any", "few", "nobody"),
        skilled={"few": FEW}, hears=True,
    ) as house:  # fmt: skip
        _head("calls/s", "who", "answered", "failed", "asterisk ms", "server ms", "ring p50", "p95", "p99 ms")
        for who in ("Queue()", "ours"):
            if who == "ours":
                await house.start_with_agents()
            for rate in rates:
                number = THEIRS if who == "Queue()" else OURS
                one = await load(house, number, rate, rate * seconds, rate * seconds)
                found["rates"].setdefault(rate, {})[who] = _kept(one)
                _line(rate, who, one, one.times.to_ring)
        await house.stop()
        _head("10 agents", "who", "answered", "failed", "asterisk ms", "server ms", "free-talk p50", "p95", "p99 ms")
        one = await load(house, FEW_THEIRS, 30, 150, 50)
        found["few"]["Queue()"] = _kept(one)
        _line("waiting", "Queue()", one, one.times.free_to_talk)
        await house.start_with_agents()
        one = await load(house, FEW_OURS, 30, 300, 50)
        found["few"]["ours"] = _kept(one)
        _line("waiting", "ours", one, one.times.free_to_talk)
        _head("waiting", "", "asterisk ms/s each", "server ms/s")
        for waiting in (0, *WAITING):
            theirs, mine = await _waiting(house, waiting)
            found["waiting"][waiting] = {"asterisk_ms_s": theirs, "server_ms_s": mine}
            each = theirs / waiting if waiting else theirs
            sys.stdout.write(f"{waiting:>10}{'on music':>10}{each:>20.2f}{mine:>13.1f}\n")
            sys.stdout.flush()
        found["profile"] = await _profile(house)
    return found


async def _profile(house: LoadHouse, seconds: int = 12) -> list[tuple[str, str, float]]:
    """Where the CPU of a server goes that has been warm for some calls."""
    samples = house.folder / "samples.json"
    await house.stop()
    house.more = {**house.more, **profile.sampled(samples)}
    await house.start_with_agents()
    await load(house, OURS, PROFILED / 2, PROFILED, PROFILED)
    house.signal(signal.SIGUSR1)
    one = await load(house, OURS, PROFILED, PROFILED * seconds, PROFILED * seconds)
    await house.stop()
    rows = profile.table(json.loads(samples.read_text()), one.server_ms)
    _head("server ms", f"of {one.server_ms:.2f} at {PROFILED} calls a second")
    sys.stdout.write("".join(f"{ms:>10.2f}  {kind:10}{name}\n" for kind, name, ms in rows))
    return rows


async def _waiting(house: LoadHouse, count: int, seconds: float = 10.0) -> tuple[float, float]:
    """What so many who wait on music cost, in ms of CPU a second, besides the house's own."""
    if count:
        rows = [f"{house.sink};{int(1000 * (count / 40 + seconds + 6))}"]
        sipp = await house.sipp(
            "caller_stays", rows, "-r", "40", "-m", str(count), "-l", str(count), "-s", NOBODY, "-timeout", "120s"
        )
        await asyncio.sleep(count / 40 + 3)
    pids = house.pbx.pid or 0, house.server_pid
    before = [cpu_s(pid) for pid in pids]
    await asyncio.sleep(seconds)
    used = [1000 * (cpu_s(pid) - was) / seconds for pid, was in zip(pids, before, strict=True)]
    if count:
        await asyncio.wait_for(sipp.wait(), 120)
        await house.until(house.is_empty, 60)
    return used[0], used[1]


def _kept(one: Load) -> dict[str, Any]:
    times = {
        name: [1000 * part(values, share) for share in (0.5, 0.95, 0.99)] for name, values in vars(one.times).items()
    }
    return {"answered": one.answered, "failed": one.failed, "asterisk_ms": one.asterisk_ms,
            "server_ms": one.server_ms, **times}  # fmt: skip


def _head(*names: str) -> None:
    sys.stdout.write("\n" + "".join(f"{name:>{max(len(name) + 2, 10)}}" for name in names) + "\n")


def _line(rate: object, who: str, one: Load, times: list[float]) -> None:
    p50, p95, p99 = (1000 * part(times, share) for share in (0.5, 0.95, 0.99))
    sys.stdout.write(
        f"{rate!s:>10}{who:>10}{one.answered:>10}{one.failed:>10}{one.asterisk_ms:>13.2f}{one.server_ms:>11.2f}"
        f"{p50:>12.1f}{p95:>10.1f}{p99:>10.1f}\n"
    )
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="20,40,60,80")
    parser.add_argument("--seconds", type=int, default=15)
    chosen = parser.parse_args()
    found = asyncio.run(ended_by_sigterm(bench([int(one) for one in chosen.rates.split(",")], chosen.seconds)))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1))
    sys.stdout.write(f"{found['machine']}; written to {OUT}\n")


if __name__ == "__main__":
    main()
