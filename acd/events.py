"""What happened outside, past tense. Ids nobody knows, or knows no longer, are no errors."""

from __future__ import annotations

from dataclasses import dataclass

from acd.agent_states import Status
from acd.model import Agent, Config, Contact


@dataclass(frozen=True, slots=True)
class ContactArrived:
    """A contact wants an agent. One that already waits takes the new demands and keeps its earliest arrival."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class ContactLeft:
    """The contact is over, wherever it stood: waiting, offered or with an agent."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """The agent's wish and the desk's reachability, as they are now. `agent` is given when it is new or was edited."""

    agent: Agent | None
    agent_id: str
    status: Status
    reachable: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    offer_id: str


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """`reason`: "busy" or "rejected" (the agent), "device" (the phone), "left" (the contact is gone)."""

    offer_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfferTimedOut:
    offer_id: str


@dataclass(frozen=True, slots=True)
class ContactHeld:
    contact_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class ContactResumed:
    contact_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class ContactDone:
    """The agent has nothing more to do with the contact; wrap-up begins."""

    contact_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    """The agent asks for `by_s` more seconds; the queue's `wrapup_max_s` is the end of it."""

    agent_id: str
    by_s: float


@dataclass(frozen=True, slots=True)
class WrapUpFinished:
    agent_id: str


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    config: Config


@dataclass(frozen=True, slots=True)
class Tick:
    """The time of a WakeAt has come. Too early or too often does no harm."""


Event = (
    ContactArrived
    | ContactLeft
    | AgentChanged
    | OfferAnswered
    | OfferRefused
    | OfferTimedOut
    | ContactHeld
    | ContactResumed
    | ContactDone
    | WrapUpExtended
    | WrapUpFinished
    | ConfigChanged
    | Tick
)
