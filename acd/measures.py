"""What a day was: service level by each formula in use, and the other usual figures, from stored outcomes.

Nothing to measure is None: neither 0 % nor 100 %. Times are seconds; `within` a target includes the target itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How a contact's time in a queue ended; overflowed: taken out by the system, to wherever."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One contact that entered a queue.

    `arrived_at` is UTC epoch seconds; `waited_s` from then to the end of its wait, however that ended; `handle_s` is
    talking, holding and wrap-up together, 0 unless answered.
    """

    queue: str
    arrived_at: float
    waited_s: float
    result: Result
    handle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The target of a service level, and up to which wait an abandonment counts as short (seconds)."""

    target_s: float = 20.0
    short_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Formula:
    """A service level: its name, who defines it so, and the share itself (0 to 1; None of nothing)."""

    name_zh: str
    name_en: str
    source: str
    share: Callable[[Sequence[Outcome], Limits], float | None]


def _count(outcomes: Iterable[Outcome], result: Result | None = None, within_s: float = float("inf")) -> int:
    return sum(one.waited_s <= within_s and result in (None, one.result) for one in outcomes)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _of_answered(outcomes: Sequence[Outcome], limits: Limits) -> float | None:
    return _ratio(_count(outcomes, Result.ANSWERED, limits.target_s), _count(outcomes, Result.ANSWERED))


def _abandoned_count_for(outcomes: Sequence[Outcome], limits: Limits) -> float | None:
    abandoned_soon = _count(outcomes, Result.ABANDONED, limits.target_s)
    return _ratio(_count(outcomes, Result.ANSWERED, limits.target_s) + abandoned_soon, len(outcomes))


def _removed_of_queued(outcomes: Sequence[Outcome], limits: Limits) -> float | None:
    return _ratio(_count(outcomes, within_s=limits.target_s), len(outcomes))


def _without_short(outcomes: Sequence[Outcome], limits: Limits) -> float | None:
    abandoned = _count(outcomes, Result.ABANDONED) - _count(outcomes, Result.ABANDONED, limits.short_s)
    in_time = _count(outcomes, Result.ANSWERED, limits.target_s)
    return _ratio(in_time, _count(outcomes, Result.ANSWERED) + abandoned)


FORMULAS: dict[str, Formula] = {
    "of_answered": Formula(
        "时限内接听 ÷ 接听",
        "answered in T / answered",
        "Asterisk, app_queue: ServiceLevelPerf",
        _of_answered,
    ),
    "abandoned_count_for": Formula(
        "(时限内接听 + 时限内放弃) ÷ 全部",
        "(answered in T + abandoned in T) / all",
        'Cisco ICM 4.5, "Service Data": abandoned calls positively impact service level',
        _abandoned_count_for,
    ),
    "removed_of_queued": Formula(
        "时限内离开队列 ÷ 进入队列",
        "removed in T / queued",
        "Amazon Connect, metric definitions: service level X",
        _removed_of_queued,
    ),
    "without_short": Formula(
        "时限内接听 ÷ (接听 + 放弃 − 短时放弃)",
        "answered in T / (answered + abandoned - short abandons)",
        'Genesys Cloud, "Configure the service level calculation": short abandons not included',
        _without_short,
    ),
}
"""Every service level there is to choose from; another one is one function and one line here."""


def service_levels(outcomes: Sequence[Outcome], limits: Limits) -> dict[str, float | None]:
    """All of FORMULAS side by side, by key."""
    return {key: formula.share(outcomes, limits) for key, formula in FORMULAS.items()}


def asa_s(outcomes: Sequence[Outcome]) -> float | None:
    """Average speed of answer: the mean wait of the answered, those answered at once included."""
    waits = [one.waited_s for one in outcomes if one.result is Result.ANSWERED]
    return _ratio(sum(waits), len(waits))


def aht_s(outcomes: Sequence[Outcome]) -> float | None:
    """Average handle time: talking, holding and wrap-up of the answered, over their number."""
    handled = [one.handle_s for one in outcomes if one.result is Result.ANSWERED]
    return _ratio(sum(handled), len(handled))


def abandonment(outcomes: Sequence[Outcome]) -> float | None:
    """The share that gave up waiting, of all that entered the queue, short ones and overflowed included."""
    return _ratio(_count(outcomes, Result.ABANDONED), len(outcomes))


def occupancy(handle_s: float, available_s: float) -> float | None:
    """Of the time agents were there for contacts, the share they spent on them: handling / (handling + available).

    `handle_s` is talking, holding and wrap-up, `available_s` being ready with nothing to do, both summed over agents.
    Breaks and other not-ready time do not count: occupancy says how hard the work is.
    """
    return _ratio(handle_s, handle_s + available_s)


def utilisation(handle_s: float, available_s: float, staffed_s: float) -> float | None:
    """Of all the time agents were at work, the share they were there for contacts: (handling + available) / staffed.

    `staffed_s` is from log-in to log-out, breaks, training and other not-ready time included, summed over agents.
    """
    return _ratio(handle_s + available_s, staffed_s)
