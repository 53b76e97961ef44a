"""The simulator itself: same seed same figures, arrivals that follow the clock, calibrated forecasts, bad scenarios."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from acd.scenario import BadScenario, read
from acd.simulate import Estimate, Result, Visit, arrivals, replay, simulate
from tests.simulation.models import exponential, one_queue, six_classes

SMALL: dict[str, Any] = {
    "run": {"contacts": 4, "warmup": 0, "batches": 2},
    "class": [{"name": "a", "rate_per_s": 1.0, "service": {"dist": "constant", "mean": 10.0}}],
    "agents": [{"count": 1}],
}


def test_the_same_seed_gives_the_same_run() -> None:
    scenario = one_queue(0.05, 9, patience_s=90.0, contacts=2_000)
    assert simulate(scenario, random.Random(5)).as_json() == simulate(scenario, random.Random(5)).as_json()


def test_every_contact_is_blocked_served_or_gave_up() -> None:
    result = simulate(one_queue(0.1, 9, patience_s=60.0, lines=14, contacts=5_000), random.Random(2))
    for batch in result.tallies:
        for tally in batch:
            assert tally.offered == tally.blocked + tally.served + tally.abandoned
    assert sum(tally.offered for batch in result.tallies for tally in batch) == 5_000


def test_replayed_contacts_meet_exactly_what_they_must() -> None:
    visits = [Visit(0, 0, 10, inf), Visit(1, 0, 10, inf), Visit(2, 0, 10, 5.0), Visit(30, 0, 10, inf)]
    result = replay(read(SMALL), visits, random.Random(1))
    whole = [sum((batch[0] for batch in result.tallies), start=type(result.tallies[0][0])())]
    assert (whole[0].served, whole[0].abandoned, whole[0].wait_s) == (3, 1, 9 + 5)
    assert result.of()["entered"] == 4


def test_agents_come_and_go_by_their_shifts() -> None:
    shifts = [{"count": 1, "from_s": 100.0, "to_s": 200.0}]
    visits = [Visit(0, 0, 10, inf), Visit(1, 0, 1, inf), Visit(300, 0, 10, 20.0), Visit(301, 0, 1, 20.0)]
    result = replay(read({**SMALL, "agents": shifts}), visits, random.Random(1))
    tally = sum((batch[0] for batch in result.tallies), start=type(result.tallies[0][0])())
    assert (tally.served, tally.abandoned, tally.served_wait_s) == (2, 2, 100 + 109)


def occupancies(result: Result) -> list[Any]:
    told: Any = result.as_json()["agents"]
    return [one["occupancy"] for one in told]


def test_occupancy_is_of_the_time_that_counts_and_that_the_agent_was_there() -> None:
    shifts = [{"count": 1}, {"count": 1, "from_s": 100.0, "to_s": 150.0}]
    visits = [Visit(0, 0, 50, inf), Visit(100, 0, 25, inf), Visit(100, 0, 25, inf), Visit(200, 0, 500, inf)]
    result = replay(read({**SMALL, "agents": shifts}), visits, random.Random(1))
    assert occupancies(result) == [pytest.approx(75 / 200), pytest.approx(25 / 50)]


def test_what_an_agent_does_when_the_warm_up_ends_counts_from_there() -> None:
    scenario = read({**SMALL, "run": {"contacts": 4, "warmup": 1, "batches": 2}})
    visits = [Visit(0, 0, 1000, inf), *(Visit(at, 0, 1, 5) for at in (10, 20, 30, 40))]
    assert occupancies(replay(scenario, visits, random.Random(1))) == [1.0]


def test_a_shift_that_no_counted_time_falls_into_has_no_occupancy() -> None:
    scenario = read({**SMALL, "agents": [{"count": 1}, {"count": 1, "from_s": 1e6}]})
    visits = [Visit(at, 0, 1, 5) for at in (0, 10, 20, 30)]
    assert occupancies(replay(scenario, visits, random.Random(1))) == [pytest.approx(0.1), None]


def test_one_batch_says_nothing_of_its_spread() -> None:
    result = replay(read(SMALL).of_day(1), [Visit(0, 0, 10, inf)], random.Random(1))
    assert result.of()["p_wait"] == Estimate(0.0, None)


def test_a_simulation_to_which_nobody_comes_is_refused() -> None:
    with pytest.raises(BadScenario, match="rate_per_s"):
        simulate(read({**SMALL, "class": [{**SMALL["class"][0], "rate_per_s": 0.0}]}), random.Random(1))


def test_rings_widen_in_a_day_told_in_epoch_seconds() -> None:
    rings = [{"after_s": 20, "requires": ""}]
    scenario = read({**SMALL, "class": [{**SMALL["class"][0], "requires": "s", "rings": rings}],
                     "agents": [{"count": 1}, {"skills": {"s": 1}}]})  # fmt: skip
    visits = [Visit(1.7e9, 0, 500, inf), Visit(1.7e9 + 1, 0, 10, inf)]
    assert replay(scenario, visits, random.Random(1)).waits_s == [0.0, 20.0]


def test_a_rule_that_draws_meets_the_same_contacts() -> None:
    scenario = one_queue(0.05, 9, patience_s=90.0, contacts=500)
    plain = simulate(scenario, random.Random(5), "longest_idle").of()
    assert simulate(scenario, random.Random(5), "weighted_random", draws=random.Random(6)).of() == plain


def test_arrivals_follow_a_day_that_changes() -> None:
    day = {**SMALL, "class": [{**SMALL["class"][0], "rates_per_s": [0.0, 2.0, 1.0], "period_s": 100.0}]}
    del day["class"][0]["rate_per_s"]
    visits = list(arrivals(read(day).streams, 30_000, random.Random(1)))
    counts = [0, 0, 0]
    for visit in visits:
        counts[int(visit.at // 100) % 3] += 1
    assert counts[0] == 0
    assert counts[1] / counts[2] == pytest.approx(2.0, rel=0.05)


def test_half_of_the_waits_are_within_p50_and_nine_in_ten_within_p90() -> None:
    scenario = replace(one_queue(0.055, 9, patience_s=120.0, contacts=40_000), forecast_every=4)
    told = simulate(scenario, random.Random(4)).as_json()["forecasts"]
    assert isinstance(told, dict)
    assert told["made"] > 1000
    assert told["within_p50"] == pytest.approx(0.5, abs=0.06)
    assert told["within_p90"] == pytest.approx(0.9, abs=0.06)
    assert told["mse_s2"]["EWT"] <= min(told["mse_s2"][name] for name in ("QL", "LES", "HOL"))


def test_shared_skills_make_the_forecast_better_than_the_length_of_the_own_queue() -> None:
    told = simulate(six_classes(2, 60_000, forecast_every=5), random.Random(4)).as_json()["forecasts"]
    assert isinstance(told, dict)
    assert told["within_p50"] == pytest.approx(0.5, abs=0.1)
    assert told["within_p90"] == pytest.approx(0.9, abs=0.05)
    assert told["mse_s2"]["EWT"] < 0.8 * told["mse_s2"]["QL"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"agents": []}, "at least one"),
        ({"queue": {"agent_rule": "nearest"}}, "queue.agent_rule: no rule 'nearest'"),
        ({"class": [{"name": "a", "service": {"dist": "weibull", "mean": 1}}]}, "class[0].service.dist"),
        ({"class": [{"name": "a", "service": exponential(0)}]}, "class[0].service.mean"),
        ({"class": [{"name": "a", "service": exponential(1), "requires": "x >="}]}, "class[0].requires: column 5"),
        ({"class": [{"name": "a", "service": exponential(1), "rates_per_s": [1, 2]}]}, "class[0].period_s"),
        ({"class": [{"name": "a"}]}, "class[0].service.dist"),
        ({"run": {"contact": 5}}, "run.contact: unknown"),
        ({"agents": [{"count": 0}]}, "agents[0].count"),
        ({"agents": [{"skills": {"a": 11}}]}, "agents[0].skills.a: 11 must be a number from 1 to 10"),
        ({"system": {"lines": "many"}}, "system.lines"),
        ({"system": {"lines": 0}}, "system.lines: 0 must be a number from 1"),
        ({"class": [SMALL["class"][0], SMALL["class"][0]]}, "class[1].name: 'a' is there already"),
        ({"class": [{**SMALL["class"][0], "rings": [{"after_s": 9}, {"after_s": 9}]}]}, "class[0].rings[1].after_s"),
        ({"class": [{"name": "a", "service": exponential(1), "rates_per_s": [inf], "period_s": 1}]}, "rates_per_s[0]"),
        ({"agents": [{"from_s": 9, "to_s": 5}]}, "agents[0].to_s"),
        ({"agents": [{"count": 1.5}]}, "agents[0].count: 1.5 must be a whole number"),
    ],
)
def test_a_bad_scenario_names_its_place(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=r".*") as wrong:
        read({**SMALL, **change})
    assert words in str(wrong.value)
    assert isinstance(wrong.value, BadScenario)
