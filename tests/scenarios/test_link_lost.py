"""The link breaks in the midst of calls: nothing is sent twice, and what was pending is found out, not guessed."""

from __future__ import annotations

import asyncio

import pytest

from acd.agent_states import Activity, Status
from agents.ports import Refused
from cti.asterisk import commands
from tests.ami.fake import Channel
from tests.ami.tape import Said
from tests.scenarios.conftest import BRIEF_S, House, brief


def cut_instead(house: House, action: str, *, carried_out: bool) -> None:
    """The link breaks at this action, before or after Asterisk did it; next time it is done."""

    def cut(said: Said) -> None:
        del house.fake.instead[action]
        house.fake.cut()
        for line in house.fake._lines:
            line.logged_in = False
        if carried_out:
            house.fake.carry_out(said)

    house.fake.instead[action] = cut


async def test_lost_in_the_menu_the_caller_goes_on(house: House) -> None:
    house.fake.endless = {"language"}
    caller, call = await house.arrived()
    await house.holds(lambda: caller.playing)
    async with house.outage():
        house.fake.endless = set()
        house.fake._played(caller, "0", "")
    house.fake.presses(caller, "1")
    house.fake.presses(caller, "2")

    await house.until("call_queued", call_id=call.id)

    house.fake.hangs_up(caller)


async def test_lost_before_the_answer_the_call_is_answered_afterwards(house: House) -> None:
    cut_instead(house, "AGI", carried_out=False)
    caller = house.fake.caller_arrives()

    await house.until("call_moved", event="answered")

    assert caller.state == "Up"
    house.fake.hangs_up(caller)


async def test_lost_in_the_queue_the_place_is_kept(house: House) -> None:
    caller, call = await house.queued()
    async with house.outage():
        pass
    await house.agent()

    await house.until("agent_connected", call_id=call.id)

    assert len(house.asked("Originate")) == 1
    house.fake.hangs_up(caller)


async def test_a_caller_who_left_the_queue_meanwhile_is_found_gone(house: House) -> None:
    caller, call = await house.queued()
    async with house.outage():
        house.fake.hangs_up(caller)

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_queue"


async def test_lost_while_ringing_the_phone_rings_on(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    async with house.outage():
        pass
    house.fake.answers(phone)

    await house.until("agent_connected", call_id=call.id)

    assert len(house.asked("Originate")) == 1
    house.fake.hangs_up(caller)


async def test_a_phone_answered_meanwhile_is_found_answered(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    async with house.outage():
        house.fake.answers(phone)

    await house.until("agent_connected", call_id=call.id)

    house.fake.hangs_up(caller)


async def test_a_caller_who_left_while_it_rang_unheard_silences_the_phone(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    async with house.outage():
        house.fake.hangs_up(caller)

    await house.until("call_ended", call_id=call.id)
    await house.holds(lambda: phone.uniqueid not in house.fake.channels)


@pytest.mark.parametrize("carried_out", [True, False])
async def test_lost_while_dialling_no_stray_phone_rings_and_the_caller_is_served(
    house: House, carried_out: bool
) -> None:
    cut_instead(house, "Originate", carried_out=carried_out)
    await house.agent("1004", answers=False)
    caller, call = await house.queued()
    await house.holds(lambda: len(house.asked("Originate")) == 2)
    phone = await house.ringing()
    await house.holds(lambda: len([one for one in house.fake.channels.values() if one.role == "agent"]) == 1)
    house.fake.answers(phone)

    await house.until("agent_connected", call_id=call.id)

    assert house.acd.state_of("1004").status is Status.READY
    house.fake.hangs_up(caller)


async def test_lost_while_talking_they_talk_on(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    async with house.outage():
        pass

    assert call.state == "talking"
    assert caller.bridge == agent.bridge != ""
    await house.control.hold("1004")
    await house.control.resume("1004")
    house.fake.hangs_up(caller)
    assert (await house.until("call_ended", call_id=call.id)).outcome == "served"


async def test_an_agent_who_left_the_talk_meanwhile_is_found_gone(house: House) -> None:
    await house.agent()
    _, call, agent = await house.talking()
    async with house.outage():
        house.fake.hangs_up(agent)

    ended = await house.until("call_ended", call_id=call.id)

    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")
    assert any("goodbye" in one.get("Command") for one in house.fake.received)


async def test_a_caller_who_left_the_talk_meanwhile_frees_the_agent(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    async with house.outage():
        house.fake.hangs_up(caller)

    assert (await house.until("call_ended", call_id=call.id)).hung_up_by == "caller"
    await house.holds(lambda: agent.uniqueid not in house.fake.channels)


@pytest.mark.parametrize("carried_out", [True, False])
async def test_lost_at_the_bridge_they_talk_all_the_same(house: House, carried_out: bool) -> None:
    cut_instead(house, "Redirect", carried_out=carried_out)
    await house.agent()
    caller, call = await house.queued()

    await house.until("agent_connected", call_id=call.id)

    agent = house.fake.agent_leg()
    assert agent is not None
    await house.holds(lambda: caller.bridge and caller.bridge == agent.bridge)
    assert len(house.asked("Redirect", Context="talks")) == (1 if carried_out else 2)
    assert not [event for event in house.events if event.kind == "call_failed"]
    house.fake.hangs_up(caller)
    assert (await house.until("call_ended", call_id=call.id)).outcome == "served"


@pytest.mark.parametrize("carried_out", [True, False])
async def test_lost_at_the_hold_the_page_says_what_the_switch_does(house: House, carried_out: bool) -> None:
    await house.agent()
    caller, call, _ = await house.talking()
    cut_instead(house, "Redirect", carried_out=carried_out)

    if carried_out:
        await house.control.hold("1004")
    else:
        with pytest.raises(Refused):
            await house.control.hold("1004")
    await house.back()

    assert call.state == ("held" if carried_out else "talking")
    assert bool(caller.bridge) is not carried_out
    assert house.acd.state_of("1004").activity is (Activity.HELD if carried_out else Activity.TALKING)
    house.fake.hangs_up(caller)


@pytest.mark.parametrize("carried_out", [True, False])
async def test_lost_at_the_resume_they_talk_all_the_same(house: House, carried_out: bool) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    await house.control.hold("1004")
    cut_instead(house, "Redirect", carried_out=carried_out)

    await house.control.resume("1004")

    assert call.state == "talking"
    await house.holds(lambda: caller.bridge and caller.bridge == agent.bridge)
    house.fake.hangs_up(caller)


@pytest.mark.parametrize("carried_out", [True, False])
async def test_lost_at_the_hang_up_the_leg_ends_all_the_same(house: House, carried_out: bool) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    cut_instead(house, "Hangup", carried_out=carried_out)
    house.fake.hangs_up(caller)

    await house.until("call_ended", call_id=call.id)
    await house.holds(lambda: agent.uniqueid not in house.fake.channels)


@brief
async def test_while_the_link_is_down_no_agent_is_blamed(house: House) -> None:
    await house.agent("1001")
    await house.agent("1004")
    await house.floor.set_status("1001", "not_ready", "break")
    await house.floor.set_status("1004", "not_ready", "break")
    caller, call = await house.queued()
    async with house.outage():
        await house.floor.set_status("1001", "ready", None)
        await house.floor.set_status("1004", "ready", None)
        await asyncio.sleep(2 * BRIEF_S)  # an offer made now would be one without an answer
        assert not [event for event in house.events if event.kind == "offer_made"]

    await house.until("agent_connected", call_id=call.id)

    assert house.acd.state_of("1001").status is Status.READY
    assert house.acd.state_of("1004").status is Status.READY
    house.fake.hangs_up(caller)


async def test_lost_again_while_finding_out_it_is_found_out_the_next_time(house: House) -> None:
    caller, call = await house.queued()
    cut_instead(house, "Status", carried_out=False)
    async with house.outage():
        house.fake.hangs_up(caller)

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_queue"


async def test_a_phone_that_stopped_ringing_unseen_is_nobodys_fault(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    async with house.outage():
        house.fake.refuses_the_call(phone)

    assert (await house.until("offer_ended")).reason == "unseen"
    assert house.acd.state_of("1004").status is Status.READY
    house.fake.answers(await house.ringing())
    await house.until("agent_connected", call_id=call.id)
    house.fake.hangs_up(caller)


@brief
async def test_an_offer_that_ended_while_the_link_was_away_silences_the_phone(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()
    async with house.outage():
        assert (await house.until("offer_ended")).reason == "rona"
        assert phone.uniqueid in house.fake.channels

    await house.holds(lambda: phone.uniqueid not in house.fake.channels)
    assert call.state == "queued"
    house.fake.hangs_up(caller)


async def test_a_caller_in_the_fallback_is_taken_back_only_when_he_is_in_our_loop(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    async with house.outage():
        house.fake.hangs_up(agent)
        caller.context, caller.in_loop = "fallback", False  # the heartbeat was stale when the agent left
    assert not call.leg.in_doubt
    await house.holds(lambda: agent.uniqueid not in house.calls.legs)
    await house.link.action(commands.Ping())  # what the call has to say by now was heard before
    assert not [one for one in house.fake.received if "goodbye" in one.get("Command")]

    caller.context = "arrivals"
    house.fake._enter(caller)

    assert (await house.until("call_ended", call_id=call.id)).hung_up_by == "agent"


async def test_a_status_without_an_answer_is_asked_again(house: House) -> None:
    _, call = await house.queued()
    unanswered: list[Said] = []

    def once(said: Said) -> None:
        del house.fake.instead["Status"]
        unanswered.append(said)
        house.fake.respond(Said(said.who, (("Action", "Command"), *said.block[1:])), "Error", "Permissi")

    house.fake.instead["Status"] = once
    async with house.outage():
        house.fake.hangs_up(house.fake.channels[call.leg.uniqueid])

    assert (await house.until("call_ended", call_id=call.id)).outcome == "abandoned_in_queue"
    assert len(unanswered) == 1


async def test_those_who_talk_since_an_earlier_run_are_left_in_peace(house: House) -> None:
    caller = Channel("caller", "zongji-16.1", "PJSIP/caller-00000076", state="Up", bridge="b1")
    agent = Channel("agent", "z-abcdef-7", "PJSIP/agent1004-00000077", state="Up", bridge="b1", context="legs")
    async with house.outage():
        house.fake.channels |= {one.uniqueid: one for one in (caller, agent)}

    house.fake.hangs_up(agent)
    arrived = await house.until("call_arrived", uniqueid=caller.uniqueid)
    assert not house.asked("Redirect", Channel=caller.uniqueid)
    assert not house.asked("Hangup", Channel=agent.uniqueid)
    house.fake.hangs_up(caller)
    await house.until("call_ended", call_id=arrived.call_id)


async def test_an_agent_left_alone_by_an_earlier_run_is_hung_up(house: House) -> None:
    agent = Channel("agent", "z-abcdef-7", "PJSIP/agent1004-00000077", state="Up", context="legs", in_loop=True)
    async with house.outage():
        house.fake.channels[agent.uniqueid] = agent

    await house.holds(lambda: agent.uniqueid not in house.fake.channels)


async def test_a_customer_whom_an_earlier_run_has_called_is_no_new_caller(house: House) -> None:
    customer = Channel(
        "agent", "z-abcdef-8", "PJSIP/trunk-00000078", state="Up", variables={"CTI_CUSTOMER": "13800000009"}
    )
    async with house.outage():
        house.fake.channels[customer.uniqueid] = customer
    house.fake.channels.setdefault(customer.uniqueid, customer)
    house.fake._enter(customer)

    await house.holds(lambda: customer.uniqueid not in house.fake.channels)
    assert not [event for event in house.events if event.kind == "call_arrived"]


async def test_whoever_waits_hears_music_again_after_having_been_elsewhere(house: House) -> None:
    """A deadline that nobody renewed in time sends a caller through the dialplan and back into the loop."""
    caller, call = await house.queued()
    await house.holds(lambda: len(house.asked("AGI", Command="SET MUSIC ON")) >= 2)  # before and after the first words
    house.fake.received.clear()

    house.fake._leave_loop(caller)
    house.fake._enter(caller)

    await house.holds(lambda: house.asked("AGI", Command="SET MUSIC ON", Channel=caller.uniqueid))
    assert call.state == "queued"
    house.fake.hangs_up(caller)


async def test_callers_are_told_to_stay_as_soon_as_the_link_is_there_again(house: House) -> None:
    caller, _ = await house.queued()
    house.fake.received.clear()
    async with house.outage():
        pass
    await house.holds(lambda: house.asked("Setvar", Channel=caller.uniqueid, Variable="TIMEOUT(absolute)", Value="45"))
    house.fake.hangs_up(caller)
