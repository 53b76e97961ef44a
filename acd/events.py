"""What happened, as the router sees it."""

from __future__ import annotations

from dataclasses import dataclass

from acd.agent_states import Status
from acd.model import Agent, Config, Contact


@dataclass(frozen=True, slots=True)
class ContactArrived:
    contact: Contact


@dataclass(frozen=True, slots=True)
class ContactLeft:
    contact_id: str


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Any of: who the agent is, what they chose, whether desk and phone can be reached. None: as before."""

    agent_id: str
    agent: Agent | None = None
    status: Status | None = None
    reason: str | None = None
    reachable: bool | None = None


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    offer_id: str


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """`reason`: `busy` and `rejected` are the agent's doing, `device` the phone's."""

    offer_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfferTimedOut:
    offer_id: str


@dataclass(frozen=True, slots=True)
class ContactDone:
    contact_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class ContactHeld:
    agent_id: str
    held: bool


@dataclass(frozen=True, slots=True)
class WrapUpFinished:
    agent_id: str


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    config: Config


@dataclass(frozen=True, slots=True)
class Tick:
    pass


Event = (
    ContactArrived | ContactLeft | AgentChanged | OfferAnswered | OfferRefused | OfferTimedOut | ContactDone
    | ContactHeld | WrapUpFinished | ConfigChanged | Tick
)  # fmt: skip
