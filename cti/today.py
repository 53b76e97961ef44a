"""Today's figures by queue, counted from events: as they come, and after a restart again from the journal. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

COUNTED = ("agent_connected", "call_ended", "call_queued")
STEP_S = 900
FORMULA = "answered_in_target / (answered + abandoned)"
SENT_BACK = 1e6  # a priority from which on it is the house that has put the caller into line again


class Today:
    """From midnight to midnight in the house's time zone. Times are UTC epoch seconds.

    `targets`: by queue, within how many seconds an answer is in time.
    """

    def __init__(self, zone: tzinfo, targets: Mapping[str, float]) -> None:
        self.targets = targets
        self._zone = zone
        self._begins, self._ends = 0.0, 0.0
        self._counts: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._steps: dict[int, defaultdict[tuple[str, str], float]] = {}

    def begins_at(self, now: float) -> float:
        """The last midnight; what was counted before it is forgotten."""
        if not self._begins <= now < self._ends:
            day = datetime.fromtimestamp(now, self._zone).date()
            midnights = (datetime.combine(one, time(), self._zone) for one in (day, day + timedelta(days=1)))
            self._begins, self._ends = (one.timestamp() for one in midnights)
            self._counts.clear()
            self._steps.clear()
        return self._begins

    def take(self, kind: str, at: float, facts: Mapping[str, Any], now: float) -> None:
        """Count an event by what the journal keeps of it."""
        if kind not in COUNTED or at < self.begins_at(now):
            return
        queue = facts.get("queue") or ""
        step = self._steps.setdefault(int((at - self._begins) // STEP_S), defaultdict(float))
        for what, much in _counted(kind, facts, self.targets.get(queue, 0.0)):
            self._counts[queue, what] += much
            step[queue, what] += much

    def of(self, queue: str, now: float) -> dict[str, int]:
        """`answered`, `answered_in_target` and `abandoned` since midnight."""
        self.begins_at(now)
        return {
            what: int(self._counts.get((queue, what), 0)) for what in ("answered", "answered_in_target", "abandoned")
        }

    def day(self, queue: str | None, now: float) -> dict[str, Any]:
        """Steps of `STEP_S` seconds from the first call to now; KeyError for no such queue.

        A call counts as offered when it comes into the queue, else when it is answered or given up.
        """
        begins = self.begins_at(now)
        queues = list(self.targets) if queue is None else [queue]
        if queue is not None:
            _ = self.targets[queue]
        first, last = min(self._steps, default=0), int((now - begins) // STEP_S)
        steps = [_step(self._steps.get(n, {}), queues, begins + n * STEP_S) for n in range(first, last + 1)]
        return {"queue": queue or "", "step_s": STEP_S, "formula": FORMULA, "steps": steps}


def _counted(kind: str, facts: Mapping[str, Any], target_s: float) -> Iterator[tuple[str, float]]:
    channel = facts.get("channel")  # of a customer who is not on the line
    if channel == "voicemail" or (channel and kind == "call_queued"):
        return  # a message is no call, and a callback was offered when its caller came in
    if kind == "agent_connected":
        yield "answered", 1
        yield "answered_in_target", facts["waited_s"] <= target_s
        yield "waited_s", facts["waited_s"]
    elif kind == "call_queued":
        yield "offered", facts["priority"] < SENT_BACK
    elif facts["outcome"] == "abandoned_in_queue":
        yield "abandoned", 1


def _step(counts: Mapping[tuple[str, str], float], queues: list[str], at: float) -> dict[str, Any]:
    def sum_of(what: str) -> float:
        return sum(counts.get((queue, what), 0) for queue in queues)

    answered, abandoned = int(sum_of("answered")), int(sum_of("abandoned"))
    decided = answered + abandoned
    return {
        "at": at,
        "offered": int(sum_of("offered")),
        "answered": answered,
        "abandoned": abandoned,
        "service_level": sum_of("answered_in_target") / decided if decided else None,
        "mean_wait_s": sum_of("waited_s") / answered if answered else None,
    }
