"""What a contact asks of an agent: expressions over skills and their levels.

    mandarin >= 3 and (bonds >= 2 or futures >= 4)
    agent = 1001

`and` binds tighter than `or`; a skill alone means level 1 or more; no text means everybody. An agent without a skill
meets no comparison with it, `<` and `!=` included: not having a skill is not level 0.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn

LOWEST, HIGHEST = 1, 10
MAX_DEPTH = 40  # brackets in brackets: far beyond any real need, far below the interpreter's own limit

Test = Callable[[Mapping[str, int], str], bool]

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_TOKEN = re.compile(r"\s*(?:(?P<number>\d+)|(?P<word>[^\W\d][\w.-]*)|(?P<sign>>=|<=|!=|[><=()])|(?P<end>$))")


class SkillSyntaxError(ValueError):
    """The text is no requirement. `column` is 1-based; `expected` says what would have been right there."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        self.text, self.column, self.expected = text, column, expected
        found = text[column - 1 :].split(maxsplit=1)
        super().__init__(
            f"column {column}: expected {expected}, found {repr(found[0]) if found else 'the end'} in {text!r}"
        )


@dataclass(frozen=True, slots=True)
class Requirement:
    """A parsed expression. Two are equal when they say the same in the same order, spaces and case of and/or aside."""

    text: str
    _test: Test = field(compare=False, repr=False)
    _names: frozenset[str] = field(compare=False, repr=False)

    def met_by(self, skills: Mapping[str, int], agent_id: str) -> bool:
        """Whether an agent with these skills (name to level 1..10) and this id will do."""
        return self._test(skills, agent_id)

    def names(self) -> frozenset[str]:
        """The skills spoken of, for checking them against the house's list."""
        return self._names

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=2048)
def parse(text: str) -> Requirement:
    """The requirement `text` says. Raises SkillSyntaxError."""
    return _Parser(text).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else self.text


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan(text)
        self._at = 0
        self._depth = 0
        self._names: set[str] = set()
        self._said: list[str] = []

    def _scan(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        while not tokens or tokens[-1].kind != "end":
            match = _TOKEN.match(text, position)
            if match is None:
                start = position + len(text[position:]) - len(text[position:].lstrip())
                raise SkillSyntaxError(text, start + 1, "a skill, a level, a comparison or a bracket")
            kind = match.lastgroup or "end"
            tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
            position = match.end()
        return tokens

    def whole(self) -> Requirement:
        if self._next.kind == "end":
            return EVERYBODY
        test = self._any_of()
        if self._next.kind != "end":
            self._fail("'and', 'or' or the end")
        return Requirement(" ".join(self._said).replace("( ", "(").replace(" )", ")"), test, frozenset(self._names))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        self._said.append(token.word if token.word in {"and", "or", "agent"} else token.text)
        return token

    def _fail(self, expected: str) -> NoReturn:
        raise SkillSyntaxError(self._text, self._next.column, expected)

    def _any_of(self) -> Test:
        return self._chain("or", self._all_of, any)

    def _all_of(self) -> Test:
        return self._chain("and", self._one, all)

    def _chain(self, word: str, part: Callable[[], Test], join: Callable[[list[bool]], bool]) -> Test:
        tests = [part()]
        while self._next.word == word:
            self._take()
            tests.append(part())
        if len(tests) == 1:
            return tests[0]
        return lambda skills, agent_id: join([test(skills, agent_id) for test in tests])

    def _one(self) -> Test:
        token = self._next
        if token.text == "(":
            return self._bracket()
        if token.kind != "word" or token.word in {"and", "or"}:
            self._fail("a skill, 'agent' or '('")
        self._take()
        return self._agent() if token.word == "agent" else self._skill(token.text)

    def _bracket(self) -> Test:
        if self._depth == MAX_DEPTH:
            self._fail(f"at most {MAX_DEPTH} brackets in one another")
        self._take()
        self._depth += 1
        test = self._any_of()
        self._depth -= 1
        if self._next.text != ")":
            self._fail("')'")
        self._take()
        return test

    def _agent(self) -> Test:
        if self._next.text not in {"=", "!="}:
            self._fail("'=' or '!='")
        same = self._take().text == "="
        if self._next.kind not in {"word", "number"}:
            self._fail("an agent's login")
        wanted = self._take().text
        return lambda _, agent_id: (agent_id == wanted) is same

    def _skill(self, name: str) -> Test:
        self._names.add(name)
        if self._next.text not in _COMPARE:
            return lambda skills, _: skills.get(name, 0) >= LOWEST
        compare = _COMPARE[self._take().text]
        level = int(self._next.text) if self._next.kind == "number" and len(self._next.text) < 3 else 0
        if not LOWEST <= level <= HIGHEST:
            self._fail(f"a level from {LOWEST} to {HIGHEST}")
        self._take()
        return lambda skills, _: name in skills and compare(skills[name], level)


EVERYBODY = Requirement("", lambda _skills, _agent_id: True, frozenset())
