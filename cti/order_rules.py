"""Orders that agents take for customers: stored first, then forwarded to the host. Pure; times are UTC epoch seconds.

State: `pending` (the host has not been told yet, or did not answer), then `placed`, `refused` (the host knows no such
thing), `expired` (it was never asked in time, and is not any more) or `unknown`: it was asked and has not answered in
time, so somebody must look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from cti.host import NewOrder, Side

State = Literal["pending", "placed", "refused", "expired", "unknown"]
AGAIN_S, SLOWEST_S = 2.0, 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """`key` is the page's, and the host's idempotency key. `number` is the host's. `limit` in yuan."""

    key: str
    call_id: str
    agent_id: str
    account: str
    code: str
    side: Side
    quantity: int
    limit: Decimal
    at: float
    expires_at: float
    state: State = "pending"
    number: str = ""
    tries: int = 0
    due_at: float = 0.0

    @property
    def asked(self) -> NewOrder:
        return NewOrder(self.account, self.code, self.side, self.quantity, self.limit)


def due(order: Order, now: float) -> Order | None:
    """What it is when its time has come: itself, to be forwarded, or settled by time; else None."""
    if order.state != "pending":
        return None
    if now >= order.expires_at:
        return replace(order, state="unknown" if order.tries else "expired")
    return order if now >= order.due_at else None


def placed(order: Order, number: str) -> Order:
    return replace(order, state="placed", number=number, tries=order.tries + 1)


def refused(order: Order) -> Order:
    return replace(order, state="refused", tries=order.tries + 1)


def unanswered(order: Order, now: float) -> Order:
    """Nobody knows whether the host has it: it is asked again under the same key, more and more slowly."""
    pause_s = min(SLOWEST_S, AGAIN_S * 2**order.tries)
    return replace(order, tries=order.tries + 1, due_at=now + pause_s)
