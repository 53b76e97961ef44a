"""A house with pages at an address, and browsers with a microphone that plays a tone."""

from __future__ import annotations

import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from cti.app import listening, web_running
from db.demo import PASSWORD
from tests.browser.house import CHROMIUM, FLAGS
from tests.live.conftest import House, nothing_stays_open, parts, recordings, running_pbx

__all__ = ["nothing_stays_open", "parts", "recordings", "running_pbx"]
RATE = 48000
MEDIA = [
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
]
# A page that has just gone is rung once more before anybody knows.
GONE = [
    "Could not create dialog to invalid URI",
    "Failed to create outgoing session to endpoint",
    "Error sending Response msg 200/BYE",
]
expect.set_options(timeout=15_000)


def tone_file(path: Path, hz: int) -> Path:
    """Ten seconds of a tone, which Chromium's microphone plays over and over."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        turn = 2 * pi * hz / RATE
        out.writeframes(array("h", (int(9800 * sin(turn * n)) for n in range(RATE * 10))).tobytes())
    return path


@dataclass
class Stage:
    """A house with its pages at `url`, and as many browsers as there are people."""

    house: House
    url: str
    folder: Path
    playwright: Playwright
    stack: AsyncExitStack

    async def browser(self, hz: int, *, deny: bool = False) -> Browser:
        """One whose microphone hears this tone; `deny`: and whose user does not allow it."""
        sound = tone_file(self.folder / f"{hz}.wav", hz)
        asked = "--use-fake-ui-for-media-stream" + ("=deny" if deny else "")
        flags = [*FLAGS, *MEDIA, asked, f"--use-file-for-fake-audio-capture={sound}"]
        browser = await self.playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        self.stack.push_async_callback(browser.close)
        return browser

    async def desk(self, login: str, hz: int = 880) -> Page:
        """An agent at a desk with a telephone in the page, ready."""
        page = await self.logged_in(await self.browser(hz), login)
        await self.registered(page)
        await self.house.holds(lambda: self.house.server.acd.state_of(login).reachable)
        await page.click('[data-status="ready"]')
        await self.house.holds(lambda: self.house.server.acd.state_of(login).status == "ready")
        return page

    async def logged_in(self, browser: Browser, login: str) -> Page:
        """An agent's page."""
        context = await browser.new_context(locale="zh-CN")
        page = await context.new_page()
        page.on("pageerror", lambda error: print("PAGE", error))  # noqa: T201 - shown when a test fails
        page.on("console", lambda said: print("CONSOLE", said.text))  # noqa: T201
        await page.goto(f"{self.url}/desk/")
        await page.fill("#who", login)
        await page.fill("#secret", PASSWORD)
        await page.press("#secret", "Enter")
        return page

    async def registered(self, page: Page) -> None:
        await expect(page.locator("#phone")).to_have_class("registered")

    def cut(self) -> None:
        """Every page's lines to the server break."""
        parts = self.house.app.state.parts
        for line in list(parts.lines.values()):
            line(1011)
        for pages in list(parts.roster._pages.values()):
            for page in list(pages):
                page.close(1011)


@pytest.fixture
async def stage(parts: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        parts.serving() as house,
        web_running(house.app, listening("127.0.0.1", 0)) as url,
        async_playwright() as playwright,
        AsyncExitStack() as stack,
    ):
        house.foreseen += GONE
        yield Stage(house, url, tmp_path, playwright, stack)
