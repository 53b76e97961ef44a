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
    rang = next(
        event for event in agent_phone.events if event.kind == "CALL_REMOTE_SDP"
    )  # its first sign of the INVITE
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
    for one in (caller, agent_phone):
        await one.wait_for("CALL_CLOSED")  # then its recording is whole
    assert tone_level(caller.heard()[-1], 880) > 0.02
    assert tone_level(agent_phone.heard()[-1], 440) > 0.02


async def test_wrong_digits_and_then_a_person(house: House) -> None:
    caller = await house.caller()
    await caller.press("1")
    await house.until("menu_stepped", node="main")
    await caller.press("777", gap_s=0.4)

    queued = await house.until("call_queued")
    caller.hang_up()

    assert queued.queue == "accounts"
    assert (await house.until("call_ended")).outcome == "abandoned_in_queue"


async def test_hang_up_in_the_menu(house: House) -> None:
    caller = await house.caller()
    await house.until("menu_stepped", node="language")
    caller.hang_up()

    assert (await house.until("call_ended")).outcome == "abandoned_in_menu"


async def test_hang_up_in_the_queue_with_music_heard(house: House) -> None:
    caller = await house.queued()
    started = house.server.clock()
    await house.holds(lambda: house.server.clock() - started > 1.0)
    caller.hang_up()

    ended = await house.until("call_ended")
    assert (ended.outcome, ended.hung_up_by) == ("abandoned_in_queue", "caller")
    await caller.wait_for("CALL_CLOSED")
    assert caller.heard()[-1].stat().st_size > 8000


async def test_hang_up_while_the_agents_phone_rings_silences_it(house: House) -> None:
    _, agent_phone = await house.agent("1004", auto_answer=False)
    caller = await house.queued()
    await agent_phone.wait_for("CALL_INCOMING")
    caller.hang_up()

    await agent_phone.wait_for("CALL_CLOSED")
    assert (await house.until("call_ended")).outcome == "abandoned_in_queue"
    assert house.server.acd.state_of("1004").available


async def test_no_answer_keeps_the_place_and_goes_to_the_next_agent(house: House) -> None:
    await house.agent("1004", auto_answer=False)
    caller = await house.queued()
    await house.until("offer_made", agent_id="1004")
    await house.agent("1001")

    missed = await house.until("offer_ended", agent_id="1004")
    connected = await house.until("agent_connected", agent_id="1001")
    caller.hang_up()
    await house.until("call_ended")

    assert missed.reason == "rona"
    assert connected.waited_s > 3.5
    state = house.server.acd.state_of("1004")
    assert (state.status, state.reason) == ("not_ready", "rona")


async def test_busy_agent_is_passed_over(house: House) -> None:
    _, busy = await house.agent("1004", auto_answer=False)
    await house.agent("1001", ready=False)
    caller = await house.queued()
    await busy.wait_for("CALL_INCOMING")
    await house.ready("1001")
    busy.hang_up()

    assert (await house.until("offer_ended", agent_id="1004")).reason == "busy"
    await house.until("agent_connected", agent_id="1001")
    caller.hang_up()
    await house.until("call_ended")


async def test_agent_hangs_up_first_and_the_caller_hears_goodbye(house: House) -> None:
    _, agent_phone = await house.agent("1004")
    caller = await house.queued()
    await house.until("agent_connected")
    await agent_phone.wait_for("CALL_ESTABLISHED")
    agent_phone.hang_up()

    await caller.wait_for("CALL_CLOSED", 15)
    ended = await house.until("call_ended")
    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")
    await house.holds(lambda: house.server.acd.state_of("1004").available)


async def test_two_callers_one_agent_are_served_in_their_order(house: House) -> None:
    _, agent_phone = await house.agent("1004")
    first = await house.queued("13800000001")
    one = await house.until("agent_connected")
    second = await house.queued("13800000002")
    first.hang_up()

    await house.until("call_ended", call_id=one.call_id)
    queued = [event for event in house.events if event.kind == "call_queued"]
    two = await house.until("agent_connected", call_id=queued[1].call_id)
    second.hang_up()
    await house.until("call_ended", call_id=two.call_id)
    await house.holds(lambda: [event.kind for event in agent_phone.events].count("CALL_ESTABLISHED") == 2)


async def test_hold_and_resume(house: House) -> None:
    await house.agent("1004")
    caller = await house.queued()
    await house.until("agent_connected")
    await house.server.control.hold("1004")
    assert (await house.until("call_moved", event="held")).after == "held"
    await house.server.control.resume("1004")
    assert (await house.until("call_moved", event="resumed")).after == "talking"
    caller.hang_up()
    assert (await house.until("call_ended")).outcome == "served"
