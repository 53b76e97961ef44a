"""Whole visits on the real Asterisk, by real telephones."""

from __future__ import annotations

import pytest

from cti.phones import tone_level
from tests.live.conftest import House

pytestmark = pytest.mark.live


async def test_a_call_through_menu_and_queue_to_an_agent_who_sees_the_customer_first(house: House) -> None:
    desk, agent_phone = await house.agent("1001")
    caller = await house.caller(name="张三丰")
    await caller.press("1")
    await house.until("menu_stepped", node="main")
    await caller.press("1")
    await caller.press("10000001#")

    connected = await house.until("agent_connected", deadline_s=30)
    await agent_phone.wait_for("CALL_ESTABLISHED")
    popped = desk.first("pop")
    rang = next(event for event in agent_phone.events if event.kind == "CALL_INCOMING")
    assert popped is not None
    assert popped[0] < rang.at
    assert popped[1].customer["name"] == "张三丰"
    assert popped[1].data == {"account": "10000001"}
    lead = await house.until("phone_rang")
    assert lead.lead_s >= 0

    started = house.server.clock()
    await house.holds(lambda: house.server.clock() - started > 2.0)
    caller.hang_up()
    ended = await house.until("call_ended")
    assert (ended.outcome, ended.hung_up_by, ended.agent_id) == ("served", "caller", "1001")
    await house.server.journal.flush()
    story = await house.server.store.call_story(connected.call_id)
    assert story is not None
    assert [s["node"] for s in story["steps"] if s["kind"] == "menu_stepped"][-1] == "accounts"
    assert story["name"] == "张三丰"
    assert tone_level(caller.heard()[-1], 880) > 0.02
    assert tone_level(agent_phone.heard()[-1], 440) > 0.02
