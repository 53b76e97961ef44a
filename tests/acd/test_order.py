"""The masked order finds what a look at everything finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acd.order import MaskedOrder

STEPS = st.lists(st.tuples(st.sampled_from(["add", "add", "remove", "first"]), st.integers(0, 99), st.integers(0, 255)))


@given(STEPS)
def test_the_first_of_those_wanted(steps: list[tuple[str, int, int]]) -> None:
    order: MaskedOrder[tuple[int, int]] = MaskedOrder()
    plain: dict[tuple[int, int], int] = {}
    for n, (step, number, mask) in enumerate(steps):
        if step == "add":
            order.add((number, n), mask)
            plain[number, n] = mask
        elif step == "remove" and plain:
            key = sorted(plain)[number % len(plain)]
            order.remove(key)
            del plain[key]
        else:
            assert order.first(mask) == min((key for key in plain if plain[key] & mask), default=None)
    assert list(order) == sorted(plain)


def test_a_long_order_is_cut_into_blocks_and_stays_in_order() -> None:
    order: MaskedOrder[tuple[int]] = MaskedOrder()
    numbers = [n * 7919 % 1000 for n in range(1000)]
    for number in numbers:
        order.add((number,), 1 << number % 3)
    assert list(order) == sorted((n,) for n in numbers)
    assert order.first(0b100) == (2,)
    for number in range(999):
        order.remove((number,))
    assert list(order) == [(999,)]
    assert order.first(0b001) == (999,)
