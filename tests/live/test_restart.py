"""Asterisk itself falls and is started anew: its calls are lost and said so, agents stay, the lost are called back."""

from __future__ import annotations

import os
import signal

import pytest

from acd.agent_states import Status
from cti.call import Overflowed
from cti.events import CallbackAsked, CallEnded
from tests.live.conftest import House
from tests.live.test_parties import outside

pytestmark = pytest.mark.live


async def test_an_asterisk_that_was_started_anew_has_lost_its_calls_and_nobody_is_forgotten(house: House) -> None:
    house.foreseen += ["FRACK", "Got ", "#", "ConfBridge"]
    await house.agent("1004")
    await outside(house)
    await house.queued("13912345678")
    await house.until("agent_connected")
    await house.queued("13800000002")
    both = set(house.server.calls.calls)

    assert house.pbx.pid is not None
    os.kill(house.pbx.pid, signal.SIGKILL)
    await house.until("link_changed", up=False)
    await house.holds(lambda: not house.pbx.alive)
    await house.pbx.start()
    await house.holds(lambda: len([one for one in house.told("call_ended", "call_id") if one in both]) == 2, 30)

    assert {one.outcome for one in house.events if isinstance(one, CallEnded)} == {"pbx_restart"}
    assert house.server.acd.state_of("1004").status is not Status.LOGGED_OUT
    asked = [one for one in house.events if isinstance(one, CallbackAsked)]
    assert sorted(one.number for one in asked) == ["13800000002", "13912345678"]
    assert {one.call_id for one in asked} == both
    assert all(one.since <= one.at for one in asked)

    house.server.callbacks._known.clear()  # they wait for an agent whose telephone is back, which takes half a minute
    for call in list(house.server.calls.calls.values()):
        house.server.dispatcher.leave(call.id)
        if call._wait is not None and not call._wait.done():
            call._wait.set_exception(Overflowed("", "over"))
