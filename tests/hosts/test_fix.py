"""A FIX 4.4 session against an acceptor of our own: logon, heartbeats, quotes, order status, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from simplefix import FixMessage, FixParser

from cti.host import HostDown, NoSuch, OrderStatus
from cti.hosts.demo import PIN, DemoHost
from cti.hosts.fix import FixHost, FixSession, Session
from cti.hosts.guard import GuardedHost


class Acceptor:
    """Answers as its `mood` says; `said` has the kinds of all it was sent."""

    def __init__(self) -> None:
        self.mood = "well"
        self.said: list[bytes] = []
        self.port = 0
        self.connections = 0
        self._out = 1
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._out = 1
        self._writers.append(writer)
        parser = FixParser()
        while data := await reader.read(4096):
            parser.append_buffer(data)
            while (message := parser.get_message()) is not None:
                self.said.append(message.message_type)
                self._answer(message, writer)
        writer.close()

    def send(self, writer: asyncio.StreamWriter, kind: bytes, *pairs: tuple[int, Any]) -> None:
        message = FixMessage()
        head: tuple[tuple[int, Any], ...] = ((8, "FIX.4.4"), (35, kind), (49, "BROKER"), (56, "US"), (34, self._out))
        for tag, value in head:
            message.append_pair(tag, value, header=True)
        for tag, value in pairs:
            message.append_pair(tag, value)
        self._out += 1
        writer.write(message.encode())

    def test_request(self) -> None:
        self.send(self._writers[-1], b"1", (112, "are you there"))

    def _answer(self, message: FixMessage, writer: asyncio.StreamWriter) -> None:
        kind = message.message_type
        if kind == b"A" and self.mood != "deaf":
            self.send(writer, b"A", (98, 0), (108, 30), (141, "Y"))
        elif kind == b"V":
            self._quote(message, writer)
        elif kind == b"H":
            self._order(message, writer)

    def _quote(self, message: FixMessage, writer: asyncio.StreamWriter) -> None:
        asked, code = message.get(262), message.get(55)
        if self.mood == "silent":
            return
        if self.mood == "gap":
            self._out += 5
        if self.mood == "logs out":
            self.send(writer, b"5", (58, "end of day"))
            return
        if code != b"600519":
            self.send(writer, b"Y", (262, asked), (281, 0))
            return
        told = b"000001" if self.mood == "lying" else code
        price = b"many" if self.mood == "no figure" else b"1517.00"
        entries = ((268, 2), (269, 2), (270, price), (269, 5), (270, "1480.00"))
        self.send(writer, b"W", (262, asked), (55, told), (107, "贵州茅台"), *entries)

    def _order(self, message: FixMessage, writer: asyncio.StreamWriter) -> None:
        asked, order = message.get(790), message.get(37)
        if order != b"7":
            self.send(writer, b"8", (790, asked), (37, order), (39, 8), (103, 5))
            return
        said = ((37, order), (39, 1), (54, 2), (55, "600519"), (38, 300), (14, 100))
        self.send(writer, b"8", (790, asked), (1, message.get(1)), *said)


@pytest.fixture
async def acceptor() -> AsyncIterator[Acceptor]:
    acceptor = Acceptor()
    await acceptor.start()
    yield acceptor
    await acceptor.stop()


@pytest.fixture
async def host(acceptor: Acceptor, tmp_path: Path) -> AsyncIterator[GuardedHost]:
    session = FixSession(Session("127.0.0.1", acceptor.port, "US", "BROKER"))
    host = GuardedHost(FixHost(session, DemoHost(tmp_path / "host.db")), deadline_s=1.0)
    yield host
    await host.close()


async def test_quotes_and_orders_come_over_one_session_and_accounts_from_elsewhere(
    host: GuardedHost, acceptor: Acceptor
) -> None:
    quote = await host.quote("600519")
    assert (quote.price, quote.change_percent, quote.name) == (Decimal("1517.00"), Decimal("2.50"), "贵州茅台")
    assert await host.order_status("10000001", "7") == OrderStatus("7", "600519", "sell", 300, 100, "partly_filled")
    assert await host.authenticate("10000001", PIN)
    with pytest.raises(NoSuch):
        await host.quote("999999")
    with pytest.raises(NoSuch):
        await host.order_status("10000001", "8")
    assert acceptor.connections == 1
    assert acceptor.said[0] == b"A"


async def test_many_at_once_get_each_their_own_answer(host: GuardedHost) -> None:
    answers = await asyncio.gather(*(host.quote("600519") for _ in range(20)), host.order_status("1", "7"))
    assert len(answers) == 21


async def test_a_test_request_is_answered(host: GuardedHost, acceptor: Acceptor) -> None:
    await host.quote("600519")
    acceptor.test_request()
    async with asyncio.timeout(5):
        while acceptor.said[-1] != b"0":  # noqa: ASYNC110 - the other side's ears
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("mood", ["silent", "gap", "logs out", "lying", "no figure", "deaf"])
async def test_what_goes_wrong_is_down_in_time_and_the_next_session_begins_anew(
    host: GuardedHost, acceptor: Acceptor, mood: str
) -> None:
    acceptor.mood = mood
    with pytest.raises(HostDown):
        await host.quote("600519")
    acceptor.mood = "well"

    assert (await host.quote("600519")).price == Decimal("1517.00")


async def test_an_acceptor_that_went_and_came_back_is_found_again(host: GuardedHost, acceptor: Acceptor) -> None:
    await host.quote("600519")
    await acceptor.stop()
    with pytest.raises(HostDown):
        await host.quote("600519")
    await acceptor.start()

    assert (await host.quote("600519")).code == "600519"
    assert acceptor.connections == 2
