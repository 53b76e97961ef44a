"""The router: events in, effects out.

What it knows of agents is in `crew`, of those who wait in `waiting`; when contacts leave a queue without an agent is in
`overflows`. Here the two meet: who is offered what, and how an offer ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import msgspec

from acd import effects, events, ewt
from acd.agent_states import Activity, AgentState, Happening, Status
from acd.crew import NO_CHANCE, Crew, Seat, Staffing, Work
from acd.ledger import Decision, Ledger, Standing, Why, standing, why
from acd.model import Agent, Config, Contact, Queue
from acd.overflows import Overflows
from acd.pace import Pace
from acd.rules import RULES, Chance, Steady
from acd.timers import Timer, Timers
from acd.waiting import Entry, Place, Waiting
from acd.waits import Forecast

AGENTS_DOING = {"busy", "rejected"}  # reasons of a refused offer that count against the agent
T = TypeVar("T")
MOST_FIGURES = 20  # candidates whose figures a decision keeps


class Unknown(LookupError):
    """No such queue, channel or rule in what was told; nothing was changed."""


class Acd:
    """Who gets whom. Deterministic: the same events at the same times give the same effects.

    `chance` is for rules that draw. `ledger` keeps how each decision came about; None keeps nothing.
    """

    def __init__(self, config: Config, *, chance: Chance | None = None, ledger: Ledger | None = None) -> None:
        self._chance = chance
        self._check(config)
        self.config = config
        self.ledger = ledger
        self.crew = Crew(config, chance or NO_CHANCE)
        self.room = Waiting(self.crew)
        self.paces = {name: Pace(queue.handle_s, queue.patience_s) for name, queue in config.queues.items()}
        self.timers = Timers()
        self.overflows = Overflows(self)
        self._at_hand: dict[str, tuple[Seat, Work]] = {}  # whose hands a contact is in, from answer to done
        self._offers: dict[int, tuple[Seat, Work, Place]] = {}
        self._last_offer = 0
        self._out: list[effects.Effect] = []
        self._moved: dict[str, None] = {}

    # -- views -------------------------------------------------------------------------------------------------------

    @property
    def agents(self) -> dict[str, Agent]:
        return {agent_id: seat.agent for agent_id, seat in self.crew.seats.items()}

    def state_of(self, agent_id: str) -> AgentState:
        """The agent's state; raises KeyError for nobody."""
        return self.crew.state_of(agent_id)

    def staffing(self) -> dict[str, Staffing]:
        """By queue, who is there for it: an agent who serves several counts in each."""
        return self.crew.staffing(self.config.queues.values())

    def is_open(self, queue: str, now: float) -> bool:
        """Whether it takes contacts now; raises KeyError for no such queue."""
        hours = self.config.queues[queue].hours
        return hours is None or hours.is_open(now)

    def waiting(self, queue: str | None = None, now: float = 0.0) -> list[Contact]:
        """Those who wait or are being offered, in the order they will be served."""
        return [place.contact for place in self.room.in_order(now, self._places(queue))]

    def position(self, contact_id: str, now: float) -> int | None:
        """1 for the next of its queue; None when it does not wait."""
        place = self.room.places.get(contact_id)
        if place is None:
            return None
        return self.room.in_order(now, self._places(place.contact.queue)).index(place) + 1

    def expected(self, contact_id: str, now: float) -> Forecast | None:
        """How long it will wait yet, from now, if it stays; None when it does not wait."""
        place = self.room.places.get(contact_id)
        return None if place is None else ewt.expected(self.room, self.crew, self.paces, place, now)

    def expectations(self, queue: str | None, now: float) -> dict[str, Forecast]:
        """As `expected`, of everybody in a queue or in all."""
        return ewt.expectations(self.room, self.crew, self.paces, self._places(queue), now)

    def why(self, contact_id: str, now: float) -> Why:
        """Why it waits still, or went to whom it did."""
        return why(contact_id, self.room, self.crew, self.ledger, now)

    def standing(self, now: float) -> list[Standing]:
        """Everybody who waits, queue by queue in order, and why."""
        return list(standing(self.room, self.crew, now))

    def contact(self, contact_id: str) -> Contact | None:
        """As it waits now; None when it does not."""
        place = self.room.places.get(contact_id)
        return place.contact if place else None

    def serves(self, agent_id: str) -> list[str]:
        """The queues whose contacts may go to this agent, by skills and by what the agent serves."""
        bit = self.crew.named(agent_id)
        return [queue.name for queue in self.config.queues.values() if self.crew.asked_for(queue) & bit]

    def _places(self, queue: str | None) -> list[Place]:
        return list((self.room.places if queue is None else self.room.of_queue.get(queue, {})).values())

    # -- the door ----------------------------------------------------------------------------------------------------

    def handle(self, event: events.Event, now: float) -> list[effects.Effect]:
        """Take one event, and whatever is due by now; return what to do, in order.

        Raises Unknown for a queue, channel or rule that does not exist.
        """
        out = self._out = []
        _HANDLERS[type(event)](self, event, now)
        if self.timers.next_at <= now:
            while (timer := self.timers.due(now)) is not None:
                timer.act(timer.of, timer.mark, now)
        if self.crew.fresh or self.room.dirty or self.overflows.counted:
            self._match(now)
        if self._moved:
            out += map(effects.AgentMoved, self._moved)
            self._moved.clear()
        wake_at = self.timers.wake_at(now)
        if wake_at is not None:
            out.append(effects.WakeAt(wake_at))
        return out

    def _tick(self, _event: events.Tick, _now: float) -> None:
        """Nothing but what is due; a clock that runs fast may send it before that."""
        self.timers.woken()

    # -- contacts ----------------------------------------------------------------------------------------------------

    def _arrived(self, event: events.ContactArrived, now: float) -> None:
        contact = event.contact
        queue = self._queue(contact)
        if contact.id in self.room.places or contact.id in self._at_hand:
            return
        self._enter(self.room.add(contact, queue, now), now)

    def _changed(self, event: events.ContactChanged, now: float) -> None:
        contact = event.contact
        queue = self._queue(contact)
        place = self.room.places.get(contact.id)
        if place is None:
            return
        before = place.contact
        contact = msgspec.structs.replace(contact, arrived_at=before.arrived_at)
        wants_another = (contact.queue, contact.requires, contact.channel) != (
            before.queue, before.requires, before.channel,
        )  # fmt: skip
        if place.offer_id and wants_another:
            self._end_offer(place.offer_id, "changed", now)
        entered_at = place.entered_at
        self.room.change(place, contact, queue, now)
        if contact.queue == before.queue:
            self._wait(place, now)
        else:
            self.paces[before.queue].stayed(now - entered_at)
            self._enter(place, now)

    def _enter(self, place: Place, now: float) -> None:
        """It has come into its queue, which may be closed."""
        if not (self.overflows.keeps_hours and self.overflows.turned_away(place, now)):
            self._wait(place, now)

    def _wait(self, place: Place, now: float) -> None:
        """In line, unless it is being offered; its clocks run."""
        if not place.offer_id:
            self.room.put(place, now)
        arrived_at, family = place.contact.arrived_at, place.family
        if len(family.phases) > 1:
            for phase in family.phases[1:]:
                if arrived_at + phase.after_s > now:
                    self.timers.set(arrived_at + phase.after_s, Timer(self._ring_due, place, family))
        if family.queue.overflow:
            self.overflows.arm(place, now)

    def _ring_due(self, place: Place, family: object, now: float) -> None:
        if place.family is family and place.line is not None:
            self.room.put(place, now)

    def _left(self, event: events.ContactLeft, now: float) -> None:
        place = self.room.places.get(event.contact_id)
        if place is not None:
            self.paces[place.contact.queue].left(now - place.entered_at)
            self._drop(place, "left", now)

    def _drop(self, place: Place, reason: str, now: float) -> None:
        """It waits no longer; whoever is being rung for it is free again."""
        if place.offer_id:
            self._end_offer(place.offer_id, reason, now)
        self.room.remove(place)

    def overflow(self, place: Place, to: str, reason: str, now: float) -> bool:
        """The contact goes elsewhere; False when it was there before, so that none goes in a circle."""
        contact, queue = place.contact, self.config.queues.get(to)
        if queue is not None and to in place.visited:
            return False
        if place.offer_id:
            self._end_offer(place.offer_id, "overflow", now)
        self._out.append(effects.Overflow(contact.id, to, reason))
        self.paces[contact.queue].stayed(now - place.entered_at)
        if queue is None:
            self.room.remove(place)
            return True
        self.room.change(place, msgspec.structs.replace(contact, queue=to), queue, now)
        self._enter(place, now)
        return True

    def _queue(self, contact: Contact) -> Queue:
        queue = self.config.queues.get(contact.queue)
        if queue is None or contact.channel not in self.config.channels:
            what = f"queue {contact.queue!r}" if queue is None else f"channel {contact.channel!r}"
            raise Unknown(f"contact {contact.id!r} wants {what}, which does not exist")
        return queue

    # -- agents ------------------------------------------------------------------------------------------------------

    def _agent(self, event: events.AgentChanged, now: float) -> None:
        crew = self.crew
        seat = crew.seats.get(event.agent_id)
        if seat is None:
            if event.agent is None:
                return
            seat = crew.join(event.agent, now)
            self.room.learn(seat, now)
        elif event.agent is not None and event.agent != seat.agent:
            crew.change(seat, event.agent)
            self.room.learn(seat, now)
        staffed, ready = crew.staffed, crew.ready
        if event.reachable is not None and event.reachable != seat.reachable:
            crew.reach(seat, event.reachable)
        if event.status is not None:
            self._choose(seat, event.status, event.reason, now)
        self._moved[seat.agent.id] = None
        self._restaffed(staffed, ready, now)
        if event.agent is not None:
            self.overflows.restaffed(now)
        self._take_offers_back(seat, now)

    def _choose(self, seat: Seat, status: Status, reason: str | None, now: float) -> None:
        anew = status is Status.READY and seat.status is not status
        self.crew.choose(seat, status, reason, now)
        if status is Status.READY:  # they may be asked again for what they missed
            seat.missed = seat.refused = 0
            if anew and not seat.work:
                self.crew.wait_anew(seat, now)
            if seat.skipped:
                self.room.forgive(seat, now)

    def _take_offers_back(self, seat: Seat, now: float) -> None:
        """A phone or page that is gone, or a person who went, cannot answer."""
        leaving = seat.pending is not None and seat.pending[0] is Status.LOGGED_OUT
        if seat.reachable and not leaving:
            return
        reason = "agent_left" if seat.reachable else "device_lost"
        for work in [work for work in seat.work.values() if work.activity is Activity.OFFERED]:
            self._miss(self._offers[work.offer_id][2], seat, now)
            if reason == "device_lost":
                self._unready(seat, reason, now)
            self._end_offer(work.offer_id, reason, now)

    def _restaffed(self, staffed: int, ready: int, now: float) -> None:
        """What follows when, since these masks, somebody logged in or out, or others are ready."""
        if self.crew.staffed != staffed:
            self.room.restage(now)
            self.overflows.restaffed(now)
        if ready != self.crew.ready and self.room.narrowed:
            self.room.reready(now)

    def _held(self, event: events.ContactHeld, now: float) -> None:
        seat, work = self._at_hand.get(event.contact_id, (None, None))
        wanted = Activity.TALKING if event.held else Activity.HELD
        if seat and work and seat.agent.id == event.agent_id and work.activity is wanted:
            work.move(Happening.HELD if event.held else Happening.RESUMED, now)
            self._moved[event.agent_id] = None

    def _taken(self, event: events.ContactTaken, now: float) -> None:
        contact, seat = event.contact, self.crew.seats.get(event.agent_id)
        if seat is None or not self.crew.may_begin(seat, contact.channel):
            return
        if contact.id in self.room.places or contact.id in self._at_hand:
            return
        self._last_offer += 1
        work = Work(contact, self._last_offer, now, now)
        self.crew.begin(seat, work)
        self.crew.serve(seat, work, now)
        self._at_hand[contact.id] = seat, work
        self._moved[event.agent_id] = None

    def _at_hand_moved(self, event: events.ContactMoved, _now: float) -> None:
        _, work = self._at_hand.get(event.contact_id, (None, None))
        if work is not None:
            work.queue = event.queue
            queue = self.config.queues.get(event.queue)
            work.owes = queue is not None and queue.write_up

    def _done(self, event: events.ContactDone, now: float) -> None:
        seat, work = self._at_hand.get(event.contact_id, (None, None))
        if seat is None or work is None or seat.agent.id != event.agent_id:
            return
        del self._at_hand[event.contact_id]
        queue = self.config.queues.get(work.queue)
        if not event.talked:
            work.move(Happening.DONE_WITHOUT_WRAP_UP, now)
            self._end_work(seat, work, now, worked=True)
        elif queue is not None and (queue.wrapup_s > 0 or work.owes):
            work.move(Happening.DONE, now, now + queue.wrapup_s)
            self.timers.set(now + queue.wrapup_s, Timer(self._wrap_up_due, seat, work))
            self._moved[event.agent_id] = None
        else:
            self._through(seat, work, Happening.DONE_WITHOUT_WRAP_UP, now)

    def _through(self, seat: Seat, work: Work, happening: Happening, now: float) -> None:
        """The agent's hands are free of this contact."""
        work.move(happening, now)
        if work.queue in self.paces:
            self.paces[work.queue].handled(now - work.answered_at)
        self._end_work(seat, work, now, worked=True)

    def _end_work(self, seat: Seat, work: Work, now: float, *, worked: bool) -> None:
        staffed, ready = self.crew.staffed, self.crew.ready
        self.crew.end(seat, work, now, worked=worked)
        self._moved[seat.agent.id] = None
        self._restaffed(staffed, ready, now)

    def _written_up(self, event: events.WrittenUp, _now: float) -> None:
        """Wrap-up beyond its time is not ended by this: the agent may be writing yet."""
        seat = self.crew.seats.get(event.agent_id)
        for work in seat.work.values() if seat else ():
            queue = self.config.queues.get(work.queue)
            if work.contact_id == event.contact_id and work.activity is not Activity.OFFERED:
                work.owes = queue is not None and queue.write_up and not event.complete
                self._moved[event.agent_id] = None

    def _wrapped_up(self, event: events.WrapUpFinished, now: float) -> None:
        for seat, work in self._wrap_ups(event.agent_id):
            self._through(seat, work, Happening.WRAP_UP_ENDED, now)

    def _wrap_up_extended(self, event: events.WrapUpExtended, now: float) -> None:
        for seat, work in self._wrap_ups(event.agent_id):
            work.until = max(work.until or now, now) + max(0.0, event.seconds)
            work.extended += 1
            self.timers.set(work.until, Timer(self._wrap_up_due, seat, work))
            self._moved[event.agent_id] = None

    def _wrap_ups(self, agent_id: str) -> list[tuple[Seat, Work]]:
        seat = self.crew.seats.get(agent_id)
        works = seat.work.values() if seat else ()
        return [(seat, work) for work in works if seat and work.activity is Activity.WRAP_UP]

    def _wrap_up_due(self, seat: Seat, work: Work, now: float) -> None:
        if work.activity is Activity.WRAP_UP and not work.owes and (work.until or 0.0) <= now:
            self._through(seat, work, Happening.WRAP_UP_ENDED, now)

    # -- offers ------------------------------------------------------------------------------------------------------

    def _match(self, now: float) -> None:
        """Both questions in one: the next of all in line takes the best of those who can serve it.

        Only agents who are free since the last event, and lines into which somebody stepped since, can make a pair
        that was not there before.
        """
        crew, room = self.crew, self.room
        while True:
            while (best := self._next(now)) is not None:
                self._pair(best, now)
            if crew.fresh:
                crew.settle()
            room.dirty.clear()
            if not self.overflows.shorten(now):
                return

    def _next(self, now: float) -> Entry | None:
        best = self.room.next_for(self.crew.fresh, now) if self.crew.fresh else None
        return self.room.next_dirty(best, now) if self.room.dirty else best

    def _pair(self, entry: Entry, now: float) -> None:
        crew, place = self.crew, entry.place
        line, queue = place.line, place.family.queue
        assert line is not None  # noqa: S101 - whoever is next stands in a line
        free, skills = line.able & crew.free[line.channel], line.requires.skills
        seat = crew.best(free, queue.rule, skills, now)
        if self.ledger is not None:
            figures = tuple(islice(crew.figures(free, queue.rule, skills, now), MOST_FIGURES))
            self.ledger.keep(
                Decision(
                    now, place.contact.id, seat.agent.id, queue.name, queue.rule, line.phase,
                    entry.score(line.rate, now), line.able, line.left_out, free, crew.ready, figures,
                )
            )  # fmt: skip
        self._reserve(place, seat, now)

    def _reserve(self, place: Place, seat: Seat, now: float) -> None:
        queue, contact = place.family.queue, place.contact
        offer_id = self._last_offer = self._last_offer + 1
        until = now + queue.offer_timeout_s
        work = Work(contact, offer_id, now, until, owes=queue.write_up)
        self.room.take(place)
        place.offer_id = offer_id
        self.crew.begin(seat, work)
        self._offers[offer_id] = (seat, work, place)
        work.timer = self.timers.set(until, Timer(self._missed, offer_id, None))
        self._moved.pop(seat.agent.id, None)
        self._out.append(effects.AgentMoved(seat.agent.id))
        self._out.append(effects.Offer(offer_id, contact.id, seat.agent.id, queue.offer_timeout_s))

    def _answered(self, event: events.OfferAnswered, now: float) -> None:
        found = self._offers.pop(event.offer_id, None)
        if found is None:
            return
        seat, work, place = found
        self.timers.cancel(work.timer)
        self.paces[place.contact.queue].stayed(now - place.entered_at)
        self.room.remove(place)
        self._at_hand[work.contact_id] = seat, work
        self.crew.serve(seat, work, now)
        self._moved[seat.agent.id] = None

    def _refused(self, event: events.OfferRefused, now: float) -> None:
        found = self._offers.get(event.offer_id)
        if found is None:
            return
        seat = found[0]
        self._miss(found[2], seat, now)
        if event.reason == "device":
            self._unready(seat, "device_lost", now)
        elif event.reason in AGENTS_DOING:
            seat.refused += 1
            if seat.refused >= self.config.refused_limit:
                self._unready(seat, "rona", now)
        self._end_offer(event.offer_id, "", now)

    def _timed_out(self, event: events.OfferTimedOut, now: float) -> None:
        self._missed(event.offer_id, None, now)

    def _missed(self, offer_id: int, _mark: None, now: float) -> None:
        found = self._offers.get(offer_id)
        if found is None:
            return
        seat = found[0]
        self._miss(found[2], seat, now)
        seat.missed += 1
        if seat.missed >= self.config.missed_limit:
            self._unready(seat, "rona", now)
        self._end_offer(offer_id, "rona", now)

    def _miss(self, place: Place, seat: Seat, now: float) -> None:
        until = now + self.config.again_s
        self.room.miss(place, seat, until)
        self.timers.set(until, Timer(self.room.again, place, seat))

    def _unready(self, seat: Seat, reason: str, now: float) -> None:
        """Not ready by the system's doing, as soon as the agent's hands are free; a log-out asked for stays."""
        if seat.pending is None or seat.pending[0] is Status.READY:
            self.crew.choose(seat, Status.NOT_READY, reason, now)

    def _end_offer(self, offer_id: int, withdraw: str, now: float) -> None:
        """The offer stands no longer; the contact is in line again. `withdraw` empty: nothing rings any more."""
        seat, work, place = self._offers.pop(offer_id)
        self.timers.cancel(work.timer)
        if withdraw:
            self._out.append(effects.Withdraw(offer_id, work.contact_id, seat.agent.id, withdraw))
        work.move(Happening.OFFER_ENDED, now)
        self._end_work(seat, work, now, worked=False)
        place.offer_id = 0
        self.room.put(place, now)
        self.overflows.back(place, now)

    # -- configuration -----------------------------------------------------------------------------------------------

    def _config_changed(self, event: events.ConfigChanged, now: float) -> None:
        """Everybody keeps their place; contacts of a queue or channel that is no more wait on by its last rules."""
        self._check(event.config)
        used = {name for place in self.room.places.values() for name in (place.contact.queue, place.contact.channel)}
        self.config = replace(
            event.config,
            queues=_with(event.config.queues, self.config.queues, used),
            channels=_with(event.config.channels, self.config.channels, used),
        )
        for name, queue in self.config.queues.items():
            self.paces.setdefault(name, Pace(queue.handle_s, queue.patience_s))
        self.crew.reconfigure(self.config)
        for place in self.room.start_over(self.config.queues, now):
            self._wait(place, now)
        self.overflows.reconfigured(now)

    def _check(self, config: Config) -> None:
        for queue in config.queues.values():
            if queue.rule not in RULES:
                raise Unknown(f"queue {queue.name!r}: no rule {queue.rule!r}: use one of {', '.join(RULES)}")
            if RULES[queue.rule].steady is Steady.DRAWN and self._chance is None:
                raise Unknown(f"queue {queue.name!r}: {queue.rule!r} draws: give a generator of random numbers")


def _with(new: Mapping[str, T], old: Mapping[str, T], used: Set[str]) -> dict[str, T]:
    """The new ones and, of the old ones, those that are used yet."""
    return {**new, **{name: one for name, one in old.items() if name in used and name not in new}}


_HANDLERS: Mapping[type, Callable[..., None]] = {
    events.ContactArrived: Acd._arrived,
    events.ContactLeft: Acd._left,
    events.ContactChanged: Acd._changed,
    events.AgentChanged: Acd._agent,
    events.OfferAnswered: Acd._answered,
    events.OfferRefused: Acd._refused,
    events.OfferTimedOut: Acd._timed_out,
    events.ContactTaken: Acd._taken,
    events.ContactMoved: Acd._at_hand_moved,
    events.ContactDone: Acd._done,
    events.ContactHeld: Acd._held,
    events.WrittenUp: Acd._written_up,
    events.WrapUpFinished: Acd._wrapped_up,
    events.WrapUpExtended: Acd._wrap_up_extended,
    events.ConfigChanged: Acd._config_changed,
    events.Tick: Acd._tick,
}
