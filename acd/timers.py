"""Times that are due one day, each with a key; setting a key anew forgets its old time."""

from __future__ import annotations

import heapq


class Timers:
    """Deadlines (UTC) by key. Every step costs a logarithm of how many are set."""

    def __init__(self) -> None:
        self._at: dict[str, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: str, at: float) -> None:
        self._count += 1
        self._at[key] = (at, self._count)
        heapq.heappush(self._heap, (at, self._count, key))

    def drop(self, key: str) -> None:
        self._at.pop(key, None)

    def next(self) -> float | None:
        """The earliest time set, or None."""
        while self._heap:
            at, count, key = self._heap[0]
            if self._at.get(key) == (at, count):
                return at
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float) -> list[str]:
        """The keys whose time has come, earliest first; they are set no longer."""
        due: list[str] = []
        while (at := self.next()) is not None and at <= now:
            key = heapq.heappop(self._heap)[2]
            del self._at[key]
            due.append(key)
        return due
