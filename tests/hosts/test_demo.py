"""The demo's own broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from cti.host import NewOrder, NoSuch
from cti.hosts.demo import PIN, DemoHost

ACCOUNT = "10000001"


class Clock:
    now = 1_795_600_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def host(tmp_path: Path, clock: Clock) -> AsyncIterator[DemoHost]:
    host = DemoHost(tmp_path / "host.db", clock)
    yield host
    await host.close()


async def test_an_account_opens_with_its_pin_alone(host: DemoHost) -> None:
    assert await host.authenticate(ACCOUNT, PIN)
    assert not await host.authenticate(ACCOUNT, "000000")
    assert not await host.authenticate("99999999", PIN)


async def test_the_pin_is_not_in_the_file(host: DemoHost, tmp_path: Path) -> None:
    assert await host.authenticate(ACCOUNT, PIN)
    assert PIN.encode() not in (tmp_path / "host.db").read_bytes()
    assert (tmp_path / "host.db").stat().st_mode & 0o777 == 0o600


async def test_securities_are_worth_what_the_positions_are(host: DemoHost) -> None:
    balance = await host.balance(ACCOUNT)
    assert balance.securities == sum((one.value for one in await host.positions(ACCOUNT)), Decimal(0))
    assert balance.total == balance.cash + balance.securities


async def test_prices_move(host: DemoHost, clock: Clock) -> None:
    first = await host.quote("600519")
    clock.now += 600
    second = await host.quote("600519")
    assert first.price != second.price
    assert abs(second.change_percent) <= 4
    with pytest.raises(NoSuch):
        await host.quote("999999")


async def test_an_order_is_placed_once_however_often_it_is_sent(host: DemoHost) -> None:
    order = NewOrder(ACCOUNT, "600519", "buy", 100, Decimal(1500))
    number = await host.place(order, "key-1")

    assert await host.place(order, "key-1") == number
    assert await host.place(order, "key-2") != number
    assert (await host.order_status(ACCOUNT, number)).state == "accepted"
    with pytest.raises(NoSuch):
        await host.order_status("10000002", number)


async def test_what_it_knows_outlives_it(tmp_path: Path, clock: Clock, host: DemoHost) -> None:
    number = await host.place(NewOrder(ACCOUNT, "600519", "buy", 100, Decimal(1500)), "key")
    again = DemoHost(tmp_path / "host.db", clock)
    try:
        assert (await again.order_status(ACCOUNT, number)).quantity == 100
    finally:
        await again.close()
