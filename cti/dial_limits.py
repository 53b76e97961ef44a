"""How much may be called to the outside: a stolen password, or a page gone wild, must not cost a fortune. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from agents.windows import Windows
from cti.numbers import beginning

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


class DialLimits:
    """Calls begun in any hour, by one agent and by the house. Times are UTC epoch seconds."""

    def __init__(self, per_agent: int, per_house: int) -> None:
        self._per_agent, self._per_house, self._windows = per_agent, per_house, Windows(HOUR_S)

    def takes(self, agent_id: str, now: float) -> bool:
        """One more call, now, which counts if it may be."""
        return self._windows.attempt({agent_id: self._per_agent, "": self._per_house}, now) == 0


class Spending:
    """What calls to the outside have cost in the last 24 hours, by begun minutes. Times are UTC epoch seconds.

    `prices`: of a minute, by how a number begins; the longest that fits, and for a number that none fits the dearest.
    `most`: in any 24 hours; 0 is no limit.
    """

    def __init__(self, prices: Mapping[str, float], most: float) -> None:
        self._prices, self._most = prices, most
        self._running: dict[str, tuple[float, float]] = {}  # by call: since when, at what price
        self._over: deque[tuple[float, float]] = deque()  # when it ended, what it cost

    def price(self, number: str) -> float:
        start = beginning(number, self._prices)
        return max(self._prices.values(), default=0.0) if start is None else self._prices[start]

    def begins(self, call: str, number: str, now: float) -> None:
        self._running[call] = now, self.price(number)

    def ends(self, call: str, now: float, *, answered: bool) -> None:
        """Nobody pays for what was not answered. Of a call that is unknown: nothing."""
        since, price = self._running.pop(call, (now, 0.0))
        if answered:
            self._over.append((now, _cost(since, now, price)))

    def spent(self, now: float) -> float:
        """Calls that go on count with what they have cost so far."""
        while self._over and self._over[0][0] <= now - DAY_S:
            self._over.popleft()
        running = sum(_cost(since, now, price) for since, price in self._running.values())
        return running + sum(cost for _, cost in self._over)

    def allows(self, now: float) -> bool:
        """One more call may be begun."""
        return self._most <= 0 or self.spent(now) < self._most


def _cost(since: float, now: float, price: float) -> float:
    return max(1, math.ceil((now - since) / MINUTE_S)) * price
