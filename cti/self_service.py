"""What the house does for callers by itself: who they are, what the host says, callbacks and messages.

Implements `cti.caller.Services`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from cti import events
from cti.calendars import Calendars
from cti.call import Call, Wish
from cti.callbacks import Callbacks
from cti.host import Host, HostDown
from cti.host import NoSuch as HostKnowsNone
from cti.numbers import as_dialled
from cti.pin_gate import PinGate
from cti.switches import Switches
from cti.voicemails import Voicemails
from ivr.caller import NoSuch, NotNow

FEN = Decimal("0.01")
CUSTOMER_S = 2.0


class SelfService:
    """Of one house. Without a `host` every enquiry is NotNow."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, host: Host | None, gate: PinGate | None, calendars: Calendars, callbacks: Callbacks,
        voicemails: Voicemails, switches: Switches, beep: Callable[[], Path], clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._host, self._gate, self._calendars = host, gate, calendars
        self._callbacks, self._voicemails, self._beep, self._clock = callbacks, voicemails, beep, clock
        self._switches = switches

    async def authenticate(self, call: Call, account: str, pin: str) -> bool:
        if self._gate is None:
            raise NotNow
        try:
            right = await call.leg.until(self._gate.is_right(account, pin, call.facts.number))
        except HostDown:
            raise NotNow from None
        call.publish(events.CallerVerified if right else events.CallerRefused, account=account)
        return right

    async def enquire(self, call: Call, ask: str) -> Mapping[str, Any]:
        if self._host is None:
            raise NotNow
        try:
            return await call.leg.until(_ASKED[ask](self._host, call.values))
        except HostKnowsNone:
            raise NoSuch from None
        except HostDown:
            raise NotNow from None

    def admission(self, number: str) -> str | None:
        return self._switches.admission(number)

    async def customer(self, call: Call) -> Mapping[str, Any] | None:
        await call.leg.until(call.looked_up(CUSTOMER_S))
        return call.facts.customer

    def hours(self, calendar: str) -> str:
        return self._calendars.stands(calendar, self._clock())

    def call_back(self, call: Call, number: str, queue: str, requires: str) -> bool:
        number = as_dialled(number)
        wish, since = call.place or (Wish(queue, requires), self._clock())
        if not number or self._callbacks.refused(number, call.facts.number) or not call.chose("callback"):
            return False
        self._callbacks.ask(call, number, wish, since)
        return True

    async def leave_message(self, call: Call, queue: str, requires: str, most_s: float) -> bool:
        wish, _ = call.place or (Wish(queue or call.facts.queue or "", requires), 0.0)
        if not call.chose("no_message"):
            return False
        await call.leg.play([self._beep()])
        return await self._voicemails.take(call, wish, most_s)


async def _balance(host: Host, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = await host.balance(values["account"])
    return {"cash": _fen(found.cash), "securities": _fen(found.securities), "total": _fen(found.total)}


async def _positions(host: Host, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = [asdict(one) for one in await host.positions(values["account"])]
    return {"holdings": len(found), "positions": [{**one, "value": _fen(one["value"])} for one in found]}


async def _quote(host: Host, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = await host.quote(values["code"])
    return {"price": found.price, "change_percent": found.change_percent}


async def _order_status(host: Host, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = await host.order_status(values["account"], values["order"])
    return {"order_state": found.state, "code": found.code, "quantity": found.quantity, "filled": found.filled}


def _fen(amount: Decimal) -> Decimal:
    return amount.quantize(FEN)


_ASKED: Mapping[str, Callable[[Host, Mapping[str, Any]], Any]] = {
    "balance": _balance, "positions": _positions, "quote": _quote, "order_status": _order_status,
}  # fmt: skip
