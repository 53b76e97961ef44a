"""Whole visits, and every way in which one may end early."""

from __future__ import annotations

import asyncio
import gc
import json
import time
import weakref
from typing import Any

import pytest

from acd.agent_states import Activity
from agents.ports import Refused
from cti.events import CallMoved, OfferEnded
from cti.logs import HIDDEN
from tests.ami.tape import Said
from tests.scenarios.conftest import BRIEF_S, House, brief


async def test_a_call_from_arrival_to_the_callers_hang_up(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    house.fake.hangs_up(caller)

    ended = await house.until("call_ended", call_id=call.id)

    assert (ended.outcome, ended.hung_up_by, ended.agent_id) == ("served", "caller", "1004")
    assert house.asked("Hangup", Channel=agent.uniqueid)
    steps = [event.event for event in house.events if isinstance(event, CallMoved)]
    assert steps == ["answered", "queued", "offered", "connected", "hung_up"]
    assert house.asked("Originate")[0].get("CallerID") == '"张三丰" <13800000001>'
    assert any('"type":"pop"' in text for _, text in house.seen)


async def test_the_agent_hangs_up_first_and_the_caller_hears_goodbye(house: House) -> None:
    await house.agent()
    _, call, agent = await house.talking()
    house.fake.hangs_up(agent)

    ended = await house.until("call_ended", call_id=call.id)

    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")
    assert any("goodbye" in one.get("Command") for one in house.fake.received)


@pytest.mark.parametrize("ends", ["caller in talk", "agent", "caller in the menu", "caller in the queue"])
async def test_an_ended_call_is_gone_without_the_garbage_collector(house: House, ends: str) -> None:
    """A hundred thousand calls that wait for it are what makes a server grow."""
    if ends in {"caller in talk", "agent"}:
        await house.agent()
        caller, call, agent = await house.talking()
    elif ends == "caller in the menu":
        house.fake.endless = {"language"}
        caller, call = await house.arrived()
    else:
        caller, call = await house.queued()
    left: list[weakref.ref[Any]] = [weakref.ref(one) for one in (call, call.leg, *house.calls.legs.values())]
    call_id = call.id
    del call
    gc.collect()
    gc.disable()
    try:
        house.fake.hangs_up(agent if ends == "agent" else caller)
        await house.until("call_ended", call_id=call_id)
        await house.holds(lambda: [one() for one in left if one() is not None] == [])
    finally:
        gc.enable()


async def test_hang_up_in_the_menu(house: House) -> None:
    house.fake.endless = {"language"}
    caller, call = await house.arrived()
    await house.holds(lambda: caller.playing)
    house.fake.hangs_up(caller)

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_menu"


async def test_hang_up_in_the_queue(house: House) -> None:
    house.fake.endless = {"queue_wait"}
    caller, call = await house.queued()
    await house.holds(lambda: caller.playing)
    house.fake.hangs_up(caller)

    ended = await house.until("call_ended", call_id=call.id)

    assert (ended.outcome, ended.hung_up_by) == ("abandoned_in_queue", "caller")


async def test_hang_up_while_the_phone_rings_silences_it(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    house.fake.hangs_up(caller)

    await house.until("call_ended", call_id=call.id)
    await house.holds(lambda: phone.uniqueid not in house.fake.channels)

    assert house.asked("Hangup", Channel=phone.uniqueid, Cause="26")
    assert house.acd.state_of("1004").available


async def test_a_phone_dialled_for_a_caller_who_left_is_silenced_when_it_is_born(house: House) -> None:
    house.fake.slow_birth = True
    await house.agent(answers=False)
    caller, call = await house.queued()
    await house.holds(house.fake.agent_leg)
    phone = house.fake.agent_leg()
    assert phone is not None
    house.fake.hangs_up(caller)
    await house.until("call_ended", call_id=call.id)
    await house.holds(lambda: house.asked("Hangup", Channel=phone.uniqueid))

    house.fake.is_born(phone)

    await house.holds(lambda: phone.uniqueid not in house.fake.channels)


@brief
async def test_no_answer_keeps_the_place_and_goes_to_the_next_agent(house: House) -> None:
    await house.agent("1004", answers=False)
    caller, call = await house.queued()
    await house.until("offer_made", agent_id="1004")
    await house.agent("1001")

    assert (await house.until("offer_ended", agent_id="1004")).reason == "rona"
    connected = await house.until("agent_connected", agent_id="1001")
    house.fake.hangs_up(caller)
    await house.until("call_ended", call_id=call.id)

    assert connected.waited_s > BRIEF_S * 0.9
    assert (house.acd.state_of("1004").status, house.acd.state_of("1004").reason) == ("not_ready", "rona")


@brief
async def test_an_answer_at_the_very_moment_of_no_answer_is_too_late(house: House) -> None:
    await house.agent("1004", answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()

    def answers_first(said: Said) -> None:
        if said.get("Channel") == phone.uniqueid and phone.state == "Ringing":
            house.fake.answers(phone)
            asyncio.get_running_loop().call_later(0.05, house.fake.carry_out, said)
        else:
            house.fake.carry_out(said)

    house.fake.instead["Hangup"] = answers_first
    await house.until("offer_ended", agent_id="1004", reason="rona")
    await house.holds(lambda: phone.uniqueid not in house.fake.channels)

    assert call.state == "queued"
    await house.agent("1001")
    await house.until("agent_connected", call_id=call.id, agent_id="1001")
    house.fake.hangs_up(caller)


async def test_a_busy_agent_is_passed_over(house: House) -> None:
    await house.agent("1004", answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    await house.agent("1001")
    house.fake.refuses_the_call(phone)

    assert (await house.until("offer_ended", agent_id="1004")).reason == "busy"
    await house.until("agent_connected", call_id=call.id, agent_id="1001")
    house.fake.hangs_up(caller)


async def test_who_turns_the_call_down_is_passed_over(house: House) -> None:
    await house.agent("1004", answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    await house.agent("1001")
    house.fake.refuses_the_call(phone, "21")

    assert (await house.until("offer_ended", agent_id="1004")).reason == "rejected"
    await house.until("agent_connected", call_id=call.id, agent_id="1001")
    house.fake.hangs_up(caller)


@pytest.mark.parametrize("in_loop", [False, True])
async def test_who_picks_up_and_hangs_up_at_once_has_a_telephone_that_works(house: House, in_loop: bool) -> None:
    await house.agent("1004", answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    await house.agent("1001")
    house.fake.picks_up_and_hangs_up(phone, in_loop=in_loop)

    await house.until("agent_connected", call_id=call.id, agent_id="1001")
    assert house.acd.state_of("1004").status == "ready"
    house.fake.hangs_up(caller)


async def test_a_phone_that_is_away_is_the_devices_fault(house: House) -> None:
    house.fake.away = {"agent1004"}
    await house.agent("1004")
    caller, _ = await house.queued()

    assert (await house.until("offer_ended", agent_id="1004")).reason == "device"
    assert house.acd.state_of("1004").reason == "device_lost"
    house.fake.hangs_up(caller)


async def test_two_callers_and_one_agent_are_served_in_their_order(house: House) -> None:
    await house.agent()
    first, one, _ = await house.talking()
    second, two = await house.queued("13800000002")
    house.fake.hangs_up(first)

    await house.until("call_ended", call_id=one.id)
    await house.until("agent_connected", call_id=two.id)
    house.fake.hangs_up(second)
    await house.until("call_ended", call_id=two.id)

    assert len(house.asked("Redirect", Context="talks")) == 2


async def test_the_caller_leaves_at_the_moment_the_agent_answers(house: House) -> None:
    house.fake.endless = {"queue_wait"}
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    house.fake.answers(phone)
    house.fake.hangs_up(caller)

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_queue"


@pytest.mark.parametrize("at_once", [True, False])
async def test_that_the_phone_rang_is_told_once_however_soon_it_is_answered(house: House, at_once: bool) -> None:
    await house.agent(answers=at_once)
    caller, call = await house.queued()
    if not at_once:
        leg = await house.ringing()
        await house.until("phone_rang", call_id=call.id)
        house.fake.answers(leg)
    await house.until("agent_connected", call_id=call.id)
    told = [event.kind for event in house.events if event.call_id == call.id]
    assert told.count("phone_rang") == 1
    assert told.index("pop_sent") < told.index("phone_rang") < told.index("agent_connected")
    house.fake.hangs_up(caller)
    await house.until("call_ended", call_id=call.id)


async def test_the_agent_answers_while_the_caller_is_leaving(house: House) -> None:
    house.fake.endless = {"queue_wait"}
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    house.fake.late["ControlPlayback"] = 0.05
    house.fake.hangs_up(caller)
    await house.holds(call.leg.gone.done)
    house.fake.answers(phone)

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_queue"


async def test_the_next_callers_record_closes_the_one_who_left(house: House) -> None:
    await house.agent(answers=False)
    _, one = await house.queued()
    phone = await house.ringing()
    second, two = await house.queued("13800000002")
    house.fake.late["Hangup"] = 0.1  # the first phone is silent only when the second already has its record
    house.fake.hangs_up(house.fake.channels[one.leg.uniqueid])

    await house.until("pop_sent", call_id=two.id)
    await house.holds(lambda: phone.uniqueid not in house.fake.channels)
    told = [json.loads(text) for _, text in house.seen]
    assert [m["reason"] for m in told if m["type"] == "pop_closed" and m["call_id"] == one.id] == ["left"]
    assert house.roster._stream("1004").pops[-1].call_id == two.id
    assert len(house.roster._stream("1004").pops) == 1
    house.fake.hangs_up(second)


async def test_the_page_is_told_that_the_phone_rings_after_it_has_the_record(house: House) -> None:
    await house.agent(answers=False)
    caller, _ = await house.queued()
    await house.ringing()

    told = [json.loads(text) for _, text in house.seen]
    about = [m.get("state", m["type"]) for m in told if m["type"] in {"pop", "call_state"}]
    assert about == ["pop", "ringing"]
    house.fake.hangs_up(caller)


# -- the server stops -------------------------------------------------------------------------------------------------


async def test_an_agent_who_answers_while_the_call_is_being_stopped_is_freed(house: House) -> None:
    def stopped(event: OfferEnded) -> None:
        if event.reason == "answered":
            next(task for task in asyncio.all_tasks() if task.get_name() == f"call {event.call_id}").cancel()

    house.bus.subscribe(OfferEnded, stopped)
    await house.agent(answers=False)
    _, call = await house.queued()
    agent = await house.ringing()
    house.fake.answers(agent)

    assert (await house.until("call_ended", call_id=call.id)).outcome == "server_stopped"
    await house.holds(lambda: agent.uniqueid not in house.fake.channels)


async def test_a_phone_that_is_born_while_the_server_stops_does_not_ring_on(house: House) -> None:
    house.fake.slow_birth = True
    await house.agent(answers=False)
    await house.queued()
    await house.holds(house.fake.agent_leg)
    phone = house.fake.agent_leg()
    assert phone is not None
    closing = asyncio.create_task(house.close())
    await house.holds(lambda: house.asked("Hangup", Channel=phone.uniqueid))
    await house.holds(lambda: not house.calls.calls)
    asyncio.get_running_loop().call_later(0.1, house.fake.is_born, phone)
    await closing

    await house.holds(lambda: phone.uniqueid not in house.fake.channels)


# -- the bridge -------------------------------------------------------------------------------------------------------


async def test_a_hang_up_lost_around_the_bridge_is_carried_out_by_us(house: House) -> None:
    await house.agent()
    caller, call, _ = await house.talking()
    house.fake.loses_hang_up(caller)

    ended = await house.until("call_ended", call_id=call.id)

    assert ended.outcome == "served"
    assert house.asked("Hangup", Channel=caller.uniqueid)


async def test_an_agents_hang_up_lost_around_the_bridge_frees_the_caller(house: House) -> None:
    await house.agent()
    _, call, agent = await house.talking()
    house.fake.loses_hang_up(agent)

    ended = await house.until("call_ended", call_id=call.id)

    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")


async def test_a_bridge_that_fails_ends_the_agents_leg_and_the_caller_is_offered_again(house: House) -> None:
    house.fake.joins = False
    await house.agent("1004")
    caller, call = await house.queued()
    await house.until("call_moved", event="offer_lost")
    house.fake.joins = True

    await house.until("agent_connected", call_id=call.id)
    waited = house.events[-1].at - (call.facts.queued_at or 0)
    house.fake.hangs_up(caller)
    await house.until("call_ended", call_id=call.id)

    assert waited >= 0
    assert len(house.asked("Originate")) == len({one.get("ChannelId") for one in house.asked("Originate")}) >= 2


async def test_the_caller_is_gone_when_the_bridge_is_made(house: House) -> None:
    await house.agent()

    def too_late(said: Said) -> None:
        del house.fake.instead["Redirect"]
        house.fake.respond(said, "Error", "Channel ")
        house.fake.hangs_up(house.fake.channels[said.get("Channel")])

    house.fake.instead["Redirect"] = too_late
    _, call = await house.queued()

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_queue"


# -- hold -------------------------------------------------------------------------------------------------------------


async def test_hold_and_resume(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()

    await house.control.hold("1004")
    assert (call.state, caller.bridge, house.acd.state_of("1004").activity) == ("held", "", Activity.HELD)
    await house.control.resume("1004")

    assert call.state == "talking"
    await house.holds(lambda: caller.bridge and caller.bridge == agent.bridge)
    house.fake.hangs_up(caller)


@pytest.mark.parametrize("who", ["caller", "agent"])
async def test_who_hangs_up_while_the_hold_is_under_way_makes_it_impossible(house: House, who: str) -> None:
    await house.agent()
    caller, call, agent = await house.talking()

    def leaves_first(said: Said) -> None:
        house.fake.hangs_up(caller if who == "caller" else agent)
        house.fake.carry_out(said)

    house.fake.instead["Redirect"] = leaves_first
    with pytest.raises(Refused):
        await house.control.hold("1004")

    ended = await house.until("call_ended", call_id=call.id)
    assert (ended.outcome, ended.hung_up_by) == ("served", who)


@pytest.mark.parametrize("who", ["caller", "agent"])
async def test_who_hangs_up_while_the_resume_is_under_way_makes_it_impossible(house: House, who: str) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    await house.control.hold("1004")

    def leaves_first(said: Said) -> None:
        house.fake.hangs_up(caller if who == "caller" else agent)
        house.fake.carry_out(said)

    house.fake.instead["Redirect"] = leaves_first
    with pytest.raises(Refused):
        await house.control.resume("1004")

    ended = await house.until("call_ended", call_id=call.id)
    assert (ended.outcome, ended.hung_up_by) == ("served", who)


async def test_the_agent_who_hangs_up_on_hold_frees_the_caller(house: House) -> None:
    await house.agent()
    _, call, agent = await house.talking()
    await house.control.hold("1004")
    house.fake.hangs_up(agent)

    ended = await house.until("call_ended", call_id=call.id)

    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")
    with pytest.raises(Refused):
        await house.control.resume("1004")


async def test_a_resume_that_fails_leaves_the_caller_held_with_music(house: House) -> None:
    await house.agent()
    caller, call, _ = await house.talking()
    await house.control.hold("1004")
    music = len(house.asked("AGI", Command="SET MUSIC ON"))
    house.fake.joins = False

    with pytest.raises(Refused):
        await house.control.resume("1004")

    assert call.state == "held"
    assert len(house.asked("AGI", Command="SET MUSIC ON")) > music
    house.fake.joins = True
    await house.control.resume("1004")
    house.fake.hangs_up(caller)


async def test_slow_music_does_not_hide_that_the_caller_is_held(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.agent()
    caller, call, _ = await house.talking()

    async def slow(_on: bool) -> None:
        raise TimeoutError

    monkeypatch.setattr(call.leg, "music", slow)
    await house.control.hold("1004")

    assert (call.state, house.acd.state_of("1004").activity) == ("held", Activity.HELD)
    house.fake.hangs_up(caller)


async def test_hold_twice_at_once_is_done_once(house: House) -> None:
    await house.agent()
    caller, _, _ = await house.talking()

    results = await asyncio.gather(house.control.hold("1004"), house.control.hold("1004"), return_exceptions=True)

    assert [type(one) for one in results] == [type(None), Refused]
    house.fake.hangs_up(caller)


async def test_the_agent_ends_the_call_from_the_page(house: House) -> None:
    await house.agent()
    _, call, _ = await house.talking()

    await house.control.hang_up("1004")

    ended = await house.until("call_ended", call_id=call.id)
    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")


# -- secrets -----------------------------------------------------------------------------------------------------------


async def test_a_pin_reaches_neither_page_nor_journal(house: House) -> None:
    caller, call = await house.arrived()

    call.caller.note("pin", "480217")
    call.caller.note("account", "10000001")

    assert call.facts.data == {"pin": HIDDEN, "account": "10000001"}
    assert not [event for event in house.events if "480217" in str(event.as_dict())]
    house.fake.hangs_up(caller)


# -- one call's error -------------------------------------------------------------------------------------------------


async def test_an_error_in_one_call_touches_that_call_only(house: House) -> None:
    await house.agent()
    good, one, _ = await house.talking()
    house.broken["main"] = RuntimeError("no such sound")
    bad, two = await house.arrived("13800000002")
    house.fake.presses(bad, "1")

    assert (await house.until("call_ended", call_id=two.id)).outcome == "failed"
    assert one.state == "talking"
    assert any("excuse" in said.get("Command") for said in house.fake.received)
    house.broken.clear()
    third, three = await house.queued("13800000003")
    house.fake.hangs_up(good)
    await house.until("agent_connected", call_id=three.id)
    house.fake.hangs_up(third)


async def test_a_broken_announcement_does_not_cost_the_caller_the_place(house: House) -> None:
    house.broken["queue_wait"] = RuntimeError("no such sound")
    caller, call = await house.queued()
    await house.agent()

    await house.until("agent_connected", call_id=call.id)

    house.fake.hangs_up(caller)


async def test_a_router_that_fails_on_leaving_still_leaves_no_channel(house: House) -> None:
    caller, call = await house.queued()
    await house.holds(house.acd.waiting)
    handle = house.acd.handle
    failed: list[object] = []

    def fails_once(event: object, now: float) -> object:
        if type(event).__name__ == "ContactLeft" and not failed:
            failed.append(event)
            handle(event, now)  # type: ignore[arg-type]
            raise RuntimeError("a mistake in a rule")
        return handle(event, now)  # type: ignore[arg-type]

    house.acd.handle = fails_once  # type: ignore[method-assign,assignment]
    house.fake.hangs_up(caller)

    await house.until("call_ended", call_id=call.id)
    assert failed


@pytest.mark.parametrize("name", ["a\nAction: Originate", '"><>\\', "x" * 1500, "张" * 600, "a,b${EVIL}"])
async def test_no_callers_name_keeps_a_phone_from_ringing(house: House, name: str) -> None:
    async def found(_by: str, _value: str) -> dict[str, object]:
        return {"id": 1, "name": name}

    object.__setattr__(house.shared, "find_customer", found)
    await house.agent()
    since = time.monotonic()

    caller, _, _ = await house.talking()

    assert time.monotonic() - since < 5
    house.fake.hangs_up(caller)


async def test_whom_a_caller_is_joined_with_is_named_whole(house: House) -> None:
    """Asterisk takes a part of a name there for whoever has it."""
    await house.agent()
    caller, _, agent = await house.talking()
    [joined] = house.asked("Redirect", Context="talks")
    assert (joined.get("Channel"), joined.get("Exten")) == (caller.uniqueid, agent.name)
    house.fake.hangs_up(caller)
