"""The customer's account on the desk, beside the record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from playwright.async_api import expect

from agents.host_api import EXAMPLE
from agents.ports import WantedOrder
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


class Taken:
    """Orders of one call: pending at first, placed when the host is asked for them again."""

    def __init__(self) -> None:
        self.wanted: list[WantedOrder] = []

    async def place(self, call_id: str, wanted: WantedOrder, by: str, /) -> dict[str, Any]:
        assert (call_id, by) == ("c-9", "1001")
        self.wanted.append(wanted)
        return {**asdict(wanted), "at": 1.0, "state": "pending", "number": ""}

    async def of_call(self, call_id: str, /) -> list[dict[str, Any]]:
        assert call_id == "c-9"
        return [{**asdict(one), "at": 1.0, "state": "placed", "number": "40001"} for one in self.wanted]


async def test_an_order_is_said_back_before_it_is_placed_and_followed(house: LiveHouse, eyes: Eyes) -> None:
    taken = Taken()
    house.take(host_panel=Panel(), orders=taken)
    page = await eyes.desk()
    house.ring(data={"account": "10000001", "verified": "yes"})
    await page.fill("#order-code", "600519")
    await page.fill("#order-limit", "1480.5")
    await page.click("#place")
    await expect(page.locator("#place")).to_have_text("确认买入 600519 100 × 1480.5？")
    assert taken.wanted == []
    assert await faults(page) == []

    await page.click("#place")
    await expect(page.locator("#taken")).to_contain_text("已报，编号 40001")
    [wanted] = taken.wanted
    assert (wanted.code, wanted.side, wanted.quantity, wanted.limit) == ("600519", "buy", 100, "1480.5")


async def test_of_a_caller_who_is_not_known_no_order_is_taken(house: LiveHouse, eyes: Eyes) -> None:
    house.take(host_panel=Panel(), orders=Taken())
    page = await eyes.desk()
    house.ring(data={"account": "10000001"})
    await expect(page.locator("#host")).to_be_visible()
    await expect(page.locator("#order")).to_have_count(0)


async def test_without_a_host_the_record_is_as_it_was(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await expect(page.locator("#host")).to_have_count(0)
