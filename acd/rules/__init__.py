"""Which of several agents: one small function a rule, one line in RULES.

A rule gives each candidate a figure; the smallest is offered the contact. Ties go to the longest idle, then to the one
who joined first. `Steady` says what the figure depends on, so that the core need not ask everybody each time; a rule
that declares less steadiness than it has is slower, never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from math import log
from typing import Protocol

from acd.model import Agent


class Chance(Protocol):
    """A generator of random numbers, such as `random.Random(seed)`."""

    def random(self) -> float: ...


class Candidate(Protocol):
    """What a rule may look at. Times are UTC epoch seconds, `busy_s` seconds.

    `idle_since`: end of the last work, or of choosing ready; `served`, `busy_s`: since log-in; `turn`: the number of
    the offer last made to them, 0 for none.
    """

    agent: Agent
    number: int
    idle_since: float
    logged_in_at: float
    served: int
    busy_s: float
    turn: int


class Case(Protocol):
    """The decision at hand: when, which skills are asked for, and a generator for rules that draw."""

    now: float
    skills: frozenset[str]
    chance: Chance


class Steady(Enum):
    """How long a candidate's figure stays what it is."""

    WHILE_FREE = auto()  # until the agent takes work, or their record changes
    PER_REQUIREMENT = auto()  # one for each requirement, until the agent's record changes
    NEVER = auto()  # another one each moment
    DRAWN = auto()  # another one each time it is asked for


@dataclass(frozen=True, slots=True)
class Rule:
    figure: Callable[[Candidate, Case], float]
    steady: Steady


def longest_idle(one: Candidate, _case: Case) -> float:
    return one.idle_since


def least_occupied(one: Candidate, case: Case) -> float:
    """Share of the time since log-in spent on contacts."""
    return one.busy_s / max(case.now - one.logged_in_at, 1.0)


def most_skilled(one: Candidate, case: Case) -> float:
    """The levels of the skills asked for, summed."""
    return -sum(one.agent.skills.get(name, 0) for name in case.skills)


def least_skilled(one: Candidate, _case: Case) -> float:
    """All levels of all skills, summed: generalists are kept free."""
    return sum(one.agent.skills.values())


def fewest_contacts(one: Candidate, _case: Case) -> float:
    return one.served


def round_robin(one: Candidate, _case: Case) -> float:
    """Whose last offer is the longest ago."""
    return one.turn


def fixed_order(one: Candidate, _case: Case) -> float:
    return one.agent.rank


def cheapest(one: Candidate, _case: Case) -> float:
    return one.agent.cost


def weighted_random(one: Candidate, case: Case) -> float:
    """Chosen with a probability in proportion to the weight: the earliest of exponential times at these rates.

    Source: P. Efraimidis and P. Spirakis 2006, "Weighted random sampling with a reservoir".
    """
    return -log(1.0 - case.chance.random()) / one.agent.weight


RULES: Mapping[str, Rule] = {
    "longest_idle": Rule(longest_idle, Steady.WHILE_FREE),
    "least_occupied": Rule(least_occupied, Steady.NEVER),
    "most_skilled": Rule(most_skilled, Steady.PER_REQUIREMENT),
    "least_skilled": Rule(least_skilled, Steady.WHILE_FREE),
    "fewest_contacts": Rule(fewest_contacts, Steady.WHILE_FREE),
    "round_robin": Rule(round_robin, Steady.WHILE_FREE),
    "fixed_order": Rule(fixed_order, Steady.WHILE_FREE),
    "cost": Rule(cheapest, Steady.WHILE_FREE),
    "weighted_random": Rule(weighted_random, Steady.DRAWN),
}
