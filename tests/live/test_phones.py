"""Agents' telephones that do not answer as they should."""

from __future__ import annotations

import pytest

from tests.live.conftest import House

pytestmark = pytest.mark.live


async def test_an_agent_who_rejects_is_passed_over_once_and_stays_ready(house: House) -> None:
    _, phone = await house.agent("1004", auto_answer=False)
    await house.agent("1001", ready=False)
    caller = await house.queued()
    await phone.wait_for("CALL_INCOMING")
    await house.ready("1001")
    phone.hang_up()

    refused = await house.until("offer_ended", agent_id="1004")
    connected = await house.until("agent_connected", agent_id="1001")
    caller.hang_up()
    await house.until("call_ended")

    assert refused.reason in {"busy", "rejected"}  # baresip says 486 when its user rejects
    assert connected.waited_s < 3.0
    assert house.server.acd.state_of("1004").status == "ready"


async def test_a_phone_that_leaves_while_it_rings_is_at_fault_and_the_place_is_kept(house: House) -> None:
    house.foreseen += ["Could not create dialog to invalid URI", "Failed to create outgoing session"]
    _, phone = await house.agent("1004", auto_answer=False)
    first = await house.queued("13800000001")
    await phone.wait_for("CALL_INCOMING")
    second = await house.queued("13800000002")
    [one, two] = house.told("call_queued", "call_id")
    phone.command("uadel", "sip:agent1004@127.0.0.1")  # refuses what rings and unregisters

    await house.until("offer_ended", call_id=one)
    await house.holds(lambda: not house.server.floor.has_phone("1004") and house.nobody_is_busy())
    still_offered = house.server.acd.state_of("1004").available
    await house.agent("1001")
    connected = await house.until("agent_connected")
    first.hang_up()
    second.hang_up()
    await house.until("call_ended", call_id=one)
    await house.until("call_ended", call_id=two)

    assert not still_offered
    assert connected.call_id == one
