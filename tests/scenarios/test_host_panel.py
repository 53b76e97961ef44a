"""What an agent sees of the customer's account: asked when the call is offered, and of the call in hand alone."""

from __future__ import annotations

import time

import pytest

from cti.host_panel import HostPanel
from cti.hosts.guard import GuardedHost
from tests.hosts.test_guard import Moody
from tests.scenarios.conftest import House


async def test_the_host_is_asked_while_the_phone_rings_and_not_again_for_the_page(house: House) -> None:
    moody = Moody()
    panel = HostPanel(GuardedHost(moody), house.bus, time.time, house.calls.calls.get)
    caller, call = await house.queued()
    call.facts.data["account"] = "10000001"
    await house.agent(answers=False)
    await house.ringing()
    await house.holds(lambda: moody.asked == 3)

    found = await panel.facts(call.id)

    assert (found["state"], found["account"], found["total"]) == ("ready", "10000001", "3")
    await panel.facts(call.id)
    assert moody.asked == 3
    await panel.facts(call.id, anew=True)
    assert moody.asked == 6
    house.fake.hangs_up(caller)
    await house.until("call_ended")
    await panel.close()


@pytest.mark.parametrize(("mood", "state"), [("down", "down"), ("unknown", "none")])
async def test_a_host_that_is_down_leaves_the_agent_at_work(house: House, mood: str, state: str) -> None:
    moody = Moody()
    moody.mood = mood
    panel = HostPanel(GuardedHost(moody), house.bus, time.time, house.calls.calls.get)
    caller, call = await house.arrived()
    call.facts.data["account"] = "10000001"

    assert await panel.facts(call.id) == {"state": state, "account": "10000001"}
    house.fake.hangs_up(caller)
    await house.until("call_ended")
    await panel.close()


async def test_without_an_account_or_a_host_there_is_nothing_to_ask(house: House) -> None:
    caller, call = await house.arrived()
    assert await HostPanel(None, house.bus, time.time, house.calls.calls.get).facts(call.id) == {"state": "none"}
    moody = Moody()
    panel = HostPanel(GuardedHost(moody), house.bus, time.time, house.calls.calls.get)
    assert await panel.facts(call.id) == {"state": "none"}
    with pytest.raises(KeyError):
        await panel.facts("c-none")
    assert moody.asked == 0
    house.fake.hangs_up(caller)
    await house.until("call_ended")
