"""A small house to try the router in: events by short names, effects by what they mean."""

from __future__ import annotations

from datetime import time
from typing import Any

from acd import events as on
from acd.agent_states import Status
from acd.core import Acd
from acd.effects import Effect, Offer, Overflow, Withdraw
from acd.hours import Hours, Span
from acd.ledger import Ledger
from acd.model import Agent, Config, Contact, Queue
from acd.skills import parse

OFFICE = Hours(tuple(Span(day, time(9), time(17)) for day in range(5)))


class House:
    """`now` moves with `at`; what was last told is in `told`."""

    def __init__(self, *queues: Queue, **more: Any) -> None:
        self.acd = Acd(Config({queue.name: queue for queue in queues}, **more), ledger=Ledger())
        self.now = 0.0
        self.told: list[Effect] = []
        self._last = 0

    def at(self, now: float) -> House:
        self.now = now
        return self

    def tell(self, event: on.Event) -> House:
        self.told = self.acd.handle(event, self.now)
        return self

    def agent(self, agent_id: str, skills: dict[str, int] | None = None, **more: Any) -> House:
        """Logged in, ready, within reach."""
        agent = Agent(agent_id, agent_id, skills or {}, **more)
        return self.tell(on.AgentChanged(agent_id, agent, Status.READY, None, True))

    def out(self, agent_id: str) -> House:
        return self.tell(on.AgentChanged(agent_id, status=Status.LOGGED_OUT))

    def call(self, contact_id: str, queue: str = "q", requires: str = "", **more: Any) -> House:
        contact = Contact(contact_id, queue, self.now, requires=parse(requires) if requires else None, **more)
        return self.tell(on.ContactArrived(contact))

    def answer(self) -> House:
        """The last offer is answered."""
        self._last = next((one.offer_id for one in self.told if isinstance(one, Offer)), self._last)
        return self.tell(on.OfferAnswered(self._last))

    def tick(self) -> House:
        return self.tell(on.Tick())

    @property
    def offers(self) -> list[tuple[str, str]]:
        return [(one.contact_id, one.agent_id) for one in self.told if isinstance(one, Offer)]

    @property
    def withdrawn(self) -> list[tuple[str, str]]:
        return [(one.contact_id, one.reason) for one in self.told if isinstance(one, Withdraw)]

    @property
    def overflows(self) -> list[tuple[str, str, str]]:
        return [(one.contact_id, one.to, one.reason) for one in self.told if isinstance(one, Overflow)]

    @property
    def order(self) -> list[str]:
        return [contact.id for contact in self.acd.waiting(None, self.now)]
