"""A host that speaks HTTP: a real server, well, slow, wrong, lying and gone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from cti.host import Balance, HostDown, NewOrder, NoSuch, OrderStatus, Position
from cti.hosts.guard import GuardedHost
from cti.hosts.http import HttpHost, Question
from tests.hosts.server import ACCOUNT, PIN, QUESTIONS, FakeBroker, fake_broker


@pytest.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    async with fake_broker() as broker:
        yield broker


@pytest.fixture
async def host(broker: FakeBroker) -> AsyncIterator[GuardedHost]:
    questions = {ask: Question(**values) for ask, values in QUESTIONS.items()}
    host = GuardedHost(HttpHost(broker.url, questions, "of-the-house", deadline_s=5.0), deadline_s=1.0)
    yield host
    await host.close()


async def test_what_it_says_is_read_where_the_house_says_it_stands(host: GuardedHost) -> None:
    assert await host.balance(ACCOUNT) == Balance(Decimal("1203.05"), Decimal(20_000))
    assert await host.positions(ACCOUNT) == (Position("600519", "贵州茅台", 200, Decimal("296010.0")),)
    assert (await host.quote("600519")).change_percent == Decimal("-1.25")
    assert await host.order_status(ACCOUNT, "7") == OrderStatus("7", "600519", "buy", 200, 100, "partly_filled")
    assert [one.order for one in await host.orders(ACCOUNT)] == ["7"]


async def test_a_pin_is_right_or_not_and_goes_in_no_address(host: GuardedHost, broker: FakeBroker) -> None:
    assert await host.authenticate(ACCOUNT, PIN)
    assert not await host.authenticate(ACCOUNT, "000000")
    assert not await host.authenticate("99999999", PIN)
    assert not [path for path in broker.asked if PIN in path]


async def test_what_there_is_not_is_told_apart_from_a_host_that_fails(host: GuardedHost) -> None:
    with pytest.raises(NoSuch):
        await host.quote("999999")
    with pytest.raises(NoSuch):
        await host.order_status(ACCOUNT, "8")
    assert host.down is None


async def test_an_order_carries_its_key(host: GuardedHost, broker: FakeBroker) -> None:
    order = NewOrder(ACCOUNT, "600519", "buy", 100, Decimal(1480))
    assert await host.place(order, "k1") == await host.place(order, "k1") == "1"
    assert broker.keys == ["k1", "k1"]


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("broken", "HTTP 500"),
        ("no_json", "no JSON"),
        ("elsewhere", "HTTP 307"),
        ("endless", "more than"),
        ("lying", "is no amount"),
    ],
)
async def test_a_wrong_answer_is_none(host: GuardedHost, broker: FakeBroker, mood: str, told: str) -> None:
    broker.mood = mood
    with pytest.raises(HostDown, match=told):
        await host.balance(ACCOUNT)


async def test_a_lie_about_something_else_is_found(host: GuardedHost, broker: FakeBroker) -> None:
    broker.mood = "lying"
    for question in (host.quote("600519"), host.order_status(ACCOUNT, "7"), host.authenticate(ACCOUNT, PIN)):
        with pytest.raises(HostDown):
            await question


async def test_a_slow_one_costs_no_more_than_the_deadline(host: GuardedHost, broker: FakeBroker) -> None:
    broker.mood = "slow"
    begun = time.monotonic()
    with pytest.raises(HostDown, match="no answer within 1 s"):
        await host.balance(ACCOUNT)
    assert time.monotonic() - begun < 3.0


async def test_one_that_is_gone_says_so_without_telling_what_was_asked() -> None:
    host = HttpHost("http://127.0.0.1:9", {}, "of-the-house")
    with pytest.raises(HostDown) as down:
        await host.authenticate(ACCOUNT, PIN)
    await host.close()
    assert PIN not in str(down.value)
    assert "ConnectError" in str(down.value)


async def test_names_cannot_lead_to_another_path(host: GuardedHost, broker: FakeBroker) -> None:
    for account in ("../../admin", "1/orders", "1?x=1", "1#x"):
        with pytest.raises((NoSuch, HostDown)):
            await host.balance(account)
    assert not [path for path in broker.asked if path.startswith("admin") or path.endswith("orders")]
