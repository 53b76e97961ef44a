"""What both sides hear: measured in what their telephones recorded."""

from __future__ import annotations

import random

import pytest

from cti.phones import level_db, seconds_of, tone_seconds
from tests.live.conftest import House, asterisk_is_empty
from tests.live.tones import PROMPT_S, heard_prompts, prompt_seconds

pytestmark = pytest.mark.live
CALLER_HZ, AGENT_HZ = 440, 880
# What Asterisk may say of a channel that hangs up while it is being joined with another.
RACED = ["Can't move channel", "Could not gain control of channel", "Async AGI datastore disappeared"]
ABOUT = 0.5  # seconds: ringing, windows and recordings are cut at both ends


async def test_each_hears_the_other_while_they_talk_and_not_before(house: House) -> None:
    caller = await house.queued()
    await house.passes(1.0)
    _, agent_phone = await house.agent("1004")
    connected = await house.until("agent_connected")
    await house.passes(2.0)
    caller.hang_up()
    ended = await house.until("call_ended")
    await agent_phone.wait_for("CALL_CLOSED")
    await caller.wait_for("CALL_CLOSED")

    talk_s = ended.at - connected.at
    heard, agent_heard = caller.heard()[-1], agent_phone.heard()[-1]
    assert tone_seconds(heard, AGENT_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert tone_seconds(heard, AGENT_HZ, to_s=seconds_of(heard) - talk_s - ABOUT) == 0.0
    assert tone_seconds(agent_heard, CALLER_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert heard_prompts(agent_heard) == []


async def test_the_waiting_hear_the_prompt_then_music_at_once_and_softer(house: House) -> None:
    caller = await house.queued()
    await house.passes(PROMPT_S + 3.0)
    caller.hang_up()
    await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED")

    heard = caller.heard()[-1]
    whole = seconds_of(heard)
    assert prompt_seconds(heard, "zh", "queue_wait") == pytest.approx(PROMPT_S, abs=ABOUT)
    music = [level_db(heard, at / 4, at / 4 + 0.25) for at in range(int(whole * 4) - 10, int(whole * 4) - 1)]
    assert min(music) > -45
    assert -32 < level_db(heard, whole - 2.5, whole) < -23  # prompts lie at -20


async def test_hold_gives_the_caller_music_and_the_agent_silence_and_resume_gives_both_back(house: House) -> None:
    hold_s = 2.5
    _, agent_phone = await house.agent("1004")
    caller = await house.queued()
    connected = await house.until("agent_connected")
    await house.passes(1.5)
    await house.server.control.hold("1004")
    held = await house.until("call_moved", event="held")
    assert house.server.acd.state_of("1004").activity == "held"
    await house.passes(hold_s)
    await house.server.control.resume("1004")
    resumed = await house.until("call_moved", event="resumed")
    await house.passes(1.5)
    caller.hang_up()
    ended = await house.until("call_ended")
    await agent_phone.wait_for("CALL_CLOSED")
    await caller.wait_for("CALL_CLOSED")

    first_s, second_s = held.at - connected.at, ended.at - resumed.at
    heard = caller.heard()[-1]
    whole = seconds_of(heard)
    assert tone_seconds(heard, AGENT_HZ) == pytest.approx(first_s + second_s, abs=ABOUT)
    assert tone_seconds(heard, AGENT_HZ, whole - second_s + 0.2) == pytest.approx(second_s, abs=ABOUT)
    in_hold = (whole - second_s - hold_s + 0.4, whole - second_s - 0.4)
    assert tone_seconds(heard, AGENT_HZ, *in_hold) == 0.0
    assert level_db(heard, *in_hold) > -35
    assert tone_seconds(agent_phone.heard()[-1], CALLER_HZ) == pytest.approx(first_s + second_s, abs=ABOUT)


async def test_an_agent_who_hangs_up_on_hold_leaves_the_caller_with_a_goodbye(house: House) -> None:
    _, agent_phone = await house.agent("1004")
    caller = await house.queued()
    await house.until("agent_connected")
    await house.server.control.hold("1004")
    agent_phone.hang_up()

    await caller.wait_for("CALL_CLOSED", 15)
    ended = await house.until("call_ended")
    assert (ended.outcome, ended.hung_up_by) == ("served", "agent")
    assert prompt_seconds(caller.heard()[-1], "zh", "goodbye") == pytest.approx(PROMPT_S, abs=ABOUT)


async def test_hanging_up_around_the_bridge_again_and_again_leaves_nothing(house: House) -> None:
    house.foreseen += RACED
    _, agent_phone = await house.agent("1004")
    caller = await house.caller()
    chance = random.Random(1)
    for turn in range(20):
        seen = len(agent_phone.events)
        await caller.press("12", gap_s=0.1)
        await agent_phone.wait_for("CALL_ESTABLISHED", since=seen)
        first, other = (caller, agent_phone) if turn % 2 else (agent_phone, caller)
        await house.passes(chance.uniform(0.0, 0.006))
        first.hang_up()
        await house.passes(0.2)
        other.hang_up()  # the caller, who may meanwhile have been offered again
        await house.holds(lambda: not house.server.calls.calls and not house.server.calls.legs, 15)
        await house.holds(house.nobody_is_busy)
        await asterisk_is_empty(house.pbx)
        seen = len(caller.events)
        caller.dial(f"sip:8000@{house.sip}")
        await caller.wait_for("CALL_ESTABLISHED", since=seen)

    caller.hang_up()
    await house.holds(lambda: len(house.told("call_ended", "outcome")) == 21)
