"""Orders taken at the desk: none is lost, none is placed twice, and none is placed too late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import Refused, WantedOrder
from cti.call import Call
from cti.host import HostDown, NewOrder, NoSuch
from cti.order_rules import Order, due, placed, refused, unanswered
from cti.orders import Orders
from db.engine import dispose, make_engine, upgrade
from tests.hosts.test_guard import Moody
from tests.scenarios.conftest import House

ORDER = Order("k-1", "c1", "1001", "10000001", "600519", "buy", 100, Decimal("1480.00"), 0.0, 120.0)
WANTED = WantedOrder("page-0001-1", "600519", "buy", 100, "1480.00")


@given(st.lists(st.tuples(st.sampled_from(["down", "placed", "refused"]), st.floats(0, 60)), max_size=30))
def test_an_order_is_settled_once_and_never_forwarded_after_its_time(steps: list[tuple[str, float]]) -> None:
    now, order, settled = 0.0, ORDER, False
    for outcome, passed in steps:
        now += passed
        ready = due(order, now)
        assert not (settled and ready is not None)
        if ready is None:
            continue
        if ready.state != "pending":
            assert now >= order.expires_at
            assert ready.state == ("unknown" if order.tries else "expired")
            order, settled = ready, True
            continue
        assert now < order.expires_at
        if outcome == "down":
            order = unanswered(ready, now)
        else:
            order = placed(ready, "7") if outcome == "placed" else refused(ready)
        settled = order.state != "pending"


@dataclass
class Market(Moody):
    """A host that keeps orders by their key; `forgetful`: it takes them and does not say so."""

    forgetful: bool = False
    taken: dict[str, NewOrder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Moody.__init__(self)

    async def place(self, order: NewOrder, key: str) -> str:
        self.asked += 1
        if self.mood == "unknown":
            raise NoSuch("code")
        if self.mood == "down" and not self.forgetful:
            raise HostDown("no line")
        self.taken.setdefault(key, order)
        if self.mood == "down":
            raise HostDown("no answer")
        return str(40_000 + list(self.taken).index(key))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}")
    await upgrade(engine)
    yield engine
    await dispose(engine)


class Clock:
    now = 1_795_600_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def call(house: House) -> AsyncIterator[Call]:
    """A call whose caller is known by account and PIN."""
    caller, call = await house.arrived()
    call.facts.data.update(account="10000001", verified="yes")
    yield call
    house.fake.hangs_up(caller)
    await house.until("call_ended", call_id=call.id)


def desk(house: House, engine: AsyncEngine, market: Market, clock: Clock) -> Orders:
    return Orders(market, engine, house.bus, clock, house.calls.calls.get, 120.0)


async def test_an_order_is_placed_once_however_often_the_page_sends_it(
    house: House, engine: AsyncEngine, call: Call
) -> None:
    market = Market()
    orders = desk(house, engine, market, Clock())

    first = await orders.place(call.id, WANTED, "1001")
    again = await orders.place(call.id, WANTED, "1001")

    assert first == again
    assert (first["state"], first["number"]) == ("placed", "40000")
    assert market.asked == 1
    assert [one.as_dict()["state"] for one in house.events if one.kind == "order_settled"] == ["placed"]
    with pytest.raises(Refused, match="another order's"):
        await orders.place(call.id, WANTED, "1002")


async def test_while_the_host_is_away_it_waits_and_is_forwarded_once(
    house: House, engine: AsyncEngine, call: Call
) -> None:
    market, clock = Market(forgetful=True), Clock()
    market.mood = "down"
    orders = desk(house, engine, market, clock)
    assert (await orders.place(call.id, WANTED, "1001"))["state"] == "pending"

    market.mood, clock.now = "well", clock.now + 5.0
    async with desk(house, engine, market, clock).running():  # the next server
        await house.until("order_settled", state="placed")

    assert len(market.taken) == 1
    assert [one["state"] for one in await orders.of_call(call.id)] == ["placed"]


async def test_one_that_nobody_answered_in_time_is_to_be_looked_after(
    house: House, engine: AsyncEngine, call: Call
) -> None:
    market, clock = Market(forgetful=True), Clock()
    market.mood = "down"
    orders = desk(house, engine, market, clock)
    await orders.place(call.id, WANTED, "1001")
    clock.now += 121.0
    async with orders.running():
        await house.until("order_settled", state="unknown")
    assert market.asked == 1


async def test_what_the_host_does_not_know_is_refused(house: House, engine: AsyncEngine, call: Call) -> None:
    market = Market()
    market.mood = "unknown"
    assert (await desk(house, engine, market, Clock()).place(call.id, WANTED, "1001"))["state"] == "refused"


async def test_who_is_not_known_by_account_and_pin_places_nothing(
    house: House, engine: AsyncEngine, call: Call
) -> None:
    market = Market()
    del call.facts.data["verified"]
    orders = desk(house, engine, market, Clock())
    with pytest.raises(Refused, match="has not given account and PIN"):
        await orders.place(call.id, WANTED, "1001")
    with pytest.raises(KeyError):
        await orders.place("c-none", WANTED, "1001")
    assert market.asked == 0
