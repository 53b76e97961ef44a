"""What theory says a queue will do: exact measures of Markovian queues, from their birth-death chains.

Arrivals are Poisson, in contacts a second; handle times and patience are exponential, given by their means in seconds;
contacts are served in the order they came. Arrivals see the steady state (R. Wolff 1982, "Poisson Arrivals See Time
Averages"). Everything public here raises ValueError for a rate, a time or a number that cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, expm1, fsum, inf, log
from operator import mul

_NEGLIGIBLE = -50.0  # a log: an endless chain ended here lacks less than a double can tell


@dataclass(frozen=True, slots=True)
class Measures:
    """What contacts meet in the long run: shares from 0 to 1, times in seconds.

    `p_blocked` is of all who call, `asa_s` the mean wait of the answered, `mean_queue` the mean number waiting; the
    others are of those who entered: `p_served_within_target` were answered, and within the target.
    """

    p_blocked: float
    p_wait: float
    mean_wait_s: float
    asa_s: float
    p_abandon: float
    p_served_within_target: float
    mean_queue: float


@dataclass(frozen=True, slots=True)
class Staff:
    """Those who serve one queue, their mean handle time, and the mean patience of its contacts (seconds)."""

    agents: int
    handle_s: float
    patience_s: float = inf

    def __post_init__(self) -> None:
        if self.agents < 1 or not 0 < self.handle_s < inf or not self.patience_s > 0:
            raise ValueError(f"no such staff: {self}")

    def departure_rate(self, present: int) -> float:
        """Contacts a second that leave, served or not, while `present` are here."""
        return min(present, self.agents) / self.handle_s + max(0, present - self.agents) / self.patience_s


def birth_death(arrival_rates: Sequence[float], departure_rates: Sequence[float]) -> list[float]:
    """The steady state of a chain that goes from n to n+1 at `arrival_rates[n]`, back at `departure_rates[n]`.

    One probability more than rates. Cut equations in logs, so that nothing overflows. Source: L. Kleinrock 1975,
    "Queueing Systems I", section 3.1. Raises ValueError for a departure rate that is not above 0.
    """
    logs = [0.0]
    for up, down in zip(arrival_rates, departure_rates, strict=True):
        if not 0 <= up < inf or not 0 < down < inf:
            raise ValueError(f"rates {up} up and {down} down have no steady state")
        logs.append(logs[-1] + log(up) - log(down) if up else -inf)
    top = max(logs)
    weights = [exp(one - top) for one in logs]
    total = fsum(weights)
    return [weight / total for weight in weights]


def erlang_b(arrival_per_s: float, handle_s: float, agents: int) -> Measures:
    """M/M/c/c: who finds nobody free is blocked. Source: A. K. Erlang 1917, "Solution of some Problems ..."."""
    return queue(arrival_per_s, Staff(agents, handle_s), 0.0, lines=agents)


def erlang_c(arrival_per_s: float, handle_s: float, agents: int, target_s: float) -> Measures:
    """M/M/c: everybody waits as long as it takes. Raises ValueError when the agents cannot keep up.

    Source: A. K. Erlang 1917; P(wait) from Erlang B as in R. B. Cooper 1981, "Introduction to Queueing Theory".
    """
    _check(arrival_per_s, target_s)
    spare = Staff(agents, handle_s).departure_rate(agents) - arrival_per_s
    if not spare > 0:
        raise ValueError(f"{agents} agents cannot keep up with {arrival_per_s * handle_s} erlangs")
    blocked = erlang_b(arrival_per_s, handle_s, agents).p_blocked
    load = arrival_per_s * handle_s / agents
    p_wait = blocked / (1 - load * (1 - blocked))
    wait = p_wait / spare
    return Measures(0.0, p_wait, wait, wait, 0.0, 1 - p_wait * exp(-spare * target_s), arrival_per_s * wait)


def erlang_a(arrival_per_s: float, handle_s: float, agents: int, patience_s: float, target_s: float) -> Measures:
    """M/M/c+M: who waits too long leaves. Never unstable; the cost grows with the queue the overload leaves.

    Source: C. Palm 1957, "Research on telephone traffic"; A. Mandelbaum and S. Zeltyn 2007, "Service Engineering in
    Action: The Palm/Erlang-A Queue".
    """
    return queue(arrival_per_s, Staff(agents, handle_s, patience_s), target_s)


def limited_lines(arrival_per_s: float, handle_s: float, agents: int, lines: int, target_s: float) -> Measures:
    """M/M/c/K: who finds all `lines` (served and waiting together) taken is blocked. Source: as `birth_death`."""
    return queue(arrival_per_s, Staff(agents, handle_s), target_s, lines)


def queue(arrival_per_s: float, staff: Staff, target_s: float, lines: int | None = None) -> Measures:
    """M/M/c/K+M, of which the four above are the cases; `lines` None: no limit. Sources: theirs."""
    _check(arrival_per_s, target_s, lines)
    if lines is None and staff.patience_s == inf:
        return erlang_c(arrival_per_s, staff.handle_s, staff.agents, target_s)
    ends = lines or _lines_enough(arrival_per_s, staff)
    chain = birth_death([arrival_per_s] * ends, [staff.departure_rate(n + 1) for n in range(ends)])
    p_blocked = chain.pop() if lines else 0.0
    entered = fsum(chain)
    return _measures([share / entered for share in chain], p_blocked, arrival_per_s, staff, target_s)


def separate_queues(
    classes: Sequence[tuple[float, Staff]], lines: int, target_s: float
) -> tuple[Measures, tuple[Measures, ...]]:
    """Classes with agents of their own that share `lines` lines in all: the total, then each class.

    `classes`: arrivals a second, and staff. With six M/M/15 and 120 lines this is the one-skill end of R. Wallace and
    W. Whitt 2005, "A Staffing Algorithm for Call Centers with Skill-Based Routing"; the all-skills end is
    `limited_lines` with 90 agents. Independent chains cut at a common total keep their product form (F. Kelly 1979,
    "Reversibility and Stochastic Networks"), summed by convolution (J. Buzen 1973, "Computational Algorithms for
    Closed Queueing Networks"). Raises ValueError when nobody calls.
    """
    offered = fsum(arrival for arrival, _ in classes)
    if not offered > 0:
        raise ValueError("nobody calls")
    for arrival, _ in classes:
        _check(arrival, target_s, lines)
    # Weights given the total stay the same when every arrival rate is multiplied by `tilt`; it keeps the chains of
    # overloaded classes from leaving nothing but underflow below `lines`. `reach[s]` takes it back.
    tilt = min([1.0, *(staff.agents / staff.handle_s / arrival for arrival, staff in classes if arrival)])
    chains = [
        birth_death([arrival * tilt] * lines, [staff.departure_rate(n + 1) for n in range(lines)])
        for arrival, staff in classes
    ]
    everybody = _total_of(chains, lines)
    p_blocked = everybody[lines] / _reach(everybody, tilt)[lines]
    parts = []
    for i, (arrival, staff) in enumerate(classes):
        reach = _reach(_total_of(chains[:i] + chains[i + 1 :], lines), tilt)
        found = [chains[i][n] * reach[lines - 1 - n] for n in range(lines)]
        entered = fsum(found)
        parts.append(_measures([one / entered for one in found], p_blocked, arrival, staff, target_s))
    return _together([arrival / offered for arrival, _ in classes], parts), tuple(parts)


def _total_of(chains: Sequence[Sequence[float]], lines: int) -> list[float]:
    """The distribution of the sum of independent numbers, up to `lines`."""
    total = [1.0] + [0.0] * lines
    for chain in chains:
        total = [sum(map(mul, total, chain[k::-1])) for k in range(lines + 1)]
    return total


def _reach(weights: Sequence[float], tilt: float) -> list[float]:
    """At s: the weight of all up to s, each as if untilted, in units of tilt ** -s."""
    return list(accumulate(weights, lambda sum_, weight: sum_ * tilt + weight))


def _together(shares: Sequence[float], parts: Sequence[Measures]) -> Measures:
    """Classes as one; `shares` of those who entered, which are those of all arrivals: a full house blocks alike."""
    served = [share * (1 - part.p_abandon) for share, part in zip(shares, parts, strict=True)]
    return Measures(
        p_blocked=parts[0].p_blocked,
        p_wait=fsum(map(mul, shares, (part.p_wait for part in parts))),
        mean_wait_s=fsum(map(mul, shares, (part.mean_wait_s for part in parts))),
        asa_s=fsum(map(mul, served, (part.asa_s for part in parts))) / fsum(served),
        p_abandon=1 - fsum(served),
        p_served_within_target=fsum(map(mul, shares, (part.p_served_within_target for part in parts))),
        mean_queue=fsum(part.mean_queue for part in parts),
    )


def _measures(
    found: Sequence[float], p_blocked: float, arrival_per_s: float, staff: Staff, target_s: float
) -> Measures:
    """From `found[n]`, the share of those who entered that found n contacts here.

    Behind j waiting others a contact's turn comes after V, a sum of exponential stages of rates r[0] .. r[j]. Its own
    patience outlasts V with probability r[0] / r[j + 1], and then V has the rates r[1] .. r[j + 1] (exponential
    tilting). Rates in arithmetic progression make P(V > t) a negative binomial sum (A. Rényi 1953, "On the theory of
    order statistics"), a Poisson sum when patience is infinite.
    """
    waiting = found[staff.agents :]
    rates = [staff.departure_rate(staff.agents + i) for i in range(len(waiting) + 1)]
    served = [share * rates[0] / rate for share, rate in zip(waiting, rates[1:], strict=True)]
    at_once = fsum(found[: staff.agents])
    p_served = at_once + fsum(served)
    wait = fsum(share * (j + 1) / rates[j + 1] for j, share in enumerate(waiting))
    in_time = [max(0.0, 1 - late) for late in _late(rates, staff.patience_s, target_s)]
    return Measures(
        p_blocked=p_blocked,
        p_wait=fsum(waiting),
        mean_wait_s=wait,
        asa_s=fsum(map(mul, served, accumulate(1 / rate for rate in rates[1:]))) / p_served,
        p_abandon=wait / staff.patience_s,
        p_served_within_target=at_once + fsum(map(mul, served, in_time)),
        mean_queue=arrival_per_s * (1 - p_blocked) * wait,
    )


def _late(rates: Sequence[float], patience_s: float, target_s: float) -> list[float]:
    """At j: P(stages of rates[1] .. rates[j + 1] together last longer than `target_s`)."""
    span = target_s if patience_s == inf else -patience_s * expm1(-target_s / patience_s)
    if span == 0:
        return [1.0] * (len(rates) - 1)
    steps = (log(span) + log(rate) - log(k) for k, rate in enumerate(rates[1:-1], 1))
    logs = accumulate(steps, initial=-rates[1] * target_s if len(rates) > 1 else 0.0)
    return list(accumulate(exp(one) for one in logs))[: len(rates) - 1]


def _lines_enough(arrival_per_s: float, staff: Staff) -> int:
    """Where the chain may end: beyond the likeliest queue, the chance of more is negligible."""
    overload = max(0.0, arrival_per_s - staff.departure_rate(staff.agents))
    n = staff.agents + int(overload * staff.patience_s) + 1
    below = 0.0
    while arrival_per_s and below > _NEGLIGIBLE:
        n += 1
        below += log(arrival_per_s / staff.departure_rate(n))
    return n


def _check(arrival_per_s: float, target_s: float, lines: int | None = None) -> None:
    if not 0 <= arrival_per_s < inf or not 0 <= target_s < inf or (lines is not None and lines < 1):
        raise ValueError(f"no such queue: {arrival_per_s} arrivals a second, target {target_s} s, {lines} lines")
