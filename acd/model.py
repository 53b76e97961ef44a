"""What the router knows of the house: queues, contacts, agents. Frozen; a change is a new value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.skills import EVERYBODY, Requirement


@dataclass(frozen=True, slots=True)
class Ring:
    """From `after_s` seconds of waiting on, `requires` takes the place of what the queue asked before."""

    after_s: float
    requires: Requirement


@dataclass(frozen=True, slots=True)
class Queue:
    """Where contacts wait.

    `ageing_per_s` are points of priority won by a second of waiting; `rule` is a name in `acd.rules.RULES`. Raises
    ValueError for figures that would let a contact starve or a timer run backwards.
    """

    name: str
    requires: Requirement = EVERYBODY
    rings: tuple[Ring, ...] = ()
    rule: str = "longest_idle"
    wrapup_s: float = 15.0
    offer_timeout_s: float = 20.0
    ageing_per_s: float = 1.0
    priority: int = 0
    wrapup_max_s: float = 300.0

    def __post_init__(self) -> None:
        if self.ageing_per_s <= 0:
            raise ValueError(f"queue {self.name}: ageing_per_s must be above 0, else a contact may wait for ever")
        if self.offer_timeout_s <= 0 or self.wrapup_s < 0:
            raise ValueError(f"queue {self.name}: offer_timeout_s must be above 0 and wrapup_s not below 0")
        steps = [ring.after_s for ring in self.rings]
        if steps != sorted(steps) or any(step < 0 for step in steps):
            raise ValueError(f"queue {self.name}: rings must come in the order of their after_s, none below 0")


@dataclass(frozen=True, slots=True)
class Contact:
    """Anything that waits for an agent. `arrived_at` is the first arrival (UTC), kept when it is queued again."""

    id: str
    queue: str
    arrived_at: float
    priority: int = 0
    requires: Requirement | None = None
    channel: str = "voice"


@dataclass(frozen=True, slots=True)
class Agent:
    """`skills` maps a skill to its level, 1 to 10; no `queues` means all of them."""

    id: str
    name: str
    skills: Mapping[str, int] = field(default_factory=dict)
    queues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Config:
    """All queues by name. Raises ValueError when a key is not its queue's name."""

    queues: Mapping[str, Queue]

    def __post_init__(self) -> None:
        for key, queue in self.queues.items():
            if key != queue.name:
                raise ValueError(f"queue {queue.name} is filed under {key}")
