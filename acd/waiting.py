"""Those who wait, kept so that the next one for an agent is found without asking them all.

A `Family` is what contacts that want the same have in common: queue, own requirements, channel, preferred agents. It
has phases, one for the time of the preferred agents and one for each ring. Contacts of a family in the same phase and
with the same agents left out stand in one `Line`: whoever may serve one of them may serve all, so only its first
matters.
Within one ageing rate the order of two contacts never changes (score = priority + rate x age), so the lines of
one rate stand in one order by their first, where a freed agent finds the first line to serve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from acd.crew import Crew, Seat
from acd.model import Contact, Queue
from acd.order import MaskedOrder
from acd.skills import EVERYBODY, Requirement, both

MOST_FAMILIES = 5000  # kinds of contacts that are kept although nobody of them waits
FamilyKey = tuple[str, Requirement | None, str, tuple[str, ...], float]


class Entry(NamedTuple):
    """A place in the order of its rate; smaller is sooner. `lag` is rate x arrival - priority."""

    lag: float
    arrived_at: float
    seq: int
    place: Place

    def score(self, rate: float, now: float) -> float:
        """Priority and age in one figure: the highest is served first."""
        return rate * now - self.lag


GONE: Entry = Entry(0.0, 0.0, 0, None)  # type: ignore[arg-type]


class Place:
    """A contact's place in line, which stays its own while it is offered and when it comes back."""

    __slots__ = (
        "again", "armed", "barred", "contact", "entered_at", "entry", "family", "line", "missed", "offer_id", "seq",
        "visited",
    )  # fmt: skip

    def __init__(self, contact: Contact, seq: int, family: Family, now: float) -> None:
        self.contact, self.seq, self.barred, self.entered_at = contact, seq, 0, now
        self.missed = 0  # agents who had their chance; a mask
        self.again: dict[int, float] = {}  # by agent number: when they may be asked again
        self.offer_id = self.armed = 0
        self.line: Line | None = None
        self.visited = frozenset((contact.queue,))
        self.enter(family)

    def enter(self, family: Family) -> None:
        self.family = family
        contact, queue = self.contact, family.queue
        lag = queue.ageing_per_s * contact.arrived_at - (queue.priority + contact.priority)
        self.entry = Entry(lag, contact.arrived_at, self.seq, self)


@dataclass(slots=True)
class Phase:
    """From `after_s` of waiting on, `able` may serve it: everybody who meets `requires`, logged in or not."""

    after_s: float
    requires: Requirement
    able: int
    skip: bool
    preferred: tuple[str, ...] = ()


class Family:
    """Contacts that want the same."""

    __slots__ = ("empty", "key", "lines", "members", "nobody_since", "phases", "queue", "reach", "skips")

    def __init__(self, key: FamilyKey, queue: Queue, crew: Crew) -> None:
        self.key, self.queue = key, queue
        self.lines: dict[tuple[int, int], Line] = {}
        self.members: dict[Place, None] = {}  # in the order of coming
        self.nobody_since: float | None = None
        _, own, _, preferred, prefer_s = key
        steps = [(0.0, queue.requires), *((ring.after_s, ring.requires) for ring in queue.rings)]
        rings = [
            Phase(after_s, both(own or EVERYBODY, requires), 0, queue.skip_rings) for after_s, requires in steps
        ]  # fmt: skip
        if preferred and prefer_s > 0:
            first = Phase(0.0, rings[0].requires, 0, True, preferred)
            later = [Phase(max(ring.after_s, prefer_s), ring.requires, 0, ring.skip) for ring in rings]
            # rings whose time passes while the preferred are asked are reached all at once
            rings = [first, *(one for one, after in zip(later, [*later[1:], None], strict=True)
                              if after is None or after.after_s > one.after_s)]  # fmt: skip
        self.phases = rings
        for phase in rings:
            phase.able = crew.able(queue, phase.requires) & (crew.named_all(phase.preferred) if phase.preferred else -1)
        self._sum_up()

    def _sum_up(self) -> None:
        self.skips = any(phase.skip for phase in self.phases[:-1])
        self.reach = 0
        for phase in self.phases:
            self.reach |= phase.able
        self.empty: tuple[bool, ...] = ()

    def restaffed(self, staffed: int) -> bool:
        """Whether other phases than before can be met by somebody logged in."""
        before, self.empty = self.empty, tuple(not phase.able & staffed for phase in self.phases)
        return before != self.empty

    def learn(self, seat: Seat, crew: Crew) -> None:
        """This agent is new or has another record."""
        for phase in self.phases:
            able = crew.is_able(seat, self.queue, phase.requires)
            able = able and (not phase.preferred or seat.agent.id in phase.preferred)
            phase.able = phase.able | seat.bit if able else phase.able & ~seat.bit
        for line in self.lines.values():
            line.able = self.phases[line.phase].able & ~line.left_out
            line.front.show_again(line)
        self._sum_up()

    def phase_at(self, arrived_at: float, now: float, staffed: int) -> int:
        """The phase that applies: the last one reached, less those that may be passed over.

        It compares with the very sum for which the timer was set: `now - arrived_at` may be less by a rounding.
        """
        phases, at = self.phases, 0
        last = len(phases) - 1
        while at < last and (
            arrived_at + phases[at + 1].after_s <= now or (phases[at].skip and not phases[at].able & staffed)
        ):  # fmt: skip
            at += 1
        return at


class Line:
    """Contacts that the same agents may serve, in order; `size` counts those who really stand in it."""

    __slots__ = ("able", "channel", "family", "front", "heap", "left_out", "phase", "rate", "shown", "size")

    def __init__(self, family: Family, phase: int, left_out: int, front: Front) -> None:
        self.family, self.phase, self.left_out, self.front = family, phase, left_out, front
        self.able = family.phases[phase].able & ~left_out
        self.channel, self.rate = family.key[2], family.queue.ageing_per_s
        self.heap: list[Entry] = []
        self.shown: Entry | None = None  # its entry in the front
        self.size = 0

    @property
    def requires(self) -> Requirement:
        return self.family.phases[self.phase].requires

    def first(self) -> Entry | None:
        """The next in line; who left meanwhile is dropped here."""
        heap = self.heap
        while heap:
            first = heap[0]
            place = first.place
            if place.line is self and place.entry is first:
                return first
            heappop(heap)
        return None

    def standing(self) -> Iterator[Entry]:
        """All who stand in it, in no order; who came back into it is in the heap twice, by a former priority too."""
        return iter(
            {
                entry.seq: entry for entry in self.heap if entry.place.line is self and entry.place.entry is entry
            }.values()
        )  # fmt: skip

    def tidy(self) -> None:
        """Nobody who left is remembered for long."""
        if len(self.heap) > 2 * self.size + 16:
            self.heap = list(self.standing())
            heapify(self.heap)


class Front:
    """The lines of one channel and ageing rate, in the order of their first."""

    __slots__ = ("order", "rate")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.order: MaskedOrder[Entry] = MaskedOrder()

    def show(self, line: Line) -> None:
        """The line's first is another, or there is none any more."""
        first, shown = line.first(), line.shown
        if first is shown:
            return
        if shown is not None:
            self.order.remove(shown)
        if first is not None:
            self.order.add(first, line.able)
        line.shown = first

    def show_again(self, line: Line) -> None:
        """Others may serve this line now."""
        if line.shown is not None:
            self.order.remove(line.shown)
            self.order.add(line.shown, line.able)


class Waiting:
    """Everybody who waits. Places under offer are known but stand in no line."""

    def __init__(self, crew: Crew) -> None:
        self.places: dict[str, Place] = {}
        self.of_queue: dict[str, dict[str, Place]] = {}
        self.narrowed: set[Place] = set()  # who missed them is left out
        self.barring: set[Place] = set()  # some agents are never asked
        self.families: dict[FamilyKey, Family] = {}
        self.skipping: set[Family] = set()
        self.dirty: list[Line] = []
        self._crew = crew
        self._fronts: dict[tuple[str, float], Front] = {}
        self._seq = 0

    # -- coming and going --------------------------------------------------------------------------------------------

    def add(self, contact: Contact, queue: Queue, now: float) -> Place:
        """The contact is here; `put` makes it stand in line."""
        self._seq += 1
        place = Place(contact, self._seq, self._family(contact, queue), now)
        self._settle(place)
        return place

    def remove(self, place: Place) -> None:
        """Gone from here."""
        self.take(place)
        contact = place.contact
        del self.places[contact.id], self.of_queue[contact.queue][contact.id]
        self._leave_family(place)
        self.barring.discard(place)
        place.entry = GONE  # a place and its entry hold each other: nothing is left for a collector to find
        for seat in self._crew.of(place.missed):
            seat.skipped.discard(contact.id)

    def change(self, place: Place, contact: Contact, queue: Queue, now: float) -> None:
        """It wants something else, or in another queue; its time and its number stay."""
        self.take(place)
        family = self._family(contact, queue)
        if family is not place.family:
            self._leave_family(place)
        self.barring.discard(place)
        if contact.queue != place.contact.queue:
            del self.of_queue[place.contact.queue][contact.id]
            place.entered_at = now
        place.contact, place.visited = contact, place.visited | {contact.queue}
        place.enter(family)
        self._settle(place)

    def _settle(self, place: Place) -> None:
        contact = place.contact
        self.places[contact.id] = place
        self.of_queue.setdefault(contact.queue, {})[contact.id] = place
        place.family.members[place] = None
        place.barred = 0
        if contact.excluded:
            self.barring.add(place)
            place.barred = self._crew.named_all(contact.excluded)

    def _family(self, contact: Contact, queue: Queue) -> Family:
        key = (queue.name, contact.requires, contact.channel, contact.preferred, contact.prefer_s)
        family = self.families.get(key)
        if family is None:
            family = self.families[key] = Family(key, queue, self._crew)
            family.restaffed(self._crew.staffed)
            if family.skips:
                self.skipping.add(family)
        return family

    def _leave_family(self, place: Place) -> None:
        family = place.family
        family.members.pop(place, None)
        own = bool(family.key[3])  # one customer's own agents: nobody else will ask for them soon
        if not family.members and (own or len(self.families) > MOST_FAMILIES):
            if self.families.get(family.key) is family:
                del self.families[family.key]
            self.skipping.discard(family)

    # -- standing in line --------------------------------------------------------------------------------------------

    def put(self, place: Place, now: float) -> None:
        """In the line where it belongs now, at its own place."""
        family = place.family
        at = family.phase_at(place.contact.arrived_at, now, self._crew.staffed) if len(family.phases) > 1 else 0
        able = family.phases[at].able & ~place.barred
        left_out = place.barred
        if place.missed and able & ~place.missed & self._crew.ready:  # while anybody else can serve it
            left_out |= place.missed
        line = family.lines.get((at, left_out))
        if line is None:
            line = family.lines[at, left_out] = Line(family, at, left_out, self._front(family))
        if place.line is line:
            return
        self.take(place)
        place.line = line
        line.size += 1
        heappush(line.heap, place.entry)
        self.dirty.append(line)
        line.front.show(line)
        if place.missed:
            self.narrowed.add(place)

    def take(self, place: Place) -> None:
        """Out of its line: offered, or gone."""
        line = place.line
        if line is None:
            return
        place.line = None
        line.size -= 1
        if line.shown is place.entry:
            line.front.show(line)
        line.tidy()
        if not line.size and line.left_out:
            line.family.lines.pop((line.phase, line.left_out), None)
        if self.narrowed:
            self.narrowed.discard(place)

    def miss(self, place: Place, seat: Seat, until: float) -> None:
        """This agent had the chance; others are asked first until then."""
        place.missed |= seat.bit
        place.again[seat.number] = until
        seat.skipped.add(place.contact.id)

    def again(self, place: Place, seat: Seat, now: float) -> None:
        """Long enough ago: the agent may be asked again."""
        waits = self.places.get(place.contact.id) is place
        if waits and place.missed & seat.bit and place.again[seat.number] <= now:
            place.missed &= ~seat.bit
            seat.skipped.discard(place.contact.id)
            if place.line is not None:
                self.put(place, now)

    def forgive(self, seat: Seat, now: float) -> None:
        """The agent may be asked again for all that was missed."""
        skipped, seat.skipped = seat.skipped, set()
        for contact_id in skipped:
            place = self.places[contact_id]
            place.missed &= ~seat.bit
            if place.line is not None:
                self.put(place, now)

    def _front(self, family: Family) -> Front:
        key = (family.key[2], family.queue.ageing_per_s)
        front = self._fronts.get(key)
        if front is None:
            front = self._fronts[key] = Front(key[1])
        return front

    def restage(self, now: float) -> None:
        """Somebody logged in or out: contacts of families that may pass over a ring stand where they belong now."""
        for family in self.skipping:
            if family.restaffed(self._crew.staffed):
                for place in family.members:
                    if place.line is not None:
                        self.put(place, now)

    def learn(self, seat: Seat, now: float) -> None:
        """This agent is new or has another record."""
        for place in self.barring:
            if seat.agent.id in place.contact.excluded and not place.barred & seat.bit:
                place.barred |= seat.bit
                if place.line is not None:
                    self.put(place, now)
        for family in self.families.values():
            family.learn(seat, self._crew)
            family.restaffed(self._crew.staffed)
            if family.skips or self.narrowed:
                for place in family.members:
                    if place.line is not None:
                        self.put(place, now)

    def start_over(self, queues: Mapping[str, Queue], now: float) -> list[Place]:
        """The queues are others: families are made anew, nobody stands in a line, everybody keeps their number."""
        self.families.clear()
        self.skipping.clear()
        places = list(self.places.values())
        for place in places:
            self.change(place, place.contact, queues[place.contact.queue], now)
        self._fronts.clear()
        return places

    def reready(self, now: float) -> None:
        """Others are ready: perhaps nobody is left for a contact but those who missed it, or somebody is again."""
        for place in list(self.narrowed):
            self.put(place, now)

    # -- who is next -------------------------------------------------------------------------------------------------

    def next_for(self, fresh: int, now: float) -> Entry | None:
        """The first of all whom one of these agents may serve now."""
        best: Entry | None = None
        for (channel, _), front in self._fronts.items():
            free = fresh & self._crew.free[channel]
            if free and (entry := front.order.first(free)) is not None:
                best = entry if best is None else sooner(best, entry, now)
        return best

    def next_dirty(self, best: Entry | None, now: float) -> Entry | None:
        """The first of the lines that changed whom any free agent may serve, or `best` when that is sooner."""
        free = self._crew.free
        for line in self.dirty:
            first = line.shown
            if first is not None and line.able & free[line.channel]:
                best = first if best is None else sooner(best, first, now)
        return best

    def in_order(self, now: float, places: Iterable[Place] | None = None) -> list[Place]:
        """Those who wait or are offered, as they will be served."""
        chosen = self.places.values() if places is None else places
        entries = [place.entry for place in chosen]
        return [entry.place for entry in sorted(entries, key=lambda entry: _order(entry, now))]

    def lines(self) -> Iterator[Line]:
        """Every line in which somebody stands."""
        for front in self._fronts.values():
            for entry in front.order:
                if entry.place.line is not None:
                    yield entry.place.line


def _order(entry: Entry, now: float) -> tuple[float, float, int]:
    return (-entry.score(entry.place.family.queue.ageing_per_s, now), entry.arrived_at, entry.seq)


def sooner(one: Entry, other: Entry, now: float) -> Entry:
    """Whoever is served first; lines of one rate keep their order for ever, others are compared as of now."""
    rate, other_rate = one.place.family.queue.ageing_per_s, other.place.family.queue.ageing_per_s
    if rate == other_rate:
        return min(one, other)
    return one if _order(one, now) <= _order(other, now) else other
