"""A scenario for the simulator: who comes, who serves, how long they take. Read from TOML, refused with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf, log, sqrt
from typing import Any, Protocol

from acd.model import Agent, Config, Queue, Ring
from acd.rules import RULES
from acd.skills import EVERYBODY, Requirement, SkillSyntaxError, parse


class BadScenario(ValueError):
    """The message names the place in the file and what would be right."""


class Random(Protocol):
    """What is needed of `random.Random`."""

    def random(self) -> float: ...
    def expovariate(self, lambd: float, /) -> float: ...
    def gauss(self, mu: float, sigma: float, /) -> float: ...
    def gammavariate(self, alpha: float, beta: float, /) -> float: ...
    def choice(self, seq: Sequence[float], /) -> float: ...


Draw = Callable[[Random], float]


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of seconds, with its mean."""

    mean: float
    draw: Draw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stream:
    """One class of contacts. `rates_per_s`: one a period, all periods equally long, over and over."""

    name: str
    rates_per_s: tuple[float, ...]
    service: Spread
    patience: Spread | None = None
    requires: Requirement = EVERYBODY
    rings: tuple[Ring, ...] = ()
    priority: float = 0.0
    period_s: float = 0.0

    @property
    def rate_per_s(self) -> float:
        """The mean rate."""
        return sum(self.rates_per_s) / len(self.rates_per_s)


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent who is logged in from `from_s` to `to_s`."""

    agent: Agent
    from_s: float = 0.0
    to_s: float = inf


@dataclass(frozen=True, slots=True)
class Scenario:
    """`contacts` are counted, after `warmup` others that are not; `lines` None is no limit."""

    seed: int
    contacts: int
    warmup: int
    batches: int
    lines: int | None
    rule: str
    target_s: float
    ageing_per_s: float
    streams: tuple[Stream, ...]
    agents: tuple[Worker, ...]
    forecast_every: int = 10

    def of_day(self, contacts: int) -> Scenario:
        """For a given day, all of which counts."""
        return replace(self, contacts=contacts, warmup=0, batches=min(self.batches, max(2, contacts // 20)))

    def config(self, rule: str | None = None) -> Config:
        """One queue a class, so that rings and priorities may differ; nobody writes up, nobody fails to answer."""
        return Config(
            {
                one.name: Queue(
                    one.name,
                    one.requires,
                    one.rings,
                    rule=rule or self.rule,
                    wrapup_s=0.0,
                    offer_timeout_s=1e9,
                    ageing_per_s=self.ageing_per_s,
                    priority=one.priority,
                    handle_s=max(one.service.mean, 1e-3),
                    patience_s=one.patience.mean if one.patience else None,
                )
                for one in self.streams
            }
        )


def read(raw: Mapping[str, Any], load: Callable[[str], Sequence[float]] = lambda _: ()) -> Scenario:
    """The scenario in a parsed TOML file; `load` reads the figures of an empirical distribution. Raises BadScenario."""
    table = _Table(raw, "")
    run, system, queue = table.table("run"), table.table("system"), table.table("queue")
    streams = tuple(_streams(table.tables("class"), load))
    agents = tuple(_agents(table.tables("agents")))
    if not streams or not agents:
        raise BadScenario("a scenario needs at least one [[class]] and one [[agents]]")
    rule = queue.text("agent_rule", "longest_idle")
    if rule not in RULES:
        raise BadScenario(f"queue.agent_rule: no rule {rule!r}: use one of {', '.join(RULES)}")
    scenario = Scenario(
        seed=table.whole("seed", 1),
        contacts=run.whole("contacts", 100_000, least=1),
        warmup=run.whole("warmup", 10_000),
        batches=run.whole("batches", 20, least=2),
        lines=system.whole("lines", least=1) if "lines" in system.values else None,
        rule=rule,
        target_s=queue.number("target_s", 20.0),
        ageing_per_s=queue.number("ageing_per_s", 0.0),
        streams=streams,
        agents=agents,
        forecast_every=run.whole("forecast_every", 10),
    )
    for one in (table, run, system, queue):
        one.end()
    return scenario


def _streams(tables: Sequence[_Table], load: Callable[[str], Sequence[float]]) -> Iterator[Stream]:
    known = set[str]()
    for table in tables:
        stream = _stream(table, load)
        if stream.name in known:
            raise BadScenario(f"{table.at}name: {stream.name!r} is there already")
        known.add(stream.name)
        yield stream


def _stream(table: _Table, load: Callable[[str], Sequence[float]]) -> Stream:
    rings: list[Ring] = []
    for ring in table.tables("rings"):
        after_s = ring.number("after_s")
        if rings and after_s <= rings[-1].after_s:
            raise BadScenario(f"{ring.at}after_s: {after_s:g} must be more than that of the ring before")
        rings.append(Ring(after_s, ring.requirement("requires")))
        ring.end()
    rates = table.numbers("rates_per_s") or (table.number("rate_per_s", 0.0),)
    stream = Stream(
        table.text("name"),
        rates,
        _spread(table.table("service"), load),
        _spread(table.table("patience"), load) if "patience" in table.values else None,
        table.requirement("requires"),
        tuple(rings),
        table.number("priority", 0.0, least=-1e9),
        table.number("period_s", 0.0),
    )
    if len(rates) > 1 and not stream.period_s:
        raise BadScenario(f"{table.at}period_s: rates_per_s needs the length of its periods")
    table.end()
    return stream


def _agents(tables: Sequence[_Table]) -> list[Worker]:
    found: list[Worker] = []
    for table in tables:
        count, skills = table.whole("count", 1, least=1), table.skills("skills")
        rank, cost, weight = table.whole("rank", 0), table.number("cost", 0), table.number("weight", 1, least=1e-9)
        from_s = table.number("from_s", 0)
        to_s = table.number("to_s", least=from_s) if "to_s" in table.values else inf
        for number in range(len(found) + 1, len(found) + count + 1):
            agent = Agent(f"{number}", f"{number}", skills, rank=rank, cost=cost, weight=weight)
            found.append(Worker(agent, from_s, to_s))
        table.end()
    return found


def _spread(table: _Table, load: Callable[[str], Sequence[float]]) -> Spread:
    kind = table.text("dist")
    if kind not in SPREADS:
        raise BadScenario(f"{table.at}dist: no distribution {kind!r}: use one of {', '.join(SPREADS)}")
    spread = SPREADS[kind](table, load)
    table.end()
    return spread


def _constant(table: _Table, _load: object) -> Spread:
    mean = table.number("mean")
    return Spread(mean, lambda _: mean)


def _exponential(table: _Table, _load: object) -> Spread:
    mean = table.number("mean", least=1e-9)
    rate = 1.0 / mean
    return Spread(mean, lambda chance: chance.expovariate(rate))


def _lognormal(table: _Table, _load: object) -> Spread:
    mean, sd = table.number("mean", least=1e-9), table.number("sd")
    variance = log(1.0 + (sd / mean) ** 2)
    middle, width = log(mean) - variance / 2.0, sqrt(variance)
    return Spread(mean, lambda chance: exp(chance.gauss(middle, width)))


def _gamma(table: _Table, _load: object) -> Spread:
    mean, cv = table.number("mean", least=1e-9), table.number("cv", least=1e-6)
    shape = 1.0 / cv**2
    return Spread(mean, lambda chance: chance.gammavariate(shape, mean / shape))


def _empirical(table: _Table, load: Callable[[str], Sequence[float]]) -> Spread:
    place, file = table.at, table.text("file")
    try:
        figures = list(load(file))
    except (OSError, ValueError) as error:
        raise BadScenario(f"{place}file: {file}: {error}") from None
    if not figures or min(figures) < 0:
        raise BadScenario(f"{place}file: {file}: needs figures of 0 or more, one a line")
    return Spread(sum(figures) / len(figures), lambda chance: chance.choice(figures))


SPREADS: Mapping[str, Callable[[_Table, Callable[[str], Sequence[float]]], Spread]] = {
    "exponential": _exponential,
    "constant": _constant,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "empirical": _empirical,
}


class _Table:
    """A TOML table whose keys are taken one by one; what is left over at the end was not understood."""

    def __init__(self, values: Mapping[str, Any], at: str) -> None:
        self.values, self.at, self._taken = values, at, set[str]()

    def _take(self, key: str, default: Any) -> Any:
        self._taken.add(key)
        value = self.values.get(key, default)
        if value is None:
            raise BadScenario(f"{self.at}{key}: is missing")
        return value

    def table(self, key: str) -> _Table:
        value = self._take(key, {})
        if not isinstance(value, Mapping):
            raise BadScenario(f"{self.at}{key}: must be a table")
        return _Table(value, f"{self.at}{key}.")

    def tables(self, key: str) -> list[_Table]:
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            raise BadScenario(f"{self.at}{key}: must be a list of tables")
        return [_Table(one, f"{self.at}{key}[{n}].") for n, one in enumerate(value)]

    def number(self, key: str, default: float | None = None, *, least: float = 0.0, most: float = 1e12) -> float:
        return self._checked(key, self._take(key, default), least, most)

    def _checked(self, key: str, value: Any, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise BadScenario(f"{self.at}{key}: {value!r} must be a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, key: str, default: int | None = None, *, least: int = 0, most: float = 1e12) -> int:
        value = self.number(key, default, least=least, most=most)
        if not value.is_integer():
            raise BadScenario(f"{self.at}{key}: {value:g} must be a whole number")
        return int(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        value = self._take(key, [])
        if not isinstance(value, list):
            raise BadScenario(f"{self.at}{key}: must be a list of numbers")
        return tuple(self._checked(f"{key}[{n}]", one, 0.0, 1e12) for n, one in enumerate(value))

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str):
            raise BadScenario(f"{self.at}{key}: {value!r} must be a text")
        return value

    def requirement(self, key: str) -> Requirement:
        try:
            return parse(self.text(key, ""))
        except SkillSyntaxError as error:
            raise BadScenario(f"{self.at}{key}: {error}") from None

    def skills(self, key: str) -> dict[str, int]:
        table = self.table(key)
        return {name: table.whole(name, least=1, most=10) for name in table.values}

    def end(self) -> None:
        if unknown := sorted(set(self.values) - self._taken):
            raise BadScenario(f"{self.at}{unknown[0]}: unknown: use one of {', '.join(sorted(self._taken))}")
