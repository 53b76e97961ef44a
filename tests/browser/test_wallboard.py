"""The supervisor's live page in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from agents.views import QueueView
from tests.browser.house import Eyes, LiveHouse

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def board(house: LiveHouse, eyes: Eyes) -> Page:
    house.floor.queues[0] = QueueView(
        "accounts", waiting=3, longest_since=house.clock() - 65, logged_in=2, ready=1, answered=8,
        answered_in_target=7, abandoned=2,
    )  # fmt: skip
    house.floor.move("1001", status="ready", activity="talking")
    page = await eyes.open("/wallboard")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#page:visible")
    return page


async def test_figures_agents_and_the_formula(house: LiveHouse, eyes: Eyes) -> None:
    page = await board(house, eyes)
    row = page.locator("#queues tbody tr").first
    await expect(row.locator("th")).to_have_text("账户服务")
    await expect(row.locator(".waiting")).to_have_text("3")
    await expect(row.locator(".level")).to_have_text("▲70%时限 20 秒")
    await expect(page.locator("#formula")).to_contain_text("时限内接起 ÷（接起 + 放弃）")
    await expect(row.locator(".longest")).to_have_class("longest number late")
    seen: list[str] = []
    for _ in range(3):
        await expect(row.locator(".longest")).not_to_have_text(seen[-1] if seen else "")
        seen.append(await row.locator(".longest").inner_text())
        assert re.fullmatch(r"◆1:[0-5]\d", seen[-1])
    assert seen == sorted(set(seen))
    await expect(page.locator("#counts .talking b")).to_have_text("1")
    await expect(page.locator("#people li")).to_have_count(1)  # the other is logged out
    house.floor.move("1002", status="ready")
    house.floor.queues[0] = QueueView("accounts")
    house.roster.floor_changed()
    await expect(page.locator("#counts .ready b")).to_have_text("1")
    await expect(row.locator(".longest")).to_have_text("–")
    await expect(row.locator(".level")).to_contain_text("–")


async def test_quiet_figures_are_fresh_and_old_ones_say_so(house: LiveHouse, eyes: Eyes) -> None:
    page = await board(house, eyes)
    await expect(page.locator("#stale")).to_be_hidden()
    await house.down()
    # At each frame: the second it is there for passes between two looks of `expect`.
    await page.wait_for_selector("#stale:has-text('0:05')")
    await expect(page.locator("#banner")).to_be_visible()
    await house.up()
    await expect(page.locator("#stale")).to_be_hidden()
    await expect(page.locator("#banner")).to_be_hidden()


async def test_the_whole_screen_can_be_used_and_nothing_runs_over_its_edge(house: LiveHouse, eyes: Eyes) -> None:
    page = await board(house, eyes)
    await page.click("#full_screen")
    await page.wait_for_function("() => document.fullscreenElement === document.documentElement")
    wide = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide


async def test_an_agent_sees_no_colleague(house: LiveHouse, eyes: Eyes) -> None:
    house.floor.move("1002", status="ready")
    page = await eyes.open("/wallboard")
    await eyes.log_in(page, "1001")
    await page.wait_for_selector("#page:visible")
    await expect(page.locator("#people li")).to_have_count(0)
