"""Laws that every rule keeps, and what each one means."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import events as on
from acd.agent_states import Status
from acd.core import Acd, Unknown
from acd.effects import Offer
from acd.model import Agent, Config, Contact, Queue
from acd.rules import RULES
from acd.skills import parse

every_rule = pytest.mark.parametrize("rule", sorted(RULES))
LEVELS = st.lists(st.integers(1, 10), min_size=1, max_size=6)


def house(rule: str, *agents: Agent, requires: str = "", seed: int = 1) -> Acd:
    queue = Queue("q", parse(requires), rule=rule, wrapup_s=0.0)
    acd = Acd(Config({"q": queue}), chance=random.Random(seed))
    for n, agent in enumerate(agents):
        acd.handle(on.AgentChanged(agent.id, agent, Status.READY, None, True), float(n))
    return acd


def serve(acd: Acd, contact_id: str, now: float, talk_s: float = 0.0) -> str:
    """Who is offered the contact, answers, and is through after a while."""
    found = [e for e in acd.handle(on.ContactArrived(Contact(contact_id, "q", now)), now) if isinstance(e, Offer)]
    assert len(found) == 1
    acd.handle(on.OfferAnswered(found[0].offer_id), now)
    acd.handle(on.ContactDone(contact_id, found[0].agent_id), now + talk_s)
    return found[0].agent_id


def somebody(number: int, **more: object) -> Agent:
    return Agent(f"a{number}", "x", {"s": 5}, **more)  # type: ignore[arg-type]


@every_rule
@given(levels=LEVELS, seed=st.integers(0, 9))
def test_only_an_able_and_free_agent_is_chosen(rule: str, levels: list[int], seed: int) -> None:
    agents = [Agent(f"a{n}", "x", {"s": level}) for n, level in enumerate(levels)]
    acd = house(rule, *agents, requires="s >= 5", seed=seed)
    able = {agent.id for agent in agents if agent.skills["s"] >= 5}
    chosen = []
    for n in range(len(agents) + 1):
        effects = acd.handle(on.ContactArrived(Contact(f"c{n}", "q", 100.0)), 100.0)
        chosen += [effect.agent_id for effect in effects if isinstance(effect, Offer)]
    assert sorted(chosen) == sorted(able)


@every_rule
def test_the_same_events_give_the_same_choices(rule: str) -> None:
    runs = []
    for _ in range(2):
        acd = house(rule, *(somebody(n, rank=n % 2, cost=n % 3, weight=n + 1.0) for n in range(6)))
        runs.append([serve(acd, f"c{n}", 100.0 + n, talk_s=n % 4) for n in range(30)])
    assert runs[0] == runs[1]


@every_rule
def test_nobody_free_means_nobody_chosen(rule: str) -> None:
    acd = house(rule)
    assert not [e for e in acd.handle(on.ContactArrived(Contact("c", "q", 1.0)), 1.0) if isinstance(e, Offer)]


def test_longest_idle() -> None:
    acd = house("longest_idle", somebody(0), somebody(1), somebody(2))
    assert [serve(acd, f"c{n}", 100.0 + n) for n in range(4)] == ["a0", "a1", "a2", "a0"]


def test_least_occupied_counts_the_time_since_log_in() -> None:
    acd = house("least_occupied", somebody(0), somebody(1))
    assert serve(acd, "long", 100.0, talk_s=50.0) == "a0"
    assert serve(acd, "short", 200.0, talk_s=10.0) == "a1"
    assert [serve(acd, f"c{n}", 300.0 + n) for n in range(3)] == ["a1", "a1", "a1"]


def test_most_skilled_goes_by_what_is_asked_for() -> None:
    agents = Agent("wide", "x", {"s": 3, "t": 9, "u": 9}), Agent("deep", "x", {"s": 7})
    assert serve(house("most_skilled", *agents, requires="s >= 1"), "c", 9.0) == "deep"
    assert serve(house("least_skilled", *agents, requires="s >= 1"), "c", 9.0) == "deep"
    assert serve(house("longest_idle", *agents, requires="s >= 1"), "c", 9.0) == "wide"


def test_most_skilled_follows_a_changed_record() -> None:
    acd = house("most_skilled", Agent("a", "x", {"s": 3}), Agent("b", "x", {"s": 7}), requires="s >= 1")
    assert serve(acd, "one", 9.0) == "b"
    acd.handle(on.AgentChanged("a", Agent("a", "x", {"s": 9})), 10.0)
    assert serve(acd, "two", 11.0) == "a"


def test_fewest_contacts_and_a_newcomer() -> None:
    acd = house("fewest_contacts", somebody(0), somebody(1))
    served = [serve(acd, f"c{n}", 100.0 + n) for n in range(4)]
    assert sorted(served) == ["a0", "a0", "a1", "a1"]
    acd.handle(on.AgentChanged("a2", somebody(2), Status.READY, None, True), 200.0)
    assert [serve(acd, f"d{n}", 201.0 + n) for n in range(2)] == ["a2", "a2"]


def test_round_robin_goes_by_offers_even_by_those_missed() -> None:
    acd = house("round_robin", somebody(0), somebody(1), somebody(2))
    effects = acd.handle(on.ContactArrived(Contact("c", "q", 100.0)), 100.0)
    offer = next(e for e in effects if isinstance(e, Offer))
    acd.handle(on.OfferRefused(offer.offer_id, "busy"), 101.0)
    acd.handle(on.ContactLeft("c"), 102.0)
    assert offer.agent_id == "a0"
    assert [serve(acd, f"c{n}", 110.0 + n) for n in range(3)] == ["a2", "a0", "a1"]


def test_fixed_order_and_cost() -> None:
    agents = somebody(0, rank=2, cost=1.0), somebody(1, rank=1, cost=3.0), somebody(2, rank=1, cost=2.0)
    acd = house("fixed_order", *agents)
    assert [serve(acd, f"c{n}", 100.0 + n) for n in range(3)] == ["a1", "a2", "a1"]
    assert {serve(house("cost", *agents), "c", 9.0)} == {"a0"}


def test_weighted_random_is_in_proportion_to_the_weights() -> None:
    acd = house("weighted_random", somebody(0, weight=1.0), somebody(1, weight=3.0))
    counts = Counter(serve(acd, f"c{n}", 100.0 + n) for n in range(4000))
    assert counts["a1"] / counts["a0"] == pytest.approx(3.0, rel=0.12)


def test_a_rule_that_draws_needs_a_generator() -> None:
    with pytest.raises(Unknown, match="give a generator"):
        Acd(Config({"q": Queue("q", rule="weighted_random")}))


def test_an_unknown_rule_is_refused_with_those_there_are() -> None:
    with pytest.raises(Unknown, match="no rule 'nearest': use one of longest_idle"):
        Acd(Config({"q": Queue("q", rule="nearest")}))


def test_an_agent_with_room_for_another_is_weighed_by_what_was_served_meanwhile() -> None:
    """Two chats at once: having answered the first, the agent has served one more than the other."""
    acd = house("fewest_contacts", somebody(0), somebody(1))
    chosen = []
    for n in range(4):
        effects = acd.handle(on.ContactArrived(Contact(f"c{n}", "q", 9.0, channel="chat")), 9.0)
        offer = next(effect for effect in effects if isinstance(effect, Offer))
        acd.handle(on.OfferAnswered(offer.offer_id), 9.0)
        chosen.append(offer.agent_id)
    assert chosen == ["a0", "a1", "a0", "a1"]
