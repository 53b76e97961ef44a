"""Pictures of the pages in their states, to be looked at: `python -m tests.browser.pictures FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page

from agents.views import QueueView
from tests.browser.house import Eyes, LiveHouse, browser_running

SIZES = [(1366, 768), (1920, 1080)]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def desk(house: LiveHouse, eyes: Eyes, shoot: str) -> None:
    async def picture(page: Page, name: str) -> None:
        await page.screenshot(path=shoot.format(name))

    page = await eyes.open()
    await page.wait_for_selector("#login:visible")
    await picture(page, "1-login")
    await eyes.log_in(page)
    await page.click('[data-status="ready"]')
    await page.wait_for_selector('[data-state="ready"]')
    await picture(page, "2-idle")
    house.ring()
    await page.wait_for_selector('[data-state="offered"]')
    await picture(page, "3-ringing")
    house.floor.move("1001", activity="talking", until=None, pending="not_ready", pending_reason="lunch")
    await page.wait_for_selector('[data-state="talking"]')
    await picture(page, "4-talking")
    await page.click("#hold")
    await page.wait_for_selector('[data-state="held"]')
    await picture(page, "5-held")
    await page.click("#hang_up")
    await page.wait_for_selector('[data-state="wrap_up"]')
    await picture(page, "6-wrap-up")
    await house.down()
    await page.wait_for_selector("#banner:visible")
    await picture(page, "7-away")
    await house.up()
    await page.wait_for_selector("#banner", state="hidden")


async def wallboard(house: LiveHouse, eyes: Eyes, shoot: str) -> None:
    await eyes.context.clear_cookies()
    page = await eyes.open("/wallboard")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#page:visible")
    await page.screenshot(path=shoot.format("8-wallboard"))


def busy(house: LiveHouse) -> None:
    now = house.clock()
    house.floor.queues = [
        QueueView("accounts", 3, now - 65, 2, 1, 1, 128, 109, 6),
        QueueView("trading", 1, now - 9, 2, 1, 1, 1204, 1080, 31),
        QueueView("complaints", 0, None, 1, 0, 1),
    ]
    house.floor.move("1001", reachable=True)
    house.floor.move("1002", status="ready")


async def take(browser: Browser, folder: Path) -> None:
    for width, height in SIZES:
        for scheme in SCHEMES:
            for locale in ("zh-CN", "en-GB"):
                house = LiveHouse()
                await house.up()
                busy(house)
                size = {"width": width, "height": height}
                context = await browser.new_context(locale=locale, viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
                shoot = str(folder / f"{{}}-{locale[:2]}-{scheme}-{width}.png")
                await desk(house, Eyes(context, house), shoot)
                await wallboard(house, Eyes(context, house), shoot)
                await context.close()
                await house.down()


async def main(folder: Path) -> None:
    async with browser_running() as browser:
        await take(browser, folder)


if __name__ == "__main__":
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(into))
