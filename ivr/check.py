"""Find what a caller must never find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ivr.enquiries import ENQUIRIES, LISTS
from ivr.nodes import (
    ASKING,
    CallBack,
    Collect,
    Each,
    Enqueue,
    Enquire,
    LeaveMessage,
    MenuSet,
    Node,
    OpeningHours,
    SetLanguage,
    WaitOn,
    exits,
    gives,
    needs,
    prompts_of,
    skills_asked,
    values_said,
)

ALWAYS = ("caller",)  # the number that called, if it is told


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
    calendars: Collection[str]
    in_line: bool


def check(  # noqa: PLR0913 - what a house has
    menu: MenuSet,
    *,
    prompts: Collection[str],
    queues: Collection[str],
    languages: Collection[str],
    fault_in: Callable[[str], str | None],
    calendars: Collection[str] = (),
    in_line: bool = False,
) -> list[Problem]:
    """All problems of the menu, in the order of its file.

    `fault_in` tells what is wrong with a skill expression, None when nothing is. `in_line`: it is a menu of those who
    wait, who have a place and a queue already.
    """
    house = _House(prompts, queues, languages, fault_in, calendars, in_line)
    found = [*_unknown_nodes(menu), *_unreachable(menu), *_no_way_out(menu), *_blind_loops(menu), *_not_given(menu)]
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
    yield from _unknown_words(node, house)
    if isinstance(node, Enqueue | CallBack | LeaveMessage):
        if node.queue not in house.queues and not (house.in_line and not node.queue):
            yield f"no queue {node.queue!r}: use one of {', '.join(sorted(house.queues))}"
        asked = dict.fromkeys(skills_asked(node, language) for language in house.languages)
        yield from (f"requires: {fault}" for one in asked if (fault := house.fault_in(one)))


def _unknown_words(node: Node, house: _House) -> Iterator[str]:
    if isinstance(node, Enquire) and node.ask not in ENQUIRIES:
        yield f"no enquiry {node.ask!r}: use one of {', '.join(ENQUIRIES)}"
    if isinstance(node, Each) and node.of not in LISTS:
        yield f"no list {node.of!r}: use one of {', '.join(LISTS)}"
    if isinstance(node, OpeningHours) and node.calendar not in house.calendars:
        yield f"no calendar {node.calendar!r}: add it to 'calendars' in the settings"
    if isinstance(node, WaitOn) and not house.in_line:
        yield "nobody waits yet: lead to a queue"


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


def _blind_loops(menu: MenuSet) -> Iterator[tuple[str, str]]:
    """Nodes that come round to themselves without asking the caller anything."""
    for name, node in menu.nodes.items():
        if isinstance(node, ASKING):
            continue
        seen: set[str] = set()
        ahead = list(exits(node))
        while ahead:
            other = ahead.pop()
            if other not in seen and other in menu.nodes and not isinstance(menu.nodes[other], ASKING):
                seen.add(other)
                ahead += exits(menu.nodes[other])
        if name in seen:
            yield name, "a loop that asks the caller nothing: lead it over a menu"


def _not_given(menu: MenuSet) -> Iterator[tuple[str, str]]:
    """Values that are said or asked with, and that no node gives."""
    given = {*ALWAYS, *(key for node in menu.nodes.values() for key in gives(node))}
    for name, node in menu.nodes.items():
        try:
            _ = values_said(node)
            wanted = needs(node)
        except ValueError as error:
            yield name, str(error)
            continue
        yield from (
            (name, f"nothing gives {key!r}: collect or enquire it before") for key in wanted if key not in given
        )
