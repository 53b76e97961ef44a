"""Values in what is said: `{cash:money}` among a node's prompts says what the caller's `cash` is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr import spoken

_VALUE = re.compile(r"\{([a-z][a-z0-9_]{0,39}):([a-z]+)\}")
KINDS: Mapping[str, Callable[[Any, str], list[str]]] = {
    "number": spoken.number,
    "money": spoken.money,
    "percent": spoken.percent,
    "change": spoken.change,
    "digits": spoken.digits,
    "day": spoken.day,
    "clock": spoken.clock,
}


@dataclass(frozen=True, slots=True)
class Value:
    """What is said of the caller's data: which, and as what."""

    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class Words:
    """Said one after another, without a breath in between."""

    words: tuple[str, ...]


Piece = str | Words


def is_value(prompt: str) -> bool:
    """Whether it is meant as a value, well formed or not."""
    return prompt.startswith("{")


def value_of(prompt: str) -> Value:
    """The value that `{key:kind}` names; raises ValueError with what would be right."""
    found = _VALUE.fullmatch(prompt)
    if found is None or found[2] not in KINDS:
        raise ValueError(f"{prompt!r} is no value: write {{key:kind}} with a kind of {', '.join(KINDS)}")
    return Value(found[1], found[2])


def pieces(prompts: Iterable[str], values: Mapping[str, Any], language: str) -> list[Piece]:
    """The prompts with their values in words; raises KeyError for one that is not there, ValueError for one that
    cannot be said as this kind."""
    return [_piece(prompt, values, language) for prompt in prompts]


def _piece(prompt: str, values: Mapping[str, Any], language: str) -> Piece:
    if not is_value(prompt):
        return prompt
    value = value_of(prompt)
    return Words(tuple(KINDS[value.kind](values[value.key], language)))
