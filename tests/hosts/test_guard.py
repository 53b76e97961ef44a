"""Whatever a host does, callers wait no longer than the deadline, and it is left in peace while it is down."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.host import Balance, Host, HostDown, NewOrder, NoSuch, OrderStatus, Position, Quote
from cti.hosts.breaker import Breaker, Rule
from cti.hosts.guard import GuardedHost


class Moody:
    """A host that answers, is late, does not know or breaks, as `mood` says; counts who asks."""

    def __init__(self) -> None:
        self.mood = "well"
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0

    async def _answer(self) -> None:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(30 if self.mood == "late" else 0.005)
        finally:
            self.at_once -= 1
        if self.mood == "down":
            raise HostDown("no line")
        if self.mood == "broken":
            raise ZeroDivisionError
        if self.mood == "unknown":
            raise NoSuch("that")

    async def authenticate(self, account: str, pin: str) -> bool:
        await self._answer()
        return account == pin

    async def balance(self, account: str) -> Balance:
        await self._answer()
        return Balance(Decimal(1), Decimal(2))

    async def positions(self, account: str) -> tuple[Position, ...]:
        await self._answer()
        return ()

    async def quote(self, code: str) -> Quote:
        await self._answer()
        return Quote(code, "", Decimal(1), Decimal(0), 0.0)

    async def order_status(self, account: str, order: str) -> OrderStatus:
        await self._answer()
        return OrderStatus(order, "1", "buy", 1, 0, "accepted")

    async def orders(self, account: str) -> tuple[OrderStatus, ...]:
        await self._answer()
        return ()

    async def place(self, order: NewOrder, key: str) -> str:
        await self._answer()
        return key

    async def close(self) -> None:
        self.mood = "closed"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def guarded(host: Host, clock: Clock, told: list[str | None], sessions: int = 2) -> GuardedHost:
    rule = Rule(failures=3, rest_s=10.0)
    return GuardedHost(host, deadline_s=0.2, sessions=sessions, rule=rule, clock=clock, on_change=told.append)


async def fails(host: GuardedHost) -> str:
    with pytest.raises(HostDown) as down:
        await host.balance("1")
    return str(down.value)


@pytest.mark.parametrize("mood", ["late", "down", "broken"])
async def test_after_three_failures_nobody_asks_until_it_has_rested_and_one_tries(mood: str) -> None:
    moody, clock, told = Moody(), Clock(), list[str | None]()
    host = guarded(moody, clock, told)
    moody.mood = mood
    for _ in range(3):
        await fails(host)
    asked = moody.asked
    assert "left in peace" in await fails(host)
    assert moody.asked == asked

    clock.now, moody.mood = 10.0, "well"
    assert await host.balance("1") == Balance(Decimal(1), Decimal(2))
    assert [why is None for why in told] == [False, True]


async def test_one_that_is_still_down_rests_again() -> None:
    moody, clock, told = Moody(), Clock(), list[str | None]()
    host = guarded(moody, clock, told)
    moody.mood = "down"
    for _ in range(3):
        await fails(host)
    clock.now = 10.0
    assert await fails(host) == "no line"
    assert "left in peace" in await fails(host)


async def test_to_know_no_such_thing_is_no_failure() -> None:
    moody, clock, told = Moody(), Clock(), list[str | None]()
    host = guarded(moody, clock, told)
    moody.mood = "unknown"
    for _ in range(5):
        with pytest.raises(NoSuch):
            await host.quote("1")
    assert host.down is None


async def test_so_many_ask_at_once_and_the_others_wait_their_turn() -> None:
    moody = Moody()
    host = guarded(moody, Clock(), [])

    answers = await asyncio.gather(*(host.balance("1") for _ in range(10)))

    assert len(answers) == 10
    assert moody.most_at_once == 2


async def test_who_hangs_up_while_the_one_question_is_tried_leaves_it_to_the_next() -> None:
    moody, clock = Moody(), Clock()
    host = guarded(moody, clock, [])
    moody.mood = "down"
    for _ in range(3):
        await fails(host)
    clock.now, moody.mood = 10.0, "late"
    trying = asyncio.create_task(host.balance("1"))
    await asyncio.sleep(0.02)
    trying.cancel()
    await asyncio.wait({trying})
    moody.mood = "well"

    assert await host.balance("1")


@given(st.lists(st.sampled_from(["ask", "fail", "succeed", "pass"]), max_size=60))
def test_while_it_rests_nobody_may_ask_and_then_one_at_a_time(steps: list[str]) -> None:
    breaker, now, asking, opened_at = Breaker(Rule(2, 5.0)), 0.0, 0, None
    for step in steps:
        if step == "pass":
            now += 3.0
        elif step == "ask" and breaker.may_ask(now):
            asking += 1
            assert opened_at is None or now >= opened_at + 5.0
            assert not breaker.open or asking >= 1
        elif asking and step in {"fail", "succeed"}:
            asking -= 1
            before = breaker.open
            breaker.failed(now) if step == "fail" else breaker.succeeded()
            opened_at = now if breaker.open and (step == "fail" and (not before or opened_at != now)) else opened_at
            if step == "succeed":
                assert not breaker.open
                opened_at = None
