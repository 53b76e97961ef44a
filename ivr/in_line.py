"""What those who wait are told while they wait, and what they may choose. Pure; durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, isfinite
from typing import Any

MINUTE_S = 60.0
WIDEST_MIN = 3  # a range of more minutes tells nobody anything


@dataclass(frozen=True, slots=True)
class Treatment:
    """Every `every_s` seconds: how many are ahead, how long it takes, one of the `comfort` prompts after another, and
    what may be chosen. `offers`: by key, the name of the menu it leads to."""

    every_s: float = 45.0
    position: bool = True
    estimate: bool = True
    comfort: tuple[str, ...] = ()
    offers: Mapping[str, str] = field(default_factory=dict)
    offered: tuple[str, ...] = ()  # prompts that say what the keys are


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one who waits: how many come before, and in how many seconds half and nine in ten of such are answered."""

    ahead: int
    p50_s: float
    p90_s: float


def minutes(outlook: Outlook) -> tuple[int, int] | None:
    """From, to; None where the estimate is not to be trusted: endless, or too wide to be of use."""
    if not (isfinite(outlook.p50_s) and isfinite(outlook.p90_s)):
        return None
    low, high = max(1, ceil(outlook.p50_s / MINUTE_S)), max(1, ceil(outlook.p90_s / MINUTE_S))
    return (low, high) if high - low <= max(WIDEST_MIN, low) else None


def told(treatment: Treatment, turn: int, outlook: Outlook | None) -> tuple[list[str], dict[str, Any]]:
    """The prompts of the announcement number `turn` (from 0), and the values they say."""
    said: list[str] = []
    values: dict[str, Any] = {}
    if outlook is not None and treatment.position:
        values["ahead"] = outlook.ahead
        said += ["ahead_before", "{ahead:number}", "ahead_after"] if outlook.ahead else ["you_are_next"]
    if outlook is not None and treatment.estimate and (expected := minutes(outlook)) is not None:
        values["from_min"], values["to_min"] = expected
        said += _wait(*expected)
    if treatment.comfort:
        said.append(treatment.comfort[turn % len(treatment.comfort)])
    return [*said, *treatment.offered], values


def _wait(low: int, high: int) -> list[str]:
    if high == 1:
        return ["wait_short"]
    if low == high:
        return ["wait_before", "{to_min:number}", "wait_after"]
    return ["wait_before", "{from_min:number}", "wait_to", "{to_min:number}", "wait_after"]


PROMPTS = (
    "ahead_before", "ahead_after", "you_are_next", "wait_short", "wait_before", "wait_to", "wait_after",
)  # fmt: skip
