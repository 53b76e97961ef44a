"""The house's time: the wall's, but that it never goes back. Pure but for the two clocks it is given."""

from __future__ import annotations

import time
from collections.abc import Callable


class SteadyClock:
    """UTC epoch seconds. A clock that is set forward is followed at once; one that is set back is waited for at half
    speed, so that wrap-up, offers and waits go on, and no two events change their order."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._now, self._at = wall(), steady()

    def __call__(self) -> float:
        at = self._steady()
        self._now, self._at = max(self._wall(), self._now + (at - self._at) / 2), at
        return self._now
