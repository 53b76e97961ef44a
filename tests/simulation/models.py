"""Scenarios that theory knows the answer to."""

from __future__ import annotations

from typing import Any

from acd.scenario import Scenario, read

NAMES = "abcdef"
CALLS_PER_S, SERVICE_S = 0.0233, 600.0


def exponential(mean: float) -> dict[str, Any]:
    return {"dist": "exponential", "mean": mean}


def one_queue(
    arrival_per_s: float, agents: int, *, patience_s: float | None = None, lines: int = 0, contacts: int = 150_000
) -> Scenario:
    """Handle time 180 s, target 20 s."""
    one: dict[str, Any] = {"name": "all", "rate_per_s": arrival_per_s, "service": exponential(180.0)}
    if patience_s is not None:
        one["patience"] = exponential(patience_s)
    return read(
        {
            "run": {"contacts": contacts, "warmup": 10_000, "batches": 20, "forecast_every": 0},
            "system": {"lines": lines} if lines else {},
            "queue": {"target_s": 20.0},
            "class": [one],
            "agents": [{"count": agents}],
        }
    )


def six_classes(skills: int, contacts: int = 150_000, forecast_every: int = 0) -> Scenario:
    """Ninety agents, 120 lines, 84 erlangs in six equal classes; each agent has so many of the six skills.

    The model of R. Wallace and W. Whitt 2005, "A Staffing Algorithm for Call Centers with Skill-Based Routing".
    """
    classes = [
        {"name": name, "rate_per_s": CALLS_PER_S, "service": exponential(SERVICE_S), "requires": f"{name} >= 1"}
        for name in NAMES
    ]
    agents = [
        {"count": 15, "skills": {NAMES[(first + more) % 6]: 1 for more in range(skills)}} for first in range(6)
    ]  # fmt: skip
    return read(
        {
            "run": {"contacts": contacts, "warmup": 10_000, "batches": 20, "forecast_every": forecast_every},
            "system": {"lines": 120},
            "queue": {"target_s": 30.0},
            "class": classes,
            "agents": agents,
        }
    )
