"""What those who wait are told."""

from __future__ import annotations

from math import inf

import pytest

from ivr.in_line import Outlook, Treatment, minutes, told
from ivr.values import pieces

ALL = Treatment(comfort=("comfort", "other"), offered=("offer",))


@pytest.mark.parametrize(
    ("p50_s", "p90_s", "expected"),
    [
        (5, 40, (1, 1)),
        (70, 170, (2, 3)),
        (60, 240, (1, 4)),
        (60, 301, None),
        (600, 1200, (10, 20)),
        (inf, inf, None),
        (30, inf, None),
    ],
)
def test_an_estimate_is_given_in_minutes_only_where_it_is_of_use(
    p50_s: float, p90_s: float, expected: tuple[int, int] | None
) -> None:
    assert minutes(Outlook(3, p50_s, p90_s)) == expected


def test_position_and_estimate_come_before_comfort_and_offers() -> None:
    said, values = told(ALL, 0, Outlook(12, 70, 170))

    assert " ".join(
        map(str, [one if isinstance(one, str) else "".join(one.words) for one in pieces(said, values, "zh")])
    ) == ("ahead_before 十二 ahead_after wait_before 二 wait_to 三 wait_after comfort offer")


def test_the_first_is_told_so_and_comfort_takes_turns() -> None:
    assert told(ALL, 1, Outlook(0, 5, 20))[0] == ["you_are_next", "wait_short", "other", "offer"]
    assert told(ALL, 2, None)[0] == ["comfort", "offer"]


def test_what_is_switched_off_is_not_said() -> None:
    assert told(Treatment(position=False, estimate=False), 0, Outlook(3, 5, 20)) == ([], {})
