"""One browser for all tests here, a fresh house and a fresh profile for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.house import CHROMIUM, Eyes, LiveHouse, browser_running


@pytest.fixture(scope="package")
def chromium() -> None:
    if not Path(CHROMIUM).exists():
        pytest.fail("no browser: run 'make setup-tests'")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(chromium: None) -> AsyncIterator[Browser]:
    async with browser_running() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="package")
async def house() -> AsyncIterator[LiveHouse]:
    house = LiveHouse()
    await house.up()
    yield house
    await house.down()


@pytest_asyncio.fixture(loop_scope="package")
async def eyes(browser: Browser, house: LiveHouse) -> AsyncIterator[Eyes]:
    """Nothing may go wrong in a page, the content security policy included."""
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    eyes = Eyes(context, house)
    yield eyes
    await context.close()
    assert eyes.faults == []
