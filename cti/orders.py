"""Orders taken at the desk: kept before the host is told, and forwarded until it answers.

Implements `agents.ports.Orders`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import Refused, WantedOrder
from cti import events
from cti.bus import Bus
from cti.call import Call
from cti.host import Host, HostDown, NoSuch
from cti.host_panel import account_of
from cti.order_rules import Order, due, placed, refused, unanswered
from db.orders import OrderStore

log = structlog.get_logger(__name__)
LOOK_S = 0.5


class Orders:
    """`find` gives the live call of an id; `expires_s`: so long an order may wait for the host."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, host: Host, engine: AsyncEngine, bus: Bus, clock: Callable[[], float],
        find: Callable[[str], Call | None], expires_s: float,
    ) -> None:  # fmt: skip
        self._host, self._store, self._bus, self._clock = host, OrderStore(engine), bus, clock
        self._find, self._expires_s = find, expires_s
        self._pending: dict[str, Order] = {}
        self._turn = asyncio.Lock()  # one after the other, in the order in which they were taken

    async def place(self, call_id: str, wanted: WantedOrder, by: str) -> dict[str, Any]:
        """Kept, and forwarded if the host answers now; raises Refused, KeyError for no live call."""
        call = self._find(call_id)
        if call is None:
            raise KeyError(call_id)
        account = account_of(call)
        if account is None or call.facts.data.get("verified") != "yes":
            raise Refused("not_known", "the customer has not given account and PIN in this call")
        known = await self._store.by_key(wanted.key)
        if known is None:
            now = self._clock()
            order = Order(
                wanted.key, call_id, by, account, wanted.code, wanted.side, wanted.quantity, Decimal(wanted.limit), now,
                now + self._expires_s, due_at=now,
            )  # fmt: skip
            await self._store.keep(_values(order))
            self._pending[order.key] = order
            await self._forward(order.key)
        found = await self._store.by_key(wanted.key)
        if found is None or found["call_id"] != call_id or found["agent_id"] != by:
            raise Refused("conflict", "this key is another order's")
        return _shown(found)

    async def of_call(self, call_id: str) -> list[dict[str, Any]]:
        return [_shown(one) for one in await self._store.of_call(call_id)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Raises the database's errors. What an earlier server had not forwarded is forwarded, or has expired."""
        for row in await self._store.pending():
            self._pending[row["key"]] = Order(**{**row, "limit": Decimal(row["limit"])})
        task = asyncio.create_task(self._go_on(), name="forward orders")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _go_on(self) -> None:
        while True:
            for key in list(self._pending):
                try:
                    await self._forward(key)
                except (SQLAlchemyError, OSError) as error:
                    log.warning("an order could not be kept yet", order=key, reason=type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def _forward(self, key: str) -> None:
        """If its time has come. What became of it is kept before it is forgotten here."""
        async with self._turn:
            order = self._pending.get(key)
            ready = due(order, self._clock()) if order is not None else None
            if order is None or ready is None:
                return
            found = await self._told(ready) if ready.state == "pending" else ready
            self._pending[key] = found
            await self._store.keep(_values(found))
            if found.state != "pending":
                del self._pending[key]
                self._publish(found)

    async def _told(self, order: Order) -> Order:
        try:
            return placed(order, await self._host.place(order.asked, order.key))
        except NoSuch:
            return refused(order)
        except HostDown:
            return unanswered(order, self._clock())

    def _publish(self, order: Order) -> None:
        self._bus.publish(
            events.OrderSettled(
                at=self._clock(), call_id=order.call_id, agent_id=order.agent_id, taken_at=order.at, state=order.state,
                number=order.number, account=order.account, code=order.code, side=order.side, quantity=order.quantity,
                limit=str(order.limit), tries=order.tries,
            )
        )  # fmt: skip


def _values(order: Order) -> dict[str, Any]:
    return {**asdict(order), "limit": str(order.limit)}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("key", "code", "side", "quantity", "limit", "at", "state", "number")}
