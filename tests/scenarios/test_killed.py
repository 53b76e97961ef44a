"""A server is killed and another comes: everybody stands where they stood."""

from __future__ import annotations

import time

import pytest

from acd.agent_states import Activity, Status
from acd.events import WrapUpFinished
from tests.ami.fake import Channel
from tests.scenarios.conftest import House

NOTE = "CTI_NOTE"


async def test_those_who_wait_keep_their_order_and_their_time(house: House) -> None:
    callers = [await house.queued(f"1380000000{n}") for n in range(4)]
    house.calls.calls[callers[3][1].id].hasten(50.0)
    before = {call.id: call.facts.waiting_since for _, call in callers}
    await house.holds(lambda: len([one for one in house.fake.received if "queue_wait" in one.get("Command")]) == 4)
    house.fake.received.clear()

    async with house.killed() as heir:
        for call_id, since in before.items():
            assert heir.calls.calls[call_id].facts.waiting_since == pytest.approx(since, abs=0.002)
            assert heir.calls.calls[call_id].state == "queued"
        order = [contact.id for contact in heir.acd.waiting(None, time.time())]
        assert order == [callers[n][1].id for n in (3, 0, 1, 2)]
        for channel, _ in callers:
            assert not heir.asked("Redirect", Channel=channel.uniqueid)
            assert not heir.asked("Hangup", Channel=channel.uniqueid)
        await heir.holds(lambda: len(heir.asked("AGI", Command="SET MUSIC ON")) >= 4)
        assert not [one for one in heir.fake.received if "queue_wait" in one.get("Command")]
        await heir.agent()
        first = await heir.until("agent_connected")
        assert first.call_id == callers[3][1].id
        assert first.waited_s > 0
        for channel, _ in callers:
            heir.fake.hangs_up(channel)


async def test_those_who_talk_do_not_notice(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    house.fake.received.clear()

    async with house.killed() as heir:
        again = heir.calls.calls[call.id]
        assert again.state == "talking"
        assert again.facts.number == "13800000001"
        assert again.facts.customer == {"id": 1, "name": "张三丰"}
        assert heir.acd.state_of("1004").activity is Activity.TALKING
        assert heir.acd.state_of("1004").status is Status.READY
        assert heir.floor.has_in_hand("1004", call.id)
        for channel in (caller, agent):
            assert not heir.asked("Redirect", Channel=channel.uniqueid)
            assert not heir.asked("Hangup", Channel=channel.uniqueid)
        assert not heir.asked("Redirect", Context="talks")

        heir.fake.hangs_up(agent)
        ended = await heir.until("call_ended", call_id=call.id)
        assert (ended.outcome, ended.hung_up_by, ended.agent_id) == ("served", "agent", "1004")
        assert ended.talk_s > 0
        assert "agent_connected" not in [one.kind for one in heir.events]


async def test_whoever_was_held_is_taken_off_hold_by_the_next_server(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    await house.control.hold("1004")

    async with house.killed() as heir:
        assert heir.calls.calls[call.id].state == "held"
        assert heir.acd.state_of("1004").activity is Activity.HELD
        await heir.control.resume("1004")
        assert caller.bridge
        assert caller.bridge == agent.bridge
        heir.fake.hangs_up(caller)
        await heir.until("call_ended", call_id=call.id)


async def test_a_menu_goes_on_at_its_node(house: House) -> None:
    caller, call = await house.arrived()
    house.fake.presses(caller, "1")
    await house.until("menu_stepped", node="main")

    async with house.killed() as heir:
        await heir.until("menu_stepped", node="main", call_id=call.id)
        assert "language" not in [one.node for one in heir.events if one.kind == "menu_stepped"]  # type: ignore[attr-defined]
        assert heir.calls.calls[call.id].facts.language == "zh"
        heir.fake.presses(caller, "2")
        assert (await heir.until("call_queued")).call_id == call.id
        heir.fake.hangs_up(caller)


async def test_a_call_that_was_bridged_and_not_yet_noted_is_a_talk(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    noted = caller.variables[NOTE]
    caller.variables[NOTE] = noted.replace('"state":"talking"', '"state":"offered"').replace('"connected_at"', '"x"')
    house.events[:] = [one for one in house.events if one.kind != "agent_connected"]

    async with house.killed() as heir:
        connected = await heir.until("agent_connected")
        assert (connected.call_id, connected.agent_id) == (call.id, "1004")
        assert heir.calls.calls[call.id].state == "talking"
        heir.fake.hangs_up(agent)


async def test_two_who_should_hear_each_other_and_do_not_are_brought_together(house: House) -> None:
    """Killed between the command that parts them and the note that they are apart."""
    await house.agent()
    caller, call, agent = await house.talking()
    noted = caller.variables[NOTE]
    await house.control.hold("1004")
    caller.variables[NOTE] = noted

    async with house.killed() as heir:
        await heir.holds(lambda: caller.bridge and caller.bridge == agent.bridge)
        assert heir.calls.calls[call.id].state == "talking"
        heir.fake.hangs_up(caller)


async def test_a_phone_that_rang_falls_silent_and_the_caller_keeps_the_place(house: House) -> None:
    await house.agent(answers=False)
    caller, call = await house.queued()
    phone = await house.ringing()

    async with house.killed() as heir:
        await heir.holds(lambda: phone.uniqueid not in heir.fake.channels)
        assert heir.calls.calls[call.id].state == "queued"
        assert [one.id for one in heir.acd.waiting()] == [call.id]
        heir.fake.hangs_up(caller)


async def test_an_agent_who_hung_up_meanwhile_has_ended_the_talk_and_writes_it_up(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    await house.link.close()
    house.fake.hangs_up(agent)

    async with house.killed() as heir:
        ended = await heir.until("call_ended", call_id=call.id)
        assert ended.outcome == "served"
        assert caller.uniqueid not in heir.fake.channels


async def test_a_caller_who_hung_up_meanwhile_has_ended_once(house: House) -> None:
    caller, call = await house.queued()
    await house.link.close()
    house.fake.hangs_up(caller)

    async with house.killed() as heir:
        await heir.resuming.account()
        [ended] = [one for one in heir.events if one.kind == "call_ended"]
        assert ended.call_id == call.id
        assert ended.outcome == "abandoned_in_queue"  # type: ignore[attr-defined]
        [row] = heir.past.kept
        assert row["ended_at"] == ended.at
        heir.events.remove(ended)  # it did not begin with this server


async def test_agents_are_what_they_were(house: House) -> None:
    await house.agent("1001")
    await house.agent("1004")
    await house.floor.set_status("1001", "not_ready", "break")

    async with house.killed() as heir:
        away, ready = heir.acd.state_of("1001"), heir.acd.state_of("1004")
        assert (away.status, away.reason) == (Status.NOT_READY, "break")
        assert ready.status is Status.READY
        was = next(one for one in reversed(house.events) if one.agent_id == "1004" and one.kind == "agent_moved")
        assert ready.since == pytest.approx(was.at, abs=0.01)


async def test_without_a_database_calls_go_on_without_their_past(house: House) -> None:
    await house.agent()
    caller, call, agent = await house.talking()
    waiting, waits = await house.queued("13800000002")
    house.past.away = True

    async with house.killed() as heir:
        assert heir.calls.calls[call.id].state == "talking"
        assert heir.calls.calls[waits.id].state == "queued"
        assert heir.acd.state_of("1004").activity is Activity.TALKING
        assert heir.acd.state_of("1004").status is Status.NOT_READY
        heir.fake.hangs_up(agent)
        await heir.until("call_ended", call_id=call.id)
        assert caller.uniqueid not in heir.fake.channels
        heir.fake.hangs_up(waiting)


async def test_what_asterisk_says_while_calls_are_being_found_is_heard_afterwards(house: House) -> None:
    """The agent hangs up in the very moment in which the next server asks who is there."""
    await house.agent()
    caller, call, agent = await house.talking()

    def meanwhile(said: object) -> None:
        del house.fake.instead["Status"]
        house.fake.carry_out(said)  # type: ignore[arg-type]
        house.fake.hangs_up(agent)

    house.fake.instead["Status"] = meanwhile
    async with house.killed() as heir:
        ended = await heir.until("call_ended", call_id=call.id)
        assert (ended.outcome, ended.hung_up_by) == ("served", "agent")
        assert caller.uniqueid not in heir.fake.channels


async def test_a_caller_of_whom_nothing_is_known_begins_anew(house: House) -> None:
    stranger = Channel("caller", "zongji-99.9", "PJSIP/caller-00000099", state="Up")
    async with house.killed() as heir:
        await heir.link.close()
        heir.fake.channels[stranger.uniqueid] = stranger
        async with heir.killed() as next_heir:
            arrived = await next_heir.until("call_arrived")
            assert arrived.uniqueid == stranger.uniqueid
            next_heir.fake.hangs_up(stranger)


async def test_the_last_agents_wrap_up_goes_on(house: House) -> None:
    await house.agent()
    caller, call = await house.arrived()
    for key in "14":
        house.fake.presses(caller, key)
    await house.until("agent_connected", call_id=call.id)
    house.fake.hangs_up(caller)
    wrapping = await house.until("agent_moved", activity="wrap_up")

    async with house.killed() as heir:
        state = heir.acd.state_of("1004")
        assert state.activity is Activity.WRAP_UP
        assert state.until == pytest.approx(wrapping.until, abs=0.05)
        heir.dispatcher.handle(WrapUpFinished("1004"))
        assert heir.acd.state_of("1004").activity is Activity.IDLE


async def test_whoever_waited_longest_is_next_when_a_talk_of_before_is_over(house: House) -> None:
    await house.agent()
    _, _, agent = await house.talking()
    waiting, call = await house.queued("13800000002")

    async with house.killed() as heir:
        heir.open_page("1004")
        await heir.holds(lambda: heir.acd.state_of("1004").reachable)
        heir.fake.hangs_up(agent)
        connected = await heir.until("agent_connected")
        assert connected.call_id == call.id
        heir.fake.hangs_up(waiting)


async def test_one_that_cannot_be_taken_up_begins_anew_and_the_others_go_on(house: House) -> None:
    broken, lost = await house.queued("13800000001")
    waiting, kept = await house.queued("13800000002")
    broken.variables[NOTE] = broken.variables[NOTE].replace('"requires":"', '"requires":"((( ')

    async with house.killed() as heir:
        assert heir.calls.calls[kept.id].state == "queued"
        await heir.until("call_ended", call_id=lost.id)
        for channel in (broken, waiting):
            if channel.uniqueid in heir.fake.channels:
                heir.fake.hangs_up(channel)
