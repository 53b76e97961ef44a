"""The router: decisions a second beside a naive scan, a storm of log-ins, the simulator, memory."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from time import perf_counter

from acd import events as on
from acd.agent_states import Status
from acd.core import Acd
from acd.effects import Effect, Offer
from acd.model import Agent, Config, Contact, Queue
from acd.simulate import simulate
from acd.skills import Requirement, parse
from tests.simulation.models import six_classes

SIZES = {"1k": (1_000, 200, 20), "10k": (10_000, 2_000, 100), "100k": (100_000, 2_000, 100)}
CLASSES, SKILLS_EACH, DECISIONS = 400, 8, 5_000
GOALS = {"agent_frees.10k.rate": ">= 50,000", "call_arrives.10k.rate": ">= 50,000", "agent_frees.10k.p99": "< 100"}


class House:
    """So many waiting, so many agents, so many skills; 400 kinds of requirements. Times are made up and only grow."""

    def __init__(self, waiting: int, agents: int, skills: int) -> None:
        self.chance = chance = random.Random(1)
        names = [f"s{n}" for n in range(skills)]
        self.asked = _requirements(names, chance)
        self.acd = Acd(Config({"q": Queue("q", wrapup_s=0.0, offer_timeout_s=600.0)}))
        self.now, self.number = 0.0, 0
        self.talks: list[tuple[str, str]] = []
        self.people = [
            Agent(f"a{n}", f"a{n}", {name: chance.randint(1, 10) for name in chance.sample(names, SKILLS_EACH)})
            for n in range(agents)
        ]
        for one in self.people:
            self.acd.handle(on.AgentChanged(one.id, one, reachable=True), self.now)
        for _ in range(waiting):
            self.acd.handle(self.arrival(), self.now)

    def arrival(self) -> on.ContactArrived:
        self.number += 1
        self.now += 0.01
        return on.ContactArrived(Contact(f"c{self.number}", "q", self.now, requires=self.chance.choice(self.asked)))

    def answer(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Offer):
                self.acd.handle(on.OfferAnswered(effect.offer_id), self.now)
                self.talks.append((effect.contact_id, effect.agent_id))

    def log_all_in(self) -> float:
        """Seconds it takes, one after the other; each is offered what waits."""
        told: list[Effect] = []
        started = perf_counter()
        for one in self.people:
            told += self.acd.handle(on.AgentChanged(one.id, status=Status.READY), self.now)
        took = perf_counter() - started
        self.answer(told)
        return took

    def end_one(self) -> on.ContactDone:
        contact_id, agent_id = self.talks.pop(self.chance.randrange(len(self.talks)))
        return on.ContactDone(contact_id, agent_id)


def _requirements(names: list[str], chance: random.Random) -> list[Requirement]:
    texts: set[str] = set()
    while len(texts) < CLASSES:
        chosen = chance.sample(names, chance.choice([1, 1, 2]))
        texts.add(" and ".join(f"{name} >= {chance.randint(1, 5)}" for name in chosen))
    return [parse(text) for text in sorted(texts)]


def _timed(house: House, event: on.Event, times: list[float]) -> None:
    started = perf_counter()
    told = house.acd.handle(event, house.now)
    times.append(perf_counter() - started)
    house.answer(told)


def agent_frees(house: House) -> list[float]:
    """Each freed agent takes the next of all who wait; another contact comes in its place."""
    times: list[float] = []
    for _ in range(DECISIONS):
        house.acd.handle(house.arrival(), house.now)
        _timed(house, house.end_one(), times)
    return times


def call_arrives(house: House) -> list[float]:
    """Each contact takes the best of the free agents, who are about half of all."""
    times: list[float] = []
    for _ in range(DECISIONS):
        _timed(house, house.arrival(), times)
        while len(house.talks) > len(house.people) // 2:
            house.acd.handle(house.end_one(), house.now)
    return times


def naive_agent_frees(house: House, decisions: int) -> float:
    """Seconds a decision: of every waiting contact whether this agent may serve it, the first of those is taken."""
    waiting = house.acd.waiting(None, house.now)
    started = perf_counter()
    for agent in house.chance.sample(house.people, decisions):
        able = [one for one in waiting if one.requires is None or one.requires.met_by(agent.skills, agent.id)]
        min(able, key=lambda one: (one.arrived_at - one.priority, one.arrived_at), default=None)
    return (perf_counter() - started) / decisions


def naive_call_arrives(house: House, decisions: int) -> float:
    """Seconds a decision: every agent is asked whether he is free and may serve it, the longest idle is taken."""
    seats = list(house.acd.crew.seats.values())
    started = perf_counter()
    for _ in range(decisions):
        asked = house.chance.choice(house.asked)
        able = [seat for seat in seats if seat.open and asked.met_by(seat.agent.skills, seat.agent.id)]
        min(able, key=lambda seat: seat.idle_since, default=None)
    return (perf_counter() - started) / decisions


def bench() -> Iterator[tuple[str, float, str, str]]:
    for size, (waiting, agents, skills) in SIZES.items():
        gc.collect()
        busy = House(waiting, agents, skills)
        took = busy.log_all_in()
        if size == "10k":
            yield "acd.log_in.2000_onto_10k", took * 1000, "ms", "< 50"
        yield from _figures(f"agent_frees.{size}", agent_frees(busy), naive_agent_frees(busy, 20))
        idle = House(0, agents, skills)
        idle.log_all_in()
        yield from _figures(f"call_arrives.{size}", call_arrives(idle), naive_call_arrives(idle, 200))
    yield "acd.memory.waiting_contact", _memory(), "bytes", "< 1,000"
    for skills in (1, 2, 6):
        scenario = six_classes(skills, contacts=40_000)
        started = perf_counter()
        simulate(scenario, random.Random(7))
        rate = (scenario.contacts + scenario.warmup) / (perf_counter() - started)
        yield f"acd.simulator.90_agents.{skills}_skills", rate, "contacts/s", ">= 50,000"


def _figures(name: str, times: list[float], naive_s: float) -> Iterator[tuple[str, float, str, str]]:
    times = sorted(times)
    mean_s = sum(times) / len(times)
    yield f"acd.{name}.rate", 1 / mean_s, "decisions/s", GOALS.get(f"{name}.rate", "")
    yield f"acd.{name}.p50", times[len(times) // 2] * 1e6, "us", ""
    yield f"acd.{name}.p99", times[int(len(times) * 0.99)] * 1e6, "us", GOALS.get(f"{name}.p99", "")
    yield f"acd.{name}.times_naive", naive_s / mean_s, "x", ">= 50" if name == "agent_frees.10k" else ""


def _memory() -> float:
    """Bytes a waiting contact takes, without the contact itself and its requirement: 10,000 come in."""
    house = House(0, 100, 20)
    arrivals = [house.arrival() for _ in range(10_000)]
    house.acd.handle(arrivals.pop(), house.now)
    tracemalloc.start()
    for event in arrivals:
        house.acd.handle(event, house.now)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / len(arrivals)
