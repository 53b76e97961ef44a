"""What axe finds on every page and in every state, in both themes: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page

from tests.browser.house import Eyes, LiveHouse
from tests.browser.pictures import large, small, supervised

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
AXE = Path(__file__).parents[2] / "agents" / "desk" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """async (tags) => (await axe.run({ runOnly: tags })).violations.flatMap((one) =>
  one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 120)}: ${node.failureSummary}`))"""


async def faults(page: Page) -> list[str]:
    # Fading in, words have less contrast than when they are there.
    await page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())  # as the browser's own tools do: the policy lets no page load it
    found: list[str] = await page.evaluate(LOOK, TAGS)
    return found


@pytest.fixture(autouse=True)
def axe_is_there() -> None:
    if not AXE.exists():
        pytest.fail("no axe: run 'make setup'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_desk(
    house: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="zh-CN", viewport={"width": 1366, "height": 768})
    small(house)
    eyes = Eyes(context, house)
    page = await eyes.open()
    await page.wait_for_selector("#login:visible")
    found = {"login": await faults(page)}
    await eyes.log_in(page)
    await page.wait_for_selector("#calls tbody tr")
    found["idle"] = await faults(page)
    house.ring(data={"account": "10000001"})
    for activity in ("offered", "talking", "held", "wrap_up"):
        house.floor.move("1001", activity=activity, until=None)
        await page.wait_for_selector(f'[data-state="{activity}"]')
        found[activity] = await faults(page)
    await page.click('[data-menu="not_ready"]')
    await page.wait_for_selector('[data-status="not_ready lunch"]:visible')
    found["reasons"] = await faults(page)
    await page.keyboard.press("Escape")
    for dialog in ("settings", "help"):
        await page.locator(f"#{dialog}").evaluate("(button) => button.click()")  # no pointer, no key's name over it
        await page.wait_for_selector(".el-dialog:visible")
        found[dialog] = await faults(page)
        await page.keyboard.press("Escape")
        await page.wait_for_selector(".el-dialog:visible", state="hidden")
    await context.close()
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_a_full_wallboard(
    house: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="en-GB", viewport={"width": 1920, "height": 1080})
    large(house)
    eyes = Eyes(context, house)
    page = await eyes.open("/wallboard")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#people li")
    found = {"both": await faults(page)}
    await page.click('[data-show="agents"]')
    found["agents"] = await faults(page)
    await page.click("#settings")
    await page.wait_for_selector(".el-dialog:visible")
    found["settings"] = await faults(page)
    await context.close()
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_a_supervisors_page(
    house: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="zh-CN", viewport={"width": 1366, "height": 768})
    large(house)
    supervised(house, 9)
    eyes = Eyes(context, house)
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#waiting tbody")
    found = {"nobody chosen": await faults(page)}
    await page.click("#team tr.talking")
    await page.click("#waiting .caller >> nth=0")
    await page.click("#listen")
    await page.wait_for_selector("#spying .who")
    found["listening"] = await faults(page)
    await page.click('[data-menu="force"]')
    await page.wait_for_selector('[data-force="ready"]:visible')
    await page.wait_for_selector(".el-popper.is-dark", state="hidden")  # the key's name of the button before
    found["force"] = await faults(page)
    await page.keyboard.press("Escape")
    await page.mouse.move(2, 2)  # where it rests on a button whenever a dialog closes, a key's name would fade in
    for dialog in ("skills", "message", "help"):
        await page.locator(f"#{dialog}").evaluate("(button) => button.click()")
        await page.wait_for_selector(".el-dialog:visible")
        found[dialog] = await faults(page)
        await page.keyboard.press("Escape")
        await page.wait_for_selector(".el-dialog:visible", state="hidden")
    await context.close()
    assert {where: what for where, what in found.items() if what} == {}
