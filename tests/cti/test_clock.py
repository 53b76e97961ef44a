"""Time goes on, whatever is done to the machine's clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cti.clock import SteadyClock


@given(st.lists(st.tuples(st.floats(0.001, 100), st.floats(-4000, 4000)), min_size=1, max_size=60))
def test_it_never_goes_back_and_never_stands(steps: list[tuple[float, float]]) -> None:
    """Each step: so much time passes, and the clock is set by so much."""
    wall, steady = [1e9], [5.0]
    clock = SteadyClock(lambda: wall[0], lambda: steady[0])
    before = clock()
    for passes, is_set in steps:
        steady[0] += passes
        wall[0] += passes + is_set
        now = clock()
        assert now >= before + passes * 0.49
        assert now >= wall[0]
        before = now


def test_it_is_the_walls_time_while_nobody_touches_it() -> None:
    wall, steady = [1e9], [5.0]
    clock = SteadyClock(lambda: wall[0], lambda: steady[0])
    for _ in range(100):
        wall[0] += 0.25
        steady[0] += 0.25
        assert clock() == wall[0]


def test_it_has_caught_up_after_twice_as_long() -> None:
    wall, steady = [1e9], [0.0]
    clock = SteadyClock(lambda: wall[0], lambda: steady[0])
    wall[0] -= 60
    for _ in range(121):
        wall[0] += 1
        steady[0] += 1
        clock()
    assert clock() == wall[0]
