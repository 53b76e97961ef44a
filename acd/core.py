"""The router: events in, effects out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from acd import agent_states, effects, events
from acd.agent_states import Activity, AgentState, Happening, Status
from acd.model import Agent, Config, Contact, Queue
from acd.rules import RULES, Candidate
from acd.skills import Requirement

REFUSALS_BEFORE_NOT_READY = 3


@dataclass(slots=True)
class _Seat:
    """An agent and all that is remembered of them."""

    agent: Agent
    state: AgentState
    idle_since: float = 0.0
    served: int = 0
    refusals: int = 0


@dataclass(slots=True)
class _Place:
    """A contact's place in line; `offers` counts what was tried."""

    contact: Contact
    seq: int
    offers: int = 0
    excluded: set[str] = field(default_factory=set)
    offer_id: str | None = None


@dataclass(slots=True)
class _Reserved:
    offer: effects.Offer
    until: float


class Acd:
    """Who gets whom. Deterministic: the same events at the same times give the same effects."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seats: dict[str, _Seat] = {}
        self._places: dict[str, _Place] = {}
        self._reserved: dict[str, _Reserved] = {}
        self._talking: dict[str, tuple[str, str]] = {}  # contact -> agent, queue
        self._seq = 0
        self._out: list[effects.Effect] = []

    # -- views -------------------------------------------------------------------------------------------------------

    @property
    def agents(self) -> dict[str, Agent]:
        return {agent_id: seat.agent for agent_id, seat in self._seats.items()}

    def state_of(self, agent_id: str) -> AgentState:
        """The agent's state; raises KeyError for nobody."""
        return self._seats[agent_id].state

    def waiting(self, queue: str | None = None, now: float = 0.0) -> list[Contact]:
        """Those who wait or are being offered, in the order they will be served."""
        places = (place for place in self._places.values() if queue in (None, place.contact.queue))
        return [place.contact for place in sorted(places, key=lambda place: self._order(place, now))]

    def position(self, contact_id: str, now: float) -> int | None:
        """1 for the next of its queue; None when it does not wait."""
        place = self._places.get(contact_id)
        if place is None:
            return None
        ids = [contact.id for contact in self.waiting(place.contact.queue, now)]
        return ids.index(contact_id) + 1

    # -- the door ----------------------------------------------------------------------------------------------------

    def handle(self, event: events.Event, now: float) -> list[effects.Effect]:
        """Take one event; return what to do, in order."""
        self._out = []
        _HANDLERS[type(event)](self, event, now)
        self._match(now)
        self._out += self._alarm(now)
        return self._out

    def _arrived(self, event: events.ContactArrived, _now: float) -> None:
        known = event.contact.id in self._places or event.contact.id in self._talking
        if not known and event.contact.queue in self._config.queues:
            self._seq += 1
            self._places[event.contact.id] = _Place(event.contact, self._seq)

    def _left(self, event: events.ContactLeft, now: float) -> None:
        place = self._places.pop(event.contact_id, None)
        if place is not None and place.offer_id is not None:
            self._withdraw(place.offer_id, "left", now)

    def _agent(self, event: events.AgentChanged, now: float) -> None:
        seat = self._seats.get(event.agent_id)
        if seat is None:
            if event.agent is None:
                return
            seat = self._seats[event.agent_id] = _Seat(event.agent, AgentState(since=now), idle_since=now)
        seat.agent = event.agent or seat.agent
        state = seat.state
        if event.reachable is not None:
            state = replace(state, reachable=event.reachable)
        if event.status is not None:
            state = agent_states.choose(state, event.status, event.reason, now)
            self._fresh_start(seat, event.status, now)
        self._settle(seat, state)
        if state.activity is Activity.OFFERED and not state.reachable and state.contact_id in self._places:
            offer_id = self._places[state.contact_id].offer_id
            if offer_id is not None:
                self._end_offer(offer_id, "device_lost", now)

    def _fresh_start(self, seat: _Seat, status: Status, now: float) -> None:
        """Who chooses ready anew may be offered again what they missed."""
        if status is Status.READY:
            seat.refusals = 0
            seat.idle_since = now
            for place in self._places.values():
                place.excluded.discard(seat.agent.id)

    def _answered(self, event: events.OfferAnswered, now: float) -> None:
        reserved = self._reserved.pop(event.offer_id, None)
        if reserved is None:
            return
        offer = reserved.offer
        place = self._places.pop(offer.contact_id)
        seat = self._seats[offer.agent_id]
        seat.refusals = 0
        seat.served += 1
        self._talking[offer.contact_id] = (offer.agent_id, place.contact.queue)
        self._move(seat, Happening.ANSWERED, now)

    def _refused(self, event: events.OfferRefused, now: float) -> None:
        reserved = self._reserved.get(event.offer_id)
        if reserved is None:
            return
        seat = self._seats[reserved.offer.agent_id]
        if event.reason == "device":
            reason = "device_lost"
        else:
            seat.refusals += 1
            reason = "rona" if seat.refusals >= REFUSALS_BEFORE_NOT_READY else ""
        self._end_offer(event.offer_id, reason, now, withdraw=False)

    def _timed_out(self, event: events.OfferTimedOut, now: float) -> None:
        if event.offer_id in self._reserved:
            self._end_offer(event.offer_id, "rona", now)

    def _done(self, event: events.ContactDone, now: float) -> None:
        agent_id, queue = self._talking.get(event.contact_id, ("", ""))
        if agent_id != event.agent_id:
            return
        del self._talking[event.contact_id]
        seat = self._seats[agent_id]
        known = self._config.queues.get(queue)
        wrapup_s = known.wrapup_s if known else 0.0
        seat.idle_since = now
        if wrapup_s > 0:
            self._move(seat, Happening.DONE, now, until=now + wrapup_s)
        else:
            self._move(seat, Happening.DONE_WITHOUT_WRAP_UP, now)

    def _held(self, event: events.ContactHeld, now: float) -> None:
        seat = self._seats.get(event.agent_id)
        wanted = Activity.TALKING if event.held else Activity.HELD
        if seat is not None and seat.state.activity is wanted:
            self._move(seat, Happening.HELD if event.held else Happening.RESUMED, now)

    def _wrapped_up(self, event: events.WrapUpFinished, now: float) -> None:
        seat = self._seats.get(event.agent_id)
        if seat is not None and seat.state.activity is Activity.WRAP_UP:
            seat.idle_since = now
            self._move(seat, Happening.WRAP_UP_ENDED, now)

    def _config_changed(self, event: events.ConfigChanged, _now: float) -> None:
        self._config = event.config

    def _tick(self, _event: events.Tick, now: float) -> None:
        for offer_id in [key for key, one in self._reserved.items() if one.until <= now]:
            self._end_offer(offer_id, "rona", now)
        for seat in self._seats.values():
            if seat.state.activity is Activity.WRAP_UP and seat.state.until is not None and seat.state.until <= now:
                seat.idle_since = now
                self._move(seat, Happening.WRAP_UP_ENDED, now)

    # -- offers ------------------------------------------------------------------------------------------------------

    def _end_offer(self, offer_id: str, reason: str, now: float, *, withdraw: bool = True) -> None:
        """The offer failed: the contact keeps its place without this agent; with a reason the agent is not ready."""
        offer = self._reserved[offer_id].offer
        place = self._places.get(offer.contact_id)
        if place is not None:
            place.excluded.add(offer.agent_id)
        seat = self._seats[offer.agent_id]
        if reason:
            seat.state = agent_states.choose(seat.state, Status.NOT_READY, reason, now)
        self._release(offer_id, reason or "refused", now, withdraw=withdraw)

    def _withdraw(self, offer_id: str, reason: str, now: float) -> None:
        self._release(offer_id, reason, now, withdraw=True)

    def _release(self, offer_id: str, reason: str, now: float, *, withdraw: bool) -> None:
        offer = self._reserved.pop(offer_id).offer
        place = self._places.get(offer.contact_id)
        if place is not None:
            place.offer_id = None
        if withdraw:
            self._out.append(effects.Withdraw(offer_id, offer.contact_id, offer.agent_id, reason))
        self._move(self._seats[offer.agent_id], Happening.OFFER_ENDED, now)

    def _match(self, now: float) -> None:
        """Both questions in one: the next contact in line takes the best of those who can serve it."""
        if not any(seat.state.available for seat in self._seats.values()):
            return
        for place in sorted(self._places.values(), key=lambda place: self._order(place, now)):
            if place.offer_id is None:
                self._try(place, now)

    def _try(self, place: _Place, now: float) -> None:
        queue = self._config.queues[place.contact.queue]
        able = [seat for seat in self._seats.values() if self._able(seat, place, queue, now)]
        if able and all(seat.agent.id in place.excluded for seat in able):
            place.excluded.clear()  # nobody else can serve it: who refused it may have it again
        free = [seat for seat in able if seat.agent.id not in place.excluded and seat.state.available]
        if not free:
            return
        names = self._requirement(place, queue, now)[0].names()
        candidates = [
            Candidate(seat.agent.id, seat.idle_since, seat.served, sum(seat.agent.skills.get(n, 0) for n in names))
            for seat in free
        ]
        self._reserve(place, self._seats[RULES[queue.rule](candidates, now).agent_id], queue, now)

    def _reserve(self, place: _Place, seat: _Seat, queue: Queue, now: float) -> None:
        place.offers += 1
        place.offer_id = f"{place.contact.id}#{place.offers}"
        offer = effects.Offer(place.offer_id, place.contact.id, seat.agent.id, queue.offer_timeout_s)
        until = now + queue.offer_timeout_s
        self._reserved[place.offer_id] = _Reserved(offer, until)
        self._move(seat, Happening.OFFERED, now, contact_id=place.contact.id, until=until)
        self._out.append(offer)

    def _serves(self, seat: _Seat, place: _Place) -> bool:
        queues = seat.agent.queues
        return seat.state.status is Status.READY and (not queues or place.contact.queue in queues)

    def _able(self, seat: _Seat, place: _Place, queue: Queue, now: float) -> bool:
        met = (one.met_by(seat.agent.skills, seat.agent.id) for one in self._requirement(place, queue, now))
        return self._serves(seat, place) and all(met)

    def _requirement(self, place: _Place, queue: Queue, now: float) -> list[Requirement]:
        own = [place.contact.requires] if place.contact.requires else []
        return [*own, queue.requirement_after(now - place.contact.arrived_at)]

    def _order(self, place: _Place, now: float) -> tuple[float, float, int]:
        queue = self._config.queues[place.contact.queue]
        age = now - place.contact.arrived_at
        return (-(queue.priority + place.contact.priority + age * queue.ageing_per_s), -age, place.seq)

    # -- states and alarms -------------------------------------------------------------------------------------------

    def _move(self, seat: _Seat, happening: Happening, now: float, **more: Any) -> None:
        self._settle(seat, agent_states.move(seat.state, happening, now, **more))

    def _settle(self, seat: _Seat, state: AgentState) -> None:
        seat.state = state
        self._out.append(effects.AgentMoved(seat.agent.id, state))

    def _alarm(self, now: float) -> list[effects.Effect]:
        """The next time at which something is due: an offer's end, a wrap-up's end, a wider ring."""
        due = [one.until for one in self._reserved.values()]
        due += [s.state.until for s in self._seats.values() if s.state.activity is Activity.WRAP_UP and s.state.until]
        for place in self._places.values():
            rings = self._config.queues[place.contact.queue].rings
            due += [at for ring in rings if (at := place.contact.arrived_at + ring.after_s) > now]
        return [effects.WakeAt(min(due))] if due else []


_HANDLERS: dict[type, Callable[..., None]] = {
    events.ContactArrived: Acd._arrived,
    events.ContactLeft: Acd._left,
    events.AgentChanged: Acd._agent,
    events.OfferAnswered: Acd._answered,
    events.OfferRefused: Acd._refused,
    events.OfferTimedOut: Acd._timed_out,
    events.ContactDone: Acd._done,
    events.ContactHeld: Acd._held,
    events.WrapUpFinished: Acd._wrapped_up,
    events.ConfigChanged: Acd._config_changed,
    events.Tick: Acd._tick,
}
