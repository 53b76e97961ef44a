"""The forecast is calibrated, and monotone; the classical estimators are what their papers say."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.waits import ESTIMATORS, NEVER, Forecast, Seen, forecast

AHEAD = st.floats(0, 1e5)
AGENTS = st.integers(1, 5000)
SECONDS = st.floats(0.1, 1e5)
PATIENCE = SECONDS | st.none()


def shares_within(waits: np.ndarray, told: Forecast) -> tuple[float, float]:
    return float((waits <= told.p50_s).mean()), float((waits <= told.p90_s).mean())


@pytest.mark.parametrize("ahead", [0, 1, 3, 10, 30, 100])
@pytest.mark.parametrize("agents", [1, 3, 20, 200])
@pytest.mark.parametrize("patience_s", [10.0, 60.0, 300.0, 3000.0, None])
def test_half_are_answered_by_p50_and_nine_in_ten_by_p90(ahead: int, agents: int, patience_s: float | None) -> None:
    stages = 1 / (agents / 300 + np.arange(ahead + 1) / (patience_s or inf))
    waits = np.random.default_rng(ahead + agents).exponential(stages, (20_000, ahead + 1)).sum(axis=1)
    told = forecast(ahead, agents, 300.0, patience_s)
    assert shares_within(waits, told) == pytest.approx((0.5, 0.9), abs=0.02)
    assert told.mean_s == pytest.approx(stages.sum(), rel=0.004)


def one_wait(rng: np.random.Generator, ahead: int, agents: int, means: tuple[float, float]) -> float:
    """A line that empties: every agent busy, everybody ahead with a patience of their own, no stages assumed."""
    handle_s, patience_s = means
    free_at = sorted(rng.exponential(handle_s, agents))
    for gives_up_at in rng.exponential(patience_s, ahead):
        if gives_up_at > free_at[0]:
            free_at[0] += rng.exponential(handle_s)
            free_at.sort()
    return float(free_at[0])


@pytest.mark.parametrize(("ahead", "agents", "patience_s"), [(4, 3, 60.0), (12, 5, 200.0), (8, 10, 20.0)])
def test_the_forecast_holds_for_a_line_that_empties(ahead: int, agents: int, patience_s: float) -> None:
    rng = np.random.default_rng(5)
    waits = np.array([one_wait(rng, ahead, agents, (100.0, patience_s)) for _ in range(6000)])
    told = forecast(ahead, agents, 100.0, patience_s)
    assert shares_within(waits, told) == pytest.approx((0.5, 0.9), abs=0.03)
    assert told.mean_s == pytest.approx(waits.mean(), rel=0.04)


@given(AHEAD, AGENTS, st.tuples(SECONDS, PATIENCE), st.floats(0, 100))
def test_the_forecast_never_falls_when_something_got_worse(
    ahead: float, agents: int, means: tuple[float, float | None], more: float
) -> None:
    handle_s, patience_s = means
    told = forecast(ahead, agents, handle_s, patience_s)
    worse = [
        forecast(ahead + more, agents, handle_s, patience_s),
        forecast(ahead, agents - 1, handle_s, patience_s),
        forecast(ahead, agents, handle_s + more, patience_s),
        forecast(ahead, agents, handle_s, patience_s and patience_s + more),
    ]
    for other in worse:
        assert all(after >= before * (1 - 1e-9) for before, after in zip(told, other, strict=True))
    assert 0 < told.p50_s < told.p90_s
    assert told.p50_s <= told.mean_s * (1 + 1e-9)


@given(st.integers(0, 500), AGENTS, SECONDS, SECONDS)
def test_the_mean_is_that_of_the_markovian_estimator(
    ahead: int, agents: int, handle_s: float, patience_s: float
) -> None:
    exact = ESTIMATORS["QLm"](Seen(ahead, agents, handle_s, patience_s))
    assert forecast(ahead, agents, handle_s, patience_s).mean_s == pytest.approx(exact, rel=0.004)


def test_endless_patience_is_the_limit_of_long_patience() -> None:
    assert forecast(7.5, 4, 200.0, 1e9) == pytest.approx(forecast(7.5, 4, 200.0, None), rel=1e-6)
    assert forecast(7.5, 4, 200.0, inf) == forecast(7.5, 4, 200.0, None)


def test_nobody_to_serve_is_never() -> None:
    assert forecast(3, 0, 200.0, 60.0) == NEVER == (inf, inf, inf)


def test_the_classical_estimators() -> None:
    seen = Seen(ahead=2, agents=4, handle_s=200.0, patience_s=50.0, last_wait_s=33.0, head_wait_s=21.0)
    told = {name: estimate(seen) for name, estimate in ESTIMATORS.items()}
    assert told == pytest.approx({"QL": 150.0, "QLm": 50 + 25 + 50 / 3, "LES": 33.0, "HOL": 21.0})


def test_estimators_without_what_they_go_by() -> None:
    seen = Seen(ahead=2, agents=0, handle_s=200.0)
    assert {name: estimate(seen) for name, estimate in ESTIMATORS.items()} == {
        "QL": inf, "QLm": inf, "LES": None, "HOL": None,
    }  # fmt: skip
