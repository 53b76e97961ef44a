"""The supervisor's page in a real browser."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from cti.audio import write_tone
from tests.agents.test_later import ZHANG, off_the_line
from tests.browser.house import Eyes, LiveHouse, until, until_true
from tests.browser.pictures import large, supervised
from tests.browser.test_access import faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)


async def supervising(house: LiveHouse, eyes: Eyes) -> Page:
    supervised(house)
    house.floor.move("1001", status="ready", activity="talking", queue="trading")
    house.floor.move("1002", status="ready")
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#page:visible")
    return page


def done(house: LiveHouse) -> list[str]:
    return house.supervision.done


async def test_a_supervisor_listens_whispers_and_takes_over_by_mouse_and_keyboard(house: LiveHouse, eyes: Eyes) -> None:
    page = await supervising(house, eyes)
    await expect(page.locator("#listen")).to_be_disabled()
    await page.click('[data-agent="1001"]')
    await page.click("#listen")
    await expect(page.locator("#spying .who")).to_have_text("正在 王芳 的通话中")
    await page.keyboard.press("Alt+w")
    await expect(page.locator('#spying [data-mode="whisper"]')).to_have_attribute("aria-pressed", "true")
    await page.click('#spying [data-mode="barge"]')
    await page.click("#take_over")
    await expect(page.locator("#spying .who")).to_have_text("您已接管 王芳 的通话")
    await page.reload()
    await expect(page.locator("#spying .who")).to_have_text("您已接管 王芳 的通话")
    await page.keyboard.press("Alt+x")
    await expect(page.locator("#spying")).to_be_empty()
    assert done(house) == ["2001 listen 1001", "2001 whisper", "2001 barge", "2001 take_over", "2001 stop"]


async def test_who_gave_up_is_called_back_and_a_message_is_heard(house: LiveHouse, eyes: Eyes, tmp_path: Path) -> None:
    async with off_the_line(house, tmp_path) as place:
        await asyncio.to_thread(write_tone, place.voicemails.sound("v1"), 440, 2)
        page = await supervising(house, eyes)
        await page.click("#later")
        rows = page.locator("#gone tr")
        await expect(rows).to_have_count(3)
        await expect(page.locator('[data-call="c2"]')).to_contain_text("已再次来电")
        await expect(page.locator('[data-call="c2"] button')).to_have_count(0)
        await page.click('[data-call="c4"] button')
        await expect(page.locator("#later-told")).not_to_have_text("")
        await page.click('[data-call="c1"] button')
        await expect(page.locator('[data-call="c1"]')).to_contain_text("排队中")
        await expect(page.locator("#later-told")).to_have_count(0)
        await expect(page.locator("#due tr")).to_contain_text(ZHANG[3:])
        await expect(page.locator('[data-message="v1"]')).to_contain_text("未听")
        await page.click('[data-message="v1"] button')
        await until_true(page, "document.querySelector('#messages audio')?.duration > 1.5")
        assert await faults(page) == []
        house.take(later=None)
        await expect(page.locator("#later-told")).not_to_have_text("")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Alt+c")
        await expect(page.locator("#gone-title")).to_be_visible()


async def test_a_state_is_forced_a_log_out_is_asked_for_twice_and_a_refusal_is_told(
    house: LiveHouse, eyes: Eyes
) -> None:
    page = await supervising(house, eyes)
    await page.click('[data-agent="1002"]')
    await page.click('[data-menu="force"]')
    await page.click('[data-force="training"]')
    await expect(page.locator('[data-agent="1002"] .state')).to_have_text("班长设置")
    await page.click("#log_out")
    assert done(house) == ["2001 not_ready training 1002"]
    await page.click("#log_out")
    await until(lambda: done(house)[-1] == "2001 log_out 1002")
    await page.click('[data-agent="1001"]')
    house.floor.agents["1001"] = house.floor.agents["1001"].__class__("1001", "王芳", status="ready")  # it just ended
    await page.click("#listen")
    await expect(page.locator("#told")).to_have_text("该坐席当前没有通话")


async def test_those_who_wait_say_why_and_may_be_put_forward(house: LiveHouse, eyes: Eyes) -> None:
    page = await supervising(house, eyes)
    row = page.locator('[data-call="w-1"]')
    await expect(row).to_contain_text("张三丰")
    await expect(row.locator(".why")).to_have_text("可服务坐席 3 人：就绪 1，空闲 0")
    await row.locator(".caller").click()
    await expect(row.locator(".why li")).to_have_count(4)
    await row.locator(".raise").click()
    await until(lambda: done(house) == ["2001 raise w-1 60"])
    await expect(page.locator("#waiting tbody")).to_have_count(3)
    await page.click('[data-queue="complaints"]')
    await expect(page.locator("#waiting tbody")).to_have_count(1)


async def test_skills_and_queues_are_changed(house: LiveHouse, eyes: Eyes) -> None:
    page = await supervising(house, eyes)
    await page.click('[data-agent="1001"]')
    await page.click("#skills")
    await page.select_option('[data-skill="trading"]', "9")
    await page.select_option('[data-skill="mandarin"]', "0")
    await page.check('[data-serves="trading"]')
    await page.click("#abilities .lead")
    await expect(page.locator("#abilities")).to_be_hidden()
    assert house.supervision.skills["1001"] == {"trading": 9}
    assert house.supervision.queues["1001"] == ["trading"]


async def test_a_message_is_on_the_agents_page_as_it_was_written(house: LiveHouse, eyes: Eyes) -> None:
    desk = await eyes.desk()
    page = await eyes.context.browser.new_page() if eyes.context.browser else desk
    await page.goto(house.url + "/supervisor")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#page:visible")
    await page.keyboard.press("Alt+m")
    await page.fill("#words", "<b>请</b>尽快")
    await page.click("#write .lead")
    await expect(desk.locator(".toast")).to_have_text("刘洋 <b>请</b>尽快")
    await page.close()


async def test_the_keyboard_goes_through_the_list(house: LiveHouse, eyes: Eyes) -> None:
    page = await supervising(house, eyes)
    await page.keyboard.press("/")
    await expect(page.locator("#find")).to_be_focused()
    await page.focus('#team tbody tr[tabindex="0"]')
    first = await page.locator("#team tr[aria-selected='true']").get_attribute("data-agent")
    await page.keyboard.press("ArrowDown")
    second = page.locator("#team tr[aria-selected='true']")
    await expect(second).to_be_focused()
    assert await second.get_attribute("data-agent") != first
    await page.keyboard.press("End")
    await expect(page.locator("#team tr[aria-selected='true']")).to_be_focused()


async def test_an_agent_is_sent_to_the_desk_and_not_logged_in(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "1001")
    await expect(page.locator("#refused")).to_contain_text("坐席请使用坐席页面")
    assert eyes.lines == []
    assert house.floor.agents["1001"].status == "logged_out"


async def test_a_full_house_is_drawn_and_fits_the_screen(house: LiveHouse, eyes: Eyes) -> None:
    supervised(house)
    large(house)
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await expect(page.locator("#team tbody tr")).to_have_count(200)
    await expect(page.locator("#strip li")).to_have_count(30)
    fits = "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    assert await page.evaluate(fits)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_booth(
    house: LiveHouse, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="zh-CN", viewport={"width": 1920, "height": 1080})
    booth = await Eyes(context, house).open("/booth")
    await booth.wait_for_selector("#call:visible")
    found = await faults(booth)
    await context.close()
    assert found == []
