"""`make soak`: callers with audio for minutes or hours; nothing may leak, be lost, or grow.

    python -m tests.load.soak [--minutes 30] [--rate 56]

Callers echo what they hear, agents answer, talk for a second and hang up. Every half minute it is looked at what the
server and Asterisk hold; in the end nothing may be left, and Asterisk's own records and the journal must tell the same.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import re
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cti.pidfile import ended_by_sigterm
from tests.bench.machine import cpu_s
from tests.load import books
from tests.load.house import LoadHouse, load_house
from tests.ports import free_port

EVERY_S = 30.0
WARM = 2  # looks before which memory still settles
MOST_KB_PER_MINUTE = 1024.0
HANDFUL = 5
SHELL = "Surrogate/"  # what a masquerade leaves of a channel, if Asterisk loses it
SETTLE_S = 75.0  # SIP transactions outlive their calls by 32 s, and hold their sessions


@dataclass(frozen=True, slots=True)
class Look:
    at: float
    server_kb: int
    server_files: Counter[str]
    server_threads: int
    asterisk_kb: int
    asterisk_files: Counter[str]
    channels: int
    cpu_s: float


def look(house: LoadHouse, channels: int) -> Look:
    server, asterisk = house.server_pid, house.pbx.pid or 0
    return Look(
        time.time(), _kb(server), _files(server), len(list(Path(f"/proc/{server}/task").iterdir())), _kb(asterisk),
        _files(asterisk), channels, cpu_s(server),
    )  # fmt: skip


def _kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _files(pid: int) -> Counter[str]:
    """What a process holds open, by kind: sockets, timers, or a file by its name."""
    held: Counter[str] = Counter()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            held[re.sub(r":\[\d+\]$", "", str(link.readlink()))] += 1
    return held


def held_besides(before: Look, after: Look) -> list[str]:
    """Who holds more than a handful of files that were not held before. Pure."""
    besides = {
        "the server": after.server_files - before.server_files,
        "Asterisk": after.asterisk_files - before.asterisk_files,
    }
    return [f"{who} holds besides: {dict(held)}" for who, held in besides.items() if held.total() > HANDFUL]


def slope(looks: list[Look]) -> float:
    """How the server's memory grows, in KB a minute: least squares over the second half."""
    part = looks[len(looks) // 2 :]
    n = len(part)
    if n < 2:
        return 0.0
    xs, ys = [(one.at - part[0].at) / 60 for one in part], [float(one.server_kb) for one in part]
    mx, my = sum(xs) / n, sum(ys) / n
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum((x - mx) ** 2 for x in xs)


async def soak(minutes: float, rate: int) -> list[str]:
    faults: list[str] = []
    async with load_house(agents=120, cel=True, agent="agent_talks") as house:
        await house.start_with_agents()
        before = look(house, 0)
        media, count = free_port(socket.SOCK_DGRAM), int(rate * 60 * minutes)
        sipp = await house.sipp(
            "caller_served", [str(media)], "-r", str(rate), "-m", str(count), "-l", "2000", "-rtp_echo", "-mp",
            str(media), "-recv_timeout", "60000", "-timeout", f"{int(minutes * 60 + 120)}s",
        )  # fmt: skip
        looks: list[Look] = []
        while sipp.returncode is None:
            try:
                await asyncio.wait_for(asyncio.shield(sipp.wait()), EVERY_S)
            except TimeoutError:
                now = look(house, len(await house.channels()))
                looks.append(now)
                sys.stdout.write(
                    f"  {len(looks) * EVERY_S / 60:5.1f} min: server {now.server_kb / 1024:.0f} MB,"
                    f" {now.server_files.total()} files, {now.server_threads} threads; Asterisk"
                    f" {now.asterisk_kb / 1024:.0f} MB, {now.asterisk_files.total()} files; {now.channels} channels\n"
                )
                sys.stdout.flush()
        await house.until(house.is_empty, 60)
        await asyncio.sleep(3)
        after = await _settled(house, before)
        bridges = await house.pbx.console("bridge show all")
        if len(bridges.strip().splitlines()) > 1:
            faults.append(f"bridges are left: {bridges[:300]}")
        shells = await _shells(house)
        faults += held_besides(before, after)
        if shells:
            faults.append(f"Asterisk keeps {len(shells)} shells of channels that are gone: {shells[:3]}")
        grows = slope(looks[WARM:] or looks)
        if len(looks) > 4 * WARM and grows > MOST_KB_PER_MINUTE:
            faults.append(f"the server's memory grows by {grows:.0f} KB a minute")
        faults += await _alive(house)
        await house.stop()
        with next(house.folder.glob("caller_served-*.stat")).open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        answered, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
        if failed or answered != count:
            faults.append(f"{answered} of {count} callers were served, {failed} failed")
        wrong = books.differences(house, await books.journal(house))
        faults += wrong[:20]
        errors = books.errors(house)
        faults += errors[:5]
        each = 1000 * (after.cpu_s - before.cpu_s) / max(1, answered)
        sys.stdout.write(
            f"  {answered} of {count} served, {failed} failed; CEL and journal differ in {len(wrong)}; memory slope"
            f" {grows:+.0f} KB a minute; server {each:.2f} ms CPU a call; {len(errors)} errors in the log\n"
        )
    return faults


async def _shells(house: LoadHouse) -> list[str]:
    """Channels without a telephone that Asterisk keeps for ever; its manager does not tell of them."""
    told = await house.pbx.console("core show channels concise")
    return [line.partition("!")[0] for line in told.splitlines() if line.startswith(SHELL)]


async def _settled(house: LoadHouse, before: Look) -> Look:
    """When both hold what they held before, or have had their time for it."""
    with suppress(TimeoutError):
        await house.until(lambda: not held_besides(before, look(house, 0)), SETTLE_S)
    return look(house, 0)


async def _alive(house: LoadHouse) -> list[str]:
    """What the server itself says is still there."""
    found = []
    for line in (await house.metrics()).splitlines():
        name, _, value = line.rpartition(" ")
        if name in {"zongji_calls_live", "zongji_legs_live", "zongji_journal_waiting"} and float(value) > 0:
            found.append(f"{name} is {value} when all is over")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=56)
    chosen = parser.parse_args()
    faults = asyncio.run(ended_by_sigterm(soak(chosen.minutes, chosen.rate)))
    for fault in faults:
        sys.stdout.write(f"FAULT: {fault[:300]}\n")
    sys.stdout.write("good\n" if not faults else f"{len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
