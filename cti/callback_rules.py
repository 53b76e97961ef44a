"""Callbacks: who may ask for one, and what becomes of it after each attempt. Pure; times are UTC epoch seconds.

State: `asked` (the caller is still on the line), `waiting` (in line, or between two attempts), `calling` (an agent is
being found, or the customer's phone rings), then one of `done`, `failed` (never reached) and `expired`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["asked", "waiting", "calling", "done", "failed", "expired"]
NOBODY_S = 60.0  # so long after nobody could be found the customer is in line again
OPEN: tuple[State, ...] = ("asked", "waiting", "calling")


@dataclass(frozen=True, slots=True)
class Rules:
    """`tries` attempts, `spacing_s` apart; after `expires_s` nobody is called any more. `per_number` open at once, and
    `per_day` asked for one number or by one caller in 24 hours."""

    tries: int = 3
    spacing_s: float = 600.0
    expires_s: float = 8 * 3600.0
    per_number: int = 1
    per_day: int = 3


@dataclass(frozen=True, slots=True)
class Request:
    """`since` and `priority` are the place in line. `caller`: the number that asked, empty when it was not told."""

    id: str
    call_id: str
    number: str
    caller: str
    queue: str
    requires: str
    priority: float
    language: str
    since: float
    asked_at: float
    expires_at: float
    state: State = "asked"
    tries: int = 0
    due_at: float = 0.0


def refusal(asked: Iterable[Request], number: str, caller: str, now: float, rules: Rules) -> str | None:
    """Why no further callback may be asked for: `already` or `too_often`; `asked` are those of the last 24 hours."""
    day = [one for one in asked if now - one.asked_at < 86_400]
    if sum(one.number == number and one.state in OPEN for one in day) >= rules.per_number:
        return "already"
    of_number = sum(one.number == number for one in day)
    of_caller = sum(bool(caller) and one.caller == caller for one in day)
    return "too_often" if max(of_number, of_caller) >= rules.per_day else None


def let_go(request: Request, now: float) -> Request:
    """The caller has hung up: it is in line from now on."""
    return replace(request, state="waiting", due_at=now) if request.state == "asked" else request


def due(request: Request, now: float) -> Request:
    """What is to be done with one that waits: it is `calling` when its time has come, `expired` when that is over."""
    if request.state != "waiting":
        return request
    if now >= request.expires_at:
        return replace(request, state="expired")
    return replace(request, state="calling") if now >= request.due_at else request


def after_attempt(request: Request, *, reached: bool, tried: bool, now: float, rules: Rules) -> Request:
    """`tried`: the customer's phone was called; else no agent came, or the house stopped, and it counts for nothing."""
    if reached:
        return replace(request, state="done", tries=request.tries + 1)
    tries = request.tries + tried
    if tries >= rules.tries:
        return replace(request, state="failed", tries=tries)
    spacing_s = rules.spacing_s if tried else min(rules.spacing_s, NOBODY_S)
    return replace(request, state="waiting", tries=tries, due_at=now + spacing_s)


def taken_up(request: Request, now: float) -> Request:
    """By a house that has just begun: whoever asked has hung up by now, and nobody is being called."""
    return replace(request, state="waiting", due_at=now) if request.state in {"asked", "calling"} else request
