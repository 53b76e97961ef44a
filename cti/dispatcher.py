"""Drives the ACD: events in, effects performed, one timer.

It decides nothing. `acd.core` says who gets whom; this carries it out: the record to the page, then the phone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from acd import effects as does
from acd import events as on
from acd.agent_states import Status
from acd.core import Acd
from acd.model import Contact
from acd.skills import parse
from cti import events
from cti.asterisk.channel import ANSWERED_ELSEWHERE, UNSEEN, Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.bus import Bus
from cti.call import Call, Overflowed, Wish
from cti.call_states import Happening, State
from cti.logs import context_of
from cti.talk import NotReached, Party, call_of
from ivr.caller import HungUp
from ivr.in_line import Outlook

log = structlog.get_logger(__name__)
REASONS = {17: "busy", 21: "rejected", UNSEEN: "unseen"}  # Q.850: user busy, call rejected


class Phones(Protocol):
    """Rings an agent's phone. The leg answers in its own time; raises ActionRefused or LinkDown."""

    async def ring(self, agent_id: str, call: Call, timeout_s: float, contact_id: str) -> Party: ...
    async def until_known(self) -> None:
        """The PBX is there, and it is known which phones ring."""


class Desks(Protocol):
    """The agents' pages."""

    async def pop(self, agent_id: str, call: Call) -> int: ...
    def close_pop(self, agent_id: str, call: Call, reason: str) -> None: ...


@dataclass(slots=True)
class _Waiting:
    call: Call
    served: asyncio.Future[Party]


@dataclass(slots=True)
class _Offer:
    effect: does.Offer
    call: Call
    task: asyncio.Task[None] | None = None
    party: Party | None = None
    popped_at: float | None = None
    rang: bool = False

    @property
    def name(self) -> str:
        """As journal, topics and logs know it."""
        return f"o{self.effect.offer_id}"


class Dispatcher:
    """Joins the pure router to calls, desks and phones.

    `prefer_s`: by queue, for how many seconds only the customer's own agents are asked.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        acd: Acd,
        bus: Bus,
        clock: Callable[[], float],
        phones: Phones,
        desks: Desks,
        prefer_s: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.acd = acd
        self._prefer_s = prefer_s
        self._bus, self._clock, self._phones, self._desks = bus, clock, phones, desks
        self._waiting: dict[str, _Waiting] = {}
        self._offers: dict[int, _Offer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at: float | None = None

    # -- what calls ask ----------------------------------------------------------------------------------------------

    def enqueue(self, call: Call, wish: Wish) -> asyncio.Future[Party]:
        """The agent for this call, when there is one. Asked again in one wait it keeps its first arrival time."""
        requires = parse(wish.requires) if wish.requires else None
        arrived = call.facts.waiting_since or self._clock()  # this wait's: a talk before it was none
        queue = call.facts.queue or wish.queue
        preferred, prefer_s = self._preferred(call, queue)
        contact = Contact(call.id, queue, arrived, wish.priority, requires, preferred=preferred, prefer_s=prefer_s)
        return self.ask(call, contact)

    def ask(self, call: Call, contact: Contact) -> asyncio.Future[Party]:
        """The agent for a contact of this call: its customer, or the agent of it who asks a colleague."""
        served: asyncio.Future[Party] = asyncio.get_running_loop().create_future()
        self._waiting[contact.id] = _Waiting(call, served)
        self.handle(on.ContactArrived(contact))
        return served

    def _preferred(self, call: Call, queue: str) -> tuple[tuple[str, ...], float]:
        """The account manager and the agent of the last contact, and for how long only they are asked."""
        prefer_s = self._prefer_s.get(queue, 0.0)
        customer = call.facts.customer
        if customer is None or prefer_s <= 0:
            return (), 0.0
        last = next((one["agent"] for one in customer["recent"] if one["agent"]), None)
        wanted = dict.fromkeys(one for one in (customer["manager"], last) if one)
        return tuple(wanted), prefer_s if wanted else 0.0

    def leave(self, contact_id: str) -> None:
        """It waits no longer; whatever rings for it stops."""
        if self._waiting.pop(contact_id, None) is not None:
            self.handle(on.ContactLeft(contact_id))

    def outlook(self, contact_id: str) -> Outlook | None:
        """How many are before it, and how long it takes yet; None who does not wait."""
        now = self._clock()
        position, forecast = self.acd.position(contact_id, now), self.acd.expected(contact_id, now)
        if position is None or forecast is None:
            return None
        return Outlook(position - 1, forecast.p50_s, forecast.p90_s)

    def near(self, queue: str, since: float) -> bool:
        """Whether one who came into this queue then would be among the next: fewer are before than agents are ready."""
        now = self._clock()
        ahead = sum(one.arrived_at < since for one in self.acd.waiting(queue, now))
        serving = sum(
            queue in self.acd.serves(agent_id) and self.acd.state_of(agent_id).status is Status.READY
            for agent_id in self.acd.agents
        )
        return ahead < serving

    def done(self, contact_id: str, agent_id: str, *, talked: bool = True) -> None:
        """The talk is over: the agent's wrap-up begins. Without a talk there is none."""
        self.handle(on.ContactDone(contact_id, agent_id, talked))

    def moved(self, contact_id: str, queue: str) -> None:
        """The agent who was asked in has the customer of this queue from now on."""
        self.handle(on.ContactMoved(contact_id, queue))

    @property
    def offers(self) -> int:
        return len(self._offers)

    async def close(self, grace_s: float = 2.0) -> None:
        """Phones that still ring for calls that have ended are silenced first."""
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- events in, effects out --------------------------------------------------------------------------------------

    def handle(self, event: on.Event) -> None:
        """Hand one event to the router and perform what it says, in order."""
        for effect in self.acd.handle(event, self._clock()):
            try:
                _PERFORM[type(effect)](self, effect)
            except Exception:  # another call's or agent's effect may follow
                log.exception("an effect could not be performed", effect=str(effect))

    def tell_again(self, told: Iterable[tuple[float, on.Event]]) -> None:
        """What was so before this server came, at the times of then: the router knows it, and nobody else is told."""
        for at, event in sorted(told, key=itemgetter(0)):
            for effect in self.acd.handle(event, at):
                if isinstance(effect, does.WakeAt):
                    self._wake(effect)
        self.handle(on.Tick())

    def _offer(self, effect: does.Offer) -> None:
        waiting = self._waiting.get(effect.contact_id)
        if waiting is None:
            self.handle(on.OfferRefused(effect.offer_id, "left"))
            return
        call = waiting.call
        offer = self._offers[effect.offer_id] = _Offer(effect, call)
        if effect.contact_id == call.id:
            call.move(Happening.OFFERED)
        waited = self._clock() - (call.facts.waiting_since or self._clock())
        call.publish(events.OfferMade, agent_id=effect.agent_id, offer_id=offer.name, waited_s=waited)
        offer.task = self._spawn(self._carry_out(offer), f"offer {offer.name}", call)

    async def _carry_out(self, offer: _Offer) -> None:
        """The record first, then the phone; the router hears how it ended."""
        if not self._stands(offer):
            return
        refused = await self._ring(offer)
        if refused is not None and self._stands(offer):
            self._forget(offer, refused)
            self.handle(on.OfferRefused(offer.effect.offer_id, refused))

    def _stands(self, offer: _Offer) -> bool:
        return self._offers.get(offer.effect.offer_id) is offer

    async def _ring(self, offer: _Offer) -> str | None:
        """None once the agent has answered, else why not."""
        agent, call = offer.effect.agent_id, offer.call
        pages = await self._desks.pop(agent, call)
        offer.popped_at = self._clock()
        call.publish(events.PopSent, agent_id=agent, delivered=pages > 0, pages=pages)
        if not self._stands(offer):
            return "withdrawn"
        try:
            party = await self._dial(offer)
        except (ActionRefused, ActionTimeout) as error:
            log.warning("phone could not be rung", agent=agent, call_id=call.id, reason=str(error))
            return "device"
        if party is None:
            return "withdrawn"
        leg = party.leg
        if not self._stands(offer):  # withdrawn while the phone was being dialled: nobody else stops it
            await self._silence(party)
            return "withdrawn"
        watch = self._spawn(self._watch_ringing(offer, leg), f"ringing {offer.name}", call)
        try:
            await leg.parked()
        except HungUp:
            return _why_gone(leg)
        finally:
            watch.cancel()
        self._answered(offer, party)
        return None

    async def _silence(self, party: Party) -> None:
        """It rings no longer; a leg that stays up was not rung at all."""
        if not party.standing:
            await party.leg.hang_up(ANSWERED_ELSEWHERE)

    async def _dial(self, offer: _Offer) -> Party | None:
        """The phone; once the link is back if it was lost. None when the offer was withdrawn meanwhile."""
        while self._stands(offer):
            try:
                effect = offer.effect
                timeout_s = effect.timeout_s + 5.0
                offer.party = await self._phones.ring(effect.agent_id, offer.call, timeout_s, effect.contact_id)
            except LinkDown:
                await self._phones.until_known()
            else:
                return offer.party
        return None

    async def _watch_ringing(self, offer: _Offer, leg: Leg) -> None:
        await leg.rang.wait()
        self._rang(offer)

    def _rang(self, offer: _Offer) -> None:
        """Told once: whoever waits for the ring may be too late for a phone that answers at once."""
        if offer.rang:
            return
        offer.rang = True
        lead = self._clock() - offer.popped_at if offer.popped_at is not None else None
        offer.call.publish(events.PhoneRang, agent_id=offer.effect.agent_id, lead_s=lead)

    def _answered(self, offer: _Offer, party: Party) -> None:
        effect = offer.effect
        waiting = self._waiting.get(effect.contact_id)
        if not self._stands(offer) or waiting is None or waiting.served.done():
            # Too late: withdrawn, or the caller is leaving, whose `leave` withdraws it.
            self._spawn(party.release(), f"late {offer.name}", offer.call)
            return
        del self._waiting[effect.contact_id]
        del self._offers[effect.offer_id]
        self._rang(offer)
        self.handle(on.OfferAnswered(effect.offer_id))
        offer.call.publish(events.OfferEnded, agent_id=effect.agent_id, offer_id=offer.name, reason="answered")
        waiting.served.set_result(party)

    def _withdraw(self, effect: does.Withdraw) -> None:
        offer = self._offers.get(effect.offer_id)
        if offer is not None:
            self._forget(offer, effect.reason)

    def _forget(self, offer: _Offer, reason: str) -> None:
        """The offer is over: phone silent, page closed, the call waits again if it is still there."""
        effect, call = offer.effect, offer.call
        self._offers.pop(effect.offer_id, None)
        call.publish(events.OfferEnded, agent_id=effect.agent_id, offer_id=offer.name, reason=reason)
        if effect.contact_id != call.id:
            self._not_reached(effect.contact_id, reason)
        elif call.state is State.OFFERED and call.id in self._waiting:
            call.move(Happening.OFFER_LOST)
        self._desks.close_pop(effect.agent_id, call, reason)
        if offer.party is not None:
            self._spawn(self._silence(offer.party), f"silence {offer.name}", call)

    def _not_reached(self, contact_id: str, reason: str) -> None:
        """A colleague is asked once."""
        waiting = self._waiting.get(contact_id)
        if waiting is not None and not waiting.served.done():
            waiting.served.set_exception(NotReached(reason))

    def _wake(self, effect: does.WakeAt) -> None:
        if self._wake_at is not None and self._wake_at <= effect.at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wake_at = effect.at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, effect.at - self._clock()), self._tick)

    def _tick(self) -> None:
        self._timer = self._wake_at = None
        self.handle(on.Tick())

    def _moved(self, effect: does.AgentMoved) -> None:
        state = self.acd.state_of(effect.agent_id)
        self._bus.publish(
            events.AgentMoved(
                at=self._clock(),
                agent_id=effect.agent_id,
                call_id=call_of(state.contact_id),
                status=state.status.value,
                activity=state.activity.value,
                reason=state.reason,
                until=state.until,
            )
        )

    def _overflow(self, effect: does.Overflow) -> None:
        """Another queue, where the call waits on; else its wait is over without an agent."""
        waiting = self._waiting.get(effect.contact_id)
        if waiting is None:
            return
        waiting.call.publish(events.CallOverflowed, to=effect.to, reason=effect.reason)
        if effect.to in self.acd.config.queues:
            if effect.contact_id == waiting.call.id:
                waiting.call.facts.queue = effect.to
            return
        del self._waiting[effect.contact_id]
        if not waiting.served.done():
            waiting.served.set_exception(Overflowed(effect.to, effect.reason))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str, call: Call) -> asyncio.Task[None]:
        """Work for this call, in its log context: it is often started from another call's."""
        context = context_of(call.id)
        task = asyncio.create_task(work, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._ended, context=context)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task failed", task=task.get_name(), exc_info=task.exception())


def _why_gone(leg: Leg) -> str:
    """Who hangs up what they have picked up has turned the call down; their telephone works."""
    found = REASONS.get(leg.gone.result().cause)
    return found or ("rejected" if leg.answered else "device")


_PERFORM: dict[type, Callable[[Dispatcher, Any], None]] = {
    does.Offer: Dispatcher._offer,
    does.Withdraw: Dispatcher._withdraw,
    does.WakeAt: Dispatcher._wake,
    does.AgentMoved: Dispatcher._moved,
    does.Overflow: Dispatcher._overflow,
}
