"""The agent's page in a real browser, on the real web application over a small call centre with behaviour."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from agents.wire import PopClosed, Toast
from tests.agents.fakes import Person
from tests.browser.house import CUSTOMER, Eyes, LiveHouse, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)
CALL_BUTTONS = ("hold", "resume", "hang_up", "finish_wrap_up")


async def enabled(page: Page) -> set[str]:
    return {name for name in CALL_BUTTONS if await page.is_enabled(f"#{name}")}


async def ready(page: Page) -> None:
    await page.click('[data-status="ready"]')
    await expect(page.locator("#activity")).to_have_text("就绪")


async def test_wrong_right_and_too_many(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.open()
    await eyes.log_in(page, password="wrong")
    await expect(page.locator("#wrong")).to_have_text("工号或密码错误")
    assert await page.is_hidden("#page")
    await eyes.log_in(page)
    await expect(page.locator("#activity")).to_contain_text("未就绪")
    await expect(page.locator("#me")).to_have_text("1001 王芳")
    stranger = await eyes.open()
    await stranger.wait_for_selector("#page:visible")  # a renewal under way would bring the cookie back
    await stranger.context.clear_cookies()
    await stranger.reload()
    for _ in range(6):
        async with stranger.expect_response("**/api/login"):
            await eyes.log_in(stranger, "1002", "wrong")
    await expect(stranger.locator("#wrong")).to_contain_text("尝试次数过多")


async def test_a_status_is_chosen_with_its_reason(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await ready(page)
    assert house.floor.agents["1001"].status == "ready"
    await page.click('[data-menu="not_ready"]')
    await page.click('[data-status="not_ready lunch"]')
    await expect(page.locator("#activity")).to_have_text("未就绪 · 午餐")
    await expect(page.locator('[aria-pressed="true"]')).to_have_text("午餐")
    await expect(page.locator("#timer")).to_have_text(re.compile(r"^0:0[1-9]$"))


async def test_the_record_is_on_screen_in_both_languages(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await expect(page.locator("#activity")).to_have_text("来电振铃")
    await expect(page.locator("#card")).to_contain_text("+8613800000001")
    await expect(page.locator("#card")).to_contain_text("1:12")
    await expect(page.locator("#card")).to_contain_text("查询资金余额")
    await expect(page).to_have_title("☎ 张三丰")
    await page.click("#language")
    await expect(page.locator("#card .name")).to_have_text("Zhang Sanfeng")
    await expect(page.locator("#card .second")).to_have_text("张三丰")
    await expect(page.locator("#activity")).to_have_text("Ringing")
    assert await page.get_attribute("html", "lang") == "en"


async def test_shown_is_told_only_after_the_record_is_drawn(house: LiveHouse, eyes: Eyes) -> None:
    await eyes.context.add_init_script(
        "window.frames_ = []; window.requestAnimationFrame = (draw) => window.frames_.push(draw)"
    )
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await page.wait_for_function("() => frames_.length === 1", polling=20)
    await page.evaluate("frames_.shift()()")
    await page.wait_for_function("() => frames_.length === 1", polling=20)
    assert house.shown == []
    await page.evaluate("frames_.shift()()")
    await until(lambda: house.shown == [("1001", "c-9")])


async def test_each_button_can_be_pressed_when_it_does_something(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await ready(page)
    assert await enabled(page) == set()
    house.ring()
    await expect(page.locator("#hint")).to_have_text("请拿起话机接听")
    assert await enabled(page) == set()
    house.floor.move("1001", activity="talking", until=None)
    await expect(page.locator("#activity")).to_have_text("通话中")
    assert await enabled(page) == {"hold", "hang_up"}
    await page.click("#hold")
    await expect(page.locator("#activity")).to_have_text("保持中")
    assert await enabled(page) == {"resume", "hang_up"}
    await page.click("#resume")
    await expect(page.locator("#activity")).to_have_text("通话中")
    await page.click("#hang_up")
    await expect(page.locator("#activity")).to_have_text("话后处理")
    assert await enabled(page) == {"finish_wrap_up"}
    await expect(page.locator("#timer")).to_have_text(re.compile(r"^0:1[0-4]$"))  # counts down from 15
    await page.click("#finish_wrap_up")
    await expect(page.locator("#activity")).to_have_text("就绪")
    assert house.floor.done[1:] == ["hold", "resume", "hang_up", "finish_wrap_up"]


async def test_a_command_that_fails_is_explained(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.floor.move("1001", activity="talking")
    await page.wait_for_selector("#hold:enabled")
    house.floor.broken = True
    await page.click("#hold")
    await expect(page.locator("#told")).to_have_text("服务器未能执行，请再试一次")
    house.floor.broken = False
    await page.click("#hold")
    await expect(page.locator("#told")).to_have_text("")
    await page.click("#leave")
    await expect(page.locator("#told")).to_have_text("通话中不能签出")
    assert await page.is_visible("#page")


async def test_nothing_is_lost_or_doubled_while_the_server_is_away(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await ready(page)
    house.clock.forward(3600)  # the access token is too old by now; the cookie is not
    await house.down()
    await expect(page.locator("#banner")).to_contain_text("正在重连")
    house.roster.send("1001", Toast(code="maintenance", text="维护完成"))
    house.ring()
    await house.up()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await expect(page.locator("#banner")).to_be_hidden()
    await expect(page.locator(".toast")).to_have_text(["维护完成"])
    house.floor.move("1001", activity="talking", until=None)
    await expect(page.locator("#activity")).to_have_text("通话中")
    assert f"resume={house.roster.id}-1001%3A" in eyes.lines[-1]
    messages = [json.loads(text) for text in eyes.heard]
    assert [m["type"] for m in messages].count("snapshot") == 1
    numbers = [m["seq"] for m in messages if m["seq"] and m["type"] != "snapshot"]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_a_server_that_says_nothing_is_taken_for_away(house: LiveHouse, eyes: Eyes) -> None:
    def say_nothing(line: WebSocketRoute) -> None:
        """The line is open; nobody passes on what is said."""

    page = await eyes.open()
    await page.route_web_socket("**/ws?*", say_nothing)
    await eyes.log_in(page)
    await expect(page.locator("#banner")).to_be_visible()


async def test_a_reload_keeps_the_log_in_and_the_record_and_stores_no_token(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await page.reload()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await expect(page.locator("#activity")).to_have_text("来电振铃")
    assert await page.evaluate("Object.keys(sessionStorage).concat(Object.keys(localStorage))") == []
    assert await page.evaluate("document.cookie") == ""


async def test_log_out_ends_every_tab(house: LiveHouse, eyes: Eyes) -> None:
    first = await eyes.desk()
    second = await eyes.open()
    await second.wait_for_selector("#page:visible")
    await first.click("#leave")
    for page in (first, second):
        await page.wait_for_selector("#login:visible")
    assert house.floor.agents["1001"].status == "logged_out"
    await first.reload()
    await first.wait_for_selector("#login:visible")
    house.clock.forward(1)
    await eyes.log_in(first)
    await first.wait_for_selector("#page:visible")


async def test_a_second_tab_mirrors_the_first(house: LiveHouse, eyes: Eyes) -> None:
    first = await eyes.desk()
    second = await eyes.open()
    await second.wait_for_selector("#page:visible")
    house.ring()
    house.floor.move("1001", activity="talking", until=None)
    await first.click("#hold")
    for page in (first, second):
        await expect(page.locator("#activity")).to_have_text("保持中")
        await expect(page.locator("#card .name")).to_have_text("张三丰")


async def test_a_record_never_takes_the_focus_from_a_field_being_typed_in(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await page.evaluate(
        "document.querySelector('.side').append(Object.assign(document.createElement('input'), {id: 'note'}))"
    )
    await page.focus("#note")
    await page.keyboard.type("ab")
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    await page.keyboard.type("cd")
    assert await page.input_value("#note") == "abcd"


@pytest.mark.parametrize("record", [{**CUSTOMER, "name": "<script>alert(1)</script>"}, None])
async def test_a_name_is_text_whatever_it_says(house: LiveHouse, eyes: Eyes, record: dict[str, Any] | None) -> None:
    page = await eyes.desk()
    house.ring(customer=record, caller_name="<script>alert(1)</script>")
    await expect(page.locator("#card .name")).to_have_text("<script>alert(1)</script>")
    assert await page.locator("#card script").count() == 0


async def test_the_record_leaves_when_the_call_went_elsewhere(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    house.roster.send("1001", PopClosed(call_id="c-9", reason="rona"))
    house.floor.move("1001", activity="idle", status="not_ready", reason="rona", until=None)
    await expect(page.locator("#card .name")).to_have_text("暂无来电")
    await expect(page.locator("#activity")).to_have_text("未就绪 · 未接来电")


async def test_everything_can_be_done_from_the_keyboard(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.open()
    await page.wait_for_selector("#login:visible")
    await page.keyboard.type("1001")
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#page:visible")
    await page.keyboard.press("Tab")  # on from the form: to the first thing that can be done
    await page.keyboard.press("Enter")
    await expect(page.locator("#activity")).to_have_text("就绪")
    await page.keyboard.press("Tab")
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


async def test_whoever_is_no_agent_is_shown_where_to_go(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.open()
    house.memory.people["9001"] = Person("9001", "管理员", "Administrator", "administrator")
    await eyes.log_in(page, "9001")
    await expect(page.locator("#activity")).to_contain_text("/wallboard")
    assert await enabled(page) == set()
