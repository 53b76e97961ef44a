"""Skill expressions: what they mean, and how a wrong one is told."""

from __future__ import annotations

import pytest

from acd.skills import SkillSyntaxError, parse


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("", True),
        ("mandarin", True),
        ("mandarin >= 3 and (bonds >= 2 or futures >= 4)", True),
        ("mandarin > 5", False),
        ("absent < 5", False),
        ("bonds = 2", True),
        ("bonds != 2", False),
        ("agent = 1001", True),
        ("agent = 1002 or mandarin", True),
    ],
)
def test_expressions_mean_what_they_say(text: str, met: bool) -> None:
    assert parse(text).met_by({"mandarin": 5, "bonds": 2}, "1001") is met


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("mandarin >=", 12, "a level from 1 to 10"),
        ("mandarin >= 11", 13, "a level from 1 to 10"),
        ("(mandarin", 10, "')'"),
        ("mandarin bonds", 10, "'and', 'or' or the end"),
        ("and", 1, "a skill or '('"),
        ("agent >= 3", 7, "'='"),
    ],
)
def test_a_wrong_expression_names_the_column_and_what_was_expected(text: str, column: int, expected: str) -> None:
    with pytest.raises(SkillSyntaxError) as wrong:
        parse(text)

    assert wrong.value.column == column
    assert expected in str(wrong.value)
