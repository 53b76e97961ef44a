"""What an agent writes of a call, from the talk to the customer's next visit."""

from __future__ import annotations

import pytest

from agents.own_day import KINDS, own_day
from agents.ports import Refused
from agents.wire import Pop
from db.tables import AgentRow
from tests.live.conftest import House, Parts

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
    [written] = story["write_ups"]
    assert (written["agent_id"], written["disposition"], written["note"]) == ("1004", "quote", "问国债利率")
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


async def test_a_note_may_come_late_also_after_a_restart_and_each_agent_has_his_own(parts: Parts) -> None:
    async with parts.serving() as house:
        _, first = await house.agent("1004")
        caller = await house.queued("13800000001")
        call_id = (await house.until("agent_connected")).call_id
        await house.agent("1003")
        await house.server.control.consult("1004", "agent", "1003")
        await house.until("call_moved", event="consulted")
        ups = house.server.write_ups
        await ups.write_up("1004", call_id, "quote", "mine")
        await ups.write_up("1003", call_id, None, "asked in")
        await house.server.control.complete("1004")
        caller.hang_up()
        await house.until("call_ended")
        await first.wait_for("CALL_CLOSED")
        await house.holds(house.nobody_is_busy)
        await ups.write_up("1003", call_id, "quote", "after wrap-up")
    async with parts.serving() as house:
        ups, store = house.server.write_ups, house.server.store
        await ups.write_up("1004", call_id, "quote", "after the restart")
        with pytest.raises(Refused, match="not yours"):
            await ups.write_up("1001", call_id, None, "not mine")
        await house.server.journal.flush()
        story = await store.call_story(call_id)
        assert story is not None
        notes = {one["agent_id"]: one["note"] for one in story["write_ups"]}
        assert notes == {"1004": "after the restart", "1003": "after wrap-up"}


async def test_who_owes_a_disposition_is_not_logged_out_but_by_a_supervisor(house: House) -> None:
    await house.agent("1003")
    caller = await house.queued(keys="14")
    await house.until("agent_connected", queue="complaints")
    caller.hang_up()
    await house.until("call_ended")
    with pytest.raises(Refused, match="what became of the call"):
        await house.server.floor.log_out("1003")
    await house.server.supervision.force_log_out("2001", "1003")
    assert house.server.acd.state_of("1003").status == "logged_out"
    assert house.server.acd.state_of("1003").activity == "idle"


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


async def test_an_offer_that_was_missed_is_remembered(house: House) -> None:
    await house.agent("1004", auto_answer=False)
    caller = await house.queued("13800000001")
    await house.until("offer_ended", reason="rona")
    await house.server.journal.flush()
    [missed] = await house.server.store.missed("1004", 0.0)
    assert (missed["reason"], missed["number"], missed["name"]) == ("rona", "13800000001", "张三丰")
    assert await house.server.store.missed("1001", 0.0) == []
    caller.hang_up()


async def test_somebody_who_joins_while_the_server_runs_takes_calls_without_a_restart(house: House) -> None:
    server = house.server
    row = AgentRow(
        id="1009", name="新人", name_en="New", role="agent", password_hash="", phone="agent1004",
        skills={"mandarin": 5, "trading": 5}, active=True,
    )  # fmt: skip
    await server.store.add([row])
    await house.agents_phone("1004")  # whose telephone is theirs too
    await server.floor.log_in("1009")
    page = server.roster.join("1009", lambda _code: None)
    house.stack.callback(server.roster.leave, page)
    await house.holds(lambda: server.acd.state_of("1009").reachable)
    await server.floor.set_status("1009", "ready", None)
    caller = await house.queued()
    await house.until("agent_connected", agent_id="1009")
    caller.hang_up()
    await house.until("call_ended")
    with pytest.raises(Refused, match="takes no calls"):
        await server.floor.log_in("2001")


async def test_who_logs_in_again_has_the_skills_of_today(house: House) -> None:
    server = house.server
    await server.floor.log_in("1002")
    await server.store.set_skills("1002", {"english": 3})
    before = dict(server.acd.agents["1002"].skills)
    await server.floor.log_in("1002")  # a second page changes nothing
    assert dict(server.acd.agents["1002"].skills) == before != {"english": 3}
    await server.floor.log_out("1002")
    await server.floor.log_in("1002")
    assert dict(server.acd.agents["1002"].skills) == {"english": 3}


async def test_an_agents_day_is_what_the_telephones_did(house: House) -> None:
    await house.agent("1004")
    caller = await house.queued("13800000001")
    connected = await house.until("agent_connected")
    await house.passes(2.0)
    caller.hang_up()
    ended = await house.until("call_ended")
    await house.holds(lambda: house.server.acd.state_of("1004").available)
    await house.server.journal.flush()
    begins = house.server.floor.day_begins()
    steps = await house.server.store.agent_steps("1004", begins, KINDS)
    day = own_day(steps, begins, house.server.clock())
    assert (day["calls"], day["missed"]) == (1, 0)
    assert day["talk_s"] == pytest.approx(ended.at - connected.at, abs=0.3)
    assert day["wrap_up_s"] == pytest.approx(1.0, abs=0.3)  # as long as in this house
