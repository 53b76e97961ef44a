"""The manager link beside stock panoramisk, in one run: recorded events through both, and actions to and fro.

Ours is the whole way: split, dispatch by name, parse, and the leg's own handlers. Stock has an idle callback
for each of the same events.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from cti.asterisk import commands
from cti.asterisk.channel import Leg
from cti.asterisk.link import Link, _Protocol
from cti.asterisk.messages import EVENTS, Message
from tests.ami import tape
from tests.ami.fake import RECORDINGS

REPEAT = 300
CHUNK = 4096  # as much as one read brings on a busy day
PINGS = 2000


def stream() -> tuple[bytes, int]:
    """All recorded events, many times over, with how many there are."""
    events = [
        said.block
        for name in RECORDINGS
        for said in tape.read(name)
        if said.who == tape.THEIRS and said.get("Event") and not said.get("ActionID")
    ]
    return b"".join(map(tape.bytes_of, events)) * REPEAT, len(events) * REPEAT


def chunks(data: bytes) -> Iterator[bytes]:
    return (data[n : n + CHUNK] for n in range(0, len(data), CHUNK))


class _Nowhere(asyncio.Transport):
    """Takes what is written."""

    def write(self, data: Any) -> None:
        pass

    def close(self) -> None:
        pass


def bench() -> Iterator[tuple[str, float, str, str]]:
    yield from asyncio.run(_bench())


async def _bench() -> list[tuple[str, float, str, str]]:
    data, count = stream()
    stock, ours = count / _stock_s(data), count / _ours_s(data)
    theirs, mine = await _round_trips()
    return [
        ("link.stock", stock, "events a CPU second", ""),
        ("link.ours", ours, "events a CPU second", ""),
        ("link.times_stock", ours / stock, "", "3"),
        ("link.ping_stock_p50", theirs, "ms", ""),
        ("link.ping_ours_p50", mine, "ms", "no more than stock"),
    ]


def _stock_s(data: bytes) -> float:
    manager = Manager(loop=asyncio.get_running_loop())
    for name in EVENTS:
        manager.register_event(name.decode(), lambda *_: None)
    protocol = AMIProtocol()
    protocol.connection_made(_Nowhere())
    protocol.factory = manager
    protocol.version, protocol.encoding = "11", "utf-8"
    begun = time.process_time()
    for chunk in chunks(data):
        protocol.data_received(chunk)
    return time.process_time() - begun


def _ours_s(data: bytes) -> float:
    legs: dict[str, Leg] = {}

    def hear(message: Message) -> None:
        uniqueid = getattr(message, "uniqueid", "")
        leg = legs.get(uniqueid)
        if leg is None or leg.gone.done():
            leg = legs[uniqueid] = Leg(link, uniqueid)
        leg.hear(message)

    link = Link(host="127.0.0.1", port=1, user="", secret="", on_message=hear)
    link.greeted = True
    protocol = _Protocol(link)
    begun = time.process_time()
    for chunk in chunks(data):
        protocol.data_received(chunk)
    return time.process_time() - begun


async def _round_trips() -> tuple[float, float]:
    """Median milliseconds of a Ping, stock's and ours, one after another against the same answering end."""
    answering: set[asyncio.Task[None]] = set()

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.create_task(_answer(reader, writer)))

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    stock = Manager(host="127.0.0.1", port=port, username="u", secret="s", ping_delay=10**6)
    await stock.connect()
    link = Link(host="127.0.0.1", port=port, user="u", secret="s", on_message=lambda _: None)
    await link.start()
    both: tuple[list[float], list[float]] = [], []
    try:
        for _ in range(PINGS):
            begun = time.perf_counter()
            await stock.send_action({"Action": "Ping"}, as_list=False)
            between = time.perf_counter()
            await link.action(commands.Ping())
            both[0].append(between - begun)
            both[1].append(time.perf_counter() - between)
    finally:
        stock.close()
        await link.close()
        server.close()
        await asyncio.wait(answering, timeout=5)
    return 1000 * median(both[0]), 1000 * median(both[1])


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A manager that says yes to everything."""
    writer.write(b"Asterisk Call Manager/11.0.0\r\n")
    for n in itertools.count():
        try:
            block = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        lines = block.split(b"\r\n")
        action_id = next(line for line in lines if line.lower().startswith(b"actionid: "))
        writer.write(b"Response: Success\r\n" + action_id + b"\r\nMessage: yes\r\n\r\n")
        if n == 0:
            writer.write(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
    writer.close()
