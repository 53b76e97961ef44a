"""What somebody must now do, in the order given."""

from __future__ import annotations

from dataclasses import dataclass

from acd.agent_states import AgentState


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this agent, already reserved, for this contact. The router itself ends it after `timeout_s`."""

    offer_id: str
    contact_id: str
    agent_id: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The offer stands no longer: "rona", "left", "requeued", "logged_out", "connection_lost" or "late"."""

    offer_id: str
    contact_id: str
    agent_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Announce:
    """The contact waits, at this 1-based place in its queue."""

    contact_id: str
    position: int


@dataclass(frozen=True, slots=True)
class Overflow:
    contact_id: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a Tick at this time (UTC). The earliest counts; a Tick brings the next one."""

    at: float


@dataclass(frozen=True, slots=True)
class AgentMoved:
    agent_id: str
    state: AgentState


Effect = Offer | Withdraw | Announce | Overflow | WakeAt | AgentMoved
