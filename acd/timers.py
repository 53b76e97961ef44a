"""What is due when: one heap. What was set and matters no longer is found out when it is due, or taken back before."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, NamedTuple

MANY = 64


class Timer(NamedTuple):
    """`act(of, mark, now)` is called when it is due, and has to see for itself whether that still matters."""

    act: Callable[[Any, Any, float], object]
    of: Any
    mark: Any


class Timers:
    """Times in UTC epoch seconds; equal times come in the order they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._timers: dict[int, Timer] = {}
        self._count = 0
        self._told: float | None = None

    @property
    def next_at(self) -> float:
        """Nothing is due before."""
        return self._heap[0][0] if self._heap else inf

    def __len__(self) -> int:
        return len(self._timers)

    def set(self, at: float, timer: Timer) -> int:
        """The number to take it back by."""
        self._count = number = self._count + 1
        self._timers[number] = timer
        heappush(self._heap, (at, number))
        return number

    def cancel(self, number: int) -> None:
        """Not to be due any more; without effect when it was."""
        if self._timers.pop(number, None) is not None and len(self._heap) > 2 * len(self._timers) + MANY:
            self._heap = [entry for entry in self._heap if entry[1] in self._timers]
            heapify(self._heap)

    def due(self, now: float) -> Timer | None:
        """The next that is due by now, once; None when there is none."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            timer = self._timers.pop(heappop(heap)[1], None)
            if timer is not None:
                return timer
        return None

    def woken(self) -> None:
        """What was said by `wake_at` is used up, also when it came too early: it is said anew."""
        self._told = None

    def wake_at(self, now: float) -> float | None:
        """The time to be woken at, if it has to be said anew: an earlier one said before still stands."""
        heap, told = self._heap, self._told
        if not heap or (told is not None and now < told <= heap[0][0]):
            return None
        while heap and heap[0][1] not in self._timers:
            heappop(heap)
        self._told = heap[0][0] if heap else None
        return self._told
