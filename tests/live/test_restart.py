"""Asterisk itself is started anew: its calls are lost and said so, agents stay, and who was lost is called back."""

from __future__ import annotations

import pytest

from acd.agent_states import Status
from cti.call import Overflowed
from tests.live.conftest import House
from tests.live.test_parties import outside

pytestmark = pytest.mark.live


async def test_an_asterisk_that_was_started_anew_has_lost_its_calls_and_nobody_is_forgotten(house: House) -> None:
    house.foreseen += ["FRACK", "Got ", "#", "ConfBridge"]
    await house.agent("1004")
    await outside(house)
    talks = await house.queued("13912345678")
    await house.until("agent_connected")
    waits = await house.queued("13800000002")
    both = set(house.server.calls.calls)
    assert (talks, waits) != (None, None)

    await house.pbx.stop()
    await house.until("link_changed", up=False)
    await house.pbx.start()
    await house.holds(lambda: len([one for one in house.told("call_ended", "call_id") if one in both]) == 2, 30)

    outcomes = {one.outcome for one in house.events if one.kind == "call_ended" and one.call_id in both}
    assert outcomes == {"pbx_restart"}
    assert house.server.acd.state_of("1004").status is not Status.LOGGED_OUT
    asked = [one for one in house.events if one.kind == "callback_asked"]
    assert sorted(one.number for one in asked) == ["13800000002", "13912345678"]
    assert {one.call_id for one in asked} == both
    assert all(one.since <= one.at for one in asked)

    house.server.callbacks._known.clear()  # they wait for an agent whose telephone is back, which takes half a minute
    for call in list(house.server.calls.calls.values()):
        house.server.dispatcher.leave(call.id)
        if call._wait is not None and not call._wait.done():
            call._wait.set_exception(Overflowed("", "over"))
