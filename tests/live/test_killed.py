"""The server is gone from one moment to the next: callers and agents do not notice, and the next server goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.agent_states import Activity
from cti.phones import Account, Phone, phone, tone_seconds
from tests.live.conftest import AWAY_S, PASSWORD, House, Parts, nothing_is_left
from tests.live.tones import prompt_seconds

pytestmark = pytest.mark.live
AGENT_HZ, CALLER_HZ = 880, 440


def telephone(parts: Parts, user: str, *, hz: int = CALLER_HZ, number: str = ""):  # type: ignore[no-untyped-def]
    account = Account(user, PASSWORD, "", number, register=not number, auto_answer=not number)
    return phone(parts.sip, [account], tone_hz=hz)


async def call(house: House, caller: Phone) -> str:
    """Mandarin, quotes; the call's id, once it waits."""
    known = set(house.server.calls.calls)
    caller.dial(f"sip:8000@{house.sip}")
    await caller.wait_for("CALL_ESTABLISHED")
    [call_id] = set(house.server.calls.calls) - known
    await caller.press("12", gap_s=0.1)
    await house.until("call_queued", call_id=call_id)
    return call_id


async def open_page(house: House, agent_id: str) -> None:
    await house.holds(lambda: house.server.floor.has_phone(agent_id), 45)
    page = house.server.roster.join(agent_id, lambda _code: None)
    house.stack.callback(house.server.roster.leave, page)


async def test_a_talk_goes_on_and_its_recording_is_one_and_who_waited_is_next(parts: Parts) -> None:
    async with (
        telephone(parts, "agent1004", hz=AGENT_HZ) as desk,
        telephone(parts, "caller", number="13800000001") as first,
        telephone(parts, "caller", number="13800000002") as second,
    ):
        async with parts.serving(killed=True) as house:
            await open_page(house, "1004")
            await house.server.floor.log_in("1004")
            await house.ready("1004")
            talks = await call(house, first)
            await house.until("agent_connected", call_id=talks)
            waits = await call(house, second)
            since = house.server.calls.calls[waits].facts.waiting_since
            await house.passes(1.0)

        async with parts.serving() as heir:
            server = heir.server
            assert heir.told("call_taken_up", "state") == ["talking", "queued"]
            assert server.calls.calls[waits].facts.waiting_since == pytest.approx(since, abs=0.002)
            assert server.acd.state_of("1004").activity is Activity.TALKING
            await open_page(heir, "1004")
            await heir.passes(1.0)
            await server.control.hold("1004")
            await heir.passes(0.5)
            await server.control.resume("1004")
            await heir.passes(0.5)
            first.hang_up()
            assert (await heir.until("call_ended", call_id=talks)).outcome == "served"
            await heir.until("agent_connected", call_id=waits)
            await heir.passes(0.5)
            second.hang_up()
            await heir.until("call_ended", call_id=waits)
            await first.wait_for("CALL_CLOSED")
            assert server.recorder is not None
            await server.recorder.settled()
            kept = await heir.until("recording_kept", call_id=talks)
            file = await server.recorder.recording(kept.recording_id)
        heard = tone_seconds(first.heard()[-1], AGENT_HZ)
        assert file is not None
        assert [one["what"] for one in file.facts["segments"]] == ["talk", "hold", "talk"]
        assert file.facts["agents"] == ["1004"]
    assert desk
    assert heard > 2.5 - 0.2


async def test_a_menu_begins_again_at_the_question_that_was_asked(parts: Parts) -> None:
    async with telephone(parts, "caller", number="13800000001") as caller:
        async with parts.serving(killed=True) as house:
            caller.dial(f"sip:8000@{parts.sip}")
            await caller.wait_for("CALL_ESTABLISHED")
            await caller.press("1", gap_s=0.1)
            await house.until("menu_stepped", node="main")
        async with parts.serving() as heir:
            again = await heir.until("menu_stepped")
            assert again.node == "main"
            await caller.press("2", gap_s=0.1)
            assert (await heir.until("call_queued")).call_id == again.call_id
            caller.hang_up()
            await heir.until("call_ended")


async def test_a_server_that_stays_away_leaves_callers_to_the_phones_and_takes_them_back(parts: Parts) -> None:
    async with (
        telephone(parts, "caller", number="13800000001") as first,
        telephone(parts, "caller", number="13800000002") as second,
    ):
        async with parts.serving(killed=True) as house:
            one, two = await call(house, first), await call(house, second)
        await parts.pbx.console("dialplan set global CTI_ALIVE 1000")  # as it is after 15 s
        async with telephone(parts, "agent1004", hz=AGENT_HZ):
            await asyncio.sleep(AWAY_S + 4.5)  # the dead man's time, and the word of the fallback
            async with parts.serving() as heir:
                taken = heir.told("call_taken_up", "call_id")
                assert taken == [one, two]
                assert [each.id for each in heir.server.acd.waiting(None, 0.0)] == [two]
                first.hang_up()
                assert (await heir.until("call_ended", call_id=one)).outcome == "fallback"
                second.hang_up()
                assert (await heir.until("call_ended", call_id=two)).outcome == "abandoned_in_queue"
                await first.wait_for("CALL_CLOSED")
                await second.wait_for("CALL_CLOSED")
                await nothing_is_left(heir)
        said, heard = first.heard()[-1], second.heard()[-1]
        assert prompt_seconds(said, "zh", "fallback") > 1.0
        assert tone_seconds(said, AGENT_HZ) > 0.2
        assert prompt_seconds(heard, "zh", "fallback") > 1.0
        assert isinstance(said, Path)
