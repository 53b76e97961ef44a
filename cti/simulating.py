"""`simulate` and `replay`: the router under a virtual clock, over a made-up day or a recorded one."""

from __future__ import annotations

import csv
import json
import random
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf, isfinite
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

import typer

from acd.rules import RULES
from acd.scenario import BadScenario, Scenario, read
from acd.simulate import Estimate, Result, Visit, replay, simulate

COLUMNS = ("arrival_s", "class", "service_s", "patience_s")
SHOWN = {
    "offered": "contacts",
    "blocked": "blocked",
    "p_wait": "share that waited",
    "mean_wait_s": "mean wait, all that entered, s",
    "asa_s": "ASA, the answered, s",
    "p_abandon": "share that gave up",
    "p_served_within_target": "answered within target",
    "mean_queue": "mean queue",
}


class Recorded(NamedTuple):
    """A recorded day: what came, and how long each waited then (None where that is not told)."""

    visits: list[Visit]
    waited_s: list[float | None]


def load(path: Path) -> Scenario:
    """The scenario in a file; raises BadScenario naming file and place."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return read(raw, lambda name: [float(line) for line in (path.parent / name).read_text("utf-8").split()])
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, BadScenario) as error:
        raise BadScenario(f"{path}: {error}") from None


def load_day(path: Path, scenario: Scenario) -> Recorded:
    """The contacts in a CSV file, in the order of their coming; raises BadScenario naming file, line and column."""
    numbers = {one.name: n for n, one in enumerate(scenario.streams)}
    found: list[tuple[Visit, float | None]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise BadScenario(f"{path}:1: no column {missing[0]!r}: needs {','.join(COLUMNS)}")
            for row in rows:
                at = f"{path}:{rows.line_num}"
                if row["class"] not in numbers:
                    raise BadScenario(f"{at}: class {row['class']!r} is not in the scenario: use {', '.join(numbers)}")
                patience = _seconds(row["patience_s"], f"{at}: patience_s", inf)
                waited = _seconds(row.get("waited_s") or "", f"{at}: waited_s", inf)
                visit = Visit(
                    _seconds(row["arrival_s"], f"{at}: arrival_s"),
                    numbers[row["class"]],
                    _seconds(row["service_s"], f"{at}: service_s"),
                    patience,
                )
                found.append((visit, waited if isfinite(waited) else None))
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadScenario(f"{path}: {error}") from None
    except csv.Error as error:
        raise BadScenario(f"{path}:{rows.line_num + 1}: {error}") from None
    if not found:
        raise BadScenario(f"{path}: no contacts in it")
    found.sort(key=lambda pair: pair[0].at)
    return Recorded([visit for visit, _ in found], [waited for _, waited in found])


def _seconds(text: str | None, place: str, empty: float | None = None) -> float:
    if not (text or "").strip() and empty is not None:
        return empty
    try:
        value = float(text or "")
    except ValueError:
        value = -1.0
    if not 0 <= value < inf:
        raise BadScenario(f"{place}: {text!r} must be a number of seconds")
    return value


def run_simulation(path: Path, *, as_json: bool, compare: str) -> str:
    """What `simulate` prints; raises BadScenario."""
    scenario = load(path)
    results: dict[str, Result] = {}
    for rule in _rules(compare, scenario):
        with _progress(scenario.contacts, rule) as progress:
            chance, draws = random.Random(scenario.seed), random.Random(scenario.seed + 1)
            results[rule] = simulate(scenario, chance, rule, progress, draws)
    return _told(results, as_json=as_json, compared=bool(compare))


def run_replay(day: Path, path: Path, *, as_json: bool, compare: str = "") -> str:
    """What `replay` prints; raises BadScenario."""
    scenario = load(path)
    recorded = load_day(day, scenario)
    scenario = scenario.of_day(len(recorded.visits))
    results: dict[str, Result] = {}
    for rule in _rules(compare, scenario):
        with _progress(scenario.contacts, rule) as progress:
            results[rule] = replay(scenario, recorded.visits, random.Random(scenario.seed), rule, progress)
    told = _told(results, as_json=as_json, compared=bool(compare))
    if as_json or all(one is None for one in recorded.waited_s):
        return told
    return f"{told}\n\n{_beside(recorded, next(iter(results.values())))}"


def _rules(compare: str, scenario: Scenario) -> list[str]:
    rules = [rule.strip() for rule in compare.split(",") if rule.strip()] or [scenario.rule]
    for rule in rules:
        if rule not in RULES:
            raise BadScenario(f"--compare: no rule {rule!r}: use some of {', '.join(RULES)}")
    return rules


@contextmanager
def _progress(contacts: int, rule: str) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal, none where the output goes elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=contacts, label=rule, file=sys.stderr) as bar:
        yield lambda done: bar.update(max(0, done - bar.pos))


def _told(results: Mapping[str, Result], *, as_json: bool, compared: bool) -> str:
    if as_json:
        told = {rule: result.as_json() for rule, result in results.items()}
        return json.dumps(told if compared else next(iter(told.values())), ensure_ascii=False, indent=1)
    return "\n\n".join(_table(rule, result) for rule, result in results.items())


def _table(rule: str, result: Result) -> str:
    scenario = result.scenario
    columns = [("total", result.of()), *((one.name, result.of(n)) for n, one in enumerate(scenario.streams))]
    columns = columns if len(columns) > 2 else columns[:1]
    width = max(len(text) for text in SHOWN.values())
    title = f"{rule}, target {scenario.target_s:g} s"
    lines = [f"{title:<{width}}" + "".join(f"{name:>22}" for name, _ in columns)]
    for key, text in SHOWN.items():
        lines.append(f"{text:<{width}}" + "".join(f"{_figure(measures[key]):>22}" for _, measures in columns))
    shares = [one for one in result.occupancies if one is not None]
    if shares:
        lines.append(f"occupancy of agents: mean {fmean(shares):.3f}, {min(shares):.3f} to {max(shares):.3f}")
    return "\n".join([*lines, *_forecasts(result)])


def _figure(value: int | Estimate) -> str:
    if not isinstance(value, Estimate):
        return f"{value:,}"
    if value.mean is None:
        return "-"
    return f"{value.mean:.4g}" if value.half_width is None else f"{value.mean:.4g} ± {value.half_width:.2g}"


def _forecasts(result: Result) -> list[str]:
    found = result.as_json()["forecasts"]
    assert isinstance(found, dict)  # noqa: S101
    if not found["made"]:
        return []
    shares = f"{found['within_p50']:.1%} within P50, {found['within_p90']:.1%} within P90"
    lines = [f"forecasts of {found['made']:,} waits: {shares}"]
    errors = [f"{name} {value:.4g}" for name, value in found["mse_s2"].items() if value is not None]
    return [*lines, f"mean squared error, s²: {', '.join(errors)}"] if errors else lines


def _beside(recorded: Recorded, result: Result) -> str:
    """The day's real and replayed waits, hour by hour."""
    rows = ["hour   contacts   waited then, s: mean  median   replayed, s: mean  median"]
    hours: dict[int, list[tuple[float, float]]] = {}
    for visit, then, now in zip(recorded.visits, recorded.waited_s, result.waits_s, strict=True):
        if then is not None and now is not None:
            hours.setdefault(int(visit.at // 3600), []).append((then, now))
    every = [pair for pairs in hours.values() for pair in pairs]
    for name, pairs in [*((f"{hour:02d}", hours[hour]) for hour in sorted(hours)), ("all", every)]:
        rows.append(f"{name:<6}{_stats(pairs)}")
    return "\n".join(rows)


def _stats(pairs: Sequence[tuple[float, float]]) -> str:
    then, now = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return f"{len(pairs):>9,}{fmean(then):>23.1f}{median(then):>8.1f}{fmean(now):>20.1f}{median(now):>8.1f}"
