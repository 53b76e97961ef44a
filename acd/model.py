"""What the router knows of queues, contacts and agents: frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.skills import EVERYBODY, Requirement


@dataclass(frozen=True, slots=True)
class Ring:
    """From `after_s` seconds of waiting on, these are the requirements."""

    after_s: float
    requires: Requirement


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    requires: Requirement = EVERYBODY
    rings: tuple[Ring, ...] = ()
    rule: str = "longest_idle"
    wrapup_s: float = 15.0
    offer_timeout_s: float = 20.0
    ageing_per_s: float = 1.0
    priority: int = 0

    def requirement_after(self, waited_s: float) -> Requirement:
        """The requirement of the widest ring reached."""
        reached = [ring.requires for ring in self.rings if ring.after_s <= waited_s]
        return reached[-1] if reached else self.requires


@dataclass(frozen=True, slots=True)
class Contact:
    """Anything that waits; `arrived_at` stays, however often it is offered."""

    id: str
    queue: str
    arrived_at: float
    priority: int = 0
    requires: Requirement | None = None
    channel: str = "voice"


@dataclass(frozen=True, slots=True)
class Agent:
    """`queues` empty means every queue."""

    id: str
    name: str
    skills: Mapping[str, int]
    queues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Config:
    queues: Mapping[str, Queue] = field(default_factory=dict)
