"""How often something happened of late, by key. Pure; times are UTC epoch seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping


class Windows:
    """What happened in the last `within_s` seconds; whoever did nothing in that time is forgotten."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._seen: dict[Hashable, deque[float]] = {}
        self._swept_at = 0.0

    def attempt(self, allowed: Mapping[Hashable, int], now: float) -> float:
        """Once more of each key, of which so many are allowed. 0 when it may be, and then it counts; else the seconds
        to wait."""
        self._sweep(now)
        wait = max(self._wait(key, most, now) for key, most in allowed.items())
        if wait <= 0:
            for key in allowed:
                self._seen.setdefault(key, deque()).append(now)
        return max(wait, 0.0)

    def forget(self, key: Hashable) -> None:
        self._seen.pop(key, None)

    def _wait(self, key: Hashable, most: int, now: float) -> float:
        if most <= 0:
            return self.within_s
        times = self._seen.get(key, deque())
        while times and times[0] <= now - self.within_s:
            times.popleft()
        return times[0] + self.within_s - now if len(times) >= most else 0.0

    def _sweep(self, now: float) -> None:
        if now - self._swept_at > self.within_s:
            self._swept_at = now
            self._seen = {key: times for key, times in self._seen.items() if times and times[-1] > now - self.within_s}
