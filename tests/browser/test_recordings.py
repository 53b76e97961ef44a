"""The page of recordings in a real browser: found, looked at, scored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser import stages
from tests.browser.house import Eyes, LiveHouse
from tests.browser.test_access import faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)


@pytest_asyncio.fixture(loop_scope="package")
async def recorded(house: LiveHouse, tmp_path: Path) -> AsyncIterator[LiveHouse]:
    async with stages.recorded(house, tmp_path) as found:
        yield found


async def listening(eyes: Eyes, login: str = "2001") -> Page:
    page = await eyes.open("/recordings")
    await eyes.log_in(page, login)
    return page


async def test_a_recording_is_found_by_number_and_scored_beside_the_player(recorded: LiveHouse, eyes: Eyes) -> None:
    page = await listening(eyes)
    await expect(page.locator("#found tbody tr")).to_have_count(2)
    await page.fill("#number", "0000002")
    await page.keyboard.press("Enter")
    await expect(page.locator("#found tbody tr")).to_have_count(1)
    await page.click("#found .pick")
    await expect(page.locator("#save")).to_be_disabled()
    await page.check('[data-question="greeting"] input[value="4"]')
    await page.check('[data-question="closing"] input[value="1"]')
    await page.check('[data-question="promises"] input[value="1"]')
    await expect(page.locator("#score")).to_have_text("90")
    await page.fill("#comment", "很好")
    await page.click("#save")
    await expect(page.locator("#found .score")).to_have_text("90")
    await expect(page.locator("#report tbody")).to_have_text("1001190.090")

    again = await eyes.open("/recordings")
    await again.locator("#found .pick").first.click()
    await expect(again.locator("#score")).to_have_text("90")
    assert await again.input_value("#comment") == "很好"


async def test_an_agent_is_told_that_the_page_is_for_supervisors(recorded: LiveHouse, eyes: Eyes) -> None:
    page = await listening(eyes, "1001")
    await expect(page.locator("#refused")).to_be_visible()
    assert recorded.url in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_page_of_recordings(
    recorded: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="en-GB", viewport={"width": 1366, "height": 768})
    eyes = Eyes(context, recorded)
    page = await listening(eyes)
    await page.locator("#found .pick").first.click()
    await page.wait_for_selector("#save")
    found = await faults(page)
    await context.close()
    assert found == []
    assert eyes.faults == []
