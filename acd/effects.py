"""What to do, as the router says it."""

from __future__ import annotations

from dataclasses import dataclass

from acd.agent_states import AgentState


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this agent for this contact; the agent is reserved already."""

    offer_id: str
    contact_id: str
    agent_id: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Withdraw:
    offer_id: str
    contact_id: str
    agent_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Announce:
    contact_id: str
    position: int


@dataclass(frozen=True, slots=True)
class Overflow:
    contact_id: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a Tick at this time; an earlier WakeAt still stands."""

    at: float


@dataclass(frozen=True, slots=True)
class AgentMoved:
    agent_id: str
    state: AgentState


Effect = Offer | Withdraw | Announce | Overflow | WakeAt | AgentMoved
