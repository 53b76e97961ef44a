"""What is written of a call: nothing typed is lost, whatever happens to page and line."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from agents.wire import Disposition, QueueDispositions
from tests.browser.house import Eyes, LiveHouse, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)
CHOICES = (Disposition(code="settled", zh="已解决", en="Settled"), Disposition(code="open", zh="未解决", en="Open"))


async def talking(house: LiveHouse, eyes: Eyes) -> Page:
    house.roster.wrapup_extras = house.roster.wrapup_extras or 3
    house.roster.dispositions = (QueueDispositions(queue="accounts", forced=True, choices=CHOICES),)
    page = await eyes.desk()
    house.ring()
    house.floor.move("1001", activity="talking", call_id="c-9", until=None)
    await expect(page.locator("#note")).to_be_visible()
    return page


async def test_a_note_is_kept_as_it_is_typed_and_is_there_after_a_reload(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    await page.fill("#note", "问国债利率")
    await until(lambda: "write_up None 问国债利率" in house.floor.done)
    await expect(page.locator("#saved")).to_have_text("已保存")
    await page.reload()
    await expect(page.locator("#note")).to_have_value("问国债利率")


async def test_what_is_typed_while_the_server_is_away_is_there_once_it_is_back(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    await house.down()
    await expect(page.locator("#banner")).to_be_visible()
    await page.fill("#note", "typed in the dark")
    await expect(page.locator("#saved")).to_have_text("正在保存…")
    await house.up()
    await until(lambda: "write_up None typed in the dark" in house.floor.done, 30)
    await expect(page.locator("#saved")).to_have_text("已保存")


async def test_a_forced_choice_is_asked_for_and_taken(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    house.floor.move("1001", activity="wrap_up", call_id="c-9", until=house.clock() - 5, owes=True)
    await expect(page.locator("#owed")).to_be_visible()
    await expect(page.locator("#over")).to_contain_text("已超时")
    await page.click('[data-disposition="settled"]')
    await until(lambda: "write_up settled " in house.floor.done)
    await expect(page.locator("#owed")).to_be_hidden()
    await expect(page.locator('[data-disposition="settled"]')).to_have_attribute("aria-pressed", "true")
    await page.click("#extend")
    await until(lambda: "extend_wrap_up" in house.floor.done)


async def test_what_was_just_typed_is_not_lost_when_wrap_up_is_finished_or_ends(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    house.floor.move("1001", activity="wrap_up", call_id="c-9", until=house.clock() + 60)
    await page.fill("#note", "typed and finished at once")
    await page.click("#finish_wrap_up")
    await until(lambda: "finish_wrap_up" in house.floor.done)
    assert house.floor.done.index("write_up None typed and finished at once") < house.floor.done.index("finish_wrap_up")

    house.ring(call_id="c-10")
    house.floor.move("1001", activity="wrap_up", call_id="c-10", until=house.clock() + 60)
    await page.fill("#note", "typed as the time ran out")
    house.floor.move("1001", activity="idle", call_id=None, until=None)
    await until(lambda: "write_up None typed as the time ran out" in house.floor.done)


async def test_what_was_typed_just_before_a_reload_is_there_and_is_sent(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    await house.down()
    await page.fill("#note", "typed before the reload")
    await house.up()
    await page.reload()
    await expect(page.locator("#note")).to_have_value("typed before the reload")
    await until(lambda: "write_up None typed before the reload" in house.floor.done)


async def test_wrap_up_can_be_made_longer_so_often_and_then_counts_what_it_is_over(
    house: LiveHouse, eyes: Eyes
) -> None:
    house.roster.wrapup_extras = 1
    page = await talking(house, eyes)
    house.floor.move("1001", activity="wrap_up", call_id="c-9", until=house.clock() - 65)
    await expect(page.locator("#timer")).to_contain_text("+1:")
    await page.click("#extend")
    await expect(page.locator("#extend")).to_be_disabled()
    await expect(page.locator("#timer")).not_to_contain_text("+")


async def test_a_missed_caller_is_called_back_by_a_click(house: LiveHouse, eyes: Eyes) -> None:
    house.memory.offers = [
        ("1001", {"at": house.clock() - 60, "call_id": "c-1", "reason": "rona", "number": "13800000001",
                  "queue": "accounts", "name": "张三丰"}),
    ]  # fmt: skip
    page = await eyes.desk()
    await page.click('[data-call-back="13800000001"]')
    await expect(page.locator("#dial-number")).to_have_value("13800000001")
    await expect(page.locator("#dial-number")).to_be_focused()
    await page.keyboard.press("Enter")
    await until(lambda: "dial 13800000001 None" in house.floor.done)
