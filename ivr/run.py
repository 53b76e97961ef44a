"""Walk a menu with a caller, until the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.caller import Caller
from ivr.nodes import Collect, Enqueue, HangUp, Menu, MenuSet, Node, Say, SetLanguage, skills_asked


@dataclass(frozen=True, slots=True)
class ToQueue:
    queue: str
    requires: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Goodbye:
    reason: str


Outcome = ToQueue | Goodbye


async def run(menu: MenuSet, caller: Caller) -> Outcome:
    """The caller's way through the menu; raises HungUp when the caller ends it."""
    name = menu.start
    while True:
        caller.entered(name)
        step = await _step(menu.nodes[name], caller)
        if not isinstance(step, str):
            return step
        name = step


async def _step(node: Node, caller: Caller) -> str | Outcome:
    match node:
        case Say():
            await caller.play(*node.prompts, barge_in=True)
            return node.next
        case Menu():
            return await _choose(node, caller)
        case Collect():
            return await _collect(node, caller)
        case SetLanguage():
            await caller.set_language(node.language)
            return node.next
        case Enqueue():
            return ToQueue(node.queue, skills_asked(node, caller.language), node.priority)
        case HangUp():
            await caller.play(*node.prompts)
            return Goodbye(node.reason)


async def _choose(node: Menu, caller: Caller) -> str:
    prompts: Sequence[str] = node.prompts
    for _ in range(node.tries):
        key = await caller.ask(prompts, digits=1, timeout_s=node.timeout_s)
        if key in node.match:
            return node.match[key]
        prompts = (node.invalid if key else node.timeout, *node.prompts)
    return node.failure


async def _collect(node: Collect, caller: Caller) -> str:
    prompts: Sequence[str] = node.prompts
    for _ in range(node.tries):
        ask = caller.ask_secret if node.secret else caller.ask
        digits = await ask(prompts, digits=node.max_digits, timeout_s=node.timeout_s, terminator=node.terminator)
        if len(digits) >= node.min_digits and not (node.among and set(digits) - set(node.among)):
            caller.note(node.into, digits, secret=node.secret)
            return node.next
        prompts = (node.invalid if digits else node.timeout, *node.prompts)
    return node.failure
