"""Scorecards: from what a supervisor ticked to a score. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["points", "yes_no", "fatal"]
Answer = float | None  # None: it does not apply to this call


class BadAnswers(ValueError):
    """The answers do not fit the card; the message says which, and what would be right."""


@dataclass(frozen=True, slots=True)
class Question:
    """`points`: 0 to `most`. `yes_no`: 1 or 0. `fatal`: 1 or 0, and a 0 makes the whole score 0."""

    code: str
    zh: str
    en: str
    kind: Kind = "points"
    weight: float = 1.0
    most: float = 5.0

    @property
    def best(self) -> float:
        return self.most if self.kind == "points" else 1.0


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    questions: tuple[Question, ...]


def score(card: Card, answers: Mapping[str, Answer]) -> float:
    """From 0 to 100: the mean of each answer over its best, by weight, of what applies; 0 when anything fatal failed.

    sum(weight x answer / best) / sum(weight) x 100, over the answered questions that are not fatal. A card of which
    nothing else applies is 100. Raises BadAnswers.
    """
    _check(card, answers)
    told = [(one, answer) for one in card.questions if (answer := answers[one.code]) is not None]
    if any(one.kind == "fatal" and not answer for one, answer in told):
        return 0.0
    counted = [(one.weight, answer / one.best) for one, answer in told if one.kind != "fatal"]
    weights = sum(weight for weight, _ in counted)
    return 100.0 * sum(weight * part for weight, part in counted) / weights if weights else 100.0


def _check(card: Card, answers: Mapping[str, Answer]) -> None:
    known = {one.code: one for one in card.questions}
    if unknown := sorted(set(answers) - set(known)):
        raise BadAnswers(f"{card.name} has no question {unknown[0]!r}")
    if missing := [code for code in known if code not in answers]:
        raise BadAnswers(f"{missing[0]!r} is not answered: give points, or none where it does not apply")
    for code, answer in answers.items():
        one = known[code]
        allowed = answer is None or (0 <= answer <= one.best and (one.kind == "points" or answer in {0, 1}))
        if not allowed:
            raise BadAnswers(f"{code!r} is {answer:g}: it goes from 0 to {one.best:g}")


@dataclass(frozen=True, slots=True)
class Line:
    """Of one agent: how many cards, their mean and worst, and the mean of each question in parts of its best."""

    agent_id: str
    cards: int
    mean: float
    lowest: float
    questions: Mapping[str, float]


def report(cards: Mapping[str, Card], scored: Sequence[tuple[str, str, float, Mapping[str, Answer]]]) -> list[Line]:
    """`scored` is agent, card, score and answers of each; in the agents' order."""
    found: list[Line] = []
    for agent_id in sorted({one[0] for one in scored}):
        mine = [one for one in scored if one[0] == agent_id]
        scores = [one[2] for one in mine]
        parts: dict[str, list[float]] = {}
        for _, name, _, answers in mine:
            for question in cards[name].questions if name in cards else ():
                if (answer := answers.get(question.code)) is not None:
                    parts.setdefault(question.code, []).append(answer / question.best)
        means = {code: sum(values) / len(values) for code, values in parts.items()}
        found.append(Line(agent_id, len(mine), sum(scores) / len(scores), min(scores), means))
    return found
