"""Which of several agents: one small function a rule, one line in RULES.

A rule takes the candidates and `now` and returns the one to be offered; ties go to the lower log-in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """`idle_since`: end of the last work; `served`: contacts since log-in; `level`: summed levels asked for."""

    agent_id: str
    idle_since: float
    served: int
    level: int


Rule = Callable[[Sequence[Candidate], float], Candidate]


def longest_idle(candidates: Sequence[Candidate], now: float) -> Candidate:  # noqa: ARG001
    return min(candidates, key=lambda one: (one.idle_since, one.agent_id))


def most_skilled(candidates: Sequence[Candidate], now: float) -> Candidate:  # noqa: ARG001
    return min(candidates, key=lambda one: (-one.level, one.idle_since, one.agent_id))


def fewest_contacts(candidates: Sequence[Candidate], now: float) -> Candidate:  # noqa: ARG001
    return min(candidates, key=lambda one: (one.served, one.idle_since, one.agent_id))


RULES: dict[str, Rule] = {
    "longest_idle": longest_idle,
    "most_skilled": most_skilled,
    "fewest_contacts": fewest_contacts,
}
