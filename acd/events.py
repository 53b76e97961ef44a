"""What happened, as the router sees it."""

from __future__ import annotations

import msgspec

from acd.agent_states import Status
from acd.model import Agent, Config, Contact


class Event(msgspec.Struct, frozen=True, gc=False):
    pass


class ContactArrived(Event, frozen=True, gc=False):
    contact: Contact


class ContactLeft(Event, frozen=True, gc=False):
    """It waits no longer and was not served: the caller hung up."""

    contact_id: str


class ContactChanged(Event, frozen=True, gc=False):
    """While it waits: other priority, requirements, queue or agents to prefer. Its first arrival time stays."""

    contact: Contact


class AgentChanged(Event, frozen=True, gc=False):
    """Any of: who the agent is, what they chose, whether desk and phone can be reached. None: as before."""

    agent_id: str
    agent: Agent | None = None
    status: Status | None = None
    reason: str | None = None
    reachable: bool | None = None


class OfferAnswered(Event, frozen=True, gc=False):
    offer_id: int


class OfferRefused(Event, frozen=True, gc=False):
    """`reason`: `busy` and `rejected` are the agent's doing, `device` the phone's; any other is nobody's fault."""

    offer_id: int
    reason: str


class OfferTimedOut(Event, frozen=True, gc=False):
    """Nobody answered; the core's own timer says the same when nobody else does."""

    offer_id: int


class ContactDone(Event, frozen=True, gc=False):
    """The agent and the contact are through with each other: wrap-up begins, unless they never `talked`."""

    contact_id: str
    agent_id: str
    talked: bool = True


class ContactTaken(Event, frozen=True, gc=False):
    """The agent has begun this on their own, such as a call to the outside; it waits for nobody and rings nowhere.

    Without effect while the agent is logged out or has no room for it. A queue that does not exist gives no wrap-up.
    """

    contact: Contact
    agent_id: str


class ContactMoved(Event, frozen=True, gc=False):
    """What the agent has at hand belongs to this queue from now on, with its wrap-up: a colleague was asked in, and the
    customer was left to him."""

    contact_id: str
    queue: str


class ContactHeld(Event, frozen=True, gc=False):
    contact_id: str
    agent_id: str
    held: bool


class WrittenUp(Event, frozen=True, gc=False):
    """What the queue asks for is there (or, not `complete`, is gone again): of use from the answer to wrap-up's end."""

    contact_id: str
    agent_id: str
    complete: bool = True


class WrapUpFinished(Event, frozen=True, gc=False):
    """Wrap-up ends now, written up or not: whether it may is for whoever says so."""

    agent_id: str


class WrapUpExtended(Event, frozen=True, gc=False):
    """So many seconds more, from the present end, or from now when that has passed."""

    agent_id: str
    seconds: float


class ConfigChanged(Event, frozen=True, gc=False):
    config: Config


class Tick(Event, frozen=True, gc=False):
    """Time passed: what is due happens."""
