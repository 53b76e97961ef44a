"""Two lines of the house that talk at its cost: on the real Asterisk."""

from __future__ import annotations

import pytest

from agents.ports import Refused
from tests.live.conftest import House
from tests.live.test_parties import outside

pytestmark = pytest.mark.live


async def test_a_customer_is_not_left_with_somebody_outside_who_was_asked_in(house: House) -> None:
    _, desk = await house.agent("1004")
    line = await outside(house)
    caller = await house.queued()
    call_id = (await house.until("agent_connected")).call_id
    [call] = house.server.calls.calls.values()
    assert call.talk is not None
    call.talk._onward = False
    await house.server.control.consult("1004", "number", "13912345678")
    await house.holds(lambda: call.state == "consulting")

    with pytest.raises(Refused) as refused:
        await house.server.control.complete("1004")
    assert refused.value.reason == "impossible_now"

    desk.hang_up()  # nor by leaving
    await house.until("call_ended", call_id=call_id)
    assert house.told("call_transferred", "to") == []
    await line.wait_for("CALL_CLOSED")
    await caller.wait_for("CALL_CLOSED")
