"""A house with pages at an address, whose server can go away and come back, and a browser that looks at them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, WebSocket, async_playwright

from agents.wire import CallState, Pop
from cti.web import listening, web_running
from tests.agents.fakes import PASSWORD, House, Ticking

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CUSTOMER = {
    "id": 1,
    "name": "张三丰",
    "name_en": "Zhang Sanfeng",
    "language": "zh",
    "tier": "gold",
    "manager": "1001",
    "notes": "",
    "numbers": ["+8613800000001"],
    "accounts": ["10000001"],
    "recent": [
        {"at": 1_760_000_000.0, "channel": "voice", "agent": "1001", "summary": "查询资金余额"},
        {"at": 1_759_000_000.0, "channel": "chat", "agent": "1002", "summary": "咨询新股申购"},
    ],
}


class LiveHouse(House):
    """The fakes behind a real server on a real port."""

    def __init__(self) -> None:
        super().__init__(clock=Ticking())
        self.shown: list[tuple[str, str]] = []
        self.roster.on_shown = lambda agent_id, call_id, _at: self.shown.append((agent_id, call_id))
        self.url = ""
        self._server = AsyncExitStack()

    async def up(self) -> None:
        """At the same address as before, if there was one."""
        port = urlsplit(self.url).port or 0
        self.url = await self._server.enter_async_context(web_running(self.app, listening("127.0.0.1", port)))

    async def down(self) -> None:
        await self._server.aclose()

    def ring(self, agent_id: str = "1001", call_id: str = "c-9", **facts: Any) -> None:
        """An offer: the record, then the phone."""
        values = {"number": "+8613800000001", "queue": "accounts", "waited_s": 72.0, "customer": CUSTOMER}
        values |= {"language": "zh", "ivr_path": ["welcome", "language", "main", "accounts"], "data": {}}
        self.roster.send(agent_id, Pop.model_validate({**values, "call_id": call_id, "contact_id": call_id, **facts}))
        self.floor.move(agent_id, activity="offered", until=self.clock() + 20, call_id=call_id, queue="accounts")
        self.call_is(agent_id, call_id, "ringing")

    def call_is(self, agent_id: str, call_id: str, state: str) -> None:
        values = {"call_id": call_id, "state": state, "since": self.clock()}
        self.roster.send(agent_id, CallState.model_validate(values))


@asynccontextmanager
async def browser_running() -> AsyncIterator[Browser]:
    """The distribution's Chromium, with a profile of its own that ends with it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Eyes:
    """One person's browser: what its pages said on the wire, and whatever went wrong in them."""

    def __init__(self, context: BrowserContext, house: LiveHouse) -> None:
        self.context, self.house = context, house
        self.lines: list[str] = []
        self.heard: list[str] = []
        self.faults: list[str] = []

    async def open(self, path: str = "/desk/") -> Page:
        page = await self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._console(said.type, said.text))
        page.on("websocket", self._line)
        await page.goto(self.house.url + path)
        return page

    def _line(self, socket: WebSocket) -> None:
        self.lines.append(socket.url)
        socket.on("framereceived", lambda text: self.heard.append(str(text)))

    def _console(self, kind: str, text: str) -> None:
        # The browser itself notes every answer that is not 200 and every address that is away; these are expected.
        expected = ("Failed to load resource", "WebSocket connection to")
        if kind in {"error", "warning"} and not text.startswith(expected):
            self.faults.append(text)

    async def log_in(self, page: Page, login: str = "1001", password: str = PASSWORD) -> None:
        await page.fill("#who", login)
        await page.fill("#secret", password)
        await page.press("#secret", "Enter")

    async def desk(self) -> Page:
        """A desk with its agent at work."""
        page = await self.open()
        await self.log_in(page)
        await page.wait_for_selector("#page:visible")
        return page


async def until(condition: Any, deadline_s: float = 15.0) -> None:
    """As soon as it is true; AssertionError when it is not in time."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)


async def until_true(page: Page, condition: str) -> None:
    async with asyncio.timeout(15):
        while not await page.evaluate(condition):  # noqa: ASYNC110 - the browser tells nobody
            await asyncio.sleep(0.05)
