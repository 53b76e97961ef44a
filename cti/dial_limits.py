"""How much may be called to the outside: a stolen password, or a page gone wild, must not cost a fortune. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

HOUR_S = 3600.0


@dataclass(slots=True)
class DialLimits:
    """Calls begun in any hour, by one agent and by the house. Times are UTC epoch seconds."""

    per_agent: int
    per_house: int
    _seen: dict[str, deque[float]] = field(default_factory=dict)

    def takes(self, agent_id: str, now: float) -> bool:
        """One more call, now, which counts if it may be."""
        mine, all_ = self._last_hour(agent_id, now), self._last_hour("", now)
        if len(mine) >= self.per_agent or len(all_) >= self.per_house:
            return False
        mine.append(now)
        all_.append(now)
        return True

    def _last_hour(self, who: str, now: float) -> deque[float]:
        seen = self._seen.setdefault(who, deque())
        while seen and seen[0] <= now - HOUR_S:
            seen.popleft()
        return seen
