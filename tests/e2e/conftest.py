"""A house with pages at an address, and browsers with a microphone that plays a tone."""

from __future__ import annotations

import asyncio
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

from cti.web import listening, web_running
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
# What a page hears, by frequency: the strongest of its calls, in dB below full scale.
EARS = """
  const heard = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", ({ streams: [stream] }) => {
        const context = new AudioContext();
        const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0.2 });
        context.createMediaStreamSource(stream).connect(analyser);
        heard.push(analyser);
      });
    }
  };
  window.levelOf = (hz) => Math.max(-200, ...heard.map((analyser) => {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const at = Math.round((hz * analyser.fftSize) / analyser.context.sampleRate);
    return Math.max(...bins.slice(at - 2, at + 3));
  }));
"""
AUDIBLE_DB, SILENT_DB = -55, -75


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

    async def supervisor(self, hz: int, login: str = "2001") -> Page:
        """A supervisor with a telephone in the page."""
        page = await self.logged_in(await self.browser(hz), login, "supervisor")
        await self.registered(page)
        return page

    async def logged_in(self, browser: Browser, login: str, where: str = "desk/") -> Page:
        """An agent's page, or another's."""
        context = await browser.new_context(locale="zh-CN", viewport={"width": 1600, "height": 900})
        await context.add_init_script(EARS)
        page = await context.new_page()
        page.on("pageerror", lambda error: print("PAGE", error))  # noqa: T201 - shown when a test fails
        page.on("console", lambda said: print("CONSOLE", said.text))  # noqa: T201
        await page.goto(f"{self.url}/{where}")
        await page.fill("#who", login)
        await page.fill("#secret", PASSWORD)
        await page.press("#secret", "Enter")
        return page

    async def registered(self, page: Page) -> None:
        await expect(page.locator("#phone")).to_have_class("registered")

    async def hears(self, page: Page, hz: int) -> None:
        """The tone is heard in this page, or will be."""
        async with asyncio.timeout(15):
            while await page.evaluate(f"levelOf({hz})") < AUDIBLE_DB:  # noqa: ASYNC110 - the browser tells nobody
                await asyncio.sleep(0.05)

    async def never_hears(self, page: Page, hz: int, seconds: float = 1.5) -> None:
        """The tone is not heard in this page all the while."""
        async with asyncio.timeout(seconds + 10):
            ends = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < ends:
                assert (level := await page.evaluate(f"levelOf({hz})")) < SILENT_DB, f"{hz} Hz at {level:.0f} dB"
                await asyncio.sleep(0.1)

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
