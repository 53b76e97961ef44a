"""The router once more, naively: every contact and every agent is looked at for each decision. Slow and plain.

It shares the words of `acd` (model, events, effects, the rules' figures) and none of its index.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from acd import events as on
from acd.agent_states import Activity, Happening, Status, move
from acd.effects import Effect, Offer, Overflow, Withdraw
from acd.model import Agent, Closing, Config, Contact, Queue, When
from acd.model import Overflow as Leave
from acd.rules import RULES, Chance
from acd.skills import EVERYBODY, Requirement

A = Activity


@dataclass
class Piece:
    contact: Contact
    offer_id: int
    until: float | None
    activity: Activity = A.OFFERED
    answered_at: float = 0.0
    owes: bool = False


@dataclass
class Person:
    agent: Agent
    number: int
    idle_since: float
    logged_in_at: float
    status: Status = Status.LOGGED_OUT
    reason: str | None = None
    pending: tuple[Status, str | None] | None = None
    reachable: bool = False
    served: int = 0
    busy_s: float = 0.0
    turn: int = 0
    missed: int = 0
    refused: int = 0
    work: list[Piece] = field(default_factory=list)


@dataclass
class Waiter:
    contact: Contact
    seq: int
    entered_at: float
    visited: set[str]
    missed: dict[str, float] = field(default_factory=dict)
    offer_id: int = 0


@dataclass
class Case:
    now: float
    skills: frozenset[str]
    chance: Chance


class Oracle:
    def __init__(self, config: Config, chance: Chance) -> None:
        self.config, self.chance = config, chance
        self.people: dict[str, Person] = {}
        self.waiters: list[Waiter] = []
        self.talks: dict[str, Person] = {}
        self.turns = self.seq = self.offers = 0
        self.empty_since: dict[tuple[Any, ...], float] = {}
        self.out: list[Effect] = []

    def handle(self, event: on.Event, now: float) -> list[Effect]:
        self.out = []
        getattr(self, "_" + type(event).__name__)(event, now)
        self.note_staff(now)
        self.due(now)
        while True:
            self.match(now)
            if not self.shorten(now):
                return self.out

    # -- events ------------------------------------------------------------------------------------------------------

    def _ContactArrived(self, event: on.ContactArrived, now: float) -> None:  # noqa: N802
        contact = event.contact
        if self.waiter(contact.id) or contact.id in self.talks:
            return
        self.seq += 1
        self.waiters.append(Waiter(contact, self.seq, now, {contact.queue}))
        self.turn_away(self.waiters[-1], now)

    def _ContactLeft(self, event: on.ContactLeft, now: float) -> None:  # noqa: N802
        if waiter := self.waiter(event.contact_id):
            self.drop(waiter, "left", now)

    def _ContactChanged(self, event: on.ContactChanged, now: float) -> None:  # noqa: N802
        waiter = self.waiter(event.contact.id)
        if waiter is None:
            return
        before, after = waiter.contact, msgspec.structs.replace(event.contact, arrived_at=waiter.contact.arrived_at)
        other = (before.queue, before.requires, before.channel) != (after.queue, after.requires, after.channel)
        if waiter.offer_id and other:
            self.end_offer(waiter.offer_id, "changed", now)
        self.requeue(waiter, after, now)
        if before.queue != after.queue:
            self.turn_away(waiter, now)

    def _AgentChanged(self, event: on.AgentChanged, now: float) -> None:  # noqa: N802
        one = self.people.get(event.agent_id)
        if one is None:
            if event.agent is None:
                return
            one = self.people[event.agent_id] = Person(event.agent, len(self.people), now, now)
        one.agent = event.agent or one.agent
        if event.reachable is not None:
            one.reachable = event.reachable
        if event.status is not None:
            anew = event.status is Status.READY and one.status is not Status.READY
            self.choose(one, event.status, event.reason, now)
            if event.status is Status.READY:
                one.missed = one.refused = 0
                if anew and not one.work:
                    one.idle_since = now
                for waiter in self.waiters:
                    waiter.missed.pop(one.agent.id, None)
        self.take_back(one, now)

    def take_back(self, one: Person, now: float) -> None:
        gone = one.pending is not None and one.pending[0] is Status.LOGGED_OUT
        if not one.reachable or gone:
            for piece in [piece for piece in one.work if piece.activity is A.OFFERED]:
                waiter = self.waiter(piece.contact.id)
                assert waiter
                waiter.missed[one.agent.id] = now + self.config.again_s
                if not one.reachable:
                    self.unready(one, "device_lost", now)
                self.end_offer(piece.offer_id, "device_lost" if not one.reachable else "agent_left", now)

    def _OfferAnswered(self, event: on.OfferAnswered, now: float) -> None:  # noqa: N802
        if found := self.offer(event.offer_id):
            one, piece, waiter = found
            self.waiters.remove(waiter)
            self.talks[piece.contact.id] = one
            one.missed = one.refused = 0
            one.served += 1
            piece.activity, piece.answered_at, piece.until = move(piece.activity, Happening.ANSWERED), now, None

    def _OfferRefused(self, event: on.OfferRefused, now: float) -> None:  # noqa: N802
        if found := self.offer(event.offer_id):
            one, _, waiter = found
            waiter.missed[one.agent.id] = now + self.config.again_s
            if event.reason == "device":
                self.unready(one, "device_lost", now)
            elif event.reason in ("busy", "rejected"):
                one.refused += 1
                if one.refused >= self.config.refused_limit:
                    self.unready(one, "rona", now)
            self.end_offer(event.offer_id, "", now)

    def _OfferTimedOut(self, event: on.OfferTimedOut, now: float) -> None:  # noqa: N802
        if found := self.offer(event.offer_id):
            one, _, waiter = found
            waiter.missed[one.agent.id] = now + self.config.again_s
            one.missed += 1
            if one.missed >= self.config.missed_limit:
                self.unready(one, "rona", now)
            self.end_offer(event.offer_id, "rona", now)

    def _ContactDone(self, event: on.ContactDone, now: float) -> None:  # noqa: N802
        one = self.talks.get(event.contact_id)
        if one is None or one.agent.id != event.agent_id:
            return
        del self.talks[event.contact_id]
        piece = next(p for p in one.work if p.contact.id == event.contact_id and p.activity in (A.TALKING, A.HELD))
        wrapup_s = self.config.queues[piece.contact.queue].wrapup_s if piece.contact.queue in self.config.queues else 0
        if event.talked and (wrapup_s or piece.owes):
            piece.activity, piece.until = A.WRAP_UP, now + wrapup_s
        else:
            self.through(one, piece, now)

    def _ContactHeld(self, event: on.ContactHeld, now: float) -> None:  # noqa: N802
        for one in self.people.values():
            for piece in one.work:
                wanted = A.TALKING if event.held else A.HELD
                if (piece.contact.id, one.agent.id, piece.activity) == (event.contact_id, event.agent_id, wanted):
                    piece.activity = A.HELD if event.held else A.TALKING

    def _WrittenUp(self, event: on.WrittenUp, now: float) -> None:  # noqa: N802
        one = self.people.get(event.agent_id)
        for piece in one.work if one else []:
            if piece.contact.id == event.contact_id and piece.activity is not A.OFFERED:
                queue = self.config.queues.get(piece.contact.queue)
                piece.owes = queue is not None and queue.write_up and not event.complete

    def _WrapUpFinished(self, event: on.WrapUpFinished, now: float) -> None:  # noqa: N802
        one = self.people.get(event.agent_id)
        for piece in [p for p in one.work if p.activity is A.WRAP_UP] if one else []:
            assert one
            self.through(one, piece, now)

    def _WrapUpExtended(self, event: on.WrapUpExtended, now: float) -> None:  # noqa: N802
        one = self.people.get(event.agent_id)
        for piece in one.work if one else []:
            if piece.activity is A.WRAP_UP:
                piece.until = max(piece.until or now, now) + max(0.0, event.seconds)

    def _ConfigChanged(self, event: on.ConfigChanged, now: float) -> None:  # noqa: N802
        old, new = self.config, event.config
        used = {waiter.contact.queue for waiter in self.waiters}
        queues = {**new.queues, **{name: old.queues[name] for name in old.queues if name in used - {*new.queues}}}
        used = {waiter.contact.channel for waiter in self.waiters}
        kinds = {**new.channels, **{name: old.channels[name] for name in used - {*new.channels}}}
        self.config = Config(queues, kinds, new.missed_limit, new.refused_limit, new.again_s)
        self.empty_since.clear()

    def _Tick(self, event: on.Tick, now: float) -> None:  # noqa: N802
        pass

    # -- what is due -------------------------------------------------------------------------------------------------

    def due(self, now: float) -> None:
        for one in list(self.people.values()):
            for piece in list(one.work):
                if piece.activity is A.WRAP_UP and piece.until is not None and piece.until <= now:
                    if piece.owes:
                        piece.until = None  # its time is over, only the agent ends it now
                    else:
                        self.through(one, piece, now)
        self.note_staff(now)
        for _, piece in sorted(
            ((p.offer_id, p) for one in self.people.values() for p in one.work if p.activity is A.OFFERED),
            key=lambda pair: pair[0],
        ):
            if (piece.until or 0) <= now:
                self._OfferTimedOut(on.OfferTimedOut(piece.offer_id), now)
        self.note_staff(now)
        for waiter in [*self.waiters]:
            queue = self.queue(waiter)
            shut = queue.hours is not None and not queue.hours.is_open(now)
            if shut and queue.closing is Closing.OVERFLOW and not waiter.offer_id:
                self.overflow(waiter, queue.closed_to, "closed", now)
        while found := self.first_overdue(now):
            _, _, waiter, rule = found
            self.overflow(waiter, rule.to, rule.when, now)

    def first_overdue(self, now: float) -> tuple[float, int, Waiter, Leave] | None:
        """Who has waited too long, or too long with nobody there, and can go where that leads."""
        found = []
        for waiter in self.waiters:
            since = self.empty_since.get(self.family(waiter))
            for rule in self.queue(waiter).overflow:
                if waiter.offer_id or (rule.to in self.config.queues and rule.to in waiter.visited):
                    continue
                if rule.when is When.WAIT:
                    found.append((waiter.entered_at + rule.over, waiter.seq, waiter, rule))
                elif rule.when is When.NOBODY and since is not None:
                    found.append((max(since, waiter.entered_at) + rule.over, waiter.seq, waiter, rule))
        return min((one for one in found if one[0] <= now), key=lambda one: one[:2], default=None)

    def note_staff(self, now: float) -> None:
        """Since when nobody logged in can serve a kind of contact, whatever ring it is at."""
        for waiter in self.waiters:
            key = self.family(waiter)
            staffed = any(
                one.status is not Status.LOGGED_OUT
                and any(self.meets(one, waiter, phase) for phase in self.phases(waiter))
                for one in self.people.values()
            )
            if staffed:
                self.empty_since.pop(key, None)
            else:
                self.empty_since.setdefault(key, now)

    def shorten(self, now: float) -> bool:
        gone = False
        for name, queue in self.config.queues.items():
            for rule in queue.overflow:
                here = [waiter for waiter in self.waiters if waiter.contact.queue == name]
                limit = rule.over
                if rule.when is When.RATIO:
                    limit *= sum(
                        one.status is not Status.LOGGED_OUT and self.serves(one, name, queue.requires)
                        for one in self.people.values()
                    )
                if rule.when in (When.LENGTH, When.RATIO):
                    idle = sorted(
                        (w for w in here if not w.offer_id), key=lambda w: (w.entered_at, w.seq), reverse=True
                    )
                    for waiter in idle[: max(0, len(idle) - int(limit))]:
                        gone |= self.overflow(waiter, rule.to, rule.when, now)
        return gone

    def overflow(self, waiter: Waiter, to: str, reason: str, now: float) -> bool:
        if to in self.config.queues and to in waiter.visited:
            return False
        self.out.append(Overflow(waiter.contact.id, to, reason))
        if to in self.config.queues:
            self.requeue(waiter, msgspec.structs.replace(waiter.contact, queue=to), now)
            self.turn_away(waiter, now)
            self.note_staff(now)
        else:
            self.drop(waiter, "overflow", now)
        return True

    def turn_away(self, waiter: Waiter, now: float) -> None:
        queue = self.queue(waiter)
        if queue.hours and not queue.hours.is_open(now):
            self.overflow(waiter, queue.closed_to, "closed", now)

    def requeue(self, waiter: Waiter, contact: Contact, now: float) -> None:
        if contact.queue != waiter.contact.queue:
            waiter.entered_at = now
        waiter.contact = contact
        waiter.visited.add(contact.queue)

    def drop(self, waiter: Waiter, reason: str, now: float) -> None:
        if waiter.offer_id:
            self.end_offer(waiter.offer_id, reason, now)
        self.waiters.remove(waiter)

    # -- who may serve whom ------------------------------------------------------------------------------------------

    def queue(self, waiter: Waiter) -> Queue:
        return self.config.queues[waiter.contact.queue]

    def family(self, waiter: Waiter) -> tuple[Any, ...]:
        c = waiter.contact
        return (c.queue, c.requires, c.channel, c.preferred, c.prefer_s)

    def phases(self, waiter: Waiter) -> list[tuple[float, Requirement, bool, bool]]:
        """(from, requirement, only the preferred, may be passed over) in order."""
        queue, contact = self.queue(waiter), waiter.contact
        rings = [(0.0, queue.requires), *((ring.after_s, ring.requires) for ring in queue.rings)]
        if not (contact.preferred and contact.prefer_s > 0):
            return [(after_s, requires, False, queue.skip_rings) for after_s, requires in rings]
        reached = [ring for ring in rings if ring[0] <= contact.prefer_s]
        later = [(contact.prefer_s, reached[-1][1]), *(ring for ring in rings if ring[0] > contact.prefer_s)]
        return [
            (0.0, queue.requires, True, True),
            *((after_s, requires, False, queue.skip_rings) for after_s, requires in later),
        ]

    def phase(self, waiter: Waiter, now: float) -> tuple[float, Requirement, bool, bool]:
        phases = self.phases(waiter)
        at = 0
        for n, phase in enumerate(phases):
            if phase[0] <= now - waiter.contact.arrived_at:
                at = n
        while at < len(phases) - 1 and phases[at][3]:
            if any(
                one.status is not Status.LOGGED_OUT and self.meets(one, waiter, phases[at])
                for one in self.people.values()
            ):
                break
            at += 1
        return phases[at]

    def serves(self, one: Person, queue: str, requires: Requirement) -> bool:
        queues = one.agent.queues
        return (not queues or queue in queues) and requires.met_by(one.agent.skills, one.agent.id)

    def meets(self, one: Person, waiter: Waiter, phase: tuple[float, Requirement, bool, bool]) -> bool:
        own = waiter.contact.requires or EVERYBODY
        preferred = not phase[2] or one.agent.id in waiter.contact.preferred
        return (
            preferred
            and self.serves(one, waiter.contact.queue, own)
            and self.serves(one, waiter.contact.queue, phase[1])
        )

    def able(self, waiter: Waiter, now: float) -> list[Person]:
        phase = self.phase(waiter, now)
        barred = waiter.contact.excluded
        return [one for one in self.people.values() if one.agent.id not in barred and self.meets(one, waiter, phase)]

    def takes(self, one: Person, channel: str) -> bool:
        if one.status is not Status.READY or one.pending is not None or not one.reachable:
            return False
        kinds = self.config.channels
        used = sum(piece.contact.channel == channel for piece in one.work)
        others = [
            kinds[p.contact.channel].rank if p.contact.channel in kinds else 0
            for p in one.work
            if p.contact.channel != channel
        ]
        return used < one.agent.capacity.get(channel, kinds[channel].capacity) and all(
            rank < kinds[channel].rank for rank in others
        )

    def score(self, waiter: Waiter, now: float) -> float:
        queue = self.queue(waiter)
        return queue.priority + waiter.contact.priority + (now - waiter.contact.arrived_at) * queue.ageing_per_s

    def in_order(self, now: float) -> list[Waiter]:
        return sorted(self.waiters, key=lambda w: (-self.score(w, now), w.contact.arrived_at, w.seq))

    def match(self, now: float) -> None:
        for waiter in self.in_order(now):
            waiter.missed = {agent_id: until for agent_id, until in waiter.missed.items() if until > now}
            if waiter.offer_id:
                continue
            able = self.able(waiter, now)
            missed = self.left_out(waiter, now)
            free = [one for one in able if one.agent.id not in missed and self.takes(one, waiter.contact.channel)]
            if not free:
                continue
            queue = self.queue(waiter)
            skills = (waiter.contact.requires or EVERYBODY).skills | self.phase(waiter, now)[1].skills
            case, figure = Case(now, skills, self.chance), RULES[queue.rule].figure
            one = min(free, key=lambda p: (figure(p, case), p.idle_since, p.number))
            self.offers += 1
            self.turns += 1
            one.turn = self.turns
            waiter.offer_id = self.offers
            until = now + queue.offer_timeout_s
            one.work.append(Piece(waiter.contact, self.offers, until, owes=queue.write_up))
            self.out.append(Offer(self.offers, waiter.contact.id, one.agent.id, queue.offer_timeout_s))

    def left_out(self, waiter: Waiter, now: float) -> set[str]:
        """Who missed it, while anybody else who is ready can serve it."""
        others = (one.status is Status.READY and one.agent.id not in waiter.missed for one in self.able(waiter, now))
        return set(waiter.missed) if any(others) else set()

    # -- small things ------------------------------------------------------------------------------------------------

    def waiter(self, contact_id: str) -> Waiter | None:
        return next((waiter for waiter in self.waiters if waiter.contact.id == contact_id), None)

    def offer(self, offer_id: int) -> tuple[Person, Piece, Waiter] | None:
        for one in self.people.values():
            for piece in one.work:
                if piece.offer_id == offer_id and piece.activity is A.OFFERED:
                    waiter = self.waiter(piece.contact.id)
                    assert waiter
                    return one, piece, waiter
        return None

    def end_offer(self, offer_id: int, withdraw: str, now: float) -> None:
        found = self.offer(offer_id)
        assert found
        one, piece, waiter = found
        if withdraw:
            self.out.append(Withdraw(offer_id, piece.contact.id, one.agent.id, withdraw))
        one.work.remove(piece)
        waiter.offer_id = 0
        self.land(one, now)

    def through(self, one: Person, piece: Piece, now: float) -> None:
        one.work.remove(piece)
        one.busy_s += now - piece.answered_at
        one.idle_since = now
        self.land(one, now)

    def land(self, one: Person, now: float) -> None:
        if not one.work and one.pending:
            self.set_status(one, *one.pending, now)

    def choose(self, one: Person, status: Status, reason: str | None, now: float) -> None:
        if one.work:
            one.pending = None if status is one.status is Status.READY else (status, reason)
        else:
            self.set_status(one, status, reason, now)

    def set_status(self, one: Person, status: Status, reason: str | None, now: float) -> None:
        if one.status is Status.LOGGED_OUT and status is not Status.LOGGED_OUT:
            one.logged_in_at, one.served, one.busy_s = now, 0, 0.0
        one.status, one.reason, one.pending = status, reason, None

    def unready(self, one: Person, reason: str, now: float) -> None:
        if one.pending is None or one.pending[0] is Status.READY:
            self.choose(one, Status.NOT_READY, reason, now)
