"""Skill expressions: `mandarin >= 3 and (bonds >= 2 or futures >= 4)`.

A bare name means level 1 or more; `agent = 1001` names one person. Not having a skill is not level 0: every
comparison on it is false. The empty text asks for nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\s*(?:(?P<op>>=|<=|!=|=|>|<)|(?P<bracket>[()])|(?P<number>\d+)\b|(?P<name>[^\W\d]\w*))")
_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
Test = Callable[[Mapping[str, int], str], bool]


class SkillSyntaxError(ValueError):
    """The expression cannot be read; `column` counts from 1."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        super().__init__(f"column {column} of {text!r}: expected {expected}")
        self.column = column


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """A parsed expression; equal when the text is."""

    text: str
    test: Test
    skills: frozenset[str]

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:
        return self.test(skills, agent_id)

    def names(self) -> frozenset[str]:
        """The skills it speaks of."""
        return self.skills

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requirement) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=4096)
def parse(text: str) -> Requirement:
    """The requirement; raises SkillSyntaxError."""
    if not text.strip():
        return EVERYBODY
    parser = _Parser(text)
    test = parser.either()
    parser.end()
    return Requirement(text, test, frozenset(parser.names))


EVERYBODY = Requirement("", lambda _skills, _agent: True, frozenset())


class _Parser:
    """Recursive descent; one method a level of binding."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.names: set[str] = set()

    def either(self) -> Test:
        parts = [self.both()]
        while self._word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda skills, agent: any(part(skills, agent) for part in parts)

    def both(self) -> Test:
        parts = [self.one()]
        while self._word("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda skills, agent: all(part(skills, agent) for part in parts)

    def one(self) -> Test:
        if self._take("bracket", "("):
            inside = self.either()
            if not self._take("bracket", ")"):
                raise self._expected("')'")
            return inside
        name = self._take("name")
        if name is None or name in {"and", "or"}:
            raise self._expected("a skill or '('")
        return self._agent() if name == "agent" else self._level(name)

    def _agent(self) -> Test:
        if not self._take("op", "="):
            raise self._expected("'='")
        wanted = self._take("number") or self._take("name")
        if wanted is None:
            raise self._expected("an agent's log-in")
        return lambda _skills, agent: agent == wanted

    def _level(self, name: str) -> Test:
        self.names.add(name)
        sign = self._take("op")
        if sign is None:
            return lambda skills, _agent: skills.get(name, 0) >= 1
        number = self._take("number")
        if number is None or not 1 <= int(number) <= 10:
            raise self._expected("a level from 1 to 10")
        compare, level = _OPERATORS[sign], int(number)
        return lambda skills, _agent: name in skills and compare(skills[name], level)

    def end(self) -> None:
        if self.text[self.at :].strip():
            raise self._expected("'and', 'or' or the end")

    def _word(self, word: str) -> bool:
        return self._take("name", word) is not None

    def _take(self, kind: str, exactly: str | None = None) -> str | None:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found[kind] is None or (exactly is not None and found[kind] != exactly):
            return None
        self.at = found.end()
        return found[kind]

    def _expected(self, what: str) -> SkillSyntaxError:
        spaces = len(self.text[self.at :]) - len(self.text[self.at :].lstrip())
        return SkillSyntaxError(self.text, self.at + spaces + 1, what)
