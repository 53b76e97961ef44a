"""What the host says of the customer an agent is about to speak with: asked while the phone rings.

Implements `agents.ports.HostPanel`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from cti import events
from cti.bus import Bus
from cti.call import Call
from cti.host import Host, HostDown, NoSuch

FRESH_S = 20.0
KEPT = 500  # calls
Facts = dict[str, Any]


class HostPanel:
    """`find` gives the live call of an id. Without a host the panel is `none`."""

    def __init__(
        self, host: Host | None, bus: Bus, clock: Callable[[], float], find: Callable[[str], Call | None]
    ) -> None:
        self._host, self._clock, self._find = host, clock, find
        self._asked: dict[str, tuple[float, str, asyncio.Task[Facts]]] = {}  # by call: when, of which account
        if host is not None:
            bus.subscribe(events.OfferMade, self._offered)
            bus.subscribe(events.CallEnded, lambda event: self._forget(event.call_id or ""))

    async def facts(self, call_id: str, *, anew: bool = False) -> Facts:
        """`state`: `ready`, `down`, or `none` where no account or no host is known; KeyError for no live call."""
        call = self._find(call_id)
        if call is None:
            raise KeyError(call_id)
        task = self._ask(call, anew=anew)
        return await asyncio.shield(task) if task is not None else {"state": "none"}

    async def close(self) -> None:
        """Nobody asks any more."""
        for call_id in list(self._asked):
            self._forget(call_id)

    def _offered(self, event: events.OfferMade) -> None:
        call = self._find(event.call_id or "")
        if call is not None:
            self._ask(call)

    def _ask(self, call: Call, *, anew: bool = False) -> asyncio.Task[Facts] | None:
        account = account_of(call)
        if self._host is None or account is None:
            return None
        before = self._asked.get(call.id)
        if before is not None and not anew and before[1] == account and self._clock() - before[0] < FRESH_S:
            return before[2]
        task = asyncio.create_task(_facts(self._host, account), name=f"host panel {call.id}")
        task.add_done_callback(lambda one: one.cancelled() or one.exception())
        self._asked[call.id] = (self._clock(), account, task)
        while len(self._asked) > KEPT:
            self._forget(next(iter(self._asked)))
        return task

    def _forget(self, call_id: str) -> None:
        asked = self._asked.pop(call_id, None)
        if asked is not None:
            asked[2].cancel()


def account_of(call: Call) -> str | None:
    """What the caller has keyed in, else the first account of the record."""
    accounts = (call.facts.customer or {}).get("accounts") or ()
    return call.facts.data.get("account") or next(iter(accounts), None)


async def _facts(host: Host, account: str) -> Facts:
    """Amounts are texts: exact in every language."""
    try:
        balance, positions, orders = await asyncio.gather(
            host.balance(account), host.positions(account), host.orders(account)
        )
    except HostDown:
        return {"state": "down", "account": account}
    except NoSuch:
        return {"state": "none", "account": account}
    return {
        "state": "ready", "account": account, "cash": str(balance.cash), "securities": str(balance.securities),
        "total": str(balance.total), "positions": [_plain(asdict(one)) for one in positions],
        "orders": [_plain(asdict(one)) for one in orders],
    }  # fmt: skip


def _plain(values: Mapping[str, Any]) -> Facts:
    return {key: str(value) if isinstance(value, Decimal) else value for key, value in values.items()}
