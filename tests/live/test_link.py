"""The link breaks under a real call."""

from __future__ import annotations

import pytest

from tests.live.conftest import House

pytestmark = pytest.mark.live


async def test_a_link_lost_while_they_talk_costs_nothing_and_the_hold_works_after_it(house: House) -> None:
    await house.agent("1004")
    caller = await house.caller()
    (call,) = house.server.calls.calls.values()
    await caller.press("1")
    await house.until("menu_stepped", node="main")
    await caller.press("2")
    await house.until("agent_connected")

    house.server.link._manager.protocol.close()
    await house.until("link_changed", up=False)
    await house.server.calls.until_known()

    agent = call.agent
    assert agent is not None
    assert call.leg.bridged_with(agent.leg)
    await house.server.control.hold("1004")
    await house.server.control.resume("1004")
    assert call.state == "talking"
    caller.hang_up()
    assert (await house.until("call_ended")).outcome == "served"
