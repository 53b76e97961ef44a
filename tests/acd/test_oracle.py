"""Any order of events, late and doubled ones included: the index answers as the naive router does."""

from __future__ import annotations

import random
from datetime import time
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from acd import events as on
from acd.agent_states import Activity, Status
from acd.core import Acd, Unknown
from acd.effects import Effect, Offer, Overflow, Withdraw
from acd.hours import Hours, Span
from acd.ledger import Ledger
from acd.model import CHANNELS, Agent, Channel, Closing, Config, Contact, Queue, Ring, When
from acd.model import Overflow as Leave
from acd.rules import RULES
from acd.skills import parse
from tests.acd.oracle import Oracle

AGENTS = [f"a{n}" for n in range(5)]
CONTACTS = [f"c{n}" for n in range(9)]
QUEUES = ["p", "q", "r"]
TEXTS = ["", "s >= 3", "t", "s >= 2 and t >= 2", "s >= 9 or t >= 9", "agent = a1", "u"]
# Every figure is a multiple of 1/4, so that no sum is rounded and both routers compare the same numbers.
quarters = st.integers(0, 80).map(lambda n: n / 4)
channels = st.sampled_from(["voice", "voice", "voice", "chat", "mail"])
preferred: st.SearchStrategy[tuple[str, ...]] = st.sampled_from([(), (), ("a1",), ("a2", "a3")])
excluded: st.SearchStrategy[tuple[str, ...]] = st.sampled_from([(), (), ("a0",)])
texts = st.sampled_from(TEXTS).map(parse)
levels = st.fixed_dictionaries({}, optional={name: st.integers(1, 10) for name in "stu"})
agents = st.builds(
    Agent,
    st.sampled_from(AGENTS),
    st.just("somebody"),
    levels,
    queues=st.sampled_from([frozenset(), frozenset({"q"}), frozenset({"p", "q"})]),
    capacity=st.sampled_from([{}, {}, {"chat": 1}, {"voice": 0}, {"voice": 2, "mail": 1}]),
    rank=st.integers(0, 2),
    cost=st.integers(0, 2).map(float),
    weight=st.sampled_from([1.0, 2.0]),
)


def leave(*when: When) -> st.SearchStrategy[Leave]:
    over, to = st.integers(0, 24).map(lambda n: n / 4), st.sampled_from([*QUEUES, "voicemail"])
    return st.builds(Leave, st.sampled_from(when), over, to)


leaves = st.tuples(leave(When.WAIT, When.NOBODY), leave(When.LENGTH, When.RATIO))
rings = st.lists(st.tuples(st.integers(1, 40).map(lambda n: n / 4), texts), max_size=2).map(
    lambda pairs: tuple(Ring(*pair) for pair in sorted(dict(pairs).items(), key=lambda pair: pair[0]))
)


# The time of the tests begins at 1000 seconds, 00:16:40: these change a moment, a minute or two after.
HOURS = [
    Hours(tuple(Span(day, time(0, 17), time(0, 18)) for day in range(7))),
    Hours(tuple(Span(day, time(0, 0), time(0, 17, 30)) for day in range(7))),
    Hours(tuple(Span(day, time(1), None) for day in range(7))),
]


@st.composite
def queues(draw: Any, name: str) -> Queue:
    # closing and waiting too long, both overdue at a late tick: which of them is first is no promise
    closing = draw(st.sampled_from(Closing))
    return Queue(
        name,
        draw(texts),
        draw(rings),
        draw(st.booleans()),
        draw(st.sampled_from(sorted(RULES))),
        draw(st.sampled_from([0.0, 2.0, 5.0])),
        draw(st.sampled_from([4.0, 10.0])),
        draw(st.sampled_from([0.0, 0.5, 1.0])),
        draw(st.integers(0, 3).map(float)),
        draw(leaves) if closing is Closing.SERVE and draw(st.booleans()) else (),
        draw(st.sampled_from([None, None, *HOURS])),
        closing,
        draw(st.sampled_from([*QUEUES, "closed"])),
        write_up=draw(st.booleans()),
    )


configs = st.builds(
    Config,
    st.fixed_dictionaries({name: queues(name) for name in QUEUES}),
    channels=st.sampled_from([CHANNELS, {**CHANNELS, "voice": Channel(3, 2)}, {"voice": Channel(3)}]),
    missed_limit=st.integers(1, 2),
    refused_limit=st.integers(1, 3),
    again_s=st.sampled_from([3.0, 30.0]),
)


class Routers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = self.told_at = 1000.0
        self.offers: list[int] = []
        self.standing: dict[int, Offer] = {}
        self.outcomes: dict[str, str] = {}
        self.arrivals: dict[str, float] = {}

    @initialize(config=configs)
    def open_house(self, config: Config) -> None:
        self.acd = Acd(config, chance=random.Random(1), ledger=Ledger(50))
        self.oracle = Oracle(config, random.Random(1))

    def tell(self, event: on.Event) -> list[Effect]:
        """Both hear it, both do the same."""
        self.told_at = self.now
        told = self.acd.handle(event, self.now)
        done: list[Effect] = [one for one in told if isinstance(one, Offer | Withdraw | Overflow)]
        expected = self.oracle.handle(event, self.now)
        assert sorted(map(repr, done)) == sorted(map(repr, expected))
        assert [one for one in done if isinstance(one, Offer)] == [one for one in expected if isinstance(one, Offer)]
        for effect in done:
            self.note(effect)
        return done

    def note(self, effect: Effect) -> None:
        if isinstance(effect, Offer):
            self.offers.append(effect.offer_id)
            self.standing[effect.offer_id] = effect
        elif isinstance(effect, Withdraw):
            del self.standing[effect.offer_id]
        elif isinstance(effect, Overflow) and effect.to not in self.acd.config.queues:
            self.end(effect.contact_id, "overflowed")

    def end(self, contact_id: str, how: str) -> None:
        assert contact_id in self.arrivals
        del self.arrivals[contact_id]
        self.outcomes[contact_id] = how

    def some_offer(self, n: int) -> int:
        return self.offers[-1 - n % len(self.offers)] if self.offers else 1

    @rule(agent=agents, status=st.sampled_from(Status), reachable=st.booleans())
    def agent_comes(self, agent: Agent, status: Status, reachable: bool) -> None:
        self.tell(on.AgentChanged(agent.id, agent, status, "x", reachable))

    @rule(agent=agents)
    def agent_comes_to_work(self, agent: Agent) -> None:
        self.tell(on.AgentChanged(agent.id, agent, Status.READY, None, True))

    @rule(agent_id=st.sampled_from(AGENTS), status=st.sampled_from([*Status, Status.READY, None]))
    def agent_chooses(self, agent_id: str, status: Status | None) -> None:
        self.tell(on.AgentChanged(agent_id, status=status, reason="y"))

    @rule(agent_id=st.sampled_from(AGENTS), reachable=st.booleans())
    def agent_is_reached(self, agent_id: str, reachable: bool) -> None:
        self.tell(on.AgentChanged(agent_id, reachable=reachable))

    @rule(
        contact_id=st.sampled_from(CONTACTS), queue=st.sampled_from(QUEUES), ago=quarters, requires=texts | st.none(),
        priority=st.integers(0, 3), channel=channels, preferred=preferred, excluded=excluded,
    )  # fmt: skip
    def contact_arrives(self, contact_id: str, ago: float, **wants: Any) -> None:
        contact = Contact(contact_id, arrived_at=self.now - ago / 4, prefer_s=3.0, **wants)
        if contact.channel not in self.oracle.config.channels:
            with pytest.raises(Unknown):
                self.acd.handle(on.ContactArrived(contact), self.now)
            return
        known = contact_id in self.arrivals or contact_id in self.oracle.talks
        if not known:
            self.arrivals[contact_id] = contact.arrived_at
        self.tell(on.ContactArrived(contact))

    @rule(contact_id=st.sampled_from(CONTACTS))
    def contact_leaves(self, contact_id: str) -> None:
        if contact_id in self.arrivals:
            self.end(contact_id, "left")
        self.tell(on.ContactLeft(contact_id))

    @rule(
        contact_id=st.sampled_from(CONTACTS), queue=st.sampled_from(QUEUES), priority=st.integers(0, 9),
        requires=texts | st.none(), preferred=preferred, excluded=excluded,
    )  # fmt: skip
    def contact_changes(self, contact_id: str, **wants: Any) -> None:
        self.tell(on.ContactChanged(Contact(contact_id, arrived_at=0.0, prefer_s=3.0, **wants)))

    @rule(n=st.integers(0, 8), priority=st.integers(-3, 9))
    def priority_changes(self, n: int, priority: int) -> None:
        """All else stays, so that it comes back into the line in which it stands."""
        if self.oracle.waiters:
            contact = self.oracle.waiters[n % len(self.oracle.waiters)].contact
            self.tell(on.ContactChanged(msgspec.structs.replace(contact, priority=float(priority))))

    @rule(queue=st.sampled_from(QUEUES), channel=channels, priorities=st.lists(st.integers(0, 9), max_size=5))
    def several_arrive(self, queue: str, channel: str, priorities: list[int]) -> None:
        free = [one for one in CONTACTS if one not in self.arrivals and one not in self.oracle.talks]
        for contact_id, priority in zip(free, priorities, strict=False):
            self.contact_arrives(
                contact_id, 0.0, queue=queue, requires=None, channel=channel, priority=priority, preferred=(),
                excluded=(),
            )  # fmt: skip

    @rule()
    def all_offers_are_answered(self) -> None:
        for offer in [*self.standing.values()]:
            if self.standing.pop(offer.offer_id, None) is not None:
                self.end(offer.contact_id, "answered")
                self.tell(on.OfferAnswered(offer.offer_id))

    @rule(n=st.integers(0, 3))
    def offer_is_answered(self, n: int) -> None:
        offer = self.standing.pop(self.some_offer(n), None)
        if offer is not None:
            self.end(offer.contact_id, "answered")
        self.tell(on.OfferAnswered(self.some_offer(n)))

    @rule(n=st.integers(0, 3), reason=st.sampled_from(["busy", "rejected", "device", "unseen"]))
    def offer_is_refused(self, n: int, reason: str) -> None:
        self.standing.pop(self.some_offer(n), None)
        self.tell(on.OfferRefused(self.some_offer(n), reason))

    @rule(n=st.integers(0, 3))
    def offer_times_out(self, n: int) -> None:
        self.tell(on.OfferTimedOut(self.some_offer(n)))

    @rule(contact_id=st.sampled_from(CONTACTS), agent_id=st.sampled_from(AGENTS), talked=st.booleans())
    def somebody_is_done(self, contact_id: str, agent_id: str, talked: bool) -> None:
        self.tell(on.ContactDone(contact_id, agent_id, talked))

    @rule(n=st.integers(0, 8))
    def a_talk_ends(self, n: int) -> None:
        talks = sorted(self.oracle.talks.items())
        if talks:
            contact_id, one = talks[n % len(talks)]
            self.tell(on.ContactDone(contact_id, one.agent.id))

    @rule(contact_id=st.sampled_from(CONTACTS), agent_id=st.sampled_from(AGENTS), held=st.booleans())
    def is_held(self, contact_id: str, agent_id: str, held: bool) -> None:
        self.tell(on.ContactHeld(contact_id, agent_id, held))

    @rule(agent_id=st.sampled_from(AGENTS), seconds=st.none() | quarters)
    def wrap_up(self, agent_id: str, seconds: float | None) -> None:
        self.tell(on.WrapUpFinished(agent_id) if seconds is None else on.WrapUpExtended(agent_id, seconds))

    @rule(contact_id=st.sampled_from(CONTACTS), agent_id=st.sampled_from(AGENTS), complete=st.booleans())
    def is_written_up(self, contact_id: str, agent_id: str, complete: bool) -> None:
        self.tell(on.WrittenUp(contact_id, agent_id, complete))

    @rule(config=configs)
    def config_changes(self, config: Config) -> None:
        self.tell(on.ConfigChanged(config))

    @rule(seconds=quarters)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.tell(on.Tick())

    @rule(seconds=quarters)
    def time_passes_unnoticed(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def agents_are_what_they_should_be(self) -> None:
        if not hasattr(self, "acd"):
            return
        for agent_id, one in self.oracle.people.items():
            state = self.acd.state_of(agent_id)
            assert (state.status, state.pending, state.reachable) == (one.status, one.pending, one.reachable)
            assert sorted(state.contacts) == sorted(piece.contact.id for piece in one.work)

    @invariant()
    def one_order_over_all(self) -> None:
        if hasattr(self, "acd"):
            expected = [waiter.contact for waiter in self.oracle.in_order(self.now)]
            assert self.acd.waiting(None, self.now) == expected
            assert {contact.id: contact.arrived_at for contact in expected} == self.arrivals

    @invariant()
    def never_two_offers_for_one_contact_nor_more_than_an_agent_can_take(self) -> None:
        if not hasattr(self, "acd"):
            return
        offered = [offer.contact_id for offer in self.standing.values()]
        assert len(offered) == len(set(offered))
        for one in self.oracle.people.values():
            fresh = [piece for piece in one.work if piece.activity is Activity.OFFERED]
            assert {piece.offer_id for piece in fresh} <= set(self.standing)

    @invariant()
    def nobody_waits_beside_an_idle_agent_who_may_serve_them(self) -> None:
        if not hasattr(self, "acd") or self.now != self.told_at:
            return  # nobody has told the router of the time that passed
        for waiter in self.oracle.waiters:
            for one in () if waiter.offer_id else self.oracle.able(waiter, self.now):
                missed = self.oracle.left_out(waiter, self.now)
                assert one.agent.id in missed or not self.oracle.takes(one, waiter.contact.channel)

    @invariant()
    def everybody_stands_in_one_line(self) -> None:
        if hasattr(self, "acd"):
            lines = [line for family in self.acd.room.families.values() for line in family.lines.values()]
            stand = {line: sorted(entry.seq for entry in line.standing()) for line in lines}
            assert [len(set(numbers)) for numbers in stand.values()] == [line.size for line in stand]
            assert sum(map(len, stand.values())) == len(self.oracle.waiters) - len(self.standing)

    @invariant()
    def whoever_waits_can_be_told_why_and_how_long(self) -> None:
        if hasattr(self, "acd"):
            for contact_id in [*self.arrivals][:2]:
                assert self.acd.why(contact_id, self.now).words()
                assert self.acd.expected(contact_id, self.now) is not None

    def teardown(self) -> None:
        """No reservation outlives its time: after long enough every offer made before has come to an end."""
        if hasattr(self, "acd"):
            before = set(self.standing)
            self.now += 1000.0
            self.tell(on.Tick())
            assert not before & set(self.standing)


Routers.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestRouters = Routers.TestCase
