"""The agents: what each has at hand, and who of them is free, as masks (bit n is agent number n) and in order.

`Crew` knows agents and nothing of queues in which contacts wait. Whatever changes an agent ends in `weigh`, which keeps
the masks and the orders true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from acd.agent_states import Activity, AgentState, Happening, Status, move
from acd.model import Agent, Channel, Config, Contact, Queue
from acd.order import MaskedOrder
from acd.rules import RULES, Chance, Steady
from acd.skills import Requirement

Key = tuple[float, float, int]


class Work:
    """One contact at an agent's hands, from the offer to the end of wrap-up; `since` and `until` are the activity's."""

    __slots__ = (
        "activity", "answered_at", "channel", "contact_id", "extended", "offer_id", "owes", "queue", "since", "timer",
        "until",
    )  # fmt: skip

    def __init__(self, contact: Contact, offer_id: int, now: float, until: float, *, owes: bool = False) -> None:
        self.contact_id, self.queue, self.channel, self.offer_id = contact.id, contact.queue, contact.channel, offer_id
        self.activity = Activity.OFFERED
        self.owes = owes  # it is to be written up yet
        self.timer = self.extended = 0
        self.since = self.answered_at = now
        self.until: float | None = until

    def move(self, happening: Happening, now: float, until: float | None = None) -> None:
        self.activity, self.since, self.until = move(self.activity, happening), now, until


class Seat:
    """An agent and all that is remembered of them; a `Candidate` of the rules."""

    __slots__ = (
        "agent", "bit", "busy_s", "idle_since", "keys", "logged_in_at", "missed", "number", "open", "opens_all",
        "pending", "reachable", "reason", "refused", "served", "shut_by", "since", "skipped", "status", "turn", "work",
    )  # fmt: skip

    def __init__(self, agent: Agent, number: int, now: float) -> None:
        self.agent, self.number, self.bit = agent, number, 1 << number
        self.status, self.reachable = Status.LOGGED_OUT, False
        self.reason: str | None = None
        self.pending: tuple[Status, str | None] | None = None
        self.since = self.idle_since = self.logged_in_at = now
        self.busy_s = 0.0
        self.served = self.turn = self.missed = self.refused = 0
        self.work: dict[int, Work] = {}  # by offer
        self.skipped: set[str] = set()  # contacts that will not be offered to them again for now
        self.open: tuple[str, ...] = ()  # channels on which they may be offered a contact now
        self.opens_all: tuple[str, ...] = ()
        self.shut_by: frozenset[str] = frozenset()  # channels of which one contact leaves no room for any other
        self.keys: dict[str, Key] = {}

    @property
    def free(self) -> bool:
        return self.status is Status.READY and self.pending is None and self.reachable


class Staffing(NamedTuple):
    """How many of those who may be asked are logged in; of these, who could be offered a call now, who is occupied."""

    logged_in: int
    ready: int
    busy: int


@dataclass(slots=True)
class Case:
    """The decision at hand, as the rules see it."""

    now: float
    skills: frozenset[str]
    chance: Chance


class Crew:
    """Everybody who works here."""

    def __init__(self, config: Config, chance: Chance) -> None:
        self.seats: dict[str, Seat] = {}
        self.numbered: list[Seat] = []
        self.whole = self.staffed = self.ready = self.fresh = 0
        self.free: dict[str, int] = {}
        self.turns = 0
        self._chance = chance
        self._levels: dict[str, dict[int, int]] = {}
        self._having: dict[tuple[str, frozenset[int]], int] = {}
        self._serving: dict[str, int] = {}
        self._taking: dict[str, dict[int, int]] = {}  # by channel: how many at once, and who takes so many
        self._grades: dict[tuple[str, frozenset[str]], list[int]] = {}
        self._orders: dict[str, MaskedOrder[Key]] = {}
        self._channels: Mapping[str, Channel] = {}
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Other channels and rules from now on; everybody keeps what they have at hand."""
        self._channels = config.channels
        names = {queue.rule for queue in config.queues.values()} | {"longest_idle"}
        self._orders = {
            name: MaskedOrder() for name in sorted(names) if RULES[name].steady is Steady.WHILE_FREE
        }  # fmt: skip
        self.free = dict.fromkeys(config.channels, 0)
        self._taking = {name: {} for name in config.channels}
        for seat in self.numbered:
            seat.open, seat.keys = (), {}
            self._take_record(seat)
            self.weigh(seat)

    # -- who they are ------------------------------------------------------------------------------------------------

    def join(self, agent: Agent, now: float) -> Seat:
        """A new agent, logged out."""
        seat = self.seats[agent.id] = Seat(agent, len(self.numbered), now)
        self.numbered.append(seat)
        self.whole |= seat.bit
        self._learn(seat)
        self._take_record(seat)
        return seat

    def change(self, seat: Seat, agent: Agent) -> None:
        """The same person with another record: skills, queues, capacity, rank..."""
        for masks in self._levels.values():
            for level in masks:
                masks[level] &= ~seat.bit
        self._shut(seat)
        seat.agent = agent
        self._learn(seat)
        self._take_record(seat)
        self.weigh(seat)

    def _learn(self, seat: Seat) -> None:
        for name, level in seat.agent.skills.items():
            masks = self._levels.setdefault(name, {})
            masks[level] = masks.get(level, 0) | seat.bit
        for known in (self._having, self._serving, self._grades):
            known.clear()

    def _take_record(self, seat: Seat) -> None:
        for name, taking in self._taking.items():
            for capacity in taking:
                taking[capacity] &= ~seat.bit
            capacity = self._capacity(seat, name)
            taking[capacity] = taking.get(capacity, 0) | seat.bit
        seat.opens_all = tuple(name for name in self._channels if self._capacity(seat, name) > 0)
        top = max((channel.rank for channel in self._channels.values()), default=0)
        seat.shut_by = frozenset(
            name for name in seat.opens_all if self._channels[name].rank == top and self._capacity(seat, name) == 1
        )

    def _capacity(self, seat: Seat, channel: str) -> int:
        return seat.agent.capacity.get(channel, self._channels[channel].capacity)

    def slots(self, mask: int, channel: str) -> int:
        """How many contacts of the channel these agents take at once, all together."""
        return sum(capacity * (taking & mask).bit_count() for capacity, taking in self._taking[channel].items())

    def having(self, skill: str, levels: frozenset[int]) -> int:
        """As `skills.Everybody`."""
        known = self._having.get((skill, levels))
        if known is None:
            known = 0
            for level, mask in self._levels.get(skill, {}).items():
                if level in levels:
                    known |= mask
            self._having[skill, levels] = known
        return known

    def named(self, agent_id: str) -> int:
        """As `skills.Everybody`."""
        seat = self.seats.get(agent_id)
        return seat.bit if seat else 0

    def named_all(self, agent_ids: tuple[str, ...]) -> int:
        mask = 0
        for agent_id in agent_ids:
            mask |= self.named(agent_id)
        return mask

    def able(self, queue: Queue, requires: Requirement) -> int:
        """Everybody who serves the queue and meets the requirement, logged in or not."""
        return requires.mask(self, self.serving(queue.name))

    def asked_for(self, queue: Queue) -> int:
        """Whom the queue or one of its rings asks, logged in or not."""
        able = self.able(queue, queue.requires)
        for ring in queue.rings:
            able |= self.able(queue, ring.requires)
        return able

    def serving(self, queue: str) -> int:
        known = self._serving.get(queue)
        if known is None:
            others = (seat.bit for seat in self.numbered if seat.agent.queues and queue not in seat.agent.queues)
            known = self._serving[queue] = self.whole & ~sum(others)
        return known

    def staffing(self, queues: Iterable[Queue]) -> dict[str, Staffing]:
        """Who is there for each queue, counting whom its widest ring would ask."""
        busy = sum(seat.bit for seat in self.numbered if seat.work)
        ready = sum(seat.bit for seat in self.numbered if seat.free) & ~busy
        staffed = {}
        for queue in queues:
            able = self.asked_for(queue)
            staffed[queue.name] = Staffing(
                (able & self.staffed).bit_count(), (able & ready).bit_count(), (able & busy).bit_count()
            )
        return staffed

    def is_able(self, seat: Seat, queue: Queue, requires: Requirement) -> bool:
        """As `able`, of one agent."""
        queues = seat.agent.queues
        return (not queues or queue.name in queues) and requires.met_by(seat.agent.skills, seat.agent.id)

    def of(self, mask: int) -> Iterator[Seat]:
        """The agents in a mask, by number."""
        while mask:
            low = mask & -mask
            yield self.numbered[low.bit_length() - 1]
            mask ^= low

    # -- what they do ------------------------------------------------------------------------------------------------

    def choose(self, seat: Seat, status: Status, reason: str | None, now: float) -> None:
        """The agent's wish: at once when there is no work, else pending."""
        if seat.work:
            seat.pending = None if status is seat.status is Status.READY else (status, reason)
        else:
            self._land(seat, status, reason, now)
        self.weigh(seat)

    def _land(self, seat: Seat, status: Status, reason: str | None, now: float) -> None:
        if seat.status is Status.LOGGED_OUT and status is not Status.LOGGED_OUT:
            seat.logged_in_at, seat.served, seat.busy_s = now, 0, 0.0
        seat.status, seat.reason, seat.pending, seat.since = status, reason, None, now
        bit = seat.bit
        self.staffed = self.staffed & ~bit if status is Status.LOGGED_OUT else self.staffed | bit
        self.ready = self.ready | bit if status is Status.READY else self.ready & ~bit

    def reach(self, seat: Seat, reachable: bool) -> None:
        """Page and phone are there, or not."""
        seat.reachable = reachable
        self.weigh(seat)

    def wait_anew(self, seat: Seat, now: float) -> None:
        """Counts as idle from now on."""
        self._shut(seat)
        seat.idle_since = now
        self.weigh(seat)

    def begin(self, seat: Seat, work: Work) -> None:
        """The agent is reserved for this."""
        self._shut(seat)
        self.turns += 1
        seat.turn = self.turns
        seat.work[work.offer_id] = work
        self.weigh(seat)

    def serve(self, seat: Seat, work: Work, now: float) -> None:
        """The agent has answered."""
        self._shut(seat)
        work.move(Happening.ANSWERED, now)
        work.answered_at = now
        seat.missed = seat.refused = 0
        seat.served += 1
        self.weigh(seat)

    def end(self, seat: Seat, work: Work, now: float, *, worked: bool) -> None:
        """Through with this; `worked`: it was more than an offer."""
        del seat.work[work.offer_id]
        self._shut(seat)
        if worked:
            seat.busy_s += now - work.answered_at
            seat.idle_since = now
        if not seat.work:
            seat.since = now
            if seat.pending:
                self._land(seat, *seat.pending, now)
        self.weigh(seat)

    def weigh(self, seat: Seat) -> None:
        """Make masks and orders say what is true of this agent now."""
        bit, before = seat.bit, seat.open
        now = seat.open = self._open(seat)
        if now == before:
            return
        for name in before:
            self.free[name] ^= bit
        for name in now:
            self.free[name] ^= bit
        self.fresh = self.fresh | bit if now else self.fresh & ~bit
        if before and not now:
            self._leave_orders(seat)

    def _open(self, seat: Seat) -> tuple[str, ...]:
        if not seat.free:
            return ()
        if not seat.work:
            return seat.opens_all
        for work in seat.work.values():
            if work.channel in seat.shut_by:
                return ()
        return tuple(name for name in seat.opens_all if self._takes_another(seat, name))

    def may_begin(self, seat: Seat, channel: str) -> bool:
        """Whether the agent, ready or not, has room for something of their own doing."""
        return seat.status is not Status.LOGGED_OUT and channel in self._channels and self._takes_another(seat, channel)

    def _takes_another(self, seat: Seat, channel: str) -> bool:
        rank, used = self._channels[channel].rank, 0
        for work in seat.work.values():
            if work.channel == channel:
                used += 1
            elif self._rank(work.channel) >= rank:
                return False
        return used < self._capacity(seat, channel)

    def _rank(self, channel: str) -> int:
        known = self._channels.get(channel)
        return known.rank if known else 0

    def _shut(self, seat: Seat) -> None:
        """Out of masks and orders until weighed again: its figures are about to change."""
        if seat.open:
            self.fresh &= ~seat.bit
            for name in seat.open:
                self.free[name] ^= seat.bit
            self._leave_orders(seat)
            seat.open = ()

    def settle(self) -> None:
        """Those free since the last event, and still free, stand in the orders from now on."""
        fresh, self.fresh = self.fresh, 0
        for seat in self.of(fresh):
            if not seat.keys:
                for name, order in self._orders.items():
                    # no rule that is steady while free looks at the case
                    key = (RULES[name].figure(seat, NO_CASE), seat.idle_since, seat.number)
                    seat.keys[name] = key
                    order.add(key, seat.bit)

    def _leave_orders(self, seat: Seat) -> None:
        if seat.keys:
            for name, order in self._orders.items():
                order.remove(seat.keys[name])
            seat.keys.clear()

    # -- which of them -----------------------------------------------------------------------------------------------

    def best(self, wanted: int, rule: str, skills: frozenset[str], now: float) -> Seat:
        """Who of those wanted, all of them free, is to be offered the contact."""
        if not wanted & (wanted - 1) and RULES[rule].steady is not Steady.DRAWN:
            return self.numbered[wanted.bit_length() - 1]
        if self.fresh:
            fresh = self.fresh
            self.settle()
            self.fresh = fresh
        if rule in self._orders:
            return self._first(rule, wanted)
        if RULES[rule].steady is Steady.PER_REQUIREMENT:
            grades = self._grades.get((rule, skills)) or self._grade(rule, skills)
            wanted = next(hit for grade in grades if (hit := grade & wanted))
            return self._first("longest_idle", wanted)
        case = Case(now, skills, self._chance)
        figure = RULES[rule].figure
        return min(self.of(wanted), key=lambda seat: (figure(seat, case), seat.idle_since, seat.number))

    def _first(self, rule: str, wanted: int) -> Seat:
        key = self._orders[rule].first(wanted)
        assert key is not None  # noqa: S101 - whoever is free stands in every order
        return self.numbered[key[2]]

    def _grade(self, rule: str, skills: frozenset[str]) -> list[int]:
        """Everybody by the rule's figure for these skills, one mask a figure, the best first."""
        case, by_figure = Case(0.0, skills, NO_CHANCE), dict[float, int]()
        for seat in self.numbered:
            figure = RULES[rule].figure(seat, case)
            by_figure[figure] = by_figure.get(figure, 0) | seat.bit
        grades = self._grades[rule, skills] = [by_figure[figure] for figure in sorted(by_figure)]
        return grades

    def figures(self, wanted: int, rule: str, skills: frozenset[str], now: float) -> Iterator[tuple[str, float]]:
        """What the rule says of each of those wanted, for the ledger; of one that draws, the weights."""
        figure = (lambda seat, _: seat.agent.weight) if RULES[rule].steady is Steady.DRAWN else RULES[rule].figure
        case = Case(now, skills, NO_CHANCE)
        return ((seat.agent.id, figure(seat, case)) for seat in self.of(wanted))

    def state_of(self, agent_id: str) -> AgentState:
        """The agent's state; raises KeyError for nobody."""
        seat = self.seats[agent_id]
        common = (seat.status, seat.reason)
        if not seat.work:
            return AgentState(*common, since=seat.since, pending=seat.pending, reachable=seat.reachable)
        first = max(seat.work.values(), key=lambda work: (self._rank(work.channel), -work.offer_id))
        return AgentState(
            *common,
            first.activity,
            first.since,
            first.until,
            seat.pending,
            first.contact_id,
            seat.reachable,
            tuple(work.contact_id for work in seat.work.values()),
            first.activity is Activity.WRAP_UP and first.owes,
            first.extended,
        )


class NoChance:
    """For rules that do not draw."""

    def random(self) -> float:
        raise AssertionError("only a rule that is drawn may ask for chance")


NO_CHANCE = NoChance()
NO_CASE = Case(0.0, frozenset(), NO_CHANCE)
