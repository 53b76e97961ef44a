"""The figures of a day, counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.measures import (
    FORMULAS,
    Limits,
    Outcome,
    Result,
    abandonment,
    aht_s,
    asa_s,
    occupancy,
    service_levels,
    utilisation,
)


def outcome(result: str, waited_s: float, handle_s: float = 0.0) -> Outcome:
    return Outcome("bonds", 1_700_000_000.0, waited_s, Result(result), handle_s)


DAY = [
    outcome("answered", 0, 100),
    outcome("answered", 20, 200),  # the target itself is in time
    outcome("answered", 20.5, 300),
    outcome("answered", 60, 400),
    outcome("abandoned", 3),
    outcome("abandoned", 12),
    outcome("abandoned", 50),
    outcome("overflowed", 15),
    outcome("overflowed", 120),
    outcome("overflowed", 120),
]

OUTCOMES = st.lists(st.builds(outcome, st.sampled_from(list(Result)), st.floats(0, 500), st.floats(0, 500)))


def test_the_four_service_levels_side_by_side() -> None:
    assert service_levels(DAY, Limits(target_s=20, short_s=5)) == {
        "of_answered": pytest.approx(2 / 4),
        "abandoned_count_for": pytest.approx((2 + 2) / 10),
        "removed_of_queued": pytest.approx((2 + 2 + 1) / 10),
        "without_short": pytest.approx(2 / (4 + 3 - 1)),
    }


def test_averages_and_abandonment() -> None:
    assert asa_s(DAY) == pytest.approx(100.5 / 4)
    assert aht_s(DAY) == pytest.approx(250)
    assert abandonment(DAY) == pytest.approx(0.3)


def test_occupancy_is_of_the_time_there_for_contacts_utilisation_of_the_time_at_work() -> None:
    assert occupancy(handle_s=6000, available_s=1500) == pytest.approx(0.8)
    assert utilisation(handle_s=6000, available_s=1500, staffed_s=10_000) == pytest.approx(0.75)


def test_of_nothing_nothing_is_said() -> None:
    assert set(service_levels([], Limits()).values()) == {None}
    assert (asa_s([]), aht_s([]), abandonment([])) == (None, None, None)
    assert (occupancy(0, 0), utilisation(0, 0, 0)) == (None, None)


def test_a_day_of_short_abandons_only_has_no_level_without_them() -> None:
    levels = service_levels([outcome("abandoned", 2)], Limits(short_s=5))
    assert (levels["without_short"], levels["of_answered"], levels["removed_of_queued"]) == (None, None, 1.0)


def test_every_formula_is_named_in_both_languages_with_its_source() -> None:
    for formula in FORMULAS.values():
        assert all((formula.name_zh, formula.name_en, formula.source))


@given(OUTCOMES, st.floats(0, 500), st.floats(0, 500))
def test_a_service_level_is_a_share_and_never_falls_with_the_target(
    outcomes: list[Outcome], target_s: float, more_s: float
) -> None:
    before = service_levels(outcomes, Limits(target_s))
    after = service_levels(outcomes, Limits(target_s + more_s))
    for key, level in before.items():
        later = after[key]
        assert (level is None) == (later is None)
        assert level is None or later is None or 0 <= level <= later <= 1
