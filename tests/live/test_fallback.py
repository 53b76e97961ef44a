"""While the server is away the dialplan speaks to callers, and hands them over when it is back."""

from __future__ import annotations

import asyncio

import pytest

from cti.phones import Account, phone
from tests.live.conftest import PASSWORD, Parts, asterisk_is_empty
from tests.live.tones import PROMPT_S, prompt_seconds

pytestmark = pytest.mark.live
CALLER = Account("caller", PASSWORD, "张三丰", "13800000001", register=False)


async def test_a_caller_who_came_while_the_server_was_away_is_handed_over_on_the_same_channel(parts: Parts) -> None:
    async with phone(parts.sip, [CALLER]) as caller:
        caller.dial(f"sip:8000@{parts.sip}")
        await caller.wait_for("CALL_ESTABLISHED")
        await asyncio.sleep(1.0)  # the fallback speaks
        uniqueid = (await parts.pbx.console("core show channels concise")).split("!")[-1].strip()
        async with parts.serving() as house:
            arrived = await house.until("call_arrived")
            await house.until("menu_stepped", node="language")
            caller.hang_up()
            await house.until("call_ended")
        await caller.wait_for("CALL_CLOSED")
        heard = [prompt_seconds(caller.heard()[-1], "zh", prompt) for prompt in ("fallback", "welcome")]

    assert arrived.uniqueid == uniqueid
    assert arrived.name == "张三丰"
    assert heard[0] > PROMPT_S - 0.4
    assert heard[1] == pytest.approx(PROMPT_S, abs=0.4)


async def test_without_a_server_the_caller_is_told_twice_and_let_go(parts: Parts) -> None:
    async with phone(parts.sip, [CALLER]) as caller:
        caller.dial(f"sip:8000@{parts.sip}")
        await caller.wait_for("CALL_ESTABLISHED")
        await caller.wait_for("CALL_CLOSED", 20)
        told = prompt_seconds(caller.heard()[-1], "zh", "fallback")

    assert told == pytest.approx(2 * PROMPT_S, abs=0.5)
    await asterisk_is_empty(parts.pbx)


async def test_a_heartbeat_that_grew_old_is_a_server_that_is_away(parts: Parts) -> None:
    async with parts.serving() as house:
        await house.holds(lambda: house.server.link.actions > 2)
    await parts.pbx.console("dialplan set global CTI_ALIVE 1000")

    async with phone(parts.sip, [CALLER]) as caller:
        caller.dial(f"sip:8000@{parts.sip}")
        await caller.wait_for("CALL_ESTABLISHED")
        await asyncio.sleep(PROMPT_S)
        caller.hang_up()
        await caller.wait_for("CALL_CLOSED")
        assert prompt_seconds(caller.heard()[-1], "zh", "fallback") > 0.5
