"""Find what a caller must never find."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ivr.nodes import Enqueue, MenuSet, exits, prompts_of


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where, what, and what to do."""

    file: str
    line: int
    node: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: node {self.node!r}: {self.message}"


def check(menu: MenuSet, *, prompts: Collection[str], queues: Collection[str]) -> list[Problem]:
    """All problems of the menu, in the order of its file."""
    found = [
        Problem(menu.file, menu.lines.get(name, 1), name, message)
        for finder in (_unknown_nodes, _unreachable, _no_way_out)
        for name, message in finder(menu)
    ]
    for name, node in menu.nodes.items():
        line = menu.lines.get(name, 1)
        found += [
            Problem(menu.file, line, name, f"no prompt {prompt!r}: add it to prompts.toml")
            for prompt in prompts_of(node)
            if prompt.partition("@")[0] not in prompts
        ]
        if isinstance(node, Enqueue) and node.queue not in queues:
            known = ", ".join(sorted(queues))
            found.append(Problem(menu.file, line, name, f"no queue {node.queue!r}: use one of {known}"))
    return sorted(found, key=lambda problem: problem.line)


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
