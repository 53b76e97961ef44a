"""An agent's state: the wish (status) and the fact (activity), with one door.

While busy, a chosen status is pending and lands when all work is done. An agent with several contacts at once is shown
at the activity of the one whose channel ranks highest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    READY = "ready"
    NOT_READY = "not_ready"
    LOGGED_OUT = "logged_out"


class Activity(StrEnum):
    IDLE = "idle"
    OFFERED = "offered"
    TALKING = "talking"
    HELD = "held"
    WRAP_UP = "wrap_up"


class Happening(StrEnum):
    OFFERED = "offered"
    ANSWERED = "answered"
    OFFER_ENDED = "offer_ended"
    HELD = "held"
    RESUMED = "resumed"
    DONE = "done"
    DONE_WITHOUT_WRAP_UP = "done_without_wrap_up"
    WRAP_UP_ENDED = "wrap_up_ended"


SYSTEM_REASONS = frozenset({"rona", "device_lost", "connection_lost", "forced"})

A, H = Activity, Happening
TABLE: dict[Activity, dict[Happening, Activity]] = {
    A.IDLE: {H.OFFERED: A.OFFERED},
    A.OFFERED: {H.ANSWERED: A.TALKING, H.OFFER_ENDED: A.IDLE},
    A.TALKING: {H.HELD: A.HELD, H.DONE: A.WRAP_UP, H.DONE_WITHOUT_WRAP_UP: A.IDLE},
    A.HELD: {H.RESUMED: A.TALKING, H.DONE: A.WRAP_UP, H.DONE_WITHOUT_WRAP_UP: A.IDLE},
    A.WRAP_UP: {H.WRAP_UP_ENDED: A.IDLE},
}


class ImpossibleMove(Exception):
    """The event does not belong to the activity."""


def move(activity: Activity, happening: Happening) -> Activity:
    """The activity after `happening`; raises ImpossibleMove naming both."""
    try:
        return TABLE[activity][happening]
    except KeyError:
        raise ImpossibleMove(f"an agent who is {activity} cannot have {happening}") from None


@dataclass(frozen=True, slots=True)
class AgentState:
    """What is to be seen of an agent. `since` and `until` are UTC epoch seconds; `until` ends wrap-up or offer.

    `contact_id` is the contact the activity is about, `contacts` all the agent has. `owes`: wrap-up goes on beyond
    `until`, until the contact is written up or wrap-up is ended. `extended`: how often wrap-up was made longer.
    """

    status: Status = Status.LOGGED_OUT
    reason: str | None = None
    activity: Activity = Activity.IDLE
    since: float = 0.0
    until: float | None = None
    pending: tuple[Status, str | None] | None = None
    contact_id: str | None = None
    reachable: bool = False
    contacts: tuple[str, ...] = ()
    owes: bool = False
    extended: int = 0

    @property
    def available(self) -> bool:
        """May be offered a call now."""
        return self.status is Status.READY and self.activity is Activity.IDLE and self.reachable


def diagram() -> str:
    """The activities as a Mermaid state diagram, for ARCHITECTURE.md."""
    rows = [f"    {before} --> {after}: {event}" for before, row in TABLE.items() for event, after in row.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {A.IDLE}", *rows])
