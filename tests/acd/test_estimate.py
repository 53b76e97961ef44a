"""The exact measures: against published tables, closed forms, and chains solved another way."""

from __future__ import annotations

from itertools import product
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.estimate import (
    Measures,
    Staff,
    birth_death,
    erlang_a,
    erlang_b,
    erlang_c,
    limited_lines,
    queue,
    separate_queues,
)

LOAD = st.floats(0.01, 60.0)
AGENTS = st.integers(1, 40)
PATIENCE = st.floats(1.0, 2000.0)


def close(a: Measures, b: Measures, rel: float = 1e-9) -> bool:
    pairs = ((getattr(a, name), getattr(b, name)) for name in Measures.__slots__)
    return all(one == pytest.approx(other, rel=rel, abs=rel) for one, other in pairs)


# -- published values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "erlangs"), [(1, 0.0101), (5, 1.361), (10, 4.461), (20, 12.03), (50, 37.90), (100, 84.06)]
)
def test_erlang_b_meets_the_one_percent_column_of_the_traffic_tables(lines: int, erlangs: float) -> None:
    assert erlang_b(erlangs / 180, 180, lines).p_blocked == pytest.approx(0.01, rel=2e-3)


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ((0.2, 240, 55, 15), (0.239, 8.2, 0.846)),  # 360 calls a half hour, the textbook example of T. Tanner
        ((200 / 3600, 180, 14, 20), (0.174, 7.8, 0.888)),  # 200 calls an hour of 3 minutes
        ((8, 1, 10, 0), (0.4092, 0.2046, 0.5908)),
    ],
)
def test_erlang_c_meets_worked_examples(
    given_: tuple[float, float, int, float], wanted: tuple[float, float, float]
) -> None:
    found = erlang_c(*given_)
    p_wait, asa_s, in_target = wanted
    assert (found.p_wait, found.p_served_within_target) == pytest.approx((p_wait, in_target), abs=6e-4)
    assert found.asa_s == pytest.approx(asa_s, rel=1e-2)


def test_erlang_a_meets_a_worked_example() -> None:
    """100 calls a half hour of 3 minutes, patience 5 minutes, 13 agents: pyworkforce's guide to Erlang A."""
    found = erlang_a(100 / 1800, 180, 13, 300, 20)
    assert (found.p_wait, found.p_abandon) == pytest.approx((0.226, 0.025), abs=1e-3)
    assert found.mean_wait_s / 60 == pytest.approx(0.125, abs=1e-3)
    assert found.p_served_within_target == pytest.approx(0.858, abs=1e-3)


# -- closed forms and limits -----------------------------------------------------------------------------------------


def test_one_agent_has_the_closed_forms() -> None:
    found = erlang_c(0.8, 1, 1, 3)
    assert (found.p_wait, found.asa_s, found.mean_queue) == pytest.approx((0.8, 4.0, 3.2))
    assert found.p_served_within_target == pytest.approx(1 - 0.8 * exp(-0.6))
    assert limited_lines(0.8, 1, 1, 5, 3).p_blocked == pytest.approx(0.2 * 0.8**5 / (1 - 0.8**6))
    assert limited_lines(1.0, 1, 1, 5, 3).p_blocked == pytest.approx(1 / 6)


def test_one_line_an_agent_is_erlang_b() -> None:
    assert close(limited_lines(0.1, 100, 8, 8, 20), erlang_b(0.1, 100, 8))


def test_without_blocking_or_leaving_all_become_erlang_c() -> None:
    wanted = erlang_c(0.14, 600, 90, 30)
    assert close(limited_lines(0.14, 600, 90, 3000, 30), wanted)
    assert close(erlang_a(0.14, 600, 90, 1e12, 30), wanted, rel=1e-6)
    assert close(queue(0.14, Staff(90, 600), 30), wanted)


def test_with_no_patience_at_all_waiting_is_as_good_as_blocked() -> None:
    assert erlang_a(0.14, 600, 90, 1e-6, 30).p_abandon == pytest.approx(erlang_b(0.14, 600, 90).p_blocked, rel=1e-4)


def test_when_patience_equals_handling_the_queue_is_one_of_endless_agents() -> None:
    found = erlang_a(0.1, 100, 7, 100, 20)
    poisson = birth_death([0.1] * 80, [n / 100 for n in range(1, 81)])
    assert found.p_wait == pytest.approx(sum(poisson[7:]))
    assert found.mean_queue == pytest.approx(sum((n - 7) * p for n, p in enumerate(poisson) if n > 7))


def test_nobody_calling_meets_no_wait() -> None:
    assert erlang_a(0, 100, 3, 60, 20) == Measures(0, 0, 0, 0, 0, 1, 0)


def test_large_numbers_do_not_overflow() -> None:
    found = limited_lines(50, 600, 30_000, 40_000, 20)
    assert 0 < found.p_blocked < 1
    assert all(0 <= getattr(found, name) < inf for name in Measures.__slots__)


# -- solved another way ----------------------------------------------------------------------------------------------


def steady(generator: np.ndarray) -> np.ndarray:
    """The steady state by linear algebra; rows of `generator` need no diagonal."""
    full = generator - np.diag(generator.sum(axis=1))
    size = len(full)
    system = np.vstack([full.T, np.ones(size)])
    solution: np.ndarray = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0]
    return solution


def transient(generator: np.ndarray, after_s: float) -> np.ndarray:
    """The transition probabilities after a while: a Taylor series on a short step, then squared."""
    step = (generator - np.diag(generator.sum(axis=1))) * after_s / 2**16
    series = term = np.eye(len(step))
    for k in range(1, 8):
        term = term @ step / k
        series = series + term
    return np.linalg.matrix_power(series, 2**16)


@pytest.mark.parametrize(
    ("arrival", "agents", "patience_s", "lines"), [(0.1, 8, 90, 60), (0.2, 5, 30, 12), (0.05, 6, inf, 20)]
)
def test_a_queue_equals_its_chain_solved_by_linear_algebra(
    arrival: float, agents: int, patience_s: float, lines: int
) -> None:
    handle_s, target_s, space = 100.0, 20.0, lines - agents
    leaving = [min(n, agents) / handle_s + max(0, n - agents) / patience_s for n in range(lines + 1)]
    p = steady(np.diag([arrival] * lines, 1) + np.diag(leaving[1:], -1))
    # One who waits, by how many are before it: 0 to space - 1, then answered, then gone.
    waiting = np.zeros((space + 2, space + 2))
    for ahead in range(space):
        waiting[ahead, ahead - 1 if ahead else space] = leaving[agents + ahead]
        waiting[ahead, space + 1] = 1 / patience_s
    start = p[agents:lines] / (1 - p[lines])
    in_time = transient(waiting, target_s)[:space, space]
    inside = (waiting - np.diag(waiting.sum(axis=1)))[:space, :space]
    answered = np.linalg.solve(-inside, waiting[:space, space])
    answered_later = np.linalg.solve(-inside, answered)  # the mean of wait x answered
    at_once = p[:agents].sum() / (1 - p[lines])
    found = queue(arrival, Staff(agents, handle_s, patience_s), target_s, lines)
    served = at_once + start @ answered
    wanted = Measures(
        p_blocked=p[lines],
        p_wait=start.sum(),
        mean_wait_s=start @ np.linalg.solve(-inside, np.ones(space)),
        asa_s=start @ answered_later / served,
        p_abandon=1 - served,
        p_served_within_target=at_once + start @ in_time,
        mean_queue=sum((n - agents) * p[n] for n in range(agents, lines + 1)),
    )
    assert close(found, wanted, rel=1e-8)


@pytest.mark.parametrize("lines", [3, 7, 14])
def test_separate_queues_equal_their_common_chain_solved_by_linear_algebra(lines: int) -> None:
    classes = [(0.05, Staff(3, 100.0)), (0.9, Staff(2, 10.0, 25.0))]
    states = [state for state in product(range(lines + 1), repeat=2) if sum(state) <= lines]
    index = {state: i for i, state in enumerate(states)}
    generator = np.zeros((len(states), len(states)))
    for (a, b), i in index.items():
        for up, (arrival, staff) in (((a + 1, b), classes[0]), ((a, b + 1), classes[1])):
            n = up[0] if up[0] > a else up[1]
            if up in index:
                generator[i, index[up]] = arrival
                generator[index[up], i] = staff.departure_rate(n)
    p = steady(generator)
    full = sum(p[i] for state, i in index.items() if sum(state) == lines)
    total, parts = separate_queues(classes, lines, 20)
    assert total.p_blocked == pytest.approx(full)
    for k, ((_, staff), part) in enumerate(zip(classes, parts, strict=True)):
        waits = sum(p[i] for s, i in index.items() if s[k] >= staff.agents and sum(s) < lines) / (1 - full)
        assert part.p_wait == pytest.approx(waits)
        assert part.mean_queue == pytest.approx(sum(p[i] * max(0, s[k] - staff.agents) for s, i in index.items()))
    assert total.mean_queue == pytest.approx(sum(part.mean_queue for part in parts))
    assert parts[0].p_abandon == 0 < total.p_abandon < parts[1].p_abandon


# -- separate queues and the skills model ----------------------------------------------------------------------------


def test_one_class_alone_is_a_queue_with_limited_lines() -> None:
    total, (only,) = separate_queues([(0.14, Staff(90, 600))], 120, 30)
    assert close(total, only)
    assert close(only, limited_lines(0.14, 600, 90, 120, 30))


def test_with_lines_to_spare_classes_know_nothing_of_each_other() -> None:
    _, parts = separate_queues([(0.02, Staff(15, 600)), (0.04, Staff(40, 600, 90))], 600, 30)
    assert close(parts[0], erlang_c(0.02, 600, 15, 30))
    assert close(parts[1], erlang_a(0.04, 600, 40, 90, 30))


def test_a_class_beyond_all_measure_leaves_no_underflow() -> None:
    total, parts = separate_queues([(1000.0, Staff(15, 600)), (1000.0, Staff(15, 600)), (0.0, Staff(1, 9))], 120, 30)
    assert total.p_blocked == pytest.approx(1 - 30 / 600 / 2000, rel=1e-6)
    assert parts[2].p_wait == 0


def test_the_skills_model_has_its_two_ends() -> None:
    """Six classes of 14 erlangs, 90 agents, 120 lines: with one skill each the pooling of all skills is lost."""
    each, (first, *rest) = separate_queues([(14 / 600, Staff(15, 600))] * 6, 120, 30)
    pooled = limited_lines(84 / 600, 600, 90, 120, 30)
    assert all(close(first, other) for other in rest)
    assert (each.p_wait, each.mean_wait_s) == pytest.approx((first.p_wait, first.mean_wait_s))
    assert each.mean_queue == pytest.approx(6 * first.mean_queue)
    assert (each.p_blocked, pooled.p_blocked) == pytest.approx((0.04166, 0.003643), rel=1e-3)
    assert (each.p_served_within_target, pooled.p_served_within_target) == pytest.approx((0.4734, 0.7329), abs=1e-4)


# -- properties ------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(1e-6, 1e6)), max_size=60))
def test_a_steady_state_sums_to_one_and_balances_every_cut(rates: list[tuple[float, float]]) -> None:
    up, down = [a for a, _ in rates], [b for _, b in rates]
    p = birth_death(up, down)
    assert sum(p) == pytest.approx(1.0)
    for n in range(len(rates)):
        assert p[n] * up[n] == pytest.approx(p[n + 1] * down[n], rel=1e-9, abs=1e-290)


@given(LOAD, AGENTS, PATIENCE, st.floats(0, 300), st.integers(1, 120) | st.none())
def test_measures_agree_with_each_other(
    load: float, agents: int, patience_s: float, target_s: float, lines: int
) -> None:
    arrival = load / 100
    found = queue(arrival, Staff(agents, 100, patience_s), target_s, lines)
    for name in ("p_blocked", "p_wait", "p_abandon", "p_served_within_target"):
        assert -1e-12 <= getattr(found, name) <= 1 + 1e-12
    entering = arrival * (1 - found.p_blocked)
    assert entering * found.p_abandon * patience_s == pytest.approx(found.mean_queue)  # who leaves, leaves the queue
    assert found.mean_queue == pytest.approx(entering * found.mean_wait_s)  # Little
    assert 1 - found.p_wait - 1e-12 <= found.p_served_within_target <= 1 - found.p_abandon + 1e-12
    assert queue(arrival, Staff(agents, 100, patience_s), 1e7, lines).p_served_within_target == pytest.approx(
        1 - found.p_abandon
    )


@given(LOAD, AGENTS, PATIENCE, st.floats(0, 300))
def test_more_agents_less_waiting_and_more_time_more_served(
    load: float, agents: int, patience_s: float, target_s: float
) -> None:
    found = erlang_a(load / 100, 100, agents, patience_s, target_s)
    helped = erlang_a(load / 100, 100, agents + 1, patience_s, target_s)
    assert helped.p_wait <= found.p_wait + 1e-12
    assert helped.mean_wait_s <= found.mean_wait_s + 1e-12
    assert helped.p_served_within_target >= found.p_served_within_target - 1e-12
    later = erlang_a(load / 100, 100, agents, patience_s, target_s + 1)
    assert later.p_served_within_target >= found.p_served_within_target - 1e-12


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot keep up"):
        erlang_c(1.0, 10, 10, 20)
    with pytest.raises(ValueError, match="no such staff"):
        Staff(0, 100)
    with pytest.raises(ValueError, match="no such queue"):
        limited_lines(-1, 100, 3, 5, 20)
    with pytest.raises(ValueError, match="no such queue"):
        limited_lines(1, 100, 3, 0, 20)
    with pytest.raises(ValueError, match="no such queue"):
        erlang_a(float("nan"), 100, 3, 50, 20)
    with pytest.raises(ValueError, match="nobody calls"):
        separate_queues([(0.0, Staff(1, 9))], 5, 20)
    with pytest.raises(ValueError, match="steady state"):
        birth_death([1.0], [0.0])
