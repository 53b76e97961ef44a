"""The supervisor's page and the booth, in a real browser: what they show, what they do, who may."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from agents.views import WaitingView, WhyLine
from tests.browser.house import Eyes, LiveHouse, until
from tests.browser.pictures import large, small
from tests.browser.test_access import faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)


def somebody_waits(house: LiveHouse) -> None:
    house.supervision.contacts = [
        WaitingView(
            "c-7", "trading", "+8613800000002", "李晓梅", "Li Xiaomei", "gold", "zh", house.clock() - 65, 5.0,
            p50_s=20.0, p90_s=75.0, why=(WhyLine("able", {"able": 3, "ready": 0, "free": 0}),),
        )
    ]  # fmt: skip


async def test_a_supervisor_listens_whispers_and_forces_a_state(house: LiveHouse, eyes: Eyes) -> None:
    house.floor.move("1001", status="ready", activity="talking", reachable=True, queue="trading")
    somebody_waits(house)
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await page.click('#team tbody tr:has-text("1001")')
    await page.click("#listen")
    await until(lambda: "2001 listen 1001" in house.supervision.done)
    await expect(page.locator("#spying")).to_be_visible()
    await page.click("#whisper")
    await until(lambda: "2001 whisper" in house.supervision.done)
    await page.click("#stop")
    await until(lambda: "2001 stop" in house.supervision.done)
    await expect(page.locator("#waiting")).to_contain_text("李晓梅")
    await expect(page.locator("#waiting")).to_contain_text("可服务坐席 3 人")


async def test_an_agent_is_told_that_this_is_not_for_him(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "1001")
    await expect(page.locator("#refused")).to_be_visible()
    assert await page.locator("#team").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_supervisors_page_and_the_booth(
    house: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="zh-CN", viewport={"width": 1920, "height": 1080})
    (large if scheme == "dark" else small)(house)
    somebody_waits(house)
    eyes = Eyes(context, house)
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#team tbody tr")
    await page.wait_for_selector("#waiting")
    found = {"supervisor": await faults(page)}
    booth = await eyes.open("/booth")
    await booth.wait_for_selector("#call:visible")
    found["booth"] = await faults(booth)
    await context.close()
    assert {where: what for where, what in found.items() if what} == {}
