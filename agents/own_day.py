"""An agent's own day, added up from what the journal keeps of them. Pure; times are UTC epoch seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from acd.measures import occupancy, utilisation

KINDS = ("agent_moved", "agent_connected", "call_transferred", "offer_ended")
MISSED = {"rona", "rejected", "busy", "device"}
WORK = ("talking", "held", "wrap_up")


def own_day(steps: Iterable[tuple[float, str, Mapping[str, Any]]], begins: float, now: float) -> dict[str, Any]:
    """The figures of `schemas.OwnDay` from the agent's steps in order; those before `begins` say where the day began.

    Average handle time is talking, holding and wrap-up over the calls taken. Occupancy and utilisation are
    `acd.measures`'s.
    """
    spent: defaultdict[tuple[str, str], float] = defaultdict(float)
    calls = missed = 0
    state, since = ("", ""), begins
    for at, kind, data in steps:
        if kind == "agent_moved":
            spent[state] += max(0.0, at - since)
            state, since = _state(data), max(at, begins)
        elif at >= begins:
            calls += kind != "offer_ended"
            missed += kind == "offer_ended" and data.get("reason") in MISSED
    spent[state] += max(0.0, now - since)
    return {"since": begins, "calls": calls, "missed": missed, **_figures(spent, calls)}


def _state(data: Mapping[str, Any]) -> tuple[str, str]:
    """What the time counts as, and of a pause why."""
    if data["activity"] != "idle":
        return data["activity"], ""
    return data["status"], data.get("reason") or "" if data["status"] == "not_ready" else ""


def _figures(spent: Mapping[tuple[str, str], float], calls: int) -> dict[str, Any]:
    def sum_of(*states: str) -> float:
        return sum(seconds for (state, _), seconds in spent.items() if state in states)

    handled_s, ready_s = sum_of(*WORK), sum_of("ready", "offered")
    staffed_s = sum(seconds for (state, _), seconds in spent.items() if state not in {"", "logged_out"})
    return {
        "talk_s": sum_of("talking"),
        "hold_s": sum_of("held"),
        "wrap_up_s": sum_of("wrap_up"),
        "ready_s": ready_s,
        "not_ready_s": {reason: seconds for (state, reason), seconds in spent.items() if state == "not_ready"},
        "staffed_s": staffed_s,
        "handle_s": handled_s / calls if calls else None,
        "occupancy": occupancy(handled_s, ready_s),
        "utilisation": utilisation(handled_s, ready_s, staffed_s),
    }
