"""The demo's own desk speaks the wire protocol."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from cti.app import StartError, web_running
from cti.try_call import _first
from tests.agents.fakes import House


async def test_it_stays_connected_until_its_deadline_and_then_says_what_is_missing() -> None:
    house = House(silence_s=0.4)
    person = house.memory.people["1001"]
    now = house.clock()
    ticket = house.auth.ticket(house.auth.read(house.auth.issue(person, now).access, "access", now), now)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(web_running(house.app, "127.0.0.1", 0))
        desk = await stack.enter_async_context(connect(f"{url.replace('http', 'ws')}/ws?ticket={ticket}"))
        with pytest.raises(StartError, match="no 'pop'"):
            await _first(desk, "pop", deadline_s=1.5)
