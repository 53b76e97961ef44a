"""A host that speaks HTTP and JSON. Where each thing stands in its answers is the house's to say (`Mapping`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote as escaped

import httpx

from cti.host import Balance, HostDown, NewOrder, NoSuch, OrderStatus, Position, Quote

MOST_BYTES = 1_000_000
_PLACE = re.compile(r"\{([a-z]+)\}")
_SIDES = ("buy", "sell")
_STATES = ("accepted", "partly_filled", "filled", "cancelled", "rejected")


@dataclass(frozen=True, slots=True)
class Question:
    """`path` may hold `{account}`, `{code}` or `{order}`. `each` leads to the list, where there is one; `fields` from
    our names to theirs, each a way of keys with dots. `words`: what their words for states and sides mean in ours."""

    path: str
    method: str = "GET"
    each: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


DEFAULTS: Mapping[str, Question] = {
    "authenticate": Question("/accounts/{account}/verify", "POST", fields={"right": "right"}),
    "balance": Question("/accounts/{account}/balance"),
    "positions": Question("/accounts/{account}/positions", each="positions"),
    "quote": Question("/quotes/{code}"),
    "orders": Question("/accounts/{account}/orders", each="orders"),
    "order_status": Question("/accounts/{account}/orders/{order}"),
    "place": Question("/accounts/{account}/orders", "POST"),
}


class HttpHost:
    """Asks `url`; no redirect is followed. `token` goes as a bearer. Raises HostDown for any answer but the agreed."""

    def __init__(
        self,
        url: str,
        questions: Mapping[str, Question],
        token: str = "",
        *,
        deadline_s: float = 3.0,
        sessions: int = 8,
    ) -> None:
        self._questions = {**DEFAULTS, **questions}
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=deadline_s,
            limits=httpx.Limits(max_connections=sessions, max_keepalive_connections=sessions),
            follow_redirects=False,
            trust_env=False,
        )

    async def authenticate(self, account: str, pin: str) -> bool:
        try:
            found = await self._asked("authenticate", {"pin": pin}, account=account)
        except NoSuch:
            return False
        right = _at(found, self._way("authenticate", "right"))
        if not isinstance(right, bool):
            raise HostDown("authenticate: the host says neither true nor false")
        return right

    async def balance(self, account: str) -> Balance:
        read = _Reading(self, "balance", await self._asked("balance", account=account))
        return Balance(read.amount("cash"), read.amount("securities"))

    async def positions(self, account: str) -> tuple[Position, ...]:
        rows = self._each("positions", await self._asked("positions", account=account))
        return tuple(
            Position(one.text("code"), one.text("name"), one.count("quantity"), one.amount("value")) for one in rows
        )

    async def quote(self, code: str) -> Quote:
        read = _Reading(self, "quote", await self._asked("quote", code=code))
        if read.text("code") != code:
            raise HostDown(f"quote: asked for {code}, told of {read.text('code')}")
        price = read.amount("price")
        if price <= 0:
            raise HostDown(f"quote: a price of {price}")
        return Quote(code, read.text("name"), price, read.amount("change_percent"), float(read.amount("at")))

    async def orders(self, account: str) -> tuple[OrderStatus, ...]:
        return tuple(_order(one) for one in self._each("orders", await self._asked("orders", account=account)))

    async def order_status(self, account: str, order: str) -> OrderStatus:
        read = _Reading(self, "order_status", await self._asked("order_status", account=account, order=order))
        found = _order(read)
        if found.order != order:
            raise HostDown(f"order_status: asked for {order}, told of {found.order}")
        return found

    async def place(self, order: NewOrder, key: str) -> str:
        body = {"code": order.code, "side": order.side, "quantity": order.quantity, "limit": str(order.limit)}
        answer = await self._asked("place", body, {"Idempotency-Key": key}, account=order.account)
        return _Reading(self, "place", answer).text("order")

    async def close(self) -> None:
        await self._client.aclose()

    def _way(self, ask: str, name: str) -> str:
        return self._questions[ask].fields.get(name, name)

    def _each(self, ask: str, answer: Any) -> list[_Reading]:
        rows = _at(answer, self._questions[ask].each)
        if not isinstance(rows, list):
            raise HostDown(f"{ask}: no list at {self._questions[ask].each!r}")
        return [_Reading(self, ask, row) for row in rows]

    async def _asked(
        self, ask: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, **names: str
    ) -> Any:
        """The answer as JSON; of what was asked nothing goes into an error, for it may be a PIN."""
        question = self._questions[ask]
        path = _PLACE.sub(lambda found: escaped(names[found[1]], safe=""), question.path)
        try:
            request = self._client.build_request(question.method, path, json=body, headers=headers)
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code == 404:
                    raise NoSuch(ask)
                if not response.is_success:
                    raise HostDown(f"{ask}: HTTP {response.status_code}")
                content = b""
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        raise HostDown(f"{ask}: an answer of more than {MOST_BYTES} bytes")
            finally:
                await response.aclose()
            return httpx.Response(200, content=content).json()
        except httpx.HTTPError as error:
            raise HostDown(f"{ask}: {type(error).__name__}") from None
        except ValueError:
            raise HostDown(f"{ask}: the answer is no JSON") from None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One thing in an answer, read strictly; raises HostDown naming what is wrong."""

    host: HttpHost
    ask: str
    found: Any

    def _value(self, name: str) -> Any:
        return _at(self.found, self.host._way(self.ask, name))

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str | int) or isinstance(value, bool) or not 0 < len(str(value)) <= 200:
            raise HostDown(f"{self.ask}: {name} is no text")
        return str(value)

    def word(self, name: str, known: tuple[str, ...]) -> Any:
        said = self.text(name)
        meant = self.host._questions[self.ask].words.get(said, said)
        if meant not in known:
            raise HostDown(f"{self.ask}: {name} is {said[:40]!r}, which is none of {', '.join(known)}")
        return meant

    def amount(self, name: str) -> Decimal:
        """Exact: a figure or a text; at most eight places behind the point, below 10^15."""
        value = self._value(name)
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError  # noqa: TRY004, TRY301
            amount = Decimal(str(value))
            if not amount.is_finite() or abs(amount) >= 10**15 or int(amount.as_tuple().exponent) < -8:
                raise ValueError  # noqa: TRY301
        except (ValueError, InvalidOperation):
            raise HostDown(f"{self.ask}: {name} is no amount") from None
        return amount

    def count(self, name: str) -> int:
        amount = self.amount(name)
        if amount != int(amount) or amount < 0:
            raise HostDown(f"{self.ask}: {name} is no count")
        return int(amount)


def _order(read: _Reading) -> OrderStatus:
    return OrderStatus(
        read.text("order"), read.text("code"), read.word("side", _SIDES), read.count("quantity"), read.count("filled"),
        read.word("state", _STATES),
    )  # fmt: skip


def _at(found: Any, way: str) -> Any:
    """What lies at a way such as `data.cash`; the empty way is the whole."""
    for key in way.split(".") if way else ():
        if not isinstance(found, Mapping) or key not in found:
            raise HostDown(f"the answer has no {way!r}")
        found = found[key]
    return found
