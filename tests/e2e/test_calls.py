"""An agent at a browser, a caller with a telephone or at another browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from cti.phones import seconds_of, tone_seconds
from tests.e2e.conftest import Stage

pytestmark = [pytest.mark.live, pytest.mark.browser]
CALLER_HZ, AGENT_HZ, OTHER_HZ = 440, 880, 660


async def test_a_caller_reaches_an_agents_browser_and_each_hears_the_other(stage: Stage) -> None:
    house = stage.house
    page = await stage.desk("1001", AGENT_HZ)
    caller = await house.queued()
    await expect(page.locator("#phone")).to_have_attribute("data-session", "ringing")
    assert (await house.until("pop_sent")).delivered
    assert (await house.until("phone_rang")).lead_s >= 0
    await page.click("#answer")
    connected = await house.until("agent_connected")
    await expect(page.locator("#phone")).to_have_attribute("data-session", "talking")
    await expect(page.locator("#far-level")).not_to_have_attribute("value", "0")
    await house.passes(2.0)
    await page.click("#hang_up")
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED", 15)
    assert (ended.outcome, ended.agent_id) == ("served", "1001")
    assert connected.agent_id == "1001"
    assert tone_seconds(caller.heard()[-1], AGENT_HZ) > 1.5


async def test_a_reload_gets_the_caller_back_within_five_seconds(stage: Stage) -> None:
    house = stage.house
    page = await stage.desk("1001", AGENT_HZ)
    caller = await house.queued()
    await page.click("#answer")
    await house.until("agent_connected")
    await house.passes(1.0)
    await page.reload()
    lost = await house.until("call_moved", event="agent_lost")
    back = await house.until("call_moved", event="resumed")
    assert back.at - lost.at < 5.0
    await expect(page.locator("#phone")).to_have_attribute("data-session", "talking")
    await house.passes(2.0)
    caller.hang_up()
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED")
    assert (ended.outcome, ended.agent_id) == ("served", "1001")
    heard = caller.heard()[-1]
    whole, last_s = seconds_of(heard), ended.at - back.at
    assert tone_seconds(heard, AGENT_HZ, whole - last_s) == pytest.approx(last_s, abs=0.7)


async def test_a_closed_browser_gives_its_caller_to_the_next_before_all_others(stage: Stage) -> None:
    house = stage.house
    page = await stage.desk("1001", AGENT_HZ)
    caller = await house.queued()
    await page.click("#answer")
    connected = await house.until("agent_connected")
    await page.close()
    await house.until("call_moved", event="agent_lost")
    await house.until("call_moved", event="sent_on", deadline_s=20)
    other = await stage.desk("1002", OTHER_HZ)
    await other.click("#answer")
    await house.until("agent_connected", call_id=connected.call_id, agent_id="1002")
    caller.hang_up()
    await house.until("call_ended")


async def test_of_two_tabs_one_has_the_phone_and_the_other_may_take_it_over(stage: Stage) -> None:
    house = stage.house
    first = await stage.desk("1001", AGENT_HZ)
    caller = await house.queued()
    await first.click("#answer")
    await house.until("agent_connected")
    second = await first.context.new_page()
    await second.goto(f"{stage.url}/desk/")
    await expect(second.locator("#phone")).to_have_class("elsewhere")
    await expect(second.locator("#activity")).to_have_text("通话中")
    await second.click("#take_over")
    await house.until("call_moved", event="agent_lost")
    await house.until("call_moved", event="resumed")
    await expect(second.locator("#phone")).to_have_attribute("data-session", "talking")
    await expect(first.locator("#phone")).to_have_class("elsewhere")
    await house.passes(1.5)
    await second.click("#hang_up")
    assert (await house.until("call_ended")).outcome == "served"
    await caller.wait_for("CALL_CLOSED", 15)
    assert tone_seconds(caller.heard()[-1], AGENT_HZ) > 1.5


async def test_a_cut_of_the_pages_lines_leaves_the_talk_alone(stage: Stage) -> None:
    house = stage.house
    page = await stage.desk("1001", AGENT_HZ)
    caller = await house.queued()
    await page.click("#answer")
    await house.until("agent_connected")
    await page.context.set_offline(True)
    stage.cut()
    await expect(page.locator("#banner")).to_be_visible()
    await house.passes(10.0)
    await page.context.set_offline(False)
    await expect(page.locator("#banner")).to_be_hidden()
    await stage.registered(page)
    await page.click("#hold")
    await house.until("call_moved", event="held")
    await page.click("#resume")
    await house.until("call_moved", event="resumed")
    caller.hang_up()
    ended = await house.until("call_ended")
    await expect(page.locator("#phone")).to_have_attribute("data-session", "none")
    assert (ended.outcome, house.told("call_moved", "event").count("agent_lost")) == ("served", 0)
    assert tone_seconds(caller.heard()[-1], AGENT_HZ) > 9.0


async def test_the_booth_calls_the_house_and_speaks_with_an_agent(stage: Stage) -> None:
    house = stage.house
    agent = await stage.desk("1001", AGENT_HZ)
    browser = await stage.browser(CALLER_HZ)
    context = await browser.new_context(locale="zh-CN", permissions=["microphone"])
    booth = await context.new_page()
    await booth.goto(f"{stage.url}/booth")
    await booth.click("#call")
    arrived = await house.until("call_arrived")
    assert arrived.number == "13800000001"
    await expect(booth.locator("#state")).to_have_attribute("data-session", "talking")
    for key in ("1", "2"):
        await booth.click(f'[data-key="{key}"]')
        await house.passes(0.4)  # as fingers do
    await agent.click("#answer")
    await house.until("agent_connected")
    await expect(booth.locator("#far-level")).not_to_have_attribute("value", "0")
    await expect(agent.locator("#far-level")).not_to_have_attribute("value", "0")
    await expect(agent.locator("#page")).to_contain_text("张三丰")
    await booth.click("#end")
    ended = await house.until("call_ended")
    assert (ended.outcome, ended.hung_up_by) == ("served", "caller")


async def test_a_transfer_brings_the_record_to_the_second_browser(stage: Stage) -> None:
    house, control = stage.house, stage.house.server.control
    first = await stage.desk("1001", AGENT_HZ)
    second = await stage.desk("1002", OTHER_HZ)
    caller = await house.queued("13800000001")
    answering, other = (first, second) if (await house.until("offer_made")).agent_id == "1001" else (second, first)
    agent, colleague = ("1001", "1002") if answering is first else ("1002", "1001")
    await answering.click("#answer")
    await house.until("agent_connected")
    await answering.click("#hold")
    await house.until("call_moved", event="held")
    await house.passes(1.5)
    await answering.click("#resume")
    await house.until("call_moved", event="resumed")
    await control.consult(agent, "agent", colleague)
    await expect(other.locator("#page")).to_contain_text("张三丰")
    await other.click("#answer")
    await house.until("call_moved", event="consulted")
    await expect(other.locator("#far-level")).not_to_have_attribute("value", "0")
    await control.conference(agent)
    await house.until("call_moved", event="conferred")
    await house.passes(1.5)
    await control.complete(agent)
    await house.until("call_transferred", to=colleague)
    await expect(answering.locator("#phone")).to_have_attribute("data-session", "none")
    await house.passes(1.5)
    await other.click("#hang_up")
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED", 15)
    assert ended.agent_id == colleague
    heard = caller.heard()[-1]
    assert tone_seconds(heard, OTHER_HZ) > 1.0
    assert tone_seconds(heard, AGENT_HZ) > 1.0
