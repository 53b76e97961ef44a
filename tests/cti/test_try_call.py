"""The demo's own desk speaks the wire protocol."""

from __future__ import annotations

import asyncio

from websockets.protocol import State

from cti.desk_client import Desk
from cti.web import listening, web_running
from tests.agents.fakes import House


async def test_its_page_answers_beats_and_so_stays_open() -> None:
    house = House(silence_s=2.0)
    person = house.memory.people["1001"]
    token = house.auth.issue(person, house.clock()).access
    async with web_running(house.app, listening("127.0.0.1", 0)) as url, Desk(url, "1001", token).page() as page:
        await asyncio.sleep(2.5)  # longer than the silence after which a page is closed

        assert page.state is State.OPEN
