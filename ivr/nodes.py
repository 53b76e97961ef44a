"""The nodes of a menu: frozen data, no behaviour.

A prompt is an id; `id@en` says it in that language whatever the caller's is (for the choice of language itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    prompts: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One key chooses; after `tries` silences or wrong keys the caller goes to `failure`."""

    prompts: tuple[str, ...]
    match: Mapping[str, str]
    failure: str
    invalid: str = "invalid"
    timeout: str = "timeout"
    tries: int = 3
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Digits into `into`; fewer than `min_digits` counts as a wrong try."""

    prompts: tuple[str, ...]
    into: str
    next: str
    failure: str
    min_digits: int = 1
    max_digits: int = 20
    invalid: str = "invalid"
    timeout: str = "timeout"
    tries: int = 3
    timeout_s: float = 6.0
    terminator: str = "#"


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
