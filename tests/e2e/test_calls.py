"""An agent at a browser, a caller with a telephone or at another browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from cti.phones import Account, Phone, phone, seconds_of, tone_seconds
from tests.e2e.conftest import Stage
from tests.live.conftest import PASSWORD as LIVE_PASSWORD

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
    await page.click('[data-disposition="quote"]')
    await page.fill("#note", "问国债利率")
    await page.click("#hang_up")  # with the note not yet sent
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED", 15)
    await house.until("call_written_up", disposition="quote", note="问国债利率")
    await house.server.journal.flush()
    story = await house.server.store.call_story(ended.call_id)
    assert story is not None
    written = [(one["agent_id"], one["disposition"], one["note"]) for one in story["write_ups"]]
    assert written == [("1001", "quote", "问国债利率")]
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
    context = await browser.new_context(locale="zh-CN")
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


async def two_desks(stage: Stage) -> tuple[tuple[str, Page], tuple[str, Page], Phone]:
    """Who speaks with the caller, the colleague, and the caller."""
    desks = {"1001": await stage.desk("1001", AGENT_HZ), "1002": await stage.desk("1002", OTHER_HZ)}
    caller = await stage.house.queued("13800000001")
    agent = (await stage.house.until("offer_made")).agent_id
    (colleague,) = desks.keys() - {agent}
    await desks[agent].click("#answer")
    await stage.house.until("agent_connected")
    return (agent, desks[agent]), (colleague, desks[colleague]), caller


async def asks(page: Page, button: str, target: str) -> None:
    """By the button and the list it opens."""
    await page.click(button)
    await page.click(f'[data-target="agent {target}"]')


async def test_a_transfer_brings_the_record_to_the_second_browser(stage: Stage) -> None:
    house = stage.house
    (agent, first), (colleague, second), caller = await two_desks(stage)
    await first.click("#hold")
    await house.until("call_moved", event="held")
    await house.passes(1.5)
    await first.click("#resume")
    await house.until("call_moved", event="resumed")
    await asks(first, "#consult", colleague)
    await expect(second.locator("#page")).to_contain_text("张三丰")
    await second.click("#answer")
    await house.until("call_moved", event="consulted")
    await expect(second.locator("#far-level")).not_to_have_attribute("value", "0")
    await first.click("#conference")
    await house.until("call_moved", event="conferred")
    await house.passes(1.5)
    await first.click("#complete")
    await house.until("call_transferred", to=colleague)
    await expect(first.locator("#phone")).to_have_attribute("data-session", "none")
    await house.passes(1.5)
    await second.click("#hang_up")
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED", 15)
    assert ended.agent_id == colleague
    heard = caller.heard()[-1]
    first_hz, second_hz = (AGENT_HZ, OTHER_HZ) if agent == "1001" else (OTHER_HZ, AGENT_HZ)
    assert tone_seconds(heard, second_hz) > 2.0
    assert tone_seconds(heard, first_hz) > 1.0


async def test_a_blind_transfer_by_the_buttons_rings_the_colleagues_browser(stage: Stage) -> None:
    house = stage.house
    (_, first), (colleague, second), caller = await two_desks(stage)
    await asks(first, "#transfer", colleague)
    await expect(second.locator("#page")).to_contain_text("张三丰")
    await second.click("#answer")
    await house.until("agent_connected", agent_id=colleague)
    await expect(first.locator("#phone")).to_have_attribute("data-session", "none")
    caller.hang_up()
    assert (await house.until("call_ended")).agent_id == colleague


async def test_an_agent_calls_a_customer_from_the_browser_and_writes_it_up(stage: Stage) -> None:
    house = stage.house
    page = await stage.desk("1001", AGENT_HZ)
    listen = house.gateway.removeprefix("sip:")
    customer = await house.stack.enter_async_context(
        phone(house.sip, [Account("13800000001", "none", auto_answer=True, register=False)], listen=listen)
    )
    await page.fill("#dial-number", "138 0000 0001")
    await page.click("#dial")
    await house.until("agent_connected")
    await expect(page.locator("#where")).to_contain_text("通话中")
    await house.passes(2.0)
    await page.click("#hang_up")
    assert (await house.until("call_ended")).outcome == "served"
    await customer.wait_for("CALL_CLOSED", 15)
    await expect(page.locator("#activity")).to_have_text("话后处理")
    assert tone_seconds(customer.heard()[-1], AGENT_HZ) > 1.0


async def test_who_does_not_allow_the_microphone_is_told_and_works_with_the_desk_phone(stage: Stage) -> None:
    house = stage.house
    page = await stage.logged_in(await stage.browser(AGENT_HZ, deny=True), "1001")
    await expect(page.locator("#phone")).to_have_class("no_microphone")
    await expect(page.locator("#retry")).to_be_visible()
    account = Account("agent1001", LIVE_PASSWORD, auto_answer=True)
    desk_phone = await house.stack.enter_async_context(phone(house.sip, [account], tone_hz=AGENT_HZ))
    await house.holds(lambda: house.server.acd.state_of("1001").reachable)
    await page.click('[data-status="ready"]')
    caller = await house.queued()
    await house.until("agent_connected", agent_id="1001")
    await page.click("#hold")
    await house.until("call_moved", event="held")
    await page.click("#hang_up")
    await house.until("call_ended")
    await desk_phone.wait_for("CALL_CLOSED", 15)
    await caller.wait_for("CALL_CLOSED", 15)
