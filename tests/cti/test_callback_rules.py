"""Callbacks: who may ask, and what becomes of one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cti.callback_rules import OPEN, Request, Rules, after_attempt, due, let_go, refusal, taken_up

RULES = Rules(tries=3, spacing_s=600.0, expires_s=3600.0, per_number=1, per_day=3)
ASKED = Request("b1", "c1", "138", "138", "trading", "", 5.0, "zh", 100.0, 150.0, 3750.0)


def test_it_waits_until_the_caller_has_hung_up() -> None:
    assert due(ASKED, 200.0) == ASKED
    assert due(let_go(ASKED, 200.0), 200.0).state == "calling"


def test_attempts_are_spaced_and_end() -> None:
    once = after_attempt(let_go(ASKED, 200.0), reached=False, tried=True, now=300.0, rules=RULES)
    assert (once.state, once.tries, once.due_at) == ("waiting", 1, 900.0)
    assert due(once, 899.0) == once

    thrice = replace(once, tries=2)
    assert after_attempt(thrice, reached=False, tried=True, now=901.0, rules=RULES).state == "failed"
    assert after_attempt(thrice, reached=True, tried=True, now=901.0, rules=RULES).state == "done"


def test_what_nobody_tried_counts_for_nothing_and_expires_in_the_end() -> None:
    again = after_attempt(let_go(ASKED, 200.0), reached=False, tried=False, now=300.0, rules=RULES)
    assert (again.tries, again.due_at) == (0, 360.0)
    assert due(again, 3750.0).state == "expired"


def test_caps_by_number_and_by_caller() -> None:
    done = [replace(ASKED, id=f"b{n}", number=f"13{n}", state="done") for n in range(3)]

    assert refusal([ASKED], "138", "139", 200.0, RULES) == "already"
    assert refusal([replace(ASKED, state="done")], "138", "139", 200.0, RULES) is None
    assert refusal(done, "150", "138", 200.0, RULES) == "too_often"
    assert refusal(done, "150", "", 200.0, RULES) is None
    assert refusal(done, "150", "138", 150.0 + 86_400, RULES) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 5000)), max_size=30))
def test_whatever_happens_it_ends_once_and_is_never_called_too_often(steps: list[tuple[bool, bool, float]]) -> None:
    now, request, called = 200.0, let_go(ASKED, 200.0), 0
    for reached, tried, passed in steps:
        now += passed
        request = due(request, now)
        if request.state == "calling":
            called += tried
            request = after_attempt(request, reached=reached and tried, tried=tried, now=now, rules=RULES)
        else:
            assert request.state not in OPEN or request.state == "waiting"
        if request.state not in OPEN:
            assert taken_up(request, now) == request
            assert due(request, now + 1e6) == request
    assert called <= RULES.tries
    assert request.since == ASKED.since
    assert request.priority == ASKED.priority
