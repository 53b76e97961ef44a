"""The same core under a virtual clock: contacts come, are served by the router's own decisions, or give up.

Arrivals are Poisson; agents answer at once; a contact that has to wait gives up when its patience ends. A run is cut
into batches, and what differs from batch to batch gives the 95 % intervals (A. Law and W. Kelton 1982, "Simulation
Modeling and Analysis", batch means).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf, isfinite, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from acd import events as on
from acd.agent_states import Status
from acd.core import Acd
from acd.effects import Offer, WakeAt
from acd.model import Contact
from acd.scenario import BadScenario, Random, Scenario, Stream
from acd.waits import ESTIMATORS, Seen

# two-sided 95 % quantiles of Student's t by degrees of freedom; from 30 on the normal's is near enough
_T95 = [
    inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
]  # fmt: skip


class Visit(NamedTuple):
    """A contact to come: when, of which class, how long it will take, when it gives up (seconds; inf: never)."""

    at: float
    stream: int
    service_s: float
    patience_s: float


class Estimate(NamedTuple):
    """A mean with half the width of its 95 % interval; None where nothing was seen, or too little to tell."""

    mean: float | None
    half_width: float | None


@dataclass(slots=True)
class Tally:
    """Sums over the contacts of one class in one batch."""

    offered: int = 0
    blocked: int = 0
    waited: int = 0
    served: int = 0
    abandoned: int = 0
    in_target: int = 0
    wait_s: float = 0.0
    served_wait_s: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in Tally.__slots__))


MEASURES: Mapping[str, Callable[[Tally, float], tuple[float, float]]] = {
    "p_blocked": lambda t, _: (t.blocked, t.offered),
    "p_wait": lambda t, _: (t.waited, t.offered - t.blocked),
    "mean_wait_s": lambda t, _: (t.wait_s, t.offered - t.blocked),
    "asa_s": lambda t, _: (t.served_wait_s, t.served),
    "p_abandon": lambda t, _: (t.abandoned, t.offered - t.blocked),
    "p_served_within_target": lambda t, _: (t.in_target, t.offered - t.blocked),
    "mean_queue": lambda t, span_s: (t.wait_s, span_s),  # Little's law: all the waiting there was, over the time
}
"""What each figure is a ratio of; the second argument is the length of the batch in seconds."""


@dataclass(slots=True)
class Guess:
    """A forecast made for a contact that had to wait, and what became of it."""

    p50_s: float
    p90_s: float
    estimates: dict[str, float]
    waited_s: float = 0.0
    served: bool = False


@dataclass(slots=True)
class Result:
    """What a run was. `spans_s` are of the batches.

    `occupancies`: of the counted time in which each agent was there, overtime included, the share spent on contacts;
    None for who was not there at all.
    `waits_s` of each contact in the order of coming, those of the warm-up too, None for the blocked; kept in a replay.
    """

    scenario: Scenario
    tallies: list[list[Tally]]
    spans_s: list[float]
    occupancies: list[float | None]
    waits_s: list[float | None] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)

    def of(self, stream: int | None = None) -> dict[str, int | Estimate]:
        """The measures of one class, None: of all together."""
        batches = [sum(one, Tally()) if stream is None else one[stream] for one in self.tallies]
        whole = sum(batches, Tally())
        found: dict[str, int | Estimate] = {
            "offered": whole.offered, "blocked": whole.blocked, "entered": whole.offered - whole.blocked,
        }  # fmt: skip
        for name, parts in MEASURES.items():
            found[name] = _ratio([parts(one, span) for one, span in zip(batches, self.spans_s, strict=True)])
        return found

    def as_json(self) -> dict[str, object]:
        def plain(measures: Mapping[str, int | Estimate]) -> dict[str, object]:
            return {key: one._asdict() if isinstance(one, Estimate) else one for key, one in measures.items()}

        return {
            "total": plain(self.of()),
            "classes": {one.name: plain(self.of(n)) for n, one in enumerate(self.scenario.streams)},
            "agents": [{"occupancy": one} for one in self.occupancies],
            "forecasts": calibration(self.guesses),
        }


def _ratio(parts: list[tuple[float, float]]) -> Estimate:
    """The ratio of sums, its spread over the batches by the delta method (W. Cochran 1977, "Sampling Techniques")."""
    below = sum(part[1] for part in parts)
    if not below:
        return Estimate(None, None)
    mean, n = sum(part[0] for part in parts) / below, len(parts)
    if n < 2:
        return Estimate(mean, None)
    rests = [(above - mean * part) * n / below for above, part in parts]
    quantile = _T95[n - 1] if n <= len(_T95) else 1.96
    return Estimate(mean, quantile * stdev(rests) / sqrt(n))


class _Run:
    """One run under way."""

    def __init__(self, scenario: Scenario, rule: str | None, chance: Random) -> None:
        self.scenario = scenario
        self.acd = Acd(scenario.config(rule), chance=chance)
        self.queues = [one.name for one in scenario.streams]
        self.here = 0
        self.heap: list[tuple[float, int, object]] = []
        self.numbers = count()
        self.contacts: dict[str, tuple[Visit, int]] = {}
        self.guesses: dict[str, Guess] = {}
        self.kept: list[Guess] = []
        self.last_wait_s: dict[int, float] = {}
        self.tallies: list[list[Tally]] = []
        self.busy_s = [0.0] * len(scenario.agents)
        self.through_at = [0.0] * len(scenario.agents)
        self.number_of = {one.agent.id: n for n, one in enumerate(scenario.agents)}
        self.begun_at: float | None = None
        self.waits_s: list[float | None] = []
        self.keeps_waits = False
        self.ended_at = inf
        self.woken_at = inf
        for one in scenario.agents:
            self.acd.handle(on.AgentChanged(one.agent.id, one.agent, reachable=True), 0.0)
            for at, status in ((one.from_s, Status.READY), (one.to_s, Status.LOGGED_OUT)):
                if at < inf:
                    heappush(self.heap, (at, next(self.numbers), on.AgentChanged(one.agent.id, status=status)))

    def run(self, visits: Iterable[Visit], progress: Callable[[int], None]) -> Result:
        scenario, heap = self.scenario, self.heap
        each = max(1, scenario.contacts // scenario.batches)
        spans, turned_at = [], 0.0
        batch: list[Tally] | None = None
        for n, visit in enumerate(visits):
            counted = n - scenario.warmup
            if counted >= 0 and counted % each == 0 and len(self.tallies) < scenario.batches:
                if batch is None:
                    self.begun_at = visit.at
                else:
                    spans.append(visit.at - turned_at)
                turned_at = visit.at
                batch = [Tally() for _ in scenario.streams]
                self.tallies.append(batch)
                progress(max(0, counted))
            while heap and heap[0][0] <= visit.at:
                self.step()
            self.arrive(visit, n, len(self.tallies) - 1)
            last_at = visit.at
        spans.append(last_at - turned_at)
        self.ended_at = last_at
        while heap:
            self.step()
        progress(scenario.contacts)
        return Result(scenario, self.tallies, spans, self.occupancies(), self.waits_s, self.kept)

    def arrive(self, visit: Visit, n: int, batch: int) -> None:
        tally = self.tallies[batch][visit.stream] if batch >= 0 else Tally()
        tally.offered += 1
        lines = self.scenario.lines
        if lines is not None and self.here >= lines:
            tally.blocked += 1
            return
        self.here += 1
        contact_id = str(n)
        self.contacts[contact_id] = visit, batch
        contact = Contact(contact_id, self.queues[visit.stream], visit.at)
        self.perform(self.acd.handle(on.ContactArrived(contact), visit.at), visit.at)
        if contact_id in self.contacts:
            tally.waited += 1
            if visit.patience_s < inf:
                heappush(self.heap, (visit.at + visit.patience_s, next(self.numbers), contact_id))
            every = self.scenario.forecast_every
            if every and batch >= 0 and n % every == 0:
                self.guess(contact_id, visit)

    def step(self) -> None:
        """The next thing that happens: a talk ends, a patience, or the core wants to be woken."""
        at, _, what = heappop(self.heap)
        if isinstance(what, tuple):
            contact_id, agent_id, since = what
            self.here -= 1
            self.worked(self.number_of[agent_id], since, at)
            self.perform(self.acd.handle(on.ContactDone(contact_id, agent_id), at), at)
        elif isinstance(what, str):
            if what in self.contacts:
                self.here -= 1
                self.over(what, at, served=False)
                self.perform(self.acd.handle(on.ContactLeft(what), at), at)
        elif isinstance(what, on.AgentChanged):
            self.perform(self.acd.handle(what, at), at)
        elif at <= self.woken_at:
            self.woken_at = inf
            self.perform(self.acd.handle(on.Tick(), at), at)

    def perform(self, effects: Iterable[object], now: float) -> None:
        for effect in effects:
            if type(effect) is Offer:
                self.acd.handle(on.OfferAnswered(effect.offer_id), now)
                contact_id, agent_id = effect.contact_id, effect.agent_id
                service_s = self.over(contact_id, now, served=True)
                heappush(self.heap, (now + service_s, next(self.numbers), (contact_id, agent_id, now)))
            elif type(effect) is WakeAt and effect.at < min(self.woken_at, now + 1e8):
                self.woken_at = effect.at
                heappush(self.heap, (effect.at, next(self.numbers), None))

    def worked(self, agent: int, since: float, until: float) -> None:
        """This agent was at a contact; what lies in the counted time counts."""
        self.through_at[agent] = until
        if self.begun_at is not None:
            self.busy_s[agent] += max(0.0, min(until, self.ended_at) - max(since, self.begun_at))

    def occupancies(self) -> list[float | None]:
        begun_at, found = self.begun_at or 0.0, list[float | None]()
        for one, busy_s, through_at in zip(self.scenario.agents, self.busy_s, self.through_at, strict=True):
            there_s = min(max(one.to_s, through_at), self.ended_at) - max(one.from_s, begun_at)
            found.append(busy_s / there_s if there_s > 0.0 else None)
        return found

    def over(self, contact_id: str, now: float, *, served: bool) -> float:
        """Its wait is over; the seconds its service takes."""
        visit, batch = self.contacts.pop(contact_id)
        waited_s = now - visit.at
        if self.keeps_waits:
            self.waits_s[int(contact_id)] = waited_s
        if batch >= 0:
            tally = self.tallies[batch][visit.stream]
            tally.wait_s += waited_s
            if served:
                tally.served += 1
                tally.served_wait_s += waited_s
                tally.in_target += waited_s <= self.scenario.target_s
            else:
                tally.abandoned += 1
            guess = self.guesses.pop(contact_id, None)
            if guess is not None:
                guess.waited_s, guess.served = waited_s, served
                self.kept.append(guess)
        if served and waited_s > 0:
            self.last_wait_s[visit.stream] = waited_s
        return visit.service_s

    def guess(self, contact_id: str, visit: Visit) -> None:
        """What the core and the classical estimators say of this contact's wait, as it begins."""
        forecast = self.acd.expected(contact_id, visit.at)
        if forecast is None or not isfinite(forecast.mean_s):
            return
        queue = self.queues[visit.stream]
        others = self.acd.room.of_queue[queue]
        head = next(iter(others.values())).contact.arrived_at
        pace = self.acd.paces[queue]
        agents = self.acd.room.places[contact_id].family.reach.bit_count()
        seen = Seen(
            len(others) - 1, agents, pace.handle_s, pace.patience_s, self.last_wait_s.get(visit.stream),
            visit.at - head if len(others) > 1 else None,
        )  # fmt: skip
        told = {name: value for name, estimate in ESTIMATORS.items() if (value := estimate(seen)) is not None}
        self.guesses[contact_id] = Guess(forecast.p50_s, forecast.p90_s, {**told, "EWT": forecast.mean_s})


def calibration(guesses: list[Guess]) -> dict[str, object]:
    """How good the forecasts were.

    `within_p50`, `within_p90`: the share of waits no longer than forecast. Who gave up would have waited longer by an
    unknown time, so the shares are Kaplan-Meier estimates of wait over forecast at 1 (E. Kaplan and P. Meier 1958,
    "Nonparametric Estimation from Incomplete Observations"). `mse_s2`: of the served, each estimator's mean squared
    error in square seconds, over those contacts for which all of them said something.
    """
    served = [one for one in guesses if one.served]
    known = [one for one in served if len(one.estimates) == len(ESTIMATORS) + 1]
    names = [*ESTIMATORS, "EWT"]
    return {
        "made": len(guesses),
        "within_p50": _share_within([(one.waited_s / one.p50_s, one.served) for one in guesses]),
        "within_p90": _share_within([(one.waited_s / one.p90_s, one.served) for one in guesses]),
        "mse_s2": {
            name: fmean((one.estimates[name] - one.waited_s) ** 2 for one in known) if known else None for name in names
        },
    }


def _share_within(ratios: list[tuple[float, bool]]) -> float | None:
    if not ratios:
        return None
    stay, left = 1.0, len(ratios)
    for ratio, seen in sorted(ratios):
        if ratio > 1.0:
            break
        if seen:
            stay *= 1.0 - 1.0 / left
        left -= 1
    return 1.0 - stay


def arrivals(streams: tuple[Stream, ...], number: int, chance: Random) -> Iterator[Visit]:
    """So many contacts of all classes, in the order of their coming: Poisson, by thinning where the rate changes.

    Source: P. Lewis and G. Shedler 1979, "Simulation of nonhomogeneous Poisson processes by thinning".
    """
    nexts: list[tuple[float, int]] = []
    for n, one in enumerate(streams):
        if (at := _next(one, 0.0, chance)) < inf:
            heappush(nexts, (at, n))
    for _ in range(number if nexts else 0):
        at, n = heappop(nexts)
        one = streams[n]
        yield Visit(at, n, one.service.draw(chance), one.patience.draw(chance) if one.patience else inf)
        heappush(nexts, (_next(one, at, chance), n))


def _next(stream: Stream, now: float, chance: Random) -> float:
    rates, top = stream.rates_per_s, max(stream.rates_per_s)
    if top <= 0:
        return inf
    if len(rates) == 1:
        return now + chance.expovariate(top)
    while True:
        now += chance.expovariate(top)
        if chance.random() * top < rates[int(now // stream.period_s) % len(rates)]:
            return now


def simulate(
    scenario: Scenario, chance: Random, rule: str | None = None, progress: Callable[[int], None] = lambda _: None,
    draws: Random | None = None,
) -> Result:  # fmt: skip
    """Run the scenario; `chance` draws arrivals, services and patience. Raises BadScenario when nobody comes.

    `draws` is for rules that draw, so that the same contacts come under each rule; None: they draw from `chance` too.
    """
    if not any(one.rate_per_s > 0.0 for one in scenario.streams):
        raise BadScenario("no class has a rate_per_s above 0")
    visits = arrivals(scenario.streams, scenario.warmup + scenario.contacts, chance)
    return _Run(scenario, rule, draws or chance).run(visits, progress)


def replay(
    scenario: Scenario, visits: list[Visit], chance: Random, rule: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Result:  # fmt: skip
    """The same with contacts that are given, in the order of their coming; `chance` is for rules that draw."""
    run = _Run(scenario, rule, chance)
    run.keeps_waits, run.waits_s = True, [None] * len(visits)
    return run.run(visits, progress)
