"""What an agent writes of a call, from the talk to the customer's next visit."""

from __future__ import annotations

import pytest

from agents.ports import Refused
from agents.wire import Pop
from tests.live.conftest import House

pytestmark = pytest.mark.live


async def test_what_was_written_is_in_the_story_and_on_the_card_of_the_next_call(house: House) -> None:
    desk, _ = await house.agent("1004")
    caller = await house.queued("13800000001")
    connected = await house.until("agent_connected")
    ups = house.server.write_ups
    await ups.write_up("1004", connected.call_id, None, "问国债")
    with pytest.raises(Refused, match="none of this queue's"):
        await ups.write_up("1004", connected.call_id, "calmed", "")
    with pytest.raises(Refused, match="not yours"):
        await ups.write_up("1001", connected.call_id, None, "me too")
    caller.hang_up()
    await house.until("call_ended")
    await ups.write_up("1004", connected.call_id, "quote", "问国债利率")
    await house.holds(lambda: house.server.acd.state_of("1004").available)
    await house.server.journal.flush()
    story = await house.server.store.call_story(connected.call_id)
    assert story is not None
    assert (story["disposition"], story["note"]) == ("quote", "问国债利率")
    assert [step["note"] for step in story["steps"] if step["kind"] == "call_written_up"] == ["问国债", "问国债利率"]
    again = await house.queued("13800000001")

    def pops() -> list[Pop]:
        return [one for _, one in desk.got if isinstance(one, Pop)]

    await house.holds(lambda: len(pops()) == 2)
    pop = pops()[1]
    assert pop.customer is not None
    newest = pop.customer["recent"][0]
    assert (newest["agent"], newest["disposition"], newest["summary"]) == ("1004", "quote", "问国债利率")
    again.hang_up()
    await house.until("call_ended", call_id=pop.call_id)


async def test_where_it_is_forced_wrap_up_ends_only_after_a_choice(house: House) -> None:
    await house.agent("1003")
    caller = await house.queued(keys="14")
    connected = await house.until("agent_connected", queue="complaints")
    caller.hang_up()
    await house.until("call_ended")
    await house.passes(1.5)  # wrap-up is a second long in this house
    state = house.server.acd.state_of("1003")
    assert (state.activity, state.owes) == ("wrap_up", True)
    with pytest.raises(Refused, match="what became of the call"):
        await house.server.write_ups.finish_wrap_up("1003")
    await house.server.write_ups.extend_wrap_up("1003")
    await house.server.write_ups.write_up("1003", connected.call_id, "settled", "")
    await house.server.write_ups.finish_wrap_up("1003")
    assert house.server.acd.state_of("1003").available
