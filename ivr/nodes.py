"""The nodes of a menu: frozen data, no behaviour. `ivr.menus` holds what it reads to these types and bounds.

A prompt is an id; `id@en` says it in that language whatever the caller's is (for the choice of language itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Tries = Annotated[int, Field(ge=1, le=20)]
Digits = Annotated[int, Field(ge=1, le=64)]
Seconds = Annotated[float, Field(gt=0, le=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    prompts: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One key chooses; after `tries` silences or wrong keys the caller goes to `failure`."""

    prompts: tuple[str, ...]
    match: Mapping[Key, str]
    failure: str
    invalid: str = "invalid"
    timeout: str = "timeout"
    tries: Tries = 3
    timeout_s: Seconds = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Digits into `into`; fewer than `min_digits`, or one that is not `among` those asked for, counts as a wrong try.

    `secret`: they are in no recording or log.
    """

    prompts: tuple[str, ...]
    into: str
    next: str
    failure: str
    secret: bool = False
    among: Annotated[str, Field(pattern=r"^[0-9*#]*$")] = ""
    min_digits: Digits = 1
    max_digits: Digits = 20
    invalid: str = "invalid"
    timeout: str = "timeout"
    tries: Tries = 3
    timeout_s: Seconds = 6.0
    terminator: Key = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    language: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """`requires` is a skill expression; `{language}` in it becomes the skill of the caller's language."""

    queue: str
    requires: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    prompts: tuple[str, ...] = ()
    reason: str = "goodbye"


SKILL_OF_LANGUAGE = {"zh": "mandarin", "en": "english"}

Node = Say | Menu | Collect | SetLanguage | Enqueue | HangUp

KINDS: dict[str, type[Node]] = {
    "say": Say,
    "menu": Menu,
    "collect": Collect,
    "language": SetLanguage,
    "queue": Enqueue,
    "hangup": HangUp,
}


@dataclass(frozen=True, slots=True)
class MenuSet:
    """A whole menu; `lines` has each node's line in `file`, for messages."""

    name: str
    start: str
    nodes: Mapping[str, Node]
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)


def exits(node: Node) -> tuple[str, ...]:
    """The names of the nodes that may come next."""
    match node:
        case Say() | SetLanguage():
            return (node.next,)
        case Menu():
            return (*node.match.values(), node.failure)
        case Collect():
            return (node.next, node.failure)
        case _:
            return ()


def prompts_of(node: Node) -> tuple[str, ...]:
    """Every prompt the node may play."""
    match node:
        case Say() | HangUp():
            return node.prompts
        case Menu() | Collect():
            return (*node.prompts, node.invalid, node.timeout)
        case _:
            return ()


def skills_asked(node: Enqueue, language: str) -> str:
    """The skill expression for a caller of this language."""
    return node.requires.replace("{language}", SKILL_OF_LANGUAGE.get(language, language))
