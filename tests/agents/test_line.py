"""The line between the server and its pages, on a real socket."""

from __future__ import annotations

import asyncio
import socket

from websockets.asyncio.client import connect

from cti.web import listening, web_running
from tests.agents.fakes import House


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
