"""An agent's own day from the journal: what counts, what an hour is worth, where it begins."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.own_day import own_day

BEGINS = 1000.0


def moved(at: float, activity: str, status: str = "ready", reason: str | None = None) -> tuple[float, str, Any]:
    return (at, "agent_moved", {"status": status, "activity": activity, "reason": reason})


def test_a_day_of_one_call_a_pause_and_a_miss() -> None:
    steps = [
        moved(1000, "idle", "not_ready", "logged_in"),
        moved(1010, "idle"),
        moved(1040, "offered"),
        (1045, "offer_ended", {"reason": "answered"}),
        moved(1045, "talking"),
        (1045, "agent_connected", {"waited_s": 5}),
        moved(1105, "held"),
        moved(1115, "talking"),
        moved(1145, "wrap_up"),
        moved(1165, "idle"),
        moved(1200, "offered"),
        (1220, "offer_ended", {"reason": "rona"}),
        moved(1220, "idle", "not_ready", "rona"),
        (1221, "offer_ended", {"reason": "left"}),
    ]
    day = own_day(steps, BEGINS, now=1300)
    assert (day["calls"], day["missed"]) == (1, 1)
    assert (day["talk_s"], day["hold_s"], day["wrap_up_s"], day["handle_s"]) == (90, 10, 20, 120)
    assert (day["ready_s"], day["not_ready_s"]) == (90, {"logged_in": 10, "rona": 80})
    assert day["staffed_s"] == 300
    assert day["occupancy"] == 120 / 210
    assert day["utilisation"] == 210 / 300


def test_what_was_before_midnight_only_says_how_the_day_began() -> None:
    day = own_day([moved(400, "talking"), moved(1060, "idle", "logged_out")], BEGINS, now=2000)
    assert (day["talk_s"], day["calls"], day["staffed_s"]) == (60, 0, 60)


def test_nobody_has_a_day_of_nothing() -> None:
    day = own_day([], BEGINS, now=2000)
    assert (day["calls"], day["staffed_s"], day["handle_s"], day["occupancy"]) == (0, 0, None, None)


STATES = st.sampled_from(["idle", "offered", "talking", "held", "wrap_up"])


@given(st.lists(st.tuples(st.floats(0, 5000), STATES, st.sampled_from(["ready", "not_ready"]))), st.floats(0, 5000))
def test_every_second_since_the_first_log_in_is_in_one_state(moves: list[tuple[float, str, str]], more: float) -> None:
    steps = [moved(at, activity, status) for at, activity, status in sorted(moves)]
    now = max([BEGINS, *(at for at, _, _ in moves)]) + more
    day = own_day(steps, BEGINS, now)
    parts = day["talk_s"] + day["hold_s"] + day["wrap_up_s"] + day["ready_s"] + sum(day["not_ready_s"].values())
    first = max(BEGINS, min((at for at, _, _ in moves), default=now))
    assert abs(parts - (now - first)) < 1e-6
    assert abs(parts - day["staffed_s"]) < 1e-6
