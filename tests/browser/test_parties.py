"""What an agent does to a call with others: at the keyboard, on the real web application."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from agents.wire import CallState, Other
from tests.browser.house import Eyes, LiveHouse, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)


def call_is(house: LiveHouse, state: str, activity: str = "talking", **facts: Any) -> None:
    house.floor.move("1001", activity=activity, call_id="c-9", queue="accounts", until=None)
    values = {"call_id": "c-9", "state": state, "since": house.clock(), "number": "+8613800000001", "queue": "accounts"}
    house.roster.send("1001", CallState.model_validate({**values, **facts}))


def other(state: str) -> Other:
    return Other.model_validate({"kind": "agent", "id": "1002", "name": "李伟", "state": state})


async def talking(house: LiveHouse, eyes: Eyes) -> Page:
    """At a desk with a call; a colleague is ready."""
    page = await eyes.desk()
    house.floor.move("1002", status="ready", reachable=True)
    house.ring()
    call_is(house, "talking")
    await expect(page.locator("#transfer")).to_be_enabled()
    return page


async def test_a_transfer_needs_no_mouse(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    await page.keyboard.press("Alt+T")
    await expect(page.locator("#target")).to_be_focused()
    await page.keyboard.type("李伟")
    await expect(page.locator('[data-target="agent 1002"]')).to_be_enabled()
    await page.keyboard.press("Enter")
    await until(lambda: "transfer agent 1002" in house.floor.done)
    await expect(page.locator("#target")).to_be_hidden()


async def test_who_cannot_take_a_call_is_shown_and_cannot_be_chosen(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    house.floor.move("1002", status="ready", activity="talking", reachable=True)
    await page.click("#consult")
    choice = page.locator('[data-target="agent 1002"]')
    await expect(choice).to_be_disabled()
    await expect(choice).to_contain_text("忙碌")
    await expect(page.locator('[data-target^="queue"]')).to_have_count(0)
    await page.fill("#target", "139 1234 5678")
    await page.press("#target", "Enter")
    await until(lambda: "consult number 13912345678" in house.floor.done)


async def test_escape_leaves_the_call_as_it_was(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    before = list(house.floor.done)
    await page.click("#transfer")
    await expect(page.locator("#target")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#target")).to_be_hidden()
    assert house.floor.done == before


async def test_a_consult_is_swapped_joined_and_completed(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    call_is(house, "held", "held", other=other("ringing"))
    await expect(page.locator("#other")).to_contain_text("1002 李伟")
    await expect(page.locator("#swap")).to_be_disabled()
    await expect(page.locator("#drop_other")).to_be_enabled()
    for act in ("swap", "conference", "complete"):
        call_is(house, "consulting", "held", other=other("talking"))
        await page.click(f"#{act}")
        await until(lambda act=act: act in house.floor.done)
    call_is(house, "conference", other=other("talking"))
    await expect(page.locator("#where")).to_contain_text("三方通话")
    await expect(page.locator("#swap")).to_be_disabled()


async def test_keys_go_out_in_the_order_in_which_they_were_pressed(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    await page.keyboard.press("Alt+P")
    await expect(page.locator("#sent")).to_be_visible()
    await page.keyboard.type("407")
    await page.click('[data-key="#"]')
    sent = [f"send_digits {key}" for key in "407#"]
    await until(lambda: [one for one in house.floor.done if one.startswith("send")] == sent)
    await expect(page.locator("#sent")).to_have_text("407#")


async def test_a_colleague_who_was_asked_in_has_no_say(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    call_is(house, "talking", role="consulted")
    await expect(page.locator("#where")).to_contain_text("同事的通话")
    for act in ("hold", "transfer", "consult", "mute"):
        await expect(page.locator(f"#{act}")).to_be_disabled()
    await expect(page.locator("#hang_up")).to_be_enabled()


async def test_a_third_who_is_not_reached_is_told_with_the_cause(house: LiveHouse, eyes: Eyes) -> None:
    page = await talking(house, eyes)
    call_is(house, "held", "held", cause="busy")
    await expect(page.locator("#told")).to_have_text("未接通：对方忙")


async def test_a_call_to_the_outside_is_dialled_and_a_refusal_is_told(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await page.keyboard.press("Alt+L")
    await expect(page.locator("#dial-number")).to_be_focused()
    await page.keyboard.type("139-1234-5678")
    house.floor.refuses = "class_of_service"
    await page.keyboard.press("Enter")
    await expect(page.locator("#told")).to_have_text("没有呼叫该号码的权限")
    house.floor.refuses = ""
    await page.press("#dial-number", "Enter")
    await until(lambda: "dial 13912345678 None" in house.floor.done)


async def test_a_record_takes_no_focus_from_a_number_that_is_being_typed(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await page.click("#dial-number")
    await page.keyboard.type("139")
    house.ring()
    await expect(page.locator("#page")).to_contain_text("张三丰")
    await page.keyboard.type("45")
    await expect(page.locator("#dial-number")).to_have_value("13945")
