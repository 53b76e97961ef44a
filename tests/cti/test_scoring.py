"""From what was ticked to a score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.scoring import BadAnswers, Card, Question, report, score

CARD = Card("service", (
    Question("greeting", "问候", "Greeting"),
    Question("answer", "解答", "Answer", weight=3.0),
    Question("closing", "结束", "Closing", "yes_no"),
    Question("promises", "承诺", "Promises", "fatal"),
))  # fmt: skip
FULL = {"greeting": 5, "answer": 5, "closing": 1, "promises": 1}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (FULL, 100.0),
        ({**FULL, "answer": 0}, 40.0),
        ({**FULL, "greeting": None, "closing": None, "answer": 2.5}, 50.0),
        ({**FULL, "promises": 0}, 0.0),
        ({**FULL, "promises": None, "closing": 0}, 80.0),
        (dict.fromkeys(FULL), 100.0),
    ],
)
def test_each_answer_counts_by_its_weight_and_what_is_fatal_ends_it(
    answers: dict[str, float | None], expected: float
) -> None:
    assert score(CARD, answers) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({**FULL, "shoes": 1}, "no question 'shoes'"),
        ({"greeting": 5}, "'answer' is not answered"),
        ({**FULL, "greeting": 6}, "'greeting' is 6: it goes from 0 to 5"),
        ({**FULL, "greeting": -1}, "'greeting' is -1"),
        ({**FULL, "closing": 0.5}, "'closing' is 0.5"),
        ({**FULL, "greeting": float("nan")}, "'greeting' is nan"),
    ],
)
def test_answers_that_do_not_fit_are_refused_by_name(answers: dict[str, float | None], told: str) -> None:
    with pytest.raises(BadAnswers, match=told):
        score(CARD, answers)


POINTS = st.none() | st.floats(0, 5)
TICKS = st.sampled_from([None, 0.0, 1.0])


@given(POINTS, POINTS, TICKS, TICKS)
def test_a_score_is_from_0_to_100_and_a_better_answer_is_never_worse(
    greeting: float | None, answer: float | None, closing: float | None, promises: float | None
) -> None:
    answers = {"greeting": greeting, "answer": answer, "closing": closing, "promises": promises}
    found = score(CARD, answers)
    assert 0 <= found <= 100
    if greeting is not None:
        assert score(CARD, {**answers, "greeting": 5}) >= found - 1e-9


def test_the_report_has_a_line_an_agent() -> None:
    scored: list[tuple[str, str, float, dict[str, float | None]]] = [
        ("1002", "service", 80.0, {"greeting": 4}),
        ("1001", "service", 60.0, {"greeting": 5, "answer": None}),
        ("1002", "service", 40.0, {"greeting": 1}),
        ("1002", "gone", 90.0, {"old": 3}),
    ]

    first, second = report({"service": CARD}, scored)

    assert (first.agent_id, first.cards, first.mean, first.questions) == ("1001", 1, 60.0, {"greeting": 1.0})
    assert (second.cards, second.mean, second.lowest) == (3, 70.0, 40.0)
    assert second.questions == {"greeting": pytest.approx(0.5)}
