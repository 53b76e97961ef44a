"""What the floor looks like at one moment: frozen, made by the server, shown to desks and wallboards.

Times are UTC epoch seconds, durations end in `_s`. Status is `ready`, `not_ready` or `logged_out`; activity is `idle`,
`offered`, `talking`, `held` or `wrap_up`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue. `longest_since` is the first arrival among those waiting, None when nobody waits.

    Service level is `answered_in_target / (answered + abandoned)`; None when neither has happened today.
    """

    name: str
    waiting: int = 0
    longest_since: float | None = None
    logged_in: int = 0
    ready: int = 0
    busy: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    target_s: float = 20.0


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent. `until` is when the activity ends by itself (wrap-up, offer), None when it does not.

    `pending` is the status that lands when the present work is done; `connected` says whether a desk page is open,
    `owes`: wrap-up goes on beyond `until`, until a disposition is chosen; `extended`: how often it was made longer;
    `reachable` whether offers can be made (page and phone).
    """

    id: str
    name: str
    name_en: str = ""
    status: str = "logged_out"
    reason: str | None = None
    activity: str = "idle"
    since: float = 0.0
    until: float | None = None
    pending: str | None = None
    pending_reason: str | None = None
    queue: str | None = None
    call_id: str | None = None
    connected: bool = False
    reachable: bool = False
    owes: bool = False
    extended: int = 0


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be asked in. `presence`: `ready` can take a call now, `busy` has one, `not_ready`, or `away`."""

    id: str
    name: str
    name_en: str = ""
    presence: str = "away"


@dataclass(frozen=True, slots=True)
class FloorView:
    """Every queue and every agent at the time `at`."""

    at: float
    queues: tuple[QueueView, ...] = ()
    agents: tuple[AgentView, ...] = ()

    def directory(self) -> tuple[Colleague, ...]:
        """What every agent may know of every other."""
        return tuple(Colleague(one.id, one.name, one.name_en, _presence(one)) for one in self.agents)

    def agent(self, agent_id: str) -> AgentView | None:
        return next((agent for agent in self.agents if agent.id == agent_id), None)

    def only(self, agent_id: str) -> FloorView:
        """The same floor as an agent may see it: all queues, no colleague's state."""
        return replace(self, agents=tuple(agent for agent in self.agents if agent.id == agent_id))


@dataclass(frozen=True, slots=True)
class WhyLine:
    """One of the router's reasons: a code with its figures, put into words by the page (`acd/ledger.py` has them)."""

    code: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A contact that waits since `since` (UTC), as number `position` of its queue.

    `offered_to` is the agent whose phone rings for it. `p50_s` and `p90_s`: half, and nine in ten, are served within
    so many seconds from now; None when nobody can say.
    """

    call_id: str
    queue: str
    number: str = ""
    name: str = ""
    name_en: str = ""
    tier: str = ""
    language: str = ""
    since: float = 0.0
    priority: float = 0.0
    position: int = 1
    offered_to: str | None = None
    p50_s: float | None = None
    p90_s: float | None = None
    why: tuple[WhyLine, ...] = ()


def _presence(agent: AgentView) -> str:
    if agent.status == "logged_out" or not agent.reachable:
        return "away"
    if agent.activity != "idle":
        return "busy"
    return "ready" if agent.status == "ready" else "not_ready"
