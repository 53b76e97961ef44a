"""The demo's host: a small broker in a database file of its own, whose prices move."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import math
import random
import secrets
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from cti.host import Balance, HostDown, NewOrder, NoSuch, OrderStatus, Position, Quote

PIN = "888888"  # of every account of the demo
ACCOUNTS = 200
FIRST_ACCOUNT = 10_000_001
CENT = Decimal("0.01")
# Codes and names of shares of both exchanges, with a price to move about, in yuan.
SHARES: dict[str, tuple[str, float]] = {
    "600519": ("贵州茅台", 1480.0),
    "601318": ("中国平安", 52.0),
    "600036": ("招商银行", 41.5),
    "601398": ("工商银行", 6.8),
    "000001": ("平安银行", 11.6),
    "000858": ("五粮液", 128.0),
    "300750": ("宁德时代", 255.0),
    "002594": ("比亚迪", 108.0),
}
_SCHEMA = """
create table if not exists account (account text primary key, salt blob, pin_hash blob, cash text);
create table if not exists position (account text, code text, quantity integer, primary key (account, code));
create table if not exists placed (number integer primary key, key text unique, account text, code text, side text,
    quantity integer, filled integer, state text, at real);
"""


class DemoHost:
    """Answers from `file`, which it fills when it is new. `now` gives UTC epoch seconds."""

    def __init__(self, file: Path, now: Callable[[], float] = time.time) -> None:
        self._now = now
        try:
            self._base = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise HostDown(f"{file}: {error}") from None
        file.chmod(0o600)
        self._base.executescript(_SCHEMA)
        if not self._base.execute("select count(*) from account").fetchone()[0]:
            self._fill()
        self._turn = asyncio.Lock()

    async def authenticate(self, account: str, pin: str) -> bool:
        row = self._one("select salt, pin_hash from account where account = ?", account)
        salt, known = row or (b"nobody", b"")
        return hmac.compare_digest(_hashed(pin, salt), known)

    async def balance(self, account: str) -> Balance:
        cash = self._account(account)
        worth = (one.value for one in await self.positions(account))
        return Balance(cash, sum(worth, Decimal(0)))

    async def positions(self, account: str) -> tuple[Position, ...]:
        self._account(account)
        rows = self._all("select code, quantity from position where account = ? order by code", account)
        return tuple(
            Position(code, SHARES[code][0], quantity, (self._price(code) * quantity).quantize(CENT))
            for code, quantity in rows
        )

    async def quote(self, code: str) -> Quote:
        if code not in SHARES:
            raise NoSuch(f"code {code}")
        price, before = self._price(code), Decimal(str(SHARES[code][1]))
        return Quote(code, SHARES[code][0], price, ((price / before - 1) * 100).quantize(CENT), self._now())

    async def order_status(self, account: str, order: str) -> OrderStatus:
        found = next((one for one in await self.orders(account) if one.order == order), None)
        if found is None:
            raise NoSuch(f"order {order}")
        return found

    async def orders(self, account: str) -> tuple[OrderStatus, ...]:
        self._account(account)
        today = datetime.fromtimestamp(self._now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        rows = self._all(
            "select number, code, side, quantity, filled, state from placed where account = ? and at >= ?"
            " order by number desc",
            account, today - 86400.0,
        )  # fmt: skip
        return tuple(OrderStatus(str(number), *rest) for number, *rest in rows)

    async def place(self, order: NewOrder, key: str) -> str:
        self._account(order.account)
        if order.code not in SHARES:
            raise NoSuch(f"code {order.code}")
        self._base.execute(
            "insert or ignore into placed (key, account, code, side, quantity, filled, state, at)"
            " values (?, ?, ?, ?, ?, 0, 'accepted', ?)",
            (key, order.account, order.code, order.side, order.quantity, self._now()),
        )
        return str(self._all("select number from placed where key = ?", key)[0][0])

    async def close(self) -> None:
        self._base.close()

    def _account(self, account: str) -> Decimal:
        """Its cash; raises NoSuch."""
        row = self._one("select cash from account where account = ?", account)
        if row is None:
            raise NoSuch(f"account {account}")
        return Decimal(row[0])

    def _price(self, code: str) -> Decimal:
        """Two slow waves about a price, within four per cent."""
        minutes, lean = self._now() / 60, int(code) % 7
        wave = 0.025 * math.sin(minutes / 19 + lean) + 0.015 * math.sin(minutes / 5 + 2 * lean)
        return Decimal(str(SHARES[code][1] * (1 + wave))).quantize(CENT)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        return next(iter(self._all(query, *values)), None)

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._base.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise HostDown(f"demo host: {error}") from None

    def _fill(self) -> None:
        chance = random.Random(11)
        numbers = itertools.count(40001)
        for account in map(str, range(FIRST_ACCOUNT, FIRST_ACCOUNT + ACCOUNTS)):
            salt = secrets.token_bytes(16)
            cash = Decimal(chance.randint(0, 50_000_000)) / 100
            self._base.execute(
                "insert into account values (?, ?, ?, ?)", (account, salt, _hashed(PIN, salt), str(cash))
            )
            for code in chance.sample(sorted(SHARES), chance.randint(0, 4)):
                self._base.execute(
                    "insert into position values (?, ?, ?)", (account, code, 100 * chance.randint(1, 90))
                )
            for state, part in (("filled", 1.0), ("partly_filled", 0.4), ("accepted", 0.0)):
                quantity = 100 * chance.randint(2, 20)
                number = next(numbers)
                self._base.execute(
                    "insert into placed values (?, ?, ?, ?, 'buy', ?, ?, ?, ?)",
                    (number, f"seed-{number}", account, chance.choice(sorted(SHARES)), quantity, int(quantity * part),
                     state, self._now()),
                )  # fmt: skip


def _hashed(pin: str, salt: bytes) -> bytes:
    """Cheap: it keeps the demo's PINs out of its file's plain text, no more."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, 1000)
