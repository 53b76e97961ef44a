"""Today's figures by queue, counted from events: as they come, and after a restart again from the journal. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

COUNTED = ("agent_connected", "call_ended")


class Today:
    """From midnight to midnight in the house's time zone. Times are UTC epoch seconds.

    `targets`: by queue, within how many seconds an answer is in time.
    """

    def __init__(self, zone: tzinfo, targets: Mapping[str, float]) -> None:
        self.targets = targets
        self._zone = zone
        self._begins, self._ends = 0.0, 0.0
        self._counts: Counter[tuple[str, str]] = Counter()

    def begins_at(self, now: float) -> float:
        """The last midnight; what was counted before it is forgotten."""
        if not self._begins <= now < self._ends:
            day = datetime.fromtimestamp(now, self._zone).date()
            midnights = (datetime.combine(one, time(), self._zone) for one in (day, day + timedelta(days=1)))
            self._begins, self._ends = (one.timestamp() for one in midnights)
            self._counts.clear()
        return self._begins

    def take(self, kind: str, at: float, facts: Mapping[str, Any], now: float) -> None:
        """Count an event by what the journal keeps of it."""
        if kind not in COUNTED or at < self.begins_at(now):
            return
        queue = facts.get("queue") or ""
        if kind == "agent_connected":
            self._counts[queue, "answered"] += 1
            self._counts[queue, "answered_in_target"] += facts["waited_s"] <= self.targets.get(queue, 0.0)
        elif facts["outcome"] == "abandoned_in_queue":
            self._counts[queue, "abandoned"] += 1

    def of(self, queue: str, now: float) -> dict[str, int]:
        """`answered`, `answered_in_target` and `abandoned` since midnight."""
        self.begins_at(now)
        return {what: self._counts[queue, what] for what in ("answered", "answered_in_target", "abandoned")}
