"""A supervisor at a browser in the call of an agent at another: everything by clicks, every tone measured."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from cti.phones import Phone, seconds_of, tone_seconds
from tests.e2e.conftest import Stage

pytestmark = [pytest.mark.live, pytest.mark.browser]
CALLER_HZ, AGENT_HZ, SUPERVISOR_HZ = 440, 880, 660


async def three(stage: Stage) -> tuple[Phone, Page, Page]:
    """A caller who speaks with an agent, and a supervisor who has chosen that agent."""
    agent = await stage.desk("1001", AGENT_HZ)
    supervisor = await stage.supervisor(SUPERVISOR_HZ)
    caller = await stage.house.queued("13800000001")
    await agent.click("#answer")
    await stage.house.until("agent_connected")
    await supervisor.click('[data-agent="1001"]')
    return caller, agent, supervisor


async def test_a_supervisor_listens_whispers_barges_in_and_takes_over(stage: Stage) -> None:
    house = stage.house
    caller, agent, supervisor = await three(stage)
    await supervisor.click("#listen")
    await expect(supervisor.locator("#customer")).to_contain_text("张三丰")
    await stage.hears(supervisor, CALLER_HZ)
    await stage.hears(supervisor, AGENT_HZ)
    await expect(supervisor.locator("#far-level")).not_to_have_attribute("value", "0")
    await stage.never_hears(agent, SUPERVISOR_HZ)

    await supervisor.click('#spying [data-mode="whisper"]')
    whispered = await house.until("supervisor_listened", mode="whisper")
    await stage.hears(agent, SUPERVISOR_HZ)
    await house.passes(2.0)
    await supervisor.click('#spying [data-mode="barge"]')
    barged = await house.until("supervisor_listened", mode="barge")
    await house.passes(2.0)

    await supervisor.click("#take_over")
    taken = await house.until("call_taken_over")
    await expect(agent.locator("#phone")).to_have_attribute("data-session", "none")
    await expect(agent.locator("#activity")).to_have_text("话后处理")
    await stage.hears(supervisor, CALLER_HZ)
    await house.passes(1.5)
    await supervisor.click("#hold")
    await house.until("call_moved", event="held")
    await supervisor.click("#hold")
    await house.until("call_moved", event="resumed")
    await supervisor.click("#stop")
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED", 15)
    assert ended.outcome == "served"

    heard = caller.heard()[-1]
    begins = seconds_of(heard) - (ended.at - whispered.at)  # nothing is heard of the goodbye's tail
    in_whisper = begins + (barged.at - whispered.at) - 0.5
    assert tone_seconds(heard, SUPERVISOR_HZ, 0.0, in_whisper) == 0.0
    assert tone_seconds(heard, SUPERVISOR_HZ) > (taken.at - barged.at) - 1.0
    assert house.told("supervisor_listened", "mode") == ["listen", "whisper", "barge"]


async def test_a_state_is_forced_and_the_agents_page_says_so(stage: Stage) -> None:
    agent = await stage.desk("1001", AGENT_HZ)
    supervisor = await stage.supervisor(SUPERVISOR_HZ)
    await supervisor.click('[data-agent="1001"]')
    await supervisor.click('[data-menu="force"]')
    await supervisor.click('[data-force="training"]')
    forced = await stage.house.until("agent_forced")
    assert (forced.by, forced.agent_id, forced.reason) == ("2001", "1001", "training")
    await expect(agent.locator("#activity")).to_contain_text("班长设置")
    await expect(agent.locator(".toast")).to_be_visible()
    await agent.click('[data-status="ready"]')
    await stage.house.holds(lambda: stage.house.server.acd.state_of("1001").available)
