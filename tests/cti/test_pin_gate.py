"""Account and PIN: the same answer and the same time for all that is not right, and locks that outlive the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.host import HostDown
from cti.hosts.guard import GuardedHost
from cti.pin_gate import ANSWER_S, PinGate
from db.engine import dispose, make_engine, upgrade
from db.pin_tries import PinTries
from ivr.locks import Rule
from tests.hosts.test_guard import Moody

RULE = Rule(most=3, lock_s=60.0)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}")
    await upgrade(engine)
    yield engine
    await dispose(engine)


def gate(engine: AsyncEngine, host: Moody) -> PinGate:
    """Of the host `Moody` every account's PIN is the account itself."""
    return PinGate(GuardedHost(host), PinTries(engine), RULE, time.time)


async def test_right_wrong_and_locked_take_the_same_time_and_the_locked_asks_nobody(engine: AsyncEngine) -> None:
    host = Moody()
    door = gate(engine, host)
    await door.open()
    took = []
    for pin in ("000000", "000000", "000000", "123456", "123456"):
        begun = time.monotonic()
        assert not await door.is_right("123456", pin, "138")
        took.append(time.monotonic() - begun)

    assert host.asked == 3
    wrong, locked = took[:3], took[3:]
    assert abs(min(wrong) - min(locked)) < 0.1  # the quickest of each: a machine that pauses adds to single ones
    assert min(took) >= ANSWER_S - 0.01
    await door.close()


async def test_a_lock_outlives_the_server(engine: AsyncEngine) -> None:
    first = gate(engine, Moody())
    await first.open()
    await asyncio.gather(*(first.is_right("123456", "000000", "") for _ in range(3)))
    await first.close()

    host = Moody()
    second = gate(engine, host)
    await second.open()
    assert not await second.is_right("123456", "123456", "139")
    assert host.asked == 0
    await second.close()


async def test_who_hangs_up_in_the_middle_has_tried(engine: AsyncEngine) -> None:
    host = Moody()
    host.mood = "late"
    door = gate(engine, host)
    await door.open()
    for _ in range(3):
        trying = asyncio.create_task(door.is_right("123456", "000000", "138"))
        await asyncio.sleep(0.02)
        trying.cancel()
        await asyncio.wait({trying})
    host.mood = "well"
    assert not await door.is_right("123456", "123456", "")
    await door.close()
    assert (await PinTries(engine).since(0.0)).keys() == {"account:123456", "caller:138"}


async def test_a_host_that_is_down_costs_nobody_a_try(engine: AsyncEngine) -> None:
    host = Moody()
    host.mood = "down"
    door = gate(engine, host)
    await door.open()
    for _ in range(4):
        with pytest.raises(HostDown):
            await door.is_right("123456", "000000", "138")
    host.mood = "well"
    again = PinGate(GuardedHost(host), PinTries(engine), RULE, time.time)
    await door.close()
    await again.open()
    assert await again.is_right("123456", "123456", "138")
    await again.close()
