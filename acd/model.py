"""What the router knows of queues, contacts and agents: frozen data. Durations are seconds, times UTC epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from acd.hours import Hours
from acd.skills import EVERYBODY, Requirement


@dataclass(frozen=True, slots=True)
class Ring:
    """From `after_s` seconds of waiting on, these are the requirements."""

    after_s: float
    requires: Requirement


class When(StrEnum):
    """What makes a contact overflow; beside each, what `over` is compared with."""

    LENGTH = "length"  # contacts waiting in the queue; the newest overflow
    WAIT = "wait"  # seconds this contact has waited
    EWT = "ewt"  # this contact's P50 forecast, in seconds from now
    NOBODY = "nobody"  # seconds for which nobody who could serve it has been logged in
    RATIO = "ratio"  # waiting contacts for each agent logged in who serves the queue; the newest overflow


@dataclass(frozen=True, slots=True)
class Overflow:
    """`to`: another queue, where the contact waits on with its time; any other word is for the caller of the core."""

    when: When
    over: float
    to: str


class Closing(StrEnum):
    """What becomes of those who wait when the queue closes."""

    SERVE = "serve"
    OVERFLOW = "overflow"


@dataclass(frozen=True, slots=True)
class Queue:
    """`skip_rings`: a ring that nobody logged in can meet is passed over. `closed_to`: as `Overflow.to`.

    `write_up`: wrap-up does not end by its time before the contact is written up.
    """

    name: str
    requires: Requirement = EVERYBODY
    rings: tuple[Ring, ...] = ()
    skip_rings: bool = True
    rule: str = "longest_idle"
    wrapup_s: float = 15.0
    offer_timeout_s: float = 20.0
    ageing_per_s: float = 1.0
    priority: float = 0.0
    overflow: tuple[Overflow, ...] = ()
    hours: Hours | None = None
    closing: Closing = Closing.SERVE
    closed_to: str = "closed"
    handle_s: float = 180.0
    patience_s: float | None = None
    write_up: bool = False

    def __post_init__(self) -> None:
        if self.ageing_per_s < 0 or self.wrapup_s < 0 or self.offer_timeout_s <= 0 or self.handle_s <= 0:
            raise ValueError(f"queue {self.name!r}: a time or a rate is negative or nothing")
        times = [ring.after_s for ring in self.rings]
        if sorted(set(times)) != times:
            raise ValueError(f"queue {self.name!r}: each ring must come later than the one before")


class Contact(msgspec.Struct, frozen=True, gc=False):
    """Anything that waits; `arrived_at` stays, however often it is offered.

    For the first `prefer_s` seconds only the `preferred` agents are asked (last agent, account manager), unless none
    of them is logged in. `excluded` agents are never asked.
    """

    id: str
    queue: str
    arrived_at: float
    priority: float = 0.0
    requires: Requirement | None = None
    channel: str = "voice"
    preferred: tuple[str, ...] = ()
    prefer_s: float = 0.0
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """`capacity`: contacts at once, where an agent has no figure of their own.

    A contact may be offered to an agent who is busy on channels of a lower rank (voice pre-empts a chat), never to one
    who is busy on another of the same or a higher rank.
    """

    rank: int
    capacity: int = 1


VOICE = "voice"
CHANNELS: Mapping[str, Channel] = {VOICE: Channel(3), "chat": Channel(2, 3), "mail": Channel(1, 5)}


@dataclass(frozen=True, slots=True)
class Agent:
    """`queues` empty means every queue. `rank`, `cost` and `weight` are what the rules of those names go by."""

    id: str
    name: str
    skills: Mapping[str, int]
    queues: frozenset[str] = frozenset()
    capacity: Mapping[str, int] = field(default_factory=dict)
    rank: int = 0
    cost: float = 0.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        if bad := {name: level for name, level in self.skills.items() if not 1 <= level <= 10}:
            raise ValueError(f"agent {self.id!r}: skill levels are 1 to 10, not {bad}")
        if not self.weight > 0:
            raise ValueError(f"agent {self.id!r}: the weight must be above 0")


@dataclass(frozen=True, slots=True)
class Config:
    """`missed_limit`, `refused_limit`: so many offers missed or turned down in a row make an agent not ready.

    Who missed a contact is asked for it again after `again_s`, or at once when nobody else is left.
    """

    queues: Mapping[str, Queue] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=lambda: CHANNELS)
    missed_limit: int = 1
    refused_limit: int = 3
    again_s: float = 30.0
