"""Callers who would rather not wait on the line: called back in their turn, or heard later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from cti.events import CallbackAsked
from cti.phones import Account, Phone, phone, seconds_of, tone_seconds
from cti.settings import CallbackSettings, InLineSettings
from tests.agents import client
from tests.live.conftest import House, Parts
from tests.live.tones import heard_prompts

pytestmark = pytest.mark.live
CALLER_HZ, AGENT_HZ, LINE_HZ = 440, 880, 660
NUMBER = "13912345678"


async def line_of(house: House, *, auto_answer: bool = True) -> Phone:
    """The telephone that is called back."""
    account = Account(NUMBER, "", auto_answer=auto_answer, register=False)
    listen = house.gateway.removeprefix("sip:")
    return await house.stack.enter_async_context(phone(house.sip, [account], tone_hz=LINE_HZ, listen=listen))


async def asked(house: House, method: str, path: str, who: str, role: str = "agent", **more: Any) -> httpx.Response:
    return await client.asked(house.app, method, path, who, role, **more)


async def asks_to_be_called_back(house: House, caller: Phone) -> None:
    await caller.press("1", gap_s=0.1)
    await house.until("menu_stepped", node="confirm")
    await caller.press("1", gap_s=0.1)
    await house.until("callback_asked")
    caller.hang_up()
    await caller.wait_for("CALL_CLOSED")


async def test_a_callback_keeps_its_place_among_those_who_wait_on_the_line(house: House) -> None:
    line = await line_of(house)
    first = await house.queued("13800000001")
    second = await house.queued(NUMBER)
    third = await house.queued("13800000003")
    await asks_to_be_called_back(house, second)
    await house.holds(lambda: len(house.server.acd.waiting("trading", house.server.clock())) == 3)
    order = [one.id for one in house.server.acd.waiting("trading", house.server.clock())]
    assert [one.state for one in house.server.callbacks.open] == ["calling"]

    _, agent = await house.agent("1004")
    for caller in (first, None, third):
        connected = len(house.told("agent_connected", "call_id")) + 1
        await house.holds(lambda connected=connected: len(house.told("agent_connected", "call_id")) >= connected)
        await house.passes(1.5)
        if caller is None:
            line.hang_up()
        else:
            caller.hang_up()
            await caller.wait_for("CALL_CLOSED")
        await house.holds(lambda connected=connected: house.told("agent_connected", "call_id")[connected - 1] in
                          house.told("call_ended", "call_id"))  # fmt: skip
    await line.wait_for("CALL_CLOSED")

    assert house.told("agent_connected", "call_id") == order
    assert house.told("agent_connected", "channel") == [None, "callback", None]
    assert tone_seconds(line.heard()[-1], AGENT_HZ) > 0.8
    assert house.told("call_ended", "outcome").count("callback") == 1
    assert house.told("callback_moved", "state") == ["waiting", "calling", "done"]
    [kept] = await house.server.callbacks._memory.callbacks(("done",), 0.0)
    assert (kept["number"], kept["tries"]) == (NUMBER, 1)
    assert agent is not None


async def test_who_is_not_reached_is_tried_again_later(house: House) -> None:
    line = await line_of(house, auto_answer=False)
    caller = await house.queued(NUMBER)
    await asks_to_be_called_back(house, caller)
    await house.agent("1004")
    await line.wait_for("CALL_INCOMING")
    line.hang_up()

    moved = await house.until("callback_moved", state="waiting", tries=1)

    assert moved.due_at == pytest.approx(moved.at + house.server.settings.callback.spacing_s, abs=1.0)
    await house.holds(house.nobody_is_busy)


async def test_a_message_is_heard_by_an_agent_as_it_was_spoken(house: House) -> None:
    caller = await house.queued()
    await caller.press("2", gap_s=0.1)
    await house.until("menu_stepped", node="message")
    await house.passes(2.6 + 2.0)  # the prompt, the tone, and two seconds of speaking
    caller.hang_up()
    left = await house.until("message_left")
    await caller.wait_for("CALL_CLOSED")
    assert left.seconds == pytest.approx(1.9, abs=0.8)
    listed = await asked(house, "GET", "/api/voicemails", "2001", "supervisor")
    assert [(one["id"], one["state"]) for one in listed.json()["messages"]] == [(left.voicemail_id, "new")]

    _, agent = await house.agent("1004")
    connected = await house.until("agent_connected")
    path = f"/api/voicemails/{left.voicemail_id}"
    told = await asked(house, "GET", path, "1004")
    assert (await asked(house, "GET", path, "1003")).status_code == 404
    sound = await asked(house, "GET", told.json()["audio"], "")
    assert sound.content == house.server.voicemails.sound(left.voicemail_id).read_bytes()
    await house.passes(left.seconds + 1.0)
    agent.hang_up()
    await house.until("call_ended", call_id=connected.call_id)
    await agent.wait_for("CALL_CLOSED")

    assert connected.channel == "voicemail"
    assert tone_seconds(agent.heard()[-1], CALLER_HZ) == pytest.approx(left.seconds, abs=0.5)
    assert ("zh", "message_end") in heard_prompts(agent.heard()[-1])
    kept = await house.server.voicemails._memory.message(left.voicemail_id)
    assert kept is not None
    assert (kept["state"], kept["agent_id"]) == ("heard", "1004")
    assert house.server.voicemails.sound(left.voicemail_id).stat().st_mode & 0o777 == 0o640
    assert house.told("call_ended", "outcome") == ["voicemail", "served"]
    assert seconds_of(house.server.voicemails.sound(left.voicemail_id)) == pytest.approx(left.seconds, abs=0.01)


async def test_who_gave_up_is_called_back_when_a_supervisor_asks_for_it(house: House) -> None:
    line = await line_of(house)
    caller = await house.queued(NUMBER)
    caller.hang_up()
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED")
    body = {"call_id": ended.call_id}
    answer = await asked(house, "POST", "/api/callbacks", "2001", "supervisor", json=body)
    async with asyncio.timeout(10):
        while answer.status_code != 200:  # the journal has all of it in a moment
            await asyncio.sleep(0.05)
            answer = await asked(house, "POST", "/api/callbacks", "2001", "supervisor", json=body)
    [told] = answer.json()["callbacks"]
    again = await asked(house, "POST", "/api/callbacks", "2001", "supervisor", json=body)
    forbidden = await asked(house, "GET", "/api/callbacks", "1004")
    gone = (await asked(house, "GET", "/api/abandoned", "2001", "supervisor")).json()["calls"]
    assert [(one["call_id"], one["number"], one["back"]) for one in gone] == [(ended.call_id, NUMBER, False)]
    await house.agent("1004")
    connected = await house.until("agent_connected", channel="callback")
    await house.passes(1.0)
    line.hang_up()
    await house.until("call_ended", call_id=connected.call_id)
    await line.wait_for("CALL_CLOSED")

    queued = await house.until("call_queued", call_id=ended.call_id)
    assert (told["number"], told["queue"]) == (NUMBER, "trading")
    assert told["since"] == pytest.approx(queued.at, abs=0.1)
    assert (again.status_code, again.json()["error"]["code"]) == (422, "already")
    assert forbidden.status_code == 403
    assert [one.by for one in house.events if isinstance(one, CallbackAsked)] == ["2001"]


async def test_those_who_wait_are_told_their_place_and_comforted(parts: Parts) -> None:
    treated = InLineSettings(every_s=5.0, comfort=["comfort"], offered=["offer_instead"])
    queues = [one.model_copy(update={"in_line": treated}) for one in parts.settings.queues]
    settings = parts.settings.model_copy(update={"queues": queues})
    async with replace(parts, settings=settings).serving() as house:
        first = await house.queued("13800000001")
        second = await house.queued("13800000002")
        await house.passes(2.0 + 5.0 + 7.0)
        for caller in (first, second):
            caller.hang_up()
            await caller.wait_for("CALL_CLOSED")
        await house.holds(lambda: len(house.told("call_ended", "call_id")) == 2)
        heard = [[name for _, name in heard_prompts(caller.heard()[-1])] for caller in (first, second)]

    assert heard[0][heard[0].index("queue_wait") + 1] == "you_are_next"
    at = heard[1].index("queue_wait")
    assert heard[1][at + 1 : at + 4] == ["ahead_before", "一", "ahead_after"]
    assert "comfort" in heard[1]


async def test_where_the_customer_is_called_first_he_waits_with_his_old_place(parts: Parts) -> None:
    callback = CallbackSettings(first="customer")
    settings = parts.settings.model_copy(update={"callback": callback})
    async with replace(parts, settings=settings).serving() as house:
        line = await line_of(house)
        caller = await house.queued(NUMBER)
        await asks_to_be_called_back(house, caller)
        later = await house.queued("13800000003")
        await house.holds(lambda: [one.state for one in house.server.callbacks.open] == ["waiting"])
        assert not line.heard()

        await house.agent("1004")
        await line.wait_for("CALL_ESTABLISHED")
        first = await house.until("agent_connected")
        later.hang_up()
        await later.wait_for("CALL_CLOSED")
        await house.holds(lambda: house.told("agent_connected", "channel")[-1] == "callback", 30)
        await house.passes(1.5)
        line.hang_up()
        await line.wait_for("CALL_CLOSED")
        await house.until("callback_moved", state="done")
        assert first.call_id
        assert ("zh", "callback_hello") in heard_prompts(line.heard()[-1])
        assert tone_seconds(line.heard()[-1], AGENT_HZ) > 0.8
