"""Find what a caller must never find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ivr.nodes import Collect, Enqueue, MenuSet, Node, SetLanguage, exits, prompts_of, skills_asked


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where, what, and what to do."""

    file: str
    line: int
    node: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: node {self.node!r}: {self.message}"


@dataclass(frozen=True, slots=True)
class _House:
    """What there is to use."""

    prompts: Collection[str]
    queues: Collection[str]
    languages: Collection[str]
    fault_in: Callable[[str], str | None]


def check(
    menu: MenuSet,
    *,
    prompts: Collection[str],
    queues: Collection[str],
    languages: Collection[str],
    fault_in: Callable[[str], str | None],
) -> list[Problem]:
    """All problems of the menu, in the order of its file.

    `fault_in` tells what is wrong with a skill expression, None when nothing is.
    """
    house = _House(prompts, queues, languages, fault_in)
    found = [*_unknown_nodes(menu), *_unreachable(menu), *_no_way_out(menu)]
    found += [(name, message) for name, node in menu.nodes.items() for message in _lacking(node, house)]
    problems = [Problem(menu.file, menu.lines.get(name, 1), name, message) for name, message in found]
    return sorted(problems, key=lambda problem: problem.line)


def _lacking(node: Node, house: _House) -> Iterator[str]:
    """What the node needs and the house has not."""
    spoken = ", ".join(house.languages)
    for prompt in prompts_of(node):
        name, at, language = prompt.partition("@")
        if name not in house.prompts:
            yield f"no prompt {prompt!r}: add it to prompts.toml"
        elif at and language not in house.languages:
            yield f"prompt {prompt!r} is in no language of the house ({spoken}): add it to 'languages' in the settings"
    if isinstance(node, SetLanguage) and node.language not in house.languages:
        yield f"no language {node.language!r} in this house ({spoken}): add it to 'languages' in the settings"
    if isinstance(node, Collect) and node.min_digits > node.max_digits:
        yield "min_digits is more than max_digits: no caller can enter so many"
    if isinstance(node, Enqueue):
        if node.queue not in house.queues:
            yield f"no queue {node.queue!r}: use one of {', '.join(sorted(house.queues))}"
        asked = dict.fromkeys(skills_asked(node, language) for language in house.languages)
        yield from (f"requires: {fault}" for one in asked if (fault := house.fault_in(one)))


def _unknown_nodes(menu: MenuSet) -> Iterator[tuple[str, str]]:
    if menu.start not in menu.nodes:
        yield menu.start, "the menu starts here, but there is no such node: add it or mend 'start'"
    for name, node in menu.nodes.items():
        for target in dict.fromkeys(exits(node)):
            if target not in menu.nodes:
                yield name, f"leads to {target!r}, which does not exist: add that node or mend the name"


def _reached_from(menu: MenuSet, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in seen and name in menu.nodes:
            seen.add(name)
            ahead += exits(menu.nodes[name])
    return seen


def _unreachable(menu: MenuSet) -> Iterator[tuple[str, str]]:
    reached = _reached_from(menu, menu.start)
    for name in menu.nodes:
        if name not in reached:
            yield name, "no caller can reach it: lead a node here or delete it"


def _no_way_out(menu: MenuSet) -> Iterator[tuple[str, str]]:
    for name in menu.nodes:
        if all(exits(menu.nodes[other]) for other in _reached_from(menu, name)):
            yield name, "a loop without exit: lead it to a queue or a hang-up"
