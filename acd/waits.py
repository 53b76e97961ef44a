"""How long a waiting contact will wait yet: a forecast with its spread, and the classical estimators beside it.

Seconds throughout. While all agents are busy, the contact moves up one place whenever one of them is free or somebody
ahead gives up: with i still ahead at the rate agents / handle_s + i / patience_s. The wait is the sum of these stages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum, inf, log1p, sqrt
from typing import NamedTuple

_Z90 = 1.2815515655446004  # the standard normal's 90 % quantile


class Forecast(NamedTuple):
    """Seconds from now: half of such contacts are answered by `p50_s`, nine in ten by `p90_s`."""

    p50_s: float
    p90_s: float
    mean_s: float


NEVER = Forecast(inf, inf, inf)


def forecast(ahead: float, agents: int, handle_s: float, patience_s: float | None) -> Forecast:
    """The wait, if it stays, of a contact with `ahead` others before it that compete for the same busy agents.

    `ahead`: 0 or more, fractions for those that compete only in part; `handle_s` and `patience_s` are means above 0,
    None for patience without end. Nobody to serve it (agents 0): NEVER, which is infinite. Never falls when `ahead`
    grows or `agents` shrinks. Arguments are not checked: this runs for every waiting contact.

    With exponential handle times and patience this is the exact wait's first three cumulants (sums over the stages, as
    differences of polygamma functions: Abramowitz and Stegun 1964, 6.4; their expansions at the half point), and the
    quantiles of the gamma distribution shifted to match them (E. Wilson and M. Hilferty 1931, "The Distribution of
    Chi-square"). The shift matters: few agents and little patience make one long stage behind many short ones.
    """
    if agents <= 0:
        return NEVER
    if patience_s is None or patience_s == inf:
        stage_s = handle_s / agents
        stages = ahead + 1.0
        mean_s, sd_s, skew = stage_s * stages, stage_s * sqrt(stages), 2.0 / sqrt(stages)
    else:
        first = agents * patience_s / handle_s
        near, far = 1.0 / (first + 0.5), 1.0 / (first + ahead + 0.5)
        one, two, gap = 1.0 / first, near * near + far * far, ahead * near * far
        mean = one + log1p(ahead * near) - gap * (near + far) / 24.0
        variance = one * one + gap - gap * (two + near * far) / 12.0
        third = one * one * one + gap * (near + far) * (0.5 - two / 8.0)  # half the third cumulant
        sd = sqrt(variance)
        mean_s, sd_s, skew = patience_s * mean, patience_s * sd, 2.0 * third / (variance * sd)
    sixth = skew / 6.0
    middle = 1.0 - sixth * sixth
    scale = 2.0 * sd_s / skew
    base, upper = mean_s - scale, middle + sixth * _Z90
    return Forecast(base + scale * middle * middle * middle, base + scale * upper * upper * upper, mean_s)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an estimator may know at an arrival that must wait; times in seconds.

    `last_wait_s`: of the contact that last entered service; `head_wait_s`: so far, of the first in line. None: nobody.
    """

    ahead: int
    agents: int
    handle_s: float
    patience_s: float | None = None
    last_wait_s: float | None = None
    head_wait_s: float | None = None


def queue_length(seen: Seen) -> float:
    """QL: those ahead and oneself, at the pace of the agents; infinite without agents.

    Source: R. Ibrahim and W. Whitt 2009, "Real-Time Delay Estimation Based on Delay History".
    """
    return (seen.ahead + 1) * seen.handle_s / seen.agents if seen.agents > 0 else inf


def markovian_queue_length(seen: Seen) -> float:
    """QLm: as QL, but those ahead give up too: the exact mean when handle times and patience are exponential.

    Source: R. Ibrahim and W. Whitt 2009, "Real-Time Delay Estimation in Overloaded Multiserver Queues with
    Abandonments".
    """
    if seen.agents <= 0 or seen.patience_s is None:
        return queue_length(seen)
    pace, leaving = seen.agents / seen.handle_s, 1.0 / seen.patience_s
    return fsum(1.0 / (pace + i * leaving) for i in range(seen.ahead + 1))


def last_to_enter_service(seen: Seen) -> float | None:
    """LES: as long as whoever was answered last; None before the first. Source: as QL."""
    return seen.last_wait_s


def head_of_line(seen: Seen) -> float | None:
    """HOL: as long as the first in line has waited by now; None when nobody is. Source: as QL."""
    return seen.head_wait_s


ESTIMATORS: dict[str, Callable[[Seen], float | None]] = {
    "QL": queue_length,
    "QLm": markovian_queue_length,
    "LES": last_to_enter_service,
    "HOL": head_of_line,
}
