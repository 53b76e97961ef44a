"""The customer's account on the desk, beside the record."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from agents.host_api import EXAMPLE
from tests.browser.house import Eyes, LiveHouse
from tests.browser.test_access import faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)


class Panel:
    """A host that is there or not; counts who asks anew."""

    def __init__(self) -> None:
        self.up, self.anew = True, 0

    async def facts(self, call_id: str, /, *, anew: bool = False) -> dict[str, Any]:
        self.anew += anew
        if call_id != "c-9":
            raise KeyError(call_id)
        return EXAMPLE if self.up else {"state": "down", "account": "10000001"}


async def test_the_account_stands_beside_the_record_and_is_asked_again_by_a_click(house: LiveHouse, eyes: Eyes) -> None:
    panel = Panel()
    house.take(host_panel=panel)
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#host")).to_contain_text("297,213.05")
    await expect(page.locator("#positions tbody")).to_contain_text("贵州茅台")
    await expect(page.locator("#orders tbody")).to_contain_text("部成")
    assert await faults(page) == []

    panel.up = False
    await page.click("#host button")
    await expect(page.locator("#host .problem")).to_be_visible()
    assert panel.anew == 1


async def test_without_a_host_the_record_is_as_it_was(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await expect(page.locator("#host")).to_have_count(0)
