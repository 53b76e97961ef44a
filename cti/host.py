"""The broker's host: accounts, positions, quotes and orders, as menus and desks ask for them. The port, and what it
gives. Adapters are in `cti.hosts`; `cti.hosts.guard` keeps the house going when the host does not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

OrderState = Literal["accepted", "partly_filled", "filled", "cancelled", "rejected"]
Side = Literal["buy", "sell"]


class NoSuch(Exception):
    """The host knows no such account, code or order."""


class HostDown(Exception):
    """The host cannot be asked now, does not answer in time, or not as agreed. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Balance:
    """In yuan."""

    cash: Decimal
    securities: Decimal

    @property
    def total(self) -> Decimal:
        return self.cash + self.securities


@dataclass(frozen=True, slots=True)
class Position:
    """`value` in yuan at the last price."""

    code: str
    name: str
    quantity: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """`price` in yuan, `change_percent` since the close before; `at` is UTC epoch seconds."""

    code: str
    name: str
    price: Decimal
    change_percent: Decimal
    at: float


@dataclass(frozen=True, slots=True)
class OrderStatus:
    order: str
    code: str
    side: Side
    quantity: int
    filled: int
    state: OrderState


@dataclass(frozen=True, slots=True)
class NewOrder:
    """`limit` in yuan."""

    account: str
    code: str
    side: Side
    quantity: int
    limit: Decimal


class Host(Protocol):
    """Every method raises HostDown; those that ask for something named raise NoSuch."""

    async def authenticate(self, account: str, pin: str) -> bool:
        """Whether there is this account with this PIN."""

    async def balance(self, account: str) -> Balance: ...
    async def positions(self, account: str) -> tuple[Position, ...]: ...
    async def quote(self, code: str) -> Quote: ...
    async def order_status(self, account: str, order: str) -> OrderStatus: ...
    async def orders(self, account: str) -> tuple[OrderStatus, ...]:
        """Today's, the newest first."""

    async def place(self, order: NewOrder, key: str) -> str:
        """The order's number. The same `key` again places nothing and gives the same number."""

    async def close(self) -> None: ...
