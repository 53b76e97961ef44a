"""Skill expressions: `mandarin >= 3 and (bonds >= 2 or futures >= 4)`.

A bare name means level 1 or more; `agent = 1001` names one person. Not having a skill is not level 0: every
comparison on it is false. The empty text asks for nothing.

An expression is a tree that answers two questions: whether one agent meets it (`met_by`), and who of all meets it
(`mask`, one bit an agent), the latter at a cost that does not grow with the agents one by one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

LEVELS = range(1, 11)
LONGEST, DEEPEST = 2000, 50  # characters of an expression, brackets within brackets
_TOKEN = re.compile(r"\s*(?:(?P<op>>=|<=|!=|=|>|<)|(?P<bracket>[()])|(?P<number>\d+)\b|(?P<name>[^\W\d]\w*))")
_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


class SkillSyntaxError(ValueError):
    """The expression cannot be read; `column` counts from 1."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        super().__init__(f"column {column} of {text!r}: expected {expected}")
        self.column = column


class Everybody(Protocol):
    """All agents at once, as masks: bit n stands for agent number n."""

    def having(self, skill: str, levels: frozenset[int]) -> int:
        """Those who have the skill at one of these levels."""

    def named(self, agent_id: str) -> int: ...


class Term(Protocol):
    """A node of the tree."""

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool: ...
    def mask(self, everybody: Everybody) -> int: ...


@dataclass(frozen=True, slots=True)
class Level:
    """The skill at one of these levels; `levels` holds what the comparison allows."""

    skill: str
    levels: frozenset[int]

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:  # noqa: ARG002
        return skills.get(self.skill) in self.levels

    def mask(self, everybody: Everybody) -> int:
        return everybody.having(self.skill, self.levels)


@dataclass(frozen=True, slots=True)
class Named:
    agent_id: str

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:  # noqa: ARG002
        return agent_id == self.agent_id

    def mask(self, everybody: Everybody) -> int:
        return everybody.named(self.agent_id)


@dataclass(frozen=True, slots=True)
class Both:
    one: Term
    other: Term

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:
        return self.one.met_by(skills, agent_id) and self.other.met_by(skills, agent_id)

    def mask(self, everybody: Everybody) -> int:
        return self.one.mask(everybody) & self.other.mask(everybody)


@dataclass(frozen=True, slots=True)
class Either:
    one: Term
    other: Term

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:
        return self.one.met_by(skills, agent_id) or self.other.met_by(skills, agent_id)

    def mask(self, everybody: Everybody) -> int:
        return self.one.mask(everybody) | self.other.mask(everybody)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A parsed expression, known by its text. `term` None asks for nothing; `skills` are those it speaks of."""

    text: str
    term: Term | None = field(default=None, compare=False, repr=False)
    skills: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:
        return self.term is None or self.term.met_by(skills, agent_id)

    def mask(self, everybody: Everybody, whole: int) -> int:
        """Those of `whole` who meet it."""
        return whole if self.term is None else whole & self.term.mask(everybody)


EVERYBODY = Requirement("")


@lru_cache(maxsize=4096)
def parse(text: str) -> Requirement:
    """The requirement; raises SkillSyntaxError."""
    if not text.strip():
        return EVERYBODY
    if len(text) > LONGEST:
        raise SkillSyntaxError(f"{text[:20]}...", LONGEST + 1, f"at most {LONGEST} characters")
    parser = _Parser(text)
    term = parser.either()
    parser.end()
    return Requirement(text, term, frozenset(parser.names))


def both(one: Requirement, other: Requirement) -> Requirement:
    """What meets the one and the other."""
    if one.term is None:
        return other
    if other.term is None:
        return one
    return Requirement(f"({one.text}) and ({other.text})", Both(one.term, other.term), one.skills | other.skills)


class _Parser:
    """Recursive descent; one method a level of binding."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.names: set[str] = set()

    def either(self) -> Term:
        term = self.both()
        while self._word("or"):
            term = Either(term, self.both())
        return term

    def both(self) -> Term:
        term = self.one()
        while self._word("and"):
            term = Both(term, self.one())
        return term

    def one(self) -> Term:
        if self._take("bracket", "("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise self._expected(f"at most {DEEPEST} brackets within brackets")
            inside = self.either()
            self.depth -= 1
            if not self._take("bracket", ")"):
                raise self._expected("')'")
            return inside
        start = self.at
        name = self._take("name")
        if name is None or name in {"and", "or"}:
            self.at = start
            raise self._expected("a skill or '('")
        return self._agent() if name == "agent" else self._level(name)

    def _agent(self) -> Term:
        if not self._take("op", "="):
            raise self._expected("'='")
        wanted = self._take("number") or self._take("name")
        if wanted is None:
            raise self._expected("an agent's log-in")
        return Named(wanted)

    def _level(self, name: str) -> Term:
        self.names.add(name)
        sign = self._take("op")
        if sign is None:
            return Level(name, frozenset(LEVELS))
        start = self.at
        number = self._take("number")
        if number is None or int(number) not in LEVELS:
            self.at = start
            raise self._expected("a level from 1 to 10")
        compare, level = _OPERATORS[sign], int(number)
        return Level(name, frozenset(one for one in LEVELS if compare(one, level)))

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
        rest = self.text[self.at :]
        return SkillSyntaxError(self.text, self.at + len(rest) - len(rest.lstrip()) + 1, what)
