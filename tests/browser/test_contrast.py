"""Words can be read: contrast of at least WCAG's AA (4.5, large type 3) in each state, light and dark."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, Page

from tests.browser.house import Eyes, LiveHouse

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
TOO_WEAK = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const rgb = (colours) => {
    for (const colour of colours) { ink.fillStyle = colour; ink.fillRect(0, 0, 1, 1); }
    return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colours) => rgb(colours)
    .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const weak = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !one.checkVisibility() || one.disabled) continue;
    const behind = [];
    for (let up = one; up; up = up.parentElement) behind.unshift(getComputedStyle(up).backgroundColor);
    const style = getComputedStyle(one), size = parseFloat(style.fontSize);
    const [a, b] = [light([...behind, style.color]), light(behind)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) weak.push(`${one.textContent}: ${ratio.toFixed(2)}`);
  }
  return weak;
}"""


async def weak(page: Page) -> list[str]:
    # Fading in, words have less contrast than when they are there.
    await page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    found: list[str] = await page.evaluate(TOO_WEAK)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_word_of_every_state_has_contrast(
    house: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme)
    eyes = Eyes(context, house)
    page = await eyes.open()
    await page.wait_for_selector("#login:visible")
    found = {"login": await weak(page)}
    await eyes.log_in(page)
    house.ring()
    for activity in ("offered", "talking", "held", "wrap_up", "idle"):
        status = "ready" if activity == "idle" else "not_ready"
        house.floor.move("1001", activity=activity, status=status, until=None)
        await page.wait_for_selector(f'[data-state="{status if activity == "idle" else activity}"]')
        found[activity] = await weak(page)
    board = await eyes.open("/wallboard")
    await board.wait_for_selector("#page:visible")
    found["wallboard"] = await weak(board)
    await context.close()
    assert {where: what for where, what in found.items() if what} == {}
