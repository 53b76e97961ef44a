"""A supervisor in an agent's call: who hears whom, measured in what their telephones recorded."""

from __future__ import annotations

import asyncio

import pytest

from agents.ports import Refused
from cti.phones import Account, Phone, phone, seconds_of, tone_seconds
from db.tables import AgentRow
from tests.live.conftest import PASSWORD, House

pytestmark = pytest.mark.live
# far from music and prompts: a part of a tone is heard beside it
CALLER_HZ, AGENT_HZ, THIRD_HZ, SUPERVISOR_HZ = 440, 880, 660, 1040
LONG = 2.0
MOST = 1.2  # seconds of a tone that must be there: what rings and begins takes its time


async def talk(house: House) -> tuple[Phone, Phone, Phone]:
    """The caller, the agent and the supervisor, who has a telephone and hears nothing yet."""
    account = Account("agent2001", PASSWORD, auto_answer=True)
    supervisor = await house.stack.enter_async_context(phone(house.sip, [account], tone_hz=SUPERVISOR_HZ))
    await house.holds(lambda: house.server.floor.is_registered("agent2001"))
    _, agent = await house.agent("1004")
    caller = await house.queued()
    await house.until("agent_connected")
    return caller, agent, supervisor


async def over(house: House, caller: Phone, *others: Phone) -> None:
    caller.hang_up()
    await house.until("call_ended")
    for one in (caller, *others):
        await one.wait_for("CALL_CLOSED")


def heard(one: Phone, hz: int) -> float:
    return tone_seconds(one.heard()[-1], hz)


async def test_one_who_listens_hears_both_and_is_heard_by_nobody(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    await house.server.supervision.spying.listen("2001", "1004")
    listened = await house.until("supervisor_listened")
    assert (listened.agent_id, listened.by, listened.mode) == ("1004", "2001", "listen")
    await house.passes(LONG)
    await over(house, caller, agent, supervisor)

    assert heard(supervisor, CALLER_HZ) > MOST
    assert heard(supervisor, AGENT_HZ) > MOST
    assert heard(caller, SUPERVISOR_HZ) == heard(agent, SUPERVISOR_HZ) == 0.0
    assert house.told("supervisor_left", "by") == ["2001"]


async def test_one_who_listens_hears_each_of_those_with_whom_the_agent_speaks(house: House) -> None:
    """Of the two changes one is to somebody who counts his packets from below."""
    caller, agent, supervisor = await talk(house)
    _, third = await house.agent("1003", hz=THIRD_HZ)
    control = house.server.control
    await house.server.supervision.spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    await house.passes(LONG)
    await control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await house.passes(LONG)
    await control.swap("1004")
    await house.until("call_moved", event="resumed")
    await house.passes(LONG)
    await over(house, caller, agent, third, supervisor)

    for one in (agent, supervisor):
        assert heard(one, THIRD_HZ) > MOST
        assert heard(one, CALLER_HZ) > LONG + MOST


async def test_a_whisper_is_heard_by_the_agent_and_never_by_the_caller(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    await house.server.supervision.spying.listen("2001", "1004")
    await house.server.supervision.spying.spy_mode("2001", "whisper")
    await house.until("supervisor_listened", mode="whisper")
    await house.passes(LONG)
    await over(house, caller, agent, supervisor)

    assert heard(agent, SUPERVISOR_HZ) > MOST
    assert heard(caller, SUPERVISOR_HZ) == 0.0
    assert heard(caller, AGENT_HZ) > MOST


async def test_one_who_barges_in_is_heard_by_both_and_by_nobody_once_he_only_listens(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    await house.server.supervision.spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    await house.server.supervision.spying.spy_mode("2001", "barge")
    await house.passes(LONG)
    await house.server.supervision.spying.spy_mode("2001", "listen")
    await house.passes(LONG)
    await over(house, caller, agent, supervisor)

    for one in (caller, agent):
        assert LONG - 0.8 < heard(one, SUPERVISOR_HZ) < LONG + 0.8
        whole = seconds_of(one.heard()[-1])
        assert tone_seconds(one.heard()[-1], SUPERVISOR_HZ, whole - 0.7) == 0.0
    assert heard(supervisor, CALLER_HZ) > 2 * LONG - 0.8
    assert house.told("supervisor_listened", "mode") == ["listen", "barge", "listen"]


async def test_a_supervisor_who_hangs_up_ends_only_the_listening(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    await house.server.supervision.spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    supervisor.hang_up()
    await house.until("supervisor_left")
    await house.passes(LONG)
    assert house.server.acd.state_of("1004").activity == "talking"
    with pytest.raises(Refused, match="nobody's call"):
        await house.server.supervision.spying.spy_mode("2001", "barge")
    await over(house, caller, agent)
    assert heard(caller, AGENT_HZ) > LONG


async def test_who_listens_is_let_go_when_the_agent_leaves_the_call(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    await house.server.supervision.spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    agent.hang_up()
    await supervisor.wait_for("CALL_CLOSED")
    await caller.wait_for("CALL_CLOSED", 15)
    assert house.told("supervisor_left", "by") == ["2001"]


async def test_a_call_taken_over_is_the_supervisors_and_the_agent_wraps_up(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    await house.server.supervision.spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    await house.passes(0.5)
    await house.server.supervision.spying.take_over("2001")
    await agent.wait_for("CALL_CLOSED")
    taken = await house.until("call_taken_over")
    assert (taken.agent_id, taken.by) == ("1004", "2001")
    assert house.server.acd.state_of("1004").activity == "wrap_up"
    await house.passes(LONG)
    await over(house, caller, supervisor)
    assert heard(caller, SUPERVISOR_HZ) > MOST
    assert heard(supervisor, CALLER_HZ) > LONG


async def test_a_refused_take_over_leaves_the_supervisor_listening(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    spying, control = house.server.supervision.spying, house.server.control
    await spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    await control.hold("1004")
    with pytest.raises(Refused, match="held"):
        await spying.take_over("2001")
    await control.resume("1004")
    await house.passes(LONG)
    await spying.take_over("2001")
    await agent.wait_for("CALL_CLOSED")
    await over(house, caller, supervisor)
    assert heard(supervisor, CALLER_HZ) > MOST
    assert heard(caller, SUPERVISOR_HZ) < MOST
    assert house.told("supervisor_left", "by") == []


async def test_of_two_manners_asked_for_at_once_the_last_is_in_force_and_told(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    spying = house.server.supervision.spying
    await spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    modes = ("barge", "listen", "whisper")
    await asyncio.gather(*(spying.spy_mode("2001", mode) for mode in modes))
    assert house.told("supervisor_listened", "mode")[1:] == list(modes)
    listening = house.server.roster._streams["2001"].listening
    assert listening is not None
    assert (listening.mode, listening.state) == ("whisper", "on")
    await house.passes(LONG)
    await over(house, caller, agent, supervisor)
    assert heard(agent, SUPERVISOR_HZ) > MOST
    assert heard(caller, SUPERVISOR_HZ) < 0.6  # barge was in force for a moment


async def test_who_took_a_call_over_holds_it_and_sends_it_on(house: House) -> None:
    caller, agent, supervisor = await talk(house)
    spying, control = house.server.supervision.spying, house.server.control
    await spying.listen("2001", "1004")
    await house.until("supervisor_listened")
    await spying.take_over("2001")
    await agent.wait_for("CALL_CLOSED")

    def shown() -> tuple[str, bool] | None:
        one = house.server.roster._streams["2001"].listening
        return (one.state, one.held) if one else None

    await control.hold("2001")
    await house.holds(lambda: shown() == ("taken", True))
    await control.resume("2001")
    await house.holds(lambda: shown() == ("taken", False))
    await house.server.floor.set_status("1004", "not_ready", "break")
    await control.transfer("2001", "queue", "complaints")
    await supervisor.wait_for("CALL_CLOSED")
    await house.until("call_queued", queue="complaints")
    assert shown() is None
    caller.hang_up()
    await house.until("call_ended")


async def test_a_supervisor_who_joined_today_gets_a_call_that_he_took_over_back_after_a_reload(house: House) -> None:
    _, agent = await house.agent("1004")
    joined = AgentRow(
        id="2002", name="新班长", name_en="New", role="supervisor", password_hash="", phone="", skills={}, active=True
    )  # fmt: skip
    await house.server.store.add([joined])
    await house.server.floor.meet("2002")
    supervisor = await house.agents_phone("2002", hz=SUPERVISOR_HZ, kind="web")
    page = house.server.roster.join("2002", lambda _code: None, sees_all=True)
    house.stack.callback(house.server.roster.leave, page)
    caller = await house.queued()
    await house.until("agent_connected")
    await house.server.supervision.spying.listen("2002", "1004")
    await house.until("supervisor_listened")
    await house.server.supervision.spying.take_over("2002")
    await agent.wait_for("CALL_CLOSED")
    house.server.calls.page_lost("2002")
    await house.until("call_moved", event="agent_lost")
    await house.until("call_moved", event="resumed")
    await house.passes(LONG)
    await house.server.supervision.spying.stop_listening("2002")
    ended = await house.until("call_ended")
    for one in (caller, supervisor):
        await one.wait_for("CALL_CLOSED", 15)
    assert ended.outcome == "served"
    assert heard(caller, SUPERVISOR_HZ) > MOST


async def test_listening_needs_a_call_and_a_telephone(house: House) -> None:
    await house.agent("1004")
    with pytest.raises(Refused, match="no call"):
        await house.server.supervision.spying.listen("2001", "1004")
    caller = await house.queued()
    await house.until("agent_connected")
    with pytest.raises(Refused, match="not registered"):
        await house.server.supervision.spying.listen("2001", "1004")
    caller.hang_up()
    await house.until("call_ended")
