"""The line between the server and its pages, on a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

from websockets.asyncio.client import connect

from agents.wire import Toast
from cti.web import listening, web_running
from tests.agents.fakes import House

EVERYBODY = 200


async def test_what_is_written_to_a_page_goes_out_at_once() -> None:
    """Else the kernel holds a record back for 40 ms, until the page has acknowledged what came before (Nagle)."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(serve, sock=listening("127.0.0.1", 0)) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        at_once = await told
        writer.close()
        await writer.wait_closed()

    assert at_once


async def test_no_page_costs_a_compressor() -> None:
    """A browser offers it; for a thousand pages it would be most of the work, and their messages are short."""
    house = House()
    async with (
        web_running(house.app, listening("127.0.0.1", 0)) as url,
        connect(f"{url.replace('http', 'ws')}/ws") as page,
    ):
        assert page.response is not None
        assert "Sec-WebSocket-Extensions" not in page.response.headers


async def test_desks_that_come_back_in_the_same_moment_each_get_what_they_missed_once() -> None:
    """As after a restart of the server, which all of them notice at once."""
    house = House()
    agents = list(house.floor.agents)
    who = [agents[n % len(agents)] for n in range(EVERYBODY)]

    async def opened(url: str, agent_id: str, resume: str = "") -> list[dict[str, Any]]:
        """What a page is told first, up to the beat behind it."""
        now, person = house.clock(), house.memory.people[agent_id]
        identity = house.auth.read(house.auth.issue(person, now).access, "access", now)
        ticket = house.auth.ticket(identity, now)
        heard: list[dict[str, Any]] = []
        async with (
            asyncio.timeout(30),
            connect(f"{url.replace('http', 'ws')}/ws?ticket={ticket}&resume={resume}") as page,
        ):
            while not any(one["type"] == "beat" for one in heard):
                heard.append(json.loads(await page.recv()))
        return heard

    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        before = await asyncio.gather(*(opened(url, one) for one in who))
    first = [next(one for one in heard if one["type"] == "snapshot") for heard in before]
    for agent_id in agents:
        house.roster.send(agent_id, Toast(code="missed"))
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        came = (opened(url, one, f"{seen['stream']}:{seen['seq']}") for one, seen in zip(who, first, strict=True))
        after = await asyncio.gather(*came)

    missed = [[one for one in heard if one.get("seq")] for heard in after]
    assert [[one["code"] for one in heard if one["type"] == "toast"] for heard in missed] == [["missed"]] * EVERYBODY
    assert not any(one["type"] == "snapshot" for heard in after for one in heard)
