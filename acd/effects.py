"""What to do, as the router says it."""

from __future__ import annotations

import msgspec


class Effect(msgspec.Struct, frozen=True, gc=False):
    pass


class Offer(Effect, frozen=True, gc=False):
    """Ring this agent for this contact, for `timeout_s` seconds; the agent is reserved already."""

    offer_id: int
    contact_id: str
    agent_id: str
    timeout_s: float


class Withdraw(Effect, frozen=True, gc=False):
    """The offer stands no longer: `left`, `rona`, `device_lost`, `agent_left`, `changed` or `overflow`."""

    offer_id: int
    contact_id: str
    agent_id: str
    reason: str


class Overflow(Effect, frozen=True, gc=False):
    """The contact goes to `to`: a queue, in which it waits on, or else out of the router's hands."""

    contact_id: str
    to: str
    reason: str


class AgentMoved(Effect, frozen=True, gc=False):
    """The agent's state is another now; `Acd.state_of` tells it."""

    agent_id: str


class WakeAt(Effect, frozen=True, gc=False):
    """Send a Tick at this time (UTC epoch seconds); an earlier WakeAt still stands."""

    at: float
