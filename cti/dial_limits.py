"""How much may be called to the outside: a stolen password, or a page gone wild, must not cost a fortune. Pure."""

from __future__ import annotations

from agents.windows import Windows

HOUR_S = 3600.0


class DialLimits:
    """Calls begun in any hour, by one agent and by the house. Times are UTC epoch seconds."""

    def __init__(self, per_agent: int, per_house: int) -> None:
        self._per_agent, self._per_house, self._windows = per_agent, per_house, Windows(HOUR_S)

    def takes(self, agent_id: str, now: float) -> bool:
        """One more call, now, which counts if it may be."""
        return self._windows.attempt({agent_id: self._per_agent, "": self._per_house}, now) == 0
